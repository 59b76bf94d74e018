/* SPDX-License-Identifier: GPL-2.0-or-later */
/* BINARY[] and BINARY.SIZE[]: sections without their transfer encoding (RFC
 * 3516). */
#include "imap/fetch-write.h"

#include "base/errors.h"
#include "mime/decode.h"
#include "imap/reply.h"

/* A section, and the encoding to take off it. */
typedef struct {
	guint64 offset;
	guint64 size;
	MimeEncoding encoding;
} Coded;

/* What is known of a section once it was decoded. */
typedef struct {
	guint64 size;
	gboolean has_nul;
} Decoded;

/* What the section is made of.  Only a leaf is decoded: a multipart and a
 * message have parts with encodings of their own, and are sent as they stand
 * (RFC 9051 section 6.4.5 lets clients ask for leaves alone). */
static gboolean find_coded(
	const FetchRow *row, const FetchItem *item, Coded *coded)
{
	const MimeSection *section = &item->section;
	const MimeStructure *part = mime_section_part(
		row->structure, section->path, section->depth);
	gsize offset, size;

	if (part == NULL ||
		!mime_section_resolve(row->structure, section, &offset, &size))
		return FALSE;
	coded->offset = offset;
	coded->size = size;
	coded->encoding = MIME_ENCODING_IDENTITY;
	if (section->depth > 0 && part->kind == MIME_LEAF)
		coded->encoding = mime_encoding_of(part->encoding);
	return TRUE;
}

/* --- decoding what is read a run at a time --------------------------------- */

/* A decoding on its way: what lies in from..end (not inside) is wanted. */
typedef struct {
	FetchRow *row;
	MimeDecoder decoder;
	GString *run; /* what the last bytes gave */
	guint64 at;   /* bytes decoded before it */
	guint64 from;
	guint64 end;
	gboolean is_written; /* FALSE: only looked at */
	gboolean has_nul;
} Decoding;

static void take_run(Decoding *decoding)
{
	Bytes run = bytes_of(decoding->run->str, decoding->run->len);
	guint64 before = decoding->at;

	decoding->at += run.size;
	if (!decoding->is_written) {
		decoding->has_nul = decoding->has_nul ||
			memchr(run.data, '\0', run.size) != NULL;
	} else if (decoding->at > decoding->from && before < decoding->end) {
		guint64 skip =
			decoding->from > before ? decoding->from - before : 0;
		guint64 most = decoding->end - MAX(before, decoding->from);
		Bytes part = bytes_slice(run, (gsize)skip, (gsize)most);
		stream_write(
			decoding->row->session->stream, part.data, part.size);
	}
	g_string_truncate(decoding->run, 0);
}

static gboolean decode_run(Bytes bytes, gpointer data)
{
	Decoding *decoding = data;

	mime_decoder_write(&decoding->decoder, bytes, decoding->run);
	take_run(decoding);
	return decoding->at < decoding->end &&
		!stream_failed(decoding->row->session->stream);
}

static gboolean decode_all(
	Decoding *decoding, const Coded *coded, GError **error)
{
	FetchRow *row = decoding->row;

	mime_decoder_init(&decoding->decoder, coded->encoding);
	decoding->run = g_string_new(NULL);
	gboolean ok = fetch_stream(row->session->store,
		row->message->physmessage, coded->offset, coded->size,
		decode_run, decoding, error);
	if (ok) {
		mime_decoder_finish(&decoding->decoder, decoding->run);
		take_run(decoding);
	}
	g_string_free(decoding->run, TRUE);
	mime_decoder_clear(&decoding->decoder);
	return ok;
}

/* Goes through a large section to see what it gives. */
static gboolean measure(FetchRow *row, const Coded *coded, Decoded *decoded)
{
	Decoding decoding = { .row = row, .end = G_MAXUINT64 };
	g_autoptr(GError) error = NULL;

	if (!decode_all(&decoding, coded, &error)) {
		fetch_write_failed(row, error);
		return FALSE;
	}
	decoded->size = decoding.at;
	decoded->has_nul = decoding.has_nul;
	return !stream_failed(row->session->stream);
}

