/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "PARTIAL 1:100", "PARTIAL -1:-100": some of the results (RFC 9394). */
#include "syntax/partial.h"

static gboolean parse_place(
	ImapParser *parser, gboolean from_end, guint32 *place)
{
	guint64 number;

	if (from_end && !parse_char(parser, '-'))
		return FALSE;
	gsize start = parser->pos;
	if (!parse_number(parser, G_MAXUINT32, &number))
		return FALSE;
	*place = (guint32)number;
	if (number > 0)
		return TRUE;
	parser->pos = start;
	return parse_fail(parser, "Places count from 1");
}

gboolean partial_parse(ImapParser *parser, PartialRange *range)
{
	range->from_end = parse_peek(parser) == '-';
	return parse_place(parser, range->from_end, &range->first) &&
		parse_char(parser, ':') &&
		parse_place(parser, range->from_end, &range->last);
}

void partial_bounds(
	const PartialRange *range, guint count, guint *begin, guint *end)
{
	guint first = MIN(MIN(range->first, range->last) - 1, count);
	guint last = MIN(MAX(range->first, range->last), count);

	*begin = range->from_end ? count - last : first;
	*end = range->from_end ? count - first : last;
}

void partial_append(const PartialRange *range, GString *out)
{
	const char *sign = range->from_end ? "-" : "";

	g_string_append_printf(out, "%s%u:%s%u", sign,
		MIN(range->first, range->last), sign,
		MAX(range->first, range->last));
}
