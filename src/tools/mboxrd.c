/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The mboxrd format, written so that every byte can be had back. */
#include "tools/mboxrd.h"

#include "base/text.h"

static const char from_word[] = "From ";
#define FROM_SIZE 5

void mboxrd_write_begin(
	MboxrdWriter *writer, FILE *out, const char *sender, Timestamp date)
{
	char mail[32];

	*writer = (MboxrdWriter){ .out = out };
	/* "Fri, 21 Nov 2026 10:00:00 +0000" -> "Fri Nov 21 10:00:00 2026" */
	timestamp_format_rfc5322(date, mail);
	fprintf(out, "From %s %.3s %.3s %.2s %.8s %.4s\n",
		sender[0] != '\0' ? sender : "MAILER-DAEMON", mail, mail + 8,
		mail + 5, mail + 17, mail + 12);
}

static void release(MboxrdWriter *writer)
{
	for (; writer->quotes > 0; writer->quotes--)
		putc('>', writer->out);
	fwrite(from_word, 1, writer->matched, writer->out);
	writer->matched = 0;
}

/* Looks at one byte near the beginning of a line; TRUE where it is held back. */
static gboolean hold(MboxrdWriter *writer, char c)
{
	if (c == '>' && writer->state <= MBOXRD_QUOTES) {
		writer->state = MBOXRD_QUOTES;
		writer->quotes++;
		return TRUE;
	}
	if (c != from_word[writer->matched])
		return FALSE;
	writer->state = MBOXRD_FROM;
	if (++writer->matched == FROM_SIZE) {
		putc('>', writer->out);
		release(writer);
		writer->state = MBOXRD_REST;
	}
	return TRUE;
}

void mboxrd_write(MboxrdWriter *writer, Bytes bytes)
{
	while (bytes.size > 0) {
		gsize size = 1;
		if (writer->state == MBOXRD_REST) {
			const char *end = memchr(bytes.data, '\n', bytes.size);
			size = end != NULL ? (gsize)(end - bytes.data) + 1 :
					     bytes.size;
			fwrite(bytes.data, 1, size, writer->out);
			if (end != NULL)
				writer->state = MBOXRD_START;
		} else if (!hold(writer, bytes.data[0])) {
			release(writer);
			putc(bytes.data[0], writer->out);
			writer->state = bytes.data[0] == '\n' ? MBOXRD_START :
								MBOXRD_REST;
		}
		bytes = bytes_slice(bytes, size, bytes.size);
	}
}

void mboxrd_write_end(MboxrdWriter *writer)
{
	release(writer);
	putc('\n', writer->out);
}

gboolean mboxrd_is_mbox(Bytes file)
{
	return file.size >= FROM_SIZE &&
		memcmp(file.data, from_word, FROM_SIZE) == 0;
}

static Bytes line_take(Bytes *rest)
{
	const char *end = memchr(rest->data, '\n', rest->size);
	gsize size = end != NULL ? (gsize)(end - rest->data) + 1 : rest->size;
	Bytes line = bytes_slice(*rest, 0, size);
	*rest = bytes_slice(*rest, size, rest->size);
	return line;
}

/* "From sender Fri Nov 21 10:00:00 2026": the date is what follows the
 * sender, which may hold blanks; it is found from the end. */
static gboolean parse_date(Bytes line, Timestamp *date)
{
	line = text_trim(line);
	if (line.size < 24)
		return FALSE;
	const char *t = line.data + line.size - 24;
	char imap[27];
	g_snprintf(imap, sizeof(imap), "%c%c-%.3s-%.4s %.8s +0000",
		t[8] == ' ' ? '0' : t[8], t[9], t + 4, t + 20, t + 11);
	return timestamp_parse_imap(bytes_of_string(imap), date);
}

/* Bytes of ">" before "From " at the beginning of the line; -1 for none. */
static gssize quote_depth(Bytes line)
{
	gsize i = 0;
	while (i < line.size && line.data[i] == '>')
		i++;
	if (line.size - i < FROM_SIZE ||
		memcmp(line.data + i, from_word, FROM_SIZE) != 0)
		return -1;
	return (gssize)i;
}

gboolean mboxrd_read(MboxrdReader *reader, GByteArray *out, gboolean *has_date,
	Timestamp *date)
{
	g_byte_array_set_size(out, 0);
	if (reader->rest.size == 0)
		return FALSE;
	*has_date = FALSE;
	if (mboxrd_is_mbox(reader->rest))
		*has_date = parse_date(line_take(&reader->rest), date);
	while (reader->rest.size > 0) {
		gssize depth = quote_depth(reader->rest);
		if (depth == 0)
			break;
		Bytes line = line_take(&reader->rest);
		if (depth > 0)
			line = bytes_slice(line, 1, line.size);
		g_byte_array_append(
			out, (const guint8 *)line.data, (guint)line.size);
	}
	/* The LF that ends every message in the file is not the message's. */
	if (out->len > 0 && out->data[out->len - 1] == '\n')
		g_byte_array_set_size(out, out->len - 1);
	return TRUE;
}
