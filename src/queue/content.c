/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a message asks of SMTP, and the form it has between DATA and the dot. */
#include "queue/content.h"

#include "base/text.h"

#define LINE_MAX_BYTES 998 /* RFC 5321 section 4.5.3.1.6, less the CRLF */

/* What stands before the first empty line. */
static gsize header_size(Bytes message)
{
	gsize at = 0;

	while (at < message.size) {
		const char *line = message.data + at;
		const char *end = memchr(line, '\n', message.size - at);
		gsize size = end != NULL ? (gsize)(end - line) + 1 :
					   message.size - at;
		if (line[0] == '\n' || (size == 2 && line[0] == '\r'))
			return at;
		at += size;
	}
	return at;
}

/* Up to the next CR or LF. */
static gsize run_size(Bytes rest)
{
	gsize i = 0;

	while (i < rest.size && rest.data[i] != '\r' && rest.data[i] != '\n')
		i++;
	return i;
}

static gboolean is_crlf(Bytes rest)
{
	return rest.size >= 2 && rest.data[0] == '\r' && rest.data[1] == '\n';
}

ContentNeeds content_look(Bytes message)
{
	Bytes header = bytes_slice(message, 0, header_size(message));
	ContentNeeds needs = { .has_eightbit = !text_is_ascii(message) };
	Bytes rest = message;

	needs.has_utf8 = !text_is_ascii(header) &&
		g_utf8_validate_len(header.data, header.size, NULL);
	while (rest.size > 0) {
		gsize line = run_size(rest);
		needs.is_binary |= line > LINE_MAX_BYTES;
		rest = bytes_slice(rest, line, rest.size);
		gboolean is_bare = rest.size > 0 && !is_crlf(rest);
		needs.has_bare |= is_bare;
		rest = bytes_slice(rest, is_bare ? 1 : 2, rest.size);
	}
	needs.is_binary |= needs.has_bare ||
		(message.size > 0 &&
			memchr(message.data, '\0', message.size) != NULL);
	return needs;
}

void content_write(Bytes message, ContentOut out, gpointer data)
{
	gboolean begins_line = TRUE;

	while (message.size > 0) {
		if (begins_line && message.data[0] == '.')
			out(".", 1, data);
		gsize run = run_size(message);
		if (run > 0)
			out(message.data, run, data);
		begins_line = begins_line && run == 0;
		message = bytes_slice(message, run, message.size);
		if (message.size == 0)
			break;
		gboolean is_whole = is_crlf(message);
		begins_line = is_whole || message.data[0] == '\n';
		if (begins_line)
			out("\r\n", 2, data);
		else
			out(" ", 1, data);
		message = bytes_slice(message, is_whole ? 2 : 1, message.size);
	}
	if (!begins_line)
		out("\r\n", 2, data);
}

void content_write_unix(Bytes message, ContentOut out, gpointer data)
{
	while (message.size > 0) {
		const char *cr = memchr(message.data, '\r', message.size);
		gsize run =
			cr != NULL ? (gsize)(cr - message.data) : message.size;
		if (cr != NULL && (run + 1 == message.size || cr[1] != '\n'))
			run++;
		if (run > 0)
			out(message.data, run, data);
		message = bytes_slice(message, run, message.size);
		if (is_crlf(message))
			message = bytes_slice(message, 1, message.size);
	}
}
