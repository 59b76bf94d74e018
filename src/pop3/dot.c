/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dot-stuffing of a message sent as a multi-line response. */
#include "pop3/dot.h"

/* A dot after a loose line end, now that the next byte is known. */
static void release(DotWriter *dot, char next, DotOut out, gpointer data)
{
	gboolean is_risky = next == '.' || next == '\r' || next == '\n';
	out("..", is_risky ? 2 : 1, data);
	dot->state = DOT_INSIDE;
}

/* Looks at the byte that begins a line, at `at`; what was not sent yet begins
 * at *sent.  TRUE where it took the byte. */
static gboolean begin_line(DotWriter *dot, Bytes bytes, gsize at, gsize *sent,
	DotOut out, gpointer data)
{
	gboolean is_loose = dot->state == DOT_LOOSE;

	dot->state = DOT_INSIDE;
	if (bytes.data[at] != '.')
		return FALSE;
	out(bytes.data + *sent, at - *sent, data);
	if (is_loose) {
		*sent = at + 1;
		dot->state = DOT_HELD;
		return TRUE;
	}
	out(".", 1, data);
	*sent = at;
	return FALSE;
}

void dot_write(DotWriter *dot, Bytes bytes, DotOut out, gpointer data)
{
	gsize sent = 0;
	gsize at = 0;

	if (bytes.size == 0)
		return;
	while (at < bytes.size) {
		if (dot->state == DOT_HELD)
			release(dot, bytes.data[at], out, data);
		else if (dot->state != DOT_INSIDE &&
			begin_line(dot, bytes, at, &sent, out, data)) {
			at++;
			continue;
		}
		const char *lf = memchr(bytes.data + at, '\n', bytes.size - at);
		if (lf == NULL)
			break;
		at = (gsize)(lf - bytes.data) + 1;
		char before = at > 1 ? lf[-1] : dot->last;
		dot->state = before == '\r' ? DOT_LINE : DOT_LOOSE;
	}
	out(bytes.data + sent, bytes.size - sent, data);
	dot->before_last =
		bytes.size > 1 ? bytes.data[bytes.size - 2] : dot->last;
	dot->last = bytes.data[bytes.size - 1];
	dot->is_begun = TRUE;
}

void dot_end(DotWriter *dot, DotOut out, gpointer data)
{
	if (dot->state == DOT_HELD)
		release(dot, '\r', out, data);
	gboolean at_line_start = !dot->is_begun ||
		(dot->before_last == '\r' && dot->last == '\n');
	out(at_line_start ? ".\r\n" : "\r\n.\r\n", at_line_start ? 3 : 5, data);
}
