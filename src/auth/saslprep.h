/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names and passwords in the one form they are compared in (RFC 4013). */
#ifndef AUTH_SASLPREP_H
#define AUTH_SASLPREP_H

#include <glib.h>

/* The prepared text, as of a query: code points that Unicode 3.2 does not know
 * stay as they are.  NULL for what is not UTF-8, holds a prohibited character,
 * or has nothing left.  Wipe it where it is a secret; free with g_free. */
char *saslprep(const char *text) G_GNUC_WARN_UNUSED_RESULT;

/* The same of a password: what cannot be prepared is its bytes as they are,
 * for those in other charsets; so do other servers.  Free with
 * saslprep_free_password. */
char *saslprep_password(const char *password) G_GNUC_WARN_UNUSED_RESULT;

/* Wipes it; leaves NULL. */
void saslprep_free_password(char **password);

static inline void saslprep_auto_free_password(char **password)
{
	saslprep_free_password(password);
}
#define saslprep_autofree __attribute__((cleanup(saslprep_auto_free_password)))

#endif
