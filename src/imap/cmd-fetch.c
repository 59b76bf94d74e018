/* SPDX-License-Identifier: GPL-2.0-or-later */
/* FETCH and UID FETCH (RFC 3501 section 6.4.5). */
#include "imap/commands.h"

#include "base/errors.h"
#include "store/fetch.h"
#include "store/flag.h"
#include "store/preview.h"
#include "imap/fetch-item.h"
#include "imap/fetch-write.h"
#include "imap/imapsieve.h"
#include "imap/messages.h"
#include "imap/sync.h"
#include "imap/vanished.h"

/* Messages of one round trip: few at first, so that the client soon has
 * something to read. */
#define BATCH_FIRST 64
#define BATCH_MAX 1024
/* Raw bytes of one round trip. */
#define BATCH_RAW ((guint64)768 * 1024)
/* Sum of the sizes of the messages whose header or structure is read: these
 * are parts of the message, so that this bounds the memory. */
#define BATCH_SIZES ((guint64)16 * 1024 * 1024)
/* Up to this size a message is read whole along with its structure, rather
 * than its sections afterwards. */
#define WHOLE_MAX ((guint64)128 * 1024)
/* Beyond, a header is found by the structure: it could be all of the message. */
#define HEADER_MAX ((guint64)1024 * 1024)

typedef struct {
	ImapSession *session;
	const FetchArgs *args;
	const NumSet *newly_seen; /* messages this command set \Seen on */
	FetchWhat what;           /* asked of every message */
	gboolean whole;           /* a section is all of the message */
	gboolean header;          /* a section is (of) the message's header */
	gboolean inside; /* a section needs the structure to be found */
	gboolean body;   /* these items are asked for */
	gboolean bodystructure;
	guint64 offset; /* the bytes that whole sections want */
	guint64 end;
	gboolean has_missing; /* a message was gone */
	gboolean is_broken;
	gboolean has_unknown_encoding;
} Fetch;

/* --- what to ask the store ------------------------------------------------- */

static void plan_section(Fetch *fetch, const FetchItem *item)
{
	const MimeSection *section = &item->section;

	if (item->row->needs & NEED_DECODED) {
		fetch->inside = TRUE;
	} else if (section->depth == 0 && section->what == MIME_SECTION_ALL) {
		guint64 end = item->size > G_MAXUINT64 - item->offset ?
			G_MAXUINT64 :
			item->offset + item->size;
		fetch->offset = fetch->whole ?
			MIN(fetch->offset, item->offset) :
			item->offset;
		fetch->end = MAX(fetch->end, end);
		fetch->whole = TRUE;
	} else if (section->depth == 0 &&
		(section->what == MIME_SECTION_HEADER ||
			section->what == MIME_SECTION_HEADER_FIELDS ||
			section->what == MIME_SECTION_HEADER_FIELDS_NOT)) {
		fetch->header = TRUE;
	} else {
		fetch->inside = TRUE;
	}
}

static const struct {
	FetchNeed need;
	FetchWhat what;
} reads[] = {
	{ NEED_META, FETCH_META },
	{ NEED_ENVELOPE, FETCH_ENVELOPE },
	{ NEED_STRUCTURE, FETCH_STRUCTURE },
	{ NEED_THREAD, FETCH_THREAD },
	{ NEED_SAVE_DATE, FETCH_SAVE_DATE },
	{ NEED_PREVIEW, FETCH_STRUCTURE },
};

static void plan(Fetch *fetch)
{
	const FetchArgs *args = fetch->args;

	for (guint i = 0; i < args->count; i++) {
		const FetchItemRow *row = args->items[i].row;
		if (row->needs & NEED_SECTION)
			plan_section(fetch, &args->items[i]);
		fetch->body |= row->write == fetch_write_body;
		fetch->bodystructure |= row->write == fetch_write_bodystructure;
	}
	/* With the whole message at hand its header is looked up in it. */
	if (fetch->whole && fetch->header)
		fetch->inside = TRUE;
	for (gsize i = 0; i < G_N_ELEMENTS(reads); i++) {
		if (args->needs & reads[i].need)
			fetch->what |= reads[i].what;
	}
	if (fetch->inside)
		fetch->what |= FETCH_STRUCTURE;
	if (fetch->inside || fetch->whole)
		fetch->what |= FETCH_RAW;
}

