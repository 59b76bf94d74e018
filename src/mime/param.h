/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Content-Type and its kin: a word and parameters (RFC 2045, RFC 2231). */
#ifndef MIME_PARAM_H
#define MIME_PARAM_H

#include <glib.h>

#include "base/arena.h"
#include "base/bytes.h"

#define MIME_PARAMS_MAX 100

/* RFC 2231 continuations are joined.  value is raw: quotes and escapes are
 * gone, line ends unfolded, 8-bit bytes as they stand.  With extended, it is
 * still in the form charset'language'percent-encoded, and the name is
 * without its star. */
typedef struct {
	Bytes name;
	Bytes value;
	gboolean extended;
} MimeParam;

/* "multipart/mixed; boundary=x", or "attachment; filename=x", where subtype
 * has no bytes.  In the arena or in the value that was parsed. */
typedef struct {
	Bytes type;
	Bytes subtype;
	const MimeParam *params;
	guint n_params;
} MimeParamValue;

/* Parses a Content-Type (with_subtype) or Content-Disposition value, lenient:
 * comments are skipped, missing quotes and semicolons forgiven.  FALSE when
 * there is no type, or no subtype where one is asked for; out is then
 * untouched.  The value must outlive the result. */
gboolean mime_param_value_parse(
	Arena *arena, Bytes value, gboolean with_subtype, MimeParamValue *out);

/* The parameter of that name in any case, an extended one before a plain
 * one; NULL when there is none. */
const MimeParam *mime_param_find(
	const MimeParam *params, guint n_params, const char *name);

/* The value's bytes, percent-decoded, in whatever charset. */
Bytes mime_param_bytes(Arena *arena, const MimeParam *param);

/* The value as valid UTF-8 without controls: RFC 2231, and RFC 2047 words
 * that mailers put there against the rules. */
char *mime_param_text(Arena *arena, const MimeParam *param)
	G_GNUC_WARN_UNUSED_RESULT;

#endif
