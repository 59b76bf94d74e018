/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a mailbox is for: the attributes of RFC 6154. */
#ifndef STORE_SPECIAL_USE_H
#define STORE_SPECIAL_USE_H

#include <glib.h>

/* The attributes in text ("\\sent \\Drafts", separated by blanks, in any case)
 * as they are kept: each once, in one spelling and order.  *uses is NULL where
 * text is NULL or has none; free with g_free.  INVALID, with the attribute in
 * the text for the user, for one that no mailbox here can have. */
gboolean special_use_normalise(const char *text, char **uses, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

#endif
