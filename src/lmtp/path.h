/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads what stands behind MAIL FROM: and RCPT TO: (RFC 5321 section 4.1.2). */
#ifndef LMTP_PATH_H
#define LMTP_PATH_H

#include <glib.h>

#include "base/bytes.h"

/* Pure: bytes in, slices of them out. */

/* Bytes of an address at most; RFC 5321 asks for 254, variable envelope
 * return paths want more. */
#define PATH_ADDRESS_MAX 1024

typedef struct {
	/* What is in the brackets without a source route, quotes as they
	 * stand: "user@example.org", "\"a b\"@example.org"; no bytes for <>.
	 * Holds no control characters, and blanks inside quotes only. */
	Bytes address;
	gboolean has_utf8; /* not ASCII, but valid UTF-8: needs SMTPUTF8 */
} Path;

/* Reads a path: blanks, "<", perhaps a source route ("@a,@b:", which is
 * dropped, RFC 5321 appendix C), an address or nothing, ">".  The address is
 * a local part (a dot-string or a quoted string) with or without "@" and a
 * domain or a literal such as [192.0.2.1].  Returns how many bytes the path
 * has, 0 where there is none: what follows is the caller's. */
gsize path_parse(Bytes text, Path *path);

/* One parameter of MAIL or RCPT: KEYWORD or KEYWORD=VALUE. */
typedef struct {
	Bytes keyword;
	Bytes value; /* without data where there is no "=" */
} PathParameter;

typedef enum {
	PATH_PARAMETER,        /* *parameter is the next one */
	PATH_PARAMETERS_END,   /* only blanks were left */
	PATH_PARAMETERS_WRONG, /* malformed (RFC 5321 section 4.1.2) */
} PathParameterResult;

/* Takes the next parameter off the front of *rest, which begins behind the
 * path. */
PathParameterResult path_parameter_next(Bytes *rest, PathParameter *parameter);

#endif
