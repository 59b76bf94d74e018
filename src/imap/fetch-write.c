/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing the items of one message's FETCH response. */
#include "imap/fetch-write.h"

#include "base/errors.h"
#include "base/log.h"
#include "mime/header.h"
#include "mime/imaptext.h"
#include "mime/objectid.h"
#include "imap/reply.h"
#include "imap/sync.h"

/* A header block larger than this takes one of the store's places. */
#define LARGE_HEADER ((guint64)4 * 1024 * 1024)

void fetch_write_uid(FetchRow *row, const FetchItem *item)
{
	stream_printf(row->session->stream, "%s %u", item->row->name,
		row->message->uid);
}

void fetch_write_flags(FetchRow *row, const FetchItem *item)
{
	const ImapSelected *selected = row->session->selected;
	gboolean is_recent = sync_is_recent(row->session, row->message->uid);
	g_autoptr(GString) flags = g_string_new(item->row->name);

	g_string_append_c(flags, ' ');
	reply_append_flags(flags, row->message->flags, row->message->keywords,
		selected->view->keywords, is_recent);
	stream_write(row->session->stream, flags->str, flags->len);
	row->tells_flags = TRUE;
}

void fetch_write_modseq(FetchRow *row, const FetchItem *item)
{
	stream_printf(row->session->stream, "%s (%" G_GUINT64_FORMAT ")",
		item->row->name, row->message->modseq);
}

void fetch_write_size(FetchRow *row, const FetchItem *item)
{
	stream_printf(row->session->stream, "%s %" G_GUINT64_FORMAT,
		item->row->name, row->message->size);
}

void fetch_write_date(FetchRow *row, const FetchItem *item)
{
	char date[27];

	timestamp_format_imap(row->data->internal_date, date);
	stream_printf(row->session->stream, "%s \"%s\"", item->row->name, date);
}

/* TRUE where the client takes UTF-8 in quoted strings (RFC 6855 section 3, RFC
 * 9051 section 4.3.1); others get it in literals, as it stands in the
 * message. */
static gboolean takes_utf8(const FetchRow *row)
{
	return (row->session->enabled & (ENABLED_UTF8 | ENABLED_IMAP4REV2)) !=
		0;
}

static void append_string(const FetchRow *row, Bytes value, GString *out)
{
	if (value.data != NULL && takes_utf8(row))
		mime_imap_string_utf8(value, out);
	else
		mime_imap_nstring(value, out);
}

/* Writes what was made up for a client that takes no UTF-8. */
static void write_strings(const FetchRow *row, const char *name, Bytes text)
{
	Stream *stream = row->session->stream;

	stream_printf(stream, "%s ", name);
	if (!takes_utf8(row) || memchr(text.data, '{', text.size) == NULL) {
		stream_write(stream, text.data, text.size);
		return;
	}
	g_autoptr(GString) quoted = g_string_new(NULL);
	mime_imap_quote_utf8(text, quoted);
	stream_write(stream, quoted->str, quoted->len);
}

void fetch_write_envelope(FetchRow *row, const FetchItem *item)
{
	write_strings(row, item->row->name, row->data->envelope);
}

void fetch_write_emailid(FetchRow *row, const FetchItem *item)
{
	char id[MIME_OBJECTID_SIZE];

	mime_email_id(row->message->physmessage, id);
	stream_printf(row->session->stream, "%s (%s)", item->row->name, id);
}

void fetch_write_threadid(FetchRow *row, const FetchItem *item)
{
	const FetchedMessage *data = row->data;
	char id[MIME_OBJECTID_SIZE];

	mime_thread_id(data->references, data->in_reply_to, data->message_id,
		row->message->physmessage, id);
	stream_printf(row->session->stream, "%s (%s)", item->row->name, id);
}

