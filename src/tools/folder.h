/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mailbox names as paths of files, there and back. */
#ifndef TOOLS_FOLDER_H
#define TOOLS_FOLDER_H

#include <glib.h>

/* A relative path for a mailbox name: a directory per level; what a file
 * system or Maildir takes amiss (a leading dot, "cur", "new", "tmp", %, control
 * characters) is written %XX.  Free with g_free. */
char *folder_to_path(const char *mailbox) G_GNUC_WARN_UNUSED_RESULT;

/* The name again.  NULL for a path that is not valid UTF-8 or has a broken
 * %XX.  Free with g_free. */
char *folder_from_path(const char *path) G_GNUC_WARN_UNUSED_RESULT;

#endif