/* The range to read ahead of a message, of size 0 where the bytes are better
 * read, or streamed, one section after the other. */
static FetchAsk ask_for(const Fetch *fetch, const ViewMessage *message)
{
	FetchAsk ask = { .physmessage = message->physmessage,
		.mailbox = fetch->session->selected->id,
		.uid = message->uid,
		.has_size = TRUE,
		.message_size = message->size };

	if (fetch->inside) {
		ask.size = message->size <= WHOLE_MAX ? message->size : 0;
	} else if (fetch->whole) {
		ask.offset = MIN(fetch->offset, message->size);
		ask.size = MIN(fetch->end, message->size) - ask.offset;
		if (ask.size > BATCH_RAW)
			ask.size = 0;
	}
	return ask;
}

/* A header alone comes with the batch unless it might be huge. */
static FetchWhat what_for(const Fetch *fetch, const ViewMessage *message)
{
	if (!fetch->header || fetch->inside)
		return fetch->what;
	return fetch->what |
		(message->size <= HEADER_MAX ? FETCH_HEADER : FETCH_STRUCTURE);
}

/* One batch: what is asked, and what came.  While one is written the next is
 * read by a thread of its own, which ends before the command does: the
 * database works while the client is served, and a client that reads slowly
 * keeps two batches in memory and no connection. */
typedef struct {
	Fetch *fetch;
	guint first; /* in the command's indexes */
	GArray *asks;
	FetchWhat what;
	GThread *thread; /* NULL: nobody reads */
	FetchBatch *batch;
	GPtrArray *previews;
	GError *error;
} Load;

/* --- one message ----------------------------------------------------------- */

/* What the response has to tell of a message that has just become \Seen, as
 * far as the items do not (RFC 7162 section 3.2.4, RFC 9051 appendix E). */
static void write_seen(Fetch *fetch, FetchRow *row)
{
	static const FetchItemRow rows[] = {
		{ "FLAGS", NEED_VIEW, fetch_write_flags, 0 },
		{ "UID", NEED_VIEW, fetch_write_uid, 0 },
		{ "MODSEQ", NEED_VIEW, fetch_write_modseq, 0 },
	};
	guint enabled = fetch->session->enabled;
	const gboolean wanted[] = {
		!row->tells_flags,
		!fetch->args->tells_uid && sync_tells_uid(fetch->session),
		!fetch->args->tells_modseq &&
			(enabled & ENABLED_CONDSTORE) != 0,
	};

	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		const FetchItem item = { .row = &rows[i] };
		if (!wanted[i])
			continue;
		stream_puts(fetch->session->stream, " ");
		rows[i].write(row, &item);
	}
}

static void write_row(Fetch *fetch, FetchRow *row)
{
	const FetchArgs *args = fetch->args;
	Stream *stream = fetch->session->stream;
	gboolean uid_only = (fetch->session->enabled & ENABLED_UIDONLY) != 0;
	const char *blank = "";

	if (uid_only)
		stream_printf(stream, "* %u UIDFETCH (", row->message->uid);
	else
		stream_printf(stream, "* %u FETCH (", row->number);
	for (guint i = 0; i < args->count; i++) {
		if (uid_only && args->items[i].implied)
			continue;
		stream_puts(stream, blank);
		args->items[i].row->write(row, &args->items[i]);
		blank = " ";
		if (fetch->session->is_over)
			return;
	}
	if (fetch->newly_seen != NULL &&
		numset_contains(fetch->newly_seen, row->message->uid))
		write_seen(fetch, row);
	stream_puts(stream, ")\r\n");
}

