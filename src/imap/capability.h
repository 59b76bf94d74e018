/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the server can do, as one table. */
#ifndef IMAP_CAPABILITY_H
#define IMAP_CAPABILITY_H

#include <glib.h>

#include "imap/session.h"

/* Appends "CAPABILITY IMAP4rev1 ..." as it holds for the session now. */
void capability_append(const ImapSession *session, GString *out);

/* The bit in session->enabled that ENABLE of that name sets; 0 where it is
 * nothing that ENABLE turns on (RFC 5161). */
guint capability_enable_bit(Bytes name);

#endif
