/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A client of SMTP (RFC 5321): one connection, one mail after the other. */
#ifndef QUEUE_SMTP_H
#define QUEUE_SMTP_H

#include <glib.h>

#include "net/stream.h"
#include "queue/verdict.h"

typedef enum {
	SMTP_TLS_NONE,
	SMTP_TLS_OFFERED,  /* STARTTLS where the server has it */
	SMTP_TLS_REQUIRED, /* STARTTLS, or nothing */
	SMTP_TLS_IMPLICIT, /* TLS at once (RFC 8314) */
} SmtpTls;

/* The server and how to speak to it; must outlive its connections. */
typedef struct {
	const char *host;
	guint16 port;
	SmtpTls tls;
	TlsContext *context; /* NULL for SMTP_TLS_NONE */
	const char *user;    /* "" for no AUTH */
	const char *password;
	const char *hello;  /* our name for EHLO */
	guint timeout;      /* seconds to wait for a reply; twice that for the
	                    * one to a message, as RFC 5321 section 4.5.3.2
	                    * has it */
	StreamDrain *hurry; /* once active no reply is waited for any more */
} SmtpServer;

typedef struct Smtp Smtp;

/* Connects, says hello, begins TLS and logs in.  A password is sent over TLS
 * or to this machine only.  Errors are TEMPORARY; the text tells the server and
 * what it said. */
Smtp *smtp_open(const SmtpServer *server, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* Says QUIT where that is still possible, without waiting for long. */
void smtp_close(Smtp **smtp);

/* Can another mail go over it? */
gboolean smtp_is_usable(const Smtp *smtp);

/* "mx.example.org [192.0.2.1]:25", for the log and for notices. */
const char *smtp_remote(const Smtp *smtp);

/* Sends the mail; *verdict is to be cleared.  The message goes as
 * content_write() has it, or, where it is binary and the server has BINARYMIME,
 * in chunks as it is.  One with 8-bit bytes for a server without 8BITMIME, and
 * one with UTF-8 addresses for a server without SMTPUTF8, is NEVER. */
void smtp_send(Smtp *smtp, const OutgoingMail *mail, Verdict *verdict);

#endif