/* What is made of the structure: texts, and itself where a section may have to
 * be found. */
static gboolean take_structure(Fetch *fetch, FetchRow *row, const Load *load,
	guint place, Arena *arena, GError **error)
{
	Store *store = fetch->session->store;
	guint form = fetch->session->enabled & ENABLED_IMAP4REV2 ?
		MIME_STRUCTURE_GLOBAL :
		0;

	if (fetch->body &&
		!fetch_batch_structure_text(
			store, load->batch, place, form, &row->body, error))
		return FALSE;
	if (fetch->bodystructure &&
		!fetch_batch_structure_text(store, load->batch, place,
			form | MIME_STRUCTURE_EXTENDED, &row->bodystructure,
			error))
		return FALSE;
	if (!fetch->inside && !fetch->header)
		return TRUE;
	row->structure =
		mime_structure_decode(arena, row->data->structure, error);
	return row->structure != NULL;
}

static gboolean write_message(Fetch *fetch, FetchRow *row, const Load *load,
	guint place, Arena *arena, GError **error)
{
	if (row->data != NULL && !row->data->found) {
		fetch->has_missing = TRUE;
		return TRUE;
	}
	if ((load->what & FETCH_STRUCTURE) &&
		!take_structure(fetch, row, load, place, arena, error))
		return FALSE;
	write_row(fetch, row);
	fetch->is_broken |= row->is_broken;
	fetch->has_unknown_encoding |= row->has_unknown_encoding;
	return !fetch->session->is_over &&
		!stream_failed(fetch->session->stream);
}

/* --- a batch of messages --------------------------------------------------- */

/* How many of the messages from `first` on fit into one round trip. */
static guint batch_size(const Fetch *fetch, const GArray *indexes, guint first,
	guint max, GArray *asks)
{
	const ViewMessage *messages = fetch->session->selected->known.messages;
	guint64 raw = 0;
	guint64 sizes = 0;
	FetchWhat what = 0;

	g_array_set_size(asks, 0);
	for (guint i = first; i < indexes->len && asks->len < max; i++) {
		const ViewMessage *message =
			&messages[g_array_index(indexes, guint, i)];
		FetchAsk ask = ask_for(fetch, message);
		if (asks->len == 0)
			what = what_for(fetch, message);
		raw += ask.size;
		sizes += message->size;
		if (asks->len > 0 &&
			(raw > BATCH_RAW || what != what_for(fetch, message) ||
				(sizes > BATCH_SIZES && what != FETCH_RAW)))
			break;
		g_array_append_val(asks, ask);
	}
	return asks->len;
}

/* --- reading ahead --------------------------------------------------------- */

/* Nobody reads any more: the load may be moved. */
static void load_join(Load *load)
{
	if (load->thread != NULL)
		g_thread_join(g_steal_pointer(&load->thread));
}

static void load_clear(Load *load)
{
	load_join(load);
	fetch_batch_free(&load->batch);
	g_clear_pointer(&load->previews, g_ptr_array_unref);
	g_clear_pointer(&load->asks, g_array_unref);
	g_clear_error(&load->error);
}

static gpointer load_read(gpointer data)
{
	Load *load = data;
	const FetchArgs *args = load->fetch->args;
	Store *store = load->fetch->session->store;

	if (load->what != 0 &&
		!fetch_batch_new(store, (const FetchAsk *)load->asks->data,
			load->asks->len, load->what, &load->batch,
			&load->error))
		return NULL;
	if ((args->needs & NEED_PREVIEW) &&
		!preview_get(store, load->batch, load->asks->len,
			!args->wants_preview, &load->previews, &load->error))
		return NULL;
	return NULL;
}

/* Begins with the messages from `first` on; nothing is asked where there are
 * none. */
