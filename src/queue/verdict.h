/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What became of an attempt to give a mail away. */
#ifndef QUEUE_VERDICT_H
#define QUEUE_VERDICT_H

#include <glib.h>

#include "base/bytes.h"
#include "queue/reply.h"

typedef enum {
	VERDICT_SENT,
	VERDICT_LATER, /* not taken now */
	VERDICT_NEVER, /* refused for good */
	/* Given away whole, and no answer came: it may have been taken. */
	VERDICT_OPEN,
	/* Broken off before it was given away, because hand_over said so or
	 * there is a hurry. */
	VERDICT_DROPPED,
	/* The way out itself does not work; the mail is not to blame. */
	VERDICT_UNREACHABLE,
} VerdictKind;

typedef struct {
	VerdictKind kind;
	char *text;        /* the reply, or what went wrong; never NULL */
	gboolean is_reply; /* the text is what the server said */
	char status[REPLY_STATUS_SIZE]; /* enhanced code (RFC 3463) */
	gboolean is_altered; /* line ends were put right on the way */
	/* UNREACHABLE, but only because a connection that had been used before
	 * was over: with a new one it may work. */
	gboolean is_stale;
} Verdict;

/* Decides; the flags stay as they are. */
static inline void verdict_set(Verdict *verdict, VerdictKind kind,
	const char *status, const char *text)
{
	verdict->kind = kind;
	verdict->text = g_strdup(text);
	g_strlcpy(verdict->status, status, sizeof(verdict->status));
}

static inline void verdict_clear(Verdict *verdict)
{
	g_free(verdict->text);
	*verdict = (Verdict){ 0 };
}

/* A mail as it is to be given away.  Addresses are without brackets, sender ""
 * for <>, and have been looked at by outbound_check_address(). */
typedef struct {
	const char *sender;
	const char *recipient;
	gboolean has_utf8_address;
	/* Nobody is to be told what becomes of it (RFC 5230 section 5.1). */
	gboolean is_unreported;
	Bytes message;
	/* Called once, when all of the message has been sent but its end: TRUE
	 * to go on, after which it counts as given away. */
	gboolean (*hand_over)(gpointer data);
	gpointer data;
} OutgoingMail;

#endif
