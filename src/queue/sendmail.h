/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gives mail to a program that speaks as sendmail does. */
#ifndef QUEUE_SENDMAIL_H
#define QUEUE_SENDMAIL_H

#include <glib.h>

#include "queue/verdict.h"

/* Runs `program -i -f SENDER -- RECIPIENT` without a shell, the message with LF
 * line ends as its standard input, and waits for its end, for at most `seconds`
 * (then it is killed).  The message is in memory before the program begins, so
 * that it never sees half of one: hand_over is called before that.  Exit status
 * 0 is SENT; EX_TEMPFAIL, EX_OSERR, EX_OSFILE and EX_IOERR are LATER; every
 * other status is NEVER.  A program that cannot be run is UNREACHABLE; one that
 * is killed, for its time or by another, is OPEN: it had the message.  *verdict
 * is to be cleared; its text is the status and what the program wrote. */
void sendmail_send(const char *program, guint seconds, const OutgoingMail *mail,
	Verdict *verdict);

#endif