static void load_begin(Load *load, Fetch *fetch, const GArray *indexes,
	guint first, guint max, gboolean ahead)
{
	*load = (Load){ .fetch = fetch, .first = first };
	load->asks = g_array_new(FALSE, FALSE, sizeof(FetchAsk));
	if (first >= indexes->len)
		return;
	batch_size(fetch, indexes, first, max, load->asks);
	load->what = what_for(fetch,
		&fetch->session->selected->known
			 .messages[g_array_index(indexes, guint, first)]);
	if (ahead && load->what != 0)
		load->thread =
			g_thread_try_new("fetch-ahead", load_read, load, NULL);
	if (load->thread == NULL)
		load_read(load);
}

static gboolean write_batch(
	Fetch *fetch, const GArray *indexes, const Load *load, GError **error)
{
	const MailboxView *known = &fetch->session->selected->known;
	g_autoptr(Arena) arena = arena_new();

	for (guint i = 0; i < load->asks->len; i++) {
		guint index = g_array_index(indexes, guint, load->first + i);
		FetchRow row = {
			.session = fetch->session,
			.message = &known->messages[index],
			.number = index + 1,
			.data = load->batch != NULL ?
				fetch_batch_message(load->batch, i) :
				NULL,
			.preview = load->previews != NULL ?
				g_ptr_array_index(load->previews, i) :
				NULL,
			.raw_offset =
				g_array_index(load->asks, FetchAsk, i).offset,
			.has_raw = (load->what & FETCH_RAW) != 0,
			.has_header = (load->what & FETCH_HEADER) != 0,
		};
		if (!write_message(fetch, &row, load, i, arena, error))
			return FALSE;
		arena_clear(arena);
	}
	return TRUE;
}

/* FALSE with error unset: the connection is of no more use. */
static gboolean write_all(Fetch *fetch, const GArray *indexes, GError **error)
{
	guint max = BATCH_FIRST;
	gboolean ok = TRUE;
	Load load;

	load_begin(&load, fetch, indexes, 0, max, FALSE);
	while (ok && load.asks->len > 0) {
		Load next = { .fetch = fetch };
		ok = load.error == NULL;
		if (ok) {
			max = MIN(max * 2, BATCH_MAX);
			load_begin(&next, fetch, indexes,
				load.first + load.asks->len, max, TRUE);
			ok = write_batch(fetch, indexes, &load, error);
			load_join(&next);
		} else {
			g_propagate_error(error, g_steal_pointer(&load.error));
		}
		load_clear(&load);
		load = next;
	}
	load_clear(&load);
	return ok;
}

/* --- the command ----------------------------------------------------------- */

/* Sets \Seen on those messages that lack it, all in one change. */
static gboolean set_seen(ImapSession *session, const GArray *indexes,
	NumSet *newly_seen, GError **error)
{
	static const FlagChange change = { .action = FLAG_ADD,
		.flags = FLAG_SEEN };
	const MailboxView *known = &session->selected->known;
	guint64 seq;

	for (guint i = 0; i < indexes->len; i++) {
		const ViewMessage *message =
			&known->messages[g_array_index(indexes, guint, i)];
		if ((message->flags & FLAG_SEEN) == 0)
			numset_add(newly_seen, message->uid);
	}
	if (numset_is_empty(newly_seen))
		return TRUE;
	if (!flag_change(session->store, session->selected->id, newly_seen,
		    &change, &seq, NULL, error))
		return FALSE;
	gboolean ran = imapsieve_flagged(session, newly_seen, &change, seq);
	SyncOwn own = {
		.uids = newly_seen,
		.change = &change,
		.silent = TRUE,
		.seq = ran ? 0 : seq,
		.told_otherwise = TRUE,
	};
	sync_mailbox(session, FALSE, FALSE, &own);
	return TRUE;
}

