/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A message scanned, split, hashed and summarised. */
#include <openssl/evp.h>

#include "mime/envelope.h"
#include "mime/header.h"
#include "mime/join.h"
#include "mime/scan.h"
#include "mime/structure.h"
#include "store/message-private.h"
#include "store/store-private.h"

/* Headers are as good as never equal, so a look-up for them is wasted; only
 * where they alone make a message large are they worth sending ahead, which
 * is done by hash. */
#define PRIVATE_MAX STORE_LARGE_MESSAGE

void message_hash(
	Store *store, Bytes bytes, guint8 hash[static MESSAGE_HASH_SIZE])
{
	/* Fails only where memory has run out, as g_malloc() does. */
	if (!EVP_Digest(bytes.data != NULL ? bytes.data : "", bytes.size, hash,
		    NULL, store->sha256, NULL))
		g_error("SHA-256 failed");
}

static gsize header_size(const GArray *pieces)
{
	gsize size = 0;

	for (guint i = 0; i < pieces->len; i++) {
		const MimePiece *piece = &g_array_index(pieces, MimePiece, i);
		if (piece->is_header)
			size += piece->size;
	}
	return size;
}

static void take_pieces(Store *store, MessageDraft *draft, const GArray *pieces)
{
	const gboolean share_all = header_size(pieces) > PRIVATE_MAX;

	draft->pieces =
		g_array_sized_new(FALSE, TRUE, sizeof(DraftPiece), pieces->len);
	g_array_set_size(draft->pieces, pieces->len);
	for (guint i = 0; i < pieces->len; i++) {
		DraftPiece *to = &g_array_index(draft->pieces, DraftPiece, i);

		to->piece = g_array_index(pieces, MimePiece, i);
		to->is_shared = share_all || !to->piece.is_header;
		if (!to->is_shared)
			continue;
		draft->shared_size += to->piece.size;
		message_hash(store,
			bytes_of(draft->raw.data + to->piece.offset,
				to->piece.size),
			to->hash);
	}
}

/* Everything a reader will ever be given is made from the pieces, so they are
 * proven against the message before anything is stored. */
static gboolean split(Store *store, MessageDraft *draft, const MimeScan *scan)
{
	g_autoptr(GArray) pieces = mime_split(scan);
	gboolean is_whole = mime_pieces_join_to(draft->raw, pieces);

	if (!is_whole) {
		g_array_unref(pieces);
		pieces = mime_split_whole(draft->raw.size);
	}
	take_pieces(store, draft, pieces);
	return is_whole;
}

static void describe(MessageDraft *draft, const MimeScan *scan)
{
	const MimeEntity *root = mime_scan_entity(scan, 0);
	const gsize size = MIN(
		root->body - root->header, mime_scan_limits(scan)->max_header);
	const MimeHeader *header = mime_header_new(
		draft->arena, bytes_slice(draft->raw, root->header, size));

	draft->summary = mime_summary_new(draft->arena, header);
	draft->envelope = g_string_sized_new(512);
	mime_envelope_write(header, draft->envelope);
	draft->structure = g_byte_array_sized_new(256);
	mime_structure_encode(
		mime_structure_new(draft->arena, draft->raw, scan),
		draft->structure);
}

MessageDraft *message_draft_new(Store *store, Bytes raw, gboolean *split_failed)
{
	MessageDraft *draft = g_new0(MessageDraft, 1);
	g_autoptr(MimeScan) scan = mime_scan_new(raw, &store->limits);
	gboolean is_whole;

	draft->arena = arena_new();
	draft->raw = raw;
	message_hash(store, raw, draft->hash);
	is_whole = split(store, draft, scan);
	describe(draft, scan);
	if (split_failed != NULL)
		*split_failed = !is_whole;
	return draft;
}

void message_draft_free(MessageDraft **draft)
{
	MessageDraft *gone = g_steal_pointer(draft);

	if (gone == NULL)
		return;
	g_array_unref(gone->pieces);
	g_string_free(gone->envelope, TRUE);
	g_byte_array_unref(gone->structure);
	arena_free(&gone->arena);
	g_free(gone);
}

/* --- dbmail_envelope ------------------------------------------------------ */

/* The text columns, in the order of the statement's parameters. */
static const gsize text_columns[] = {
	offsetof(MimeSummary, date),
	offsetof(MimeSummary, subject),
	offsetof(MimeSummary, base_subject),
	offsetof(MimeSummary, from),
	offsetof(MimeSummary, to),
	offsetof(MimeSummary, cc),
	offsetof(MimeSummary, bcc),
	offsetof(MimeSummary, sender),
	offsetof(MimeSummary, reply_to),
	offsetof(MimeSummary, message_id),
	offsetof(MimeSummary, in_reply_to),
	offsetof(MimeSummary, references),
};

static void add_text_column(DbParams *params, const MessageDraft *const *drafts,
	guint count, gsize offset)
{
	g_autofree const char **values = g_new(const char *, count);

	for (guint i = 0; i < count; i++)
		values[i] = *(const char *const
				*)(gconstpointer)((const char *)drafts[i]
							  ->summary +
			offset);
	db_params_text_array(params, values, count);
}

/* Years a date may lie in to be kept: 1 to 9999, which PostgreSQL and IMAP
 * both can say. */
#define DATE_MIN (G_GINT64_CONSTANT(-62135596800) * TIMESTAMP_SECOND)
#define DATE_MAX (G_GINT64_CONSTANT(253402300799) * TIMESTAMP_SECOND)

static gboolean has_date(const MimeSummary *summary)
{
	return summary->has_date && summary->sent_date >= DATE_MIN &&
		summary->sent_date <= DATE_MAX;
}

/* No date is '-infinity' on the way: the arrays hold no NULLs. */
static void add_dates(
	DbParams *params, const MessageDraft *const *drafts, guint count)
{
	g_autofree Timestamp *dates = g_new(Timestamp, count);
	g_autofree gint16 *zones = g_new(gint16, count);
	g_autofree gboolean *truncated = g_new(gboolean, count);

	for (guint i = 0; i < count; i++) {
		const MimeSummary *summary = drafts[i]->summary;

		dates[i] = has_date(summary) ? summary->sent_date : G_MININT64;
		zones[i] = (gint16)summary->zone_minutes;
		truncated[i] = summary->truncated;
	}
	db_params_timestamp_array(params, dates, count);
	db_params_int16_array(params, zones, count);
	db_params_bool_array(params, truncated, count);
}

static void add_ready_made(
	DbParams *params, const MessageDraft *const *drafts, guint count)
{
	g_autofree Bytes *envelopes = g_new(Bytes, count);
	g_autofree Bytes *structures = g_new(Bytes, count);

	for (guint i = 0; i < count; i++) {
		envelopes[i] = bytes_of(
			drafts[i]->envelope->str, drafts[i]->envelope->len);
		structures[i] =
			bytes_of((const char *)drafts[i]->structure->data,
				drafts[i]->structure->len);
	}
	db_params_bytes_array(params, envelopes, count);
	db_params_bytes_array(params, structures, count);
}

void message_add_envelopes(
	DbParams *params, const MessageDraft *const *drafts, guint count)
{
	G_STATIC_ASSERT(
		G_N_ELEMENTS(text_columns) + 5 == MESSAGE_ENVELOPE_PARAMS);
	add_dates(params, drafts, count);
	for (guint i = 0; i < G_N_ELEMENTS(text_columns); i++)
		add_text_column(params, drafts, count, text_columns[i]);
	add_ready_made(params, drafts, count);
}
