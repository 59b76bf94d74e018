/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "PARTIAL 1:100", "PARTIAL -1:-100": some of the results (RFC 9394). */
#ifndef SYNTAX_PARTIAL_H
#define SYNTAX_PARTIAL_H

#include <glib.h>

#include "syntax/parse.h"

/* As the client wrote it, in either order; from_end: counted from the last
 * result, which is -1. */
typedef struct {
	guint32 first;
	guint32 last;
	gboolean from_end;
} PartialRange;

/* The range without the word before it. */
gboolean partial_parse(ImapParser *parser, PartialRange *range);

/* Which of count results are meant: those from *begin up to before *end, 0 to
 * count; *begin == *end for none. */
void partial_bounds(
	const PartialRange *range, guint count, guint *begin, guint *end);

/* Appends the range, the end nearer to where it counts from first. */
void partial_append(const PartialRange *range, GString *out);

#endif