/* Leaves those messages that PARTIAL wants. */
static void keep_partial(GArray *indexes, const FetchArgs *args)
{
	guint first, last;

	partial_bounds(&args->partial, indexes->len, &first, &last);
	g_array_set_size(indexes, last);
	if (first > 0)
		g_array_remove_range(indexes, 0, first);
}

/* Leaves those that changed since (RFC 7162 section 3.1.4.1). */
static void keep_changed(
	const ImapSelected *selected, GArray *indexes, guint64 modseq)
{
	guint kept = 0;

	if (modseq < selected->known.flags_floor)
		return;
	for (guint i = 0; i < indexes->len; i++) {
		guint index = g_array_index(indexes, guint, i);
		if (selected->known.messages[index].modseq > modseq)
			g_array_index(indexes, guint, kept++) = index;
	}
	g_array_set_size(indexes, kept);
}

static gboolean some_are_seen(
	const ImapSelected *selected, const FetchArgs *args, gboolean is_uid)
{
	g_autoptr(GArray) indexes =
		messages_of_set(selected, args->set, is_uid);

	for (guint i = 0; i < indexes->len; i++) {
		guint index = g_array_index(indexes, guint, i);
		if (selected->known.messages[index].flags & FLAG_SEEN)
			return TRUE;
	}
	return FALSE;
}

/* Which messages lack \Seen the store decides, where the view does not say that
 * all do: another process may have made one unseen before this command, and
 * its notice be still on its way. */
static gboolean sets_seen(
	ImapSession *session, const FetchArgs *args, gboolean is_uid)
{
	const ImapSelected *selected = session->selected;

	if ((args->needs & NEED_SETS_SEEN) == 0 || selected->read_only ||
		(selected->rights & RIGHT_SEEN) == 0)
		return FALSE;
	if (sync_is_due(selected) || some_are_seen(selected, args, is_uid))
		sync_mailbox(session, FALSE, FALSE, NULL);
	return !session->is_over;
}

gboolean fetch_tell(ImapSession *session, const FetchArgs *args,
	const GArray *indexes, GError **error)
{
	Fetch fetch = { .session = session, .args = args };
	g_autoptr(GError) failure = NULL;

	plan(&fetch);
	if (write_all(&fetch, indexes, &failure) || failure == NULL)
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&failure));
	return FALSE;
}

gboolean cmd_fetch(ImapSession *session, ImapCommand *command, GError **error)
{
	const FetchArgs *args = command->args;
	g_autoptr(NumSet) newly_seen = numset_new();
	g_autoptr(GError) failure = NULL;

	if (args->vanished && (session->enabled & ENABLED_QRESYNC) == 0)
		return command_bad(command, "VANISHED without ENABLE QRESYNC");
	if (args->needs & NEED_CONDSTORE)
		sync_enable_condstore(session);
	gboolean seen = sets_seen(session, args, command->is_uid);
	g_autoptr(GArray) indexes =
		messages_of_set(session->selected, args->set, command->is_uid);
	if (args->vanished &&
		!vanished_tell_earlier(
			session, args->changed_since, args->set, 0, error))
		return FALSE;
	/* RFC 9394 section 3.3: in this order. */
	keep_partial(indexes, args);
	if (args->has_changed_since)
		keep_changed(session->selected, indexes, args->changed_since);
	if (seen && !set_seen(session, indexes, newly_seen, error))
		return FALSE;
	if (session->is_over)
		return TRUE;
	Fetch fetch = {
		.session = session, .args = args, .newly_seen = newly_seen
	};
	plan(&fetch);
	if (!write_all(&fetch, indexes, &failure) && failure != NULL) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return FALSE;
	}
	if (fetch.is_broken)
		command_no(command, "[SERVERBUG] Some data could not be read");
	else if (fetch.has_unknown_encoding)
		command_no(command,
			"[UNKNOWN-CTE] Some parts have an unknown encoding");
	else if (fetch.has_missing)
		command_no(command,
			"[EXPUNGEISSUED] Some messages are gone already");
	return TRUE;
}
