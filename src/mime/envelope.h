/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IMAP's ENVELOPE of a header (RFC 3501 section 7.4.2). */
#ifndef MIME_ENVELOPE_H
#define MIME_ENVELOPE_H

#include <glib.h>

#include "mime/header.h"

/* Appends "(date subject from sender reply-to to cc bcc in-reply-to
 * message-id)" in RFC 3501 form, values raw and unfolded.  Sender and
 * Reply-To that are missing or empty are From's.  Address fields that occur
 * more than once make one list; of the other fields the first counts. */
void mime_envelope_write(const MimeHeader *header, GString *out);

#endif
