/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tells a sender that a mail could not be given away (RFC 3464). */
#ifndef QUEUE_BOUNCE_H
#define QUEUE_BOUNCE_H

#include <glib.h>

#include "base/bytes.h"
#include "base/timestamp.h"

/* Pure. */

/* Is the sender to be told at all?  Nobody (""), a sender that is no address,
 * and a message that a program sent by itself (Auto-Submitted, RFC 3834) are
 * not answered. */
gboolean bounce_is_due(const char *sender, Bytes message);

/* What failed.  Texts are valid UTF-8. */
typedef struct {
	const char *host; /* ours */
	const char *sender;
	const char *recipient;
	const char *remote; /* the server that refused; NULL where none did */
	const char *text;   /* its reply, or what went wrong */
	gboolean is_reply;  /* the text is an SMTP reply */
	const char *status; /* "5.1.1" */
	guint attempts;
	Timestamp queued;
	Timestamp now;
	const char *id; /* unlike any other: of Message-ID and boundary */
	Bytes message;
} BounceAbout;

/* Appends the notice: a multipart/report with words for people, the status for
 * programs and the header of the mail, 64 KiB of it at most. */
void bounce_compose(GString *out, const BounceAbout *about);

#endif
