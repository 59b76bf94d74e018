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
 * 0 is SENT; EX_TEMPFAIL, EX_OSERR, EX_OSFILE and EX_IOERR are LATER; a program
 * that cannot be run or is killed is UNREACHABLE; every other status is
 * NEVER.  *verdict is to be cleared; its text is what the program wrote, or its
 * status. */
void sendmail_send(const char *program, guint seconds, const OutgoingMail *mail,
	Verdict *verdict);

#endif
