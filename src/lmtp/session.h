/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One LMTP connection: what it has said so far (RFC 2033). */
#ifndef LMTP_SESSION_H
#define LMTP_SESSION_H

#include <glib.h>

#include "base/settings.h"
#include "deliver/deliver.h"
#include "lmtp/reply.h"
#include "net/server.h"

/* What all sessions of the daemon share. */
typedef struct {
	Store *store;
	Deliverer *deliverer;
	const Settings *settings; /* read atomically: a reload changes it */
} LmtpState;

/* From MAIL to the end of the message. */
typedef struct {
	gboolean is_open;   /* MAIL was accepted */
	char *sender;       /* "" for <> */
	gboolean is_utf8;   /* SMTPUTF8 */
	gboolean is_binary; /* BODY=BINARYMIME: no DATA */
	GArray *to;         /* of DeliverTo */

	/* The message so far behind `room` bytes for Return-Path. */
	GByteArray *message;
	gsize room;
	gboolean is_large;   /* holds a place of store_large_enter() */
	gboolean has_chunks; /* BDAT began */
	Reply refused;       /* why it will not be stored, or NULL */
	gint64 since;        /* monotonic, when the message began */
} LmtpTransaction;

typedef struct {
	ServerConnection *connection;
	Stream *stream;
	LmtpState *state;
	const Settings *settings; /* for all of the session */
	gboolean is_over;
	guint errors; /* in a row */
	char *hello;  /* what LHLO said; NULL before */
	guint count;  /* transactions, for the log */
	LmtpTransaction transaction;

	/* The delivery whose replies the client may not have read. */
	gboolean has_unconfirmed;
	DeliveryKey unconfirmed;
} LmtpSession;

/* Serves one connection; state is a LmtpState. */
void lmtp_session_serve(ServerConnection *connection, gpointer state);

/* Writes the reply and its CRLF. */
void lmtp_session_reply(LmtpSession *session, Reply reply);

/* The same for a command that is malformed or out of place; the session ends
 * after max_errors of them in a row. */
void lmtp_session_wrong(LmtpSession *session, Reply reply);

/* TRUE when all replies have left and nothing the client sent before it could
 * read them is on its way: what comes next shows that it has read them.  Asked
 * before a read; lmtp_session_confirm() is called when it has brought
 * something. */
gboolean lmtp_session_will_confirm(LmtpSession *session);

/* The client has read the replies of the last delivery: its key can go, and
 * the same message sent once more on purpose will be delivered.  A client that
 * closes an idle connection in order has read them too; with a connection that
 * breaks, or a client that never waits for a reply, the key stays until
 * duplicate_window is over. */
void lmtp_session_confirm(LmtpSession *session);

/* Makes confirmations good at once: before the session ends. */
void lmtp_session_forget(LmtpSession *session);

/* Reading the connection failed: says what can still be said, and ends the
 * session. */
void lmtp_session_lost(LmtpSession *session);

/* Forgets the transaction. */
void lmtp_session_reset(LmtpSession *session);

/* "LMTP", "LMTPS", "UTF8LMTP", "UTF8LMTPS" (RFC 3848, RFC 6531 section 4.3). */
const char *lmtp_session_protocol(const LmtpSession *session);

#endif
