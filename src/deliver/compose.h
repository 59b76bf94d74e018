/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The messages a delivery writes itself: pure, text in, bytes out. */
#ifndef DELIVER_COMPOSE_H
#define DELIVER_COMPOSE_H

#include <glib.h>

#include "base/timestamp.h"
#include "mime/header.h"

/* What all of them need to know.  No subject gets more than 256 characters, the
 * last one an ellipsis where it was longer.  Strings are valid
 * UTF-8. */
typedef struct {
	/* Of the message that came in; bytes behind the blank line are no
	 * matter. */
	const MimeHeader *original;
	const char *sender;    /* its envelope sender, for To; there with the
	                        * name the message gives it */
	const char *recipient; /* the user's address, for From */
	const char *mark;      /* of guard_mark(), for X-Loop */
	const char *host;      /* for Message-ID and Reporting-UA */
	const char *id; /* unlike any other: of Message-ID and boundaries */
	Timestamp now;
} ComposeAbout;

/* An answer to the sender (RFC 5230 section 5).  from and subject may be NULL;
 * text is the body, or, with is_mime, a MIME entity, of whose header only the
 * Content fields count. */
typedef struct {
	const char *from;
	const char *subject;
	const char *text;
	gboolean is_mime;
} ComposeVacation;

void compose_vacation(GString *out, const ComposeAbout *about,
	const ComposeVacation *vacation);

/* That the message was refused, and why: a disposition notification (RFC 5429
 * section 2.2.1, RFC 8098) with the original's header, 64 KiB of it at most. */
void compose_reject(
	GString *out, const ComposeAbout *about, const char *reason);

/* A field that a mailto URI asks for. */
typedef struct {
	const char *name;
	const char *value;
} ComposeField;

/* A notice about the message (RFC 5436 section 2.7).  Any may be NULL, of to and
 * cc one at most. */
typedef struct {
	const char *from;
	const char *to; /* addresses, with names or not, commas between */
	const char *cc;
	const char *subject;
	const char *body;
	const char *importance; /* "1", "2", "3" */
	const ComposeField *fields;
	guint n_fields;
} ComposeNotify;

void compose_notify(
	GString *out, const ComposeAbout *about, const ComposeNotify *notify);

/* To the owner of a script that failed: where and why.  It is put into INBOX
 * and never sent. */
void compose_script_failed(GString *out, const ComposeAbout *about,
	const char *script, guint line, const char *why);

/* The message as it is, with X-Loop in front. */
void compose_redirect(GString *out, const ComposeAbout *about, Bytes message);

#endif
