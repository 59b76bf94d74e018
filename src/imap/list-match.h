/* SPDX-License-Identifier: GPL-2.0-or-later */
/* LIST's patterns: "*" is anything, "%" anything on one level. */
#ifndef IMAP_LIST_MATCH_H
#define IMAP_LIST_MATCH_H

#include <glib.h>

/* TRUE when a mailbox name (UTF-8, levels separated by "/") matches (RFC
 * 3501 section 6.3.8).  INBOX as the first level matches in any case.  At
 * worst quadratic in the lengths. */
gboolean list_match(const char *pattern, const char *name);

#endif