/* NIL where the message came before that was kept (RFC 8514 section 4.2). */
void fetch_write_savedate(FetchRow *row, const FetchItem *item)
{
	char date[27];

	if (!row->data->has_save_date) {
		stream_printf(row->session->stream, "%s NIL", item->row->name);
		return;
	}
	timestamp_format_imap(row->data->save_date, date);
	stream_printf(row->session->stream, "%s \"%s\"", item->row->name, date);
}

/* NIL is for LAZY alone (RFC 8970 section 3.2). */
void fetch_write_preview(FetchRow *row, const FetchItem *item)
{
	g_autoptr(GString) out = g_string_new(item->row->name);

	g_string_append_c(out, ' ');
	append_string(row, bytes_of_string(row->preview), out);
	stream_write(row->session->stream, out->str, out->len);
}

void fetch_write_body(FetchRow *row, const FetchItem *item)
{
	write_strings(row, item->row->name, row->body);
}

void fetch_write_bodystructure(FetchRow *row, const FetchItem *item)
{
	write_strings(row, item->row->name, row->bodystructure);
}

/* --- byte ranges ----------------------------------------------------------- */

void fetch_write_failed(FetchRow *row, const GError *error)
{
	log_event(LOG_LEVEL_ERROR, &row->session->connection->log,
		"fetch-failed", LOG_NUMBER("uid", row->message->uid),
		LOG_GERROR(error));
	row->is_broken = TRUE;
}

/* A literal whose bytes come one run after the other. */
typedef struct {
	FetchRow *row;
	guint64 size;
	guint64 sent;
	gboolean has_begun;
} Outflow;

static gboolean outflow_write(Bytes bytes, gpointer data)
{
	Outflow *flow = data;
	Stream *stream = flow->row->session->stream;

	/* The size is told when bytes are there, so that a message that turns out
	 * to be gone can still be answered. */
	if (!flow->has_begun)
		stream_printf(
			stream, "{%" G_GUINT64_FORMAT "}\r\n", flow->size);
	flow->has_begun = TRUE;
	flow->sent += bytes.size;
	stream_write(stream, bytes.data, bytes.size);
	return !stream_failed(stream);
}

static void stream_range(FetchRow *row, guint64 offset, guint64 size)
{
	Outflow flow = { .row = row, .size = size };
	g_autoptr(GError) error = NULL;

	if (!fetch_stream(row->session->store, row->message->physmessage,
		    offset, size, outflow_write, &flow, &error)) {
		fetch_write_failed(row, error);
		/* Nothing promised yet: an empty answer keeps the response
		 * well formed, and the command ends with NO. */
		if (!flow.has_begun)
			stream_puts(row->session->stream, "NIL");
	}
	if (flow.has_begun && flow.sent < size &&
		!stream_failed(row->session->stream)) {
		row->is_broken = TRUE;
		row->session->is_over = TRUE;
	}
}

gboolean fetch_write_range(FetchRow *row, guint64 offset, guint64 size,
	FetchBatch **batch, Bytes *bytes)
{
	g_autoptr(GError) error = NULL;

	if (row->has_raw && offset >= row->raw_offset &&
		offset + size <= row->raw_offset + row->data->raw.size) {
		*bytes = bytes_slice(row->data->raw,
			(gsize)(offset - row->raw_offset), (gsize)size);
		return TRUE;
	}
	FetchAsk ask = { .physmessage = row->message->physmessage,
		.offset = offset,
		.size = size,
		.has_size = TRUE,
		.message_size = row->message->size };
	if (!fetch_batch_new(
		    row->session->store, &ask, 1, FETCH_RAW, batch, &error)) {
		fetch_write_failed(row, error);
		return FALSE;
	}
	*bytes = fetch_batch_message(*batch, 0)->raw;
	if (bytes->size == size)
		return TRUE;
	row->is_broken = TRUE;
	return FALSE;
}