/* --- a section in memory --------------------------------------------------- */

/* Decodes a section that is small enough to be held. */
static gboolean decode_small(FetchRow *row, const Coded *coded, GString *out)
{
	g_autoptr(FetchBatch) batch = NULL;
	Bytes bytes = { NULL, 0 };

	if (coded->size > 0 &&
		!fetch_write_range(
			row, coded->offset, coded->size, &batch, &bytes))
		return FALSE;
	mime_decode(coded->encoding, bytes, out);
	return TRUE;
}

/* --- answering ------------------------------------------------------------- */

/* RFC 3516 section 4.3: a literal8 where there is a NUL, else a string. */
static void write_size(FetchRow *row, guint64 size, gboolean has_nul)
{
	stream_printf(row->session->stream, "%s{%" G_GUINT64_FORMAT "}\r\n",
		has_nul ? "~" : "", size);
}

static void write_small(
	FetchRow *row, const FetchItem *item, const Coded *coded)
{
	g_autoptr(GString) out = g_string_new(NULL);

	if (!decode_small(row, coded, out)) {
		stream_puts(row->session->stream, "NIL");
		return;
	}
	Bytes part = bytes_slice(bytes_of(out->str, out->len),
		(gsize)item->offset, (gsize)item->size);
	write_size(row, part.size, memchr(out->str, '\0', out->len) != NULL);
	stream_write(row->session->stream, part.data, part.size);
}

static void write_large(
	FetchRow *row, const FetchItem *item, const Coded *coded)
{
	g_autoptr(GError) error = NULL;
	Decoded decoded;

	if (!measure(row, coded, &decoded)) {
		stream_puts(row->session->stream, "NIL");
		return;
	}
	guint64 from = MIN(item->offset, decoded.size);
	guint64 size = MIN(decoded.size - from, item->size);
	Decoding decoding = {
		.row = row, .from = from, .end = from + size, .is_written = TRUE
	};
	write_size(row, size, decoded.has_nul);
	if (decode_all(&decoding, coded, &error) && decoding.at >= decoding.end)
		return;
	/* Bytes that were promised cannot be had. */
	if (error != NULL)
		fetch_write_failed(row, error);
	row->is_broken = TRUE;
	row->session->is_over = TRUE;
}

void fetch_write_binary(FetchRow *row, const FetchItem *item)
{
	Coded coded;

	stream_puts(row->session->stream, item->label);
	if (!find_coded(row, item, &coded)) {
		stream_puts(row->session->stream, "NIL");
	} else if (coded.encoding == MIME_ENCODING_UNKNOWN) {
		row->has_unknown_encoding = TRUE;
		stream_puts(row->session->stream, "NIL");
	} else if (coded.size <= FETCH_PIECE_MAX) {
		write_small(row, item, &coded);
	} else {
		write_large(row, item, &coded);
	}
}

/* The size, or 0 where there is no such section: the grammar has no NIL. */
static guint64 decoded_size(FetchRow *row, const FetchItem *item)
{
	g_autoptr(GString) out = g_string_new(NULL);
	Decoded decoded;
	Coded coded;

	if (!find_coded(row, item, &coded))
		return 0;
	if (coded.encoding == MIME_ENCODING_IDENTITY)
		return coded.size;
	if (coded.encoding == MIME_ENCODING_UNKNOWN) {
		row->has_unknown_encoding = TRUE;
		return 0;
	}
	if (coded.size > FETCH_PIECE_MAX)
		return measure(row, &coded, &decoded) ? decoded.size : 0;
	return decode_small(row, &coded, out) ? out->len : 0;
}

void fetch_write_binary_size(FetchRow *row, const FetchItem *item)
{
	stream_printf(row->session->stream, "%s%" G_GUINT64_FORMAT, item->label,
		decoded_size(row, item));
}
