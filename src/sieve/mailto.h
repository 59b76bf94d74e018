/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where and how notifications go: "mailto:" (RFC 5436, RFC 6068). */
#ifndef SIEVE_MAILTO_H
#define SIEVE_MAILTO_H

#include <glib.h>

#include "base/arena.h"
#include "base/bytes.h"

/* Recipients and fields of one notification. */
#define SIEVE_MAILTO_RECIPIENTS_MAX 10
#define SIEVE_MAILTO_FIELDS_MAX 20

typedef struct {
	const char *name; /* first letter a capital */
	const char *value;
} SieveMailtoField;

/* All of it valid UTF-8, in the arena.  The notification goes to `to` and `cc`,
 * each local@domain; to_text and cc_text are the same ones as the URI has them,
 * "Name <local@domain>" too, for the fields To and Cc. */
typedef struct {
	const char *const *to; /* NULL-terminated, as the other three */
	const char *const *cc;
	const char *const *to_text;
	const char *const *cc_text;
	const char *subject; /* NULL: the URI says none */
	const char *body;    /* the same */
	/* Others; those that RFC 5436 section 2.7 holds unsafe, or that are the
	 * notification's own, are left out. */
	const SieveMailtoField *fields;
	guint n_fields;
} SieveMailto;

/* Reads a notification's method.  UNSUPPORTED for another scheme, INVALID or
 * LIMIT with a text that says what is wrong with the URI.  mailto may be NULL:
 * it is only checked. */
gboolean sieve_mailto_parse(Arena *arena, Bytes uri, SieveMailto *mailto,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