static void write_range(FetchRow *row, guint64 offset, guint64 size)
{
	g_autoptr(FetchBatch) batch = NULL;
	Stream *stream = row->session->stream;
	Bytes bytes;

	/* A literal even where there is nothing in it: clients' libraries tell
	 * message data by that. */
	if (size == 0) {
		reply_literal(stream, bytes_of(NULL, 0));
		return;
	}
	gboolean is_here = row->has_raw && offset >= row->raw_offset &&
		offset + size <= row->raw_offset + row->data->raw.size;
	if (!is_here && size > FETCH_PIECE_MAX)
		stream_range(row, offset, size);
	else if (fetch_write_range(row, offset, size, &batch, &bytes))
		reply_literal(stream, bytes);
	else
		stream_puts(stream, "NIL");
}

/* The range that is left of [offset, offset + size) by a partial. */
static void clip(const FetchItem *item, guint64 *offset, guint64 *size)
{
	guint64 skip = MIN(item->offset, *size);

	*offset += skip;
	*size = MIN(*size - skip, item->size);
}

static void write_clipped(FetchRow *row, const FetchItem *item, Bytes bytes)
{
	guint64 offset = 0;
	guint64 size = bytes.size;

	clip(item, &offset, &size);
	reply_literal(row->session->stream,
		bytes_slice(bytes, (gsize)offset, (gsize)size));
}

static gboolean is_field_choice(MimeSectionWhat what)
{
	return what == MIME_SECTION_HEADER_FIELDS ||
		what == MIME_SECTION_HEADER_FIELDS_NOT;
}

static void write_header(FetchRow *row, const FetchItem *item, Bytes block)
{
	const MimeSection *section = &item->section;

	if (!is_field_choice(section->what)) {
		write_clipped(row, item, block);
		return;
	}
	g_autoptr(GString) chosen = g_string_new(NULL);
	mime_header_select(block, section->names, section->n_names,
		section->what == MIME_SECTION_HEADER_FIELDS_NOT, chosen);
	write_clipped(row, item, bytes_of(chosen->str, chosen->len));
}

/* Header fields out of a block that was not read with the message. */
static void read_and_choose(
	FetchRow *row, const FetchItem *item, guint64 offset, guint64 size)
{
	g_autoptr(FetchBatch) batch = NULL;
	Store *store = row->session->store;
	Bytes block;

	if (size > LARGE_HEADER)
		store_large_enter(store);
	if (size == 0)
		write_header(row, item, bytes_of(NULL, 0));
	else if (fetch_write_range(row, offset, size, &batch, &block))
		write_header(row, item, block);
	else
		stream_puts(row->session->stream, "NIL");
	if (size > LARGE_HEADER)
		store_large_leave(store);
}

static void write_value(FetchRow *row, const FetchItem *item)
{
	const MimeSection *section = &item->section;
	gsize section_offset, section_size;

	if (section->what == MIME_SECTION_ALL && section->depth == 0) {
		guint64 offset = 0;
		guint64 size = row->message->size;
		clip(item, &offset, &size);
		write_range(row, offset, size);
		return;
	}
	if (row->has_header && section->depth == 0 &&
		(section->what == MIME_SECTION_HEADER ||
			is_field_choice(section->what))) {
		write_header(row, item, row->data->header);
		return;
	}
	if (!mime_section_resolve(
		    row->structure, section, &section_offset, &section_size)) {
		stream_puts(row->session->stream, "NIL");
		return;
	}
	guint64 offset = section_offset;
	guint64 size = section_size;
	if (is_field_choice(section->what)) {
		read_and_choose(row, item, offset, size);
		return;
	}
	clip(item, &offset, &size);
	write_range(row, offset, size);
}

void fetch_write_section(FetchRow *row, const FetchItem *item)
{
	stream_puts(row->session->stream, item->label);
	write_value(row, item);
}

void fetch_write_rfc822(FetchRow *row, const FetchItem *item)
{
	stream_printf(row->session->stream, "%s ", item->row->name);
	write_value(row, item);
}
