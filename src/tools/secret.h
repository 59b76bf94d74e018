/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads a password from where no other user of the machine can see it. */
#ifndef TOOLS_SECRET_H
#define TOOLS_SECRET_H

#include <glib.h>

/* The first line of a file ("-" is standard input), without its line end.
 * INVALID where it is empty, too long or holds NUL; NOT_FOUND where the file
 * cannot be read.  Free with secret_free. */
char *secret_read(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Asks twice at the terminal, without echo.  INVALID where the answers differ
 * or are none; NOT_FOUND where there is no terminal. */
char *secret_ask(const char *user, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The hash of a user in a file of lines NAME:HASH:..., as shadow(5) has it; the
 * colons in those of scram_format() end none.
 * NOT_FOUND for the file or the name.  Free with secret_free. */
char *secret_from_shadow(const char *path, const char *user, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* Wipes it; leaves NULL. */
void secret_free(char **secret);

#endif
