/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A message put together from pieces and from other messages (RFC 4469). */
#include "imap/catenate.h"

#include "base/errors.h"
#include "mime/header.h"
#include "mime/section.h"
#include "mime/structure.h"
#include "store/fetch.h"
#include "syntax/message-url.h"
#include "imap/input.h"
#include "imap/utf7.h"

/* The largest header that fields are chosen from. */
#define HEADER_MAX ((gsize)1024 * 1024)

/* A piece: bytes that are here, or a range of a message in the store. */
typedef struct {
	Bytes here;
	gint64 physmessage;
	guint64 offset;
	guint64 size;
} Source;

typedef struct {
	ImapSession *session;
	ImapCommand *command;
	Source *sources; /* one for each part */
	guint64 total;
	/* The mailbox the last URL named, looked up once for all like it. */
	const char *name;
	MailboxView *view;
} Catenation;

/* The URL as RFC 4469's BADURL can say it. */
static gboolean bad_url(Catenation *job, Bytes url, const char *why)
{
	g_autoptr(GString) text = g_string_new("[BADURL \"");

	for (gsize i = 0; i < url.size; i++) {
		char c = url.data[i];
		if ((guchar)c <= ' ' || (guchar)c >= 0x7f ||
			strchr("\"\\]", c) != NULL)
			g_string_append_printf(text, "%%%02X", (guchar)c);
		else
			g_string_append_c(text, c);
	}
	g_string_append_printf(text, "\"] %s", why);
	return command_no(
		job->command, arena_strdup(job->session->arena, text->str));
}

static gboolean is_refused(const Catenation *job)
{
	return job->command->status != STATUS_OK;
}

/* --- finding --------------------------------------------------------------- */

/* The mailbox's name as session_mailbox() takes names from the wire. */
static Bytes wire_name(ImapSession *session, const char *name)
{
	g_autoptr(GString) wire = g_string_new(NULL);

	if (session_has_utf8_names(session))
		g_string_append(wire, name);
	else
		utf7_encode(name, wire);
	return bytes_of(
		arena_copy(session->arena, wire->str, wire->len), wire->len);
}

/* TRUE with the command refused where the URL leads to no mailbox. */
static gboolean find_mailbox(Catenation *job, const MessageUrl *url, Bytes text,
	gint64 *id, GError **error)
{
	ImapSession *session = job->session;
	g_autoptr(Mailbox) mailbox = NULL;
	g_autoptr(GError) problem = NULL;

	if (!session_mailbox(session, job->command,
		    wire_name(session, url->mailbox), RIGHT_READ, &mailbox,
		    &problem)) {
		if (dbmail_error_is(problem, DBMAIL_ERROR_NOT_FOUND))
			return bad_url(job, text, "No such mailbox");
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
	if (mailbox == NULL)
		return bad_url(job, text, "Mailbox cannot be read");
	if (mailbox->no_select)
		return bad_url(job, text, "Mailbox holds no messages");
	*id = mailbox->id;
	return TRUE;
}

static gboolean open_mailbox(
	Catenation *job, const MessageUrl *url, Bytes text, GError **error)
{
	const ImapSelected *selected = job->session->selected;
	gint64 id = selected != NULL ? selected->id : 0;

	if (job->view != NULL && g_strcmp0(job->name, url->mailbox) == 0)
		return TRUE;
	if (url->mailbox == NULL && selected == NULL)
		return bad_url(job, text, "No mailbox is selected");
	if (url->mailbox != NULL && !find_mailbox(job, url, text, &id, error))
		return FALSE;
	if (is_refused(job))
		return TRUE;
	view_unref(&job->view);
	if (!view_get(job->session->store, id, &job->view, error))
		return FALSE;
	job->name = url->mailbox;
	return TRUE;
}

/* The part of [offset, offset + size) that the URL's PARTIAL leaves. */
static void clip(const MessageUrl *url, Source *source)
{
	guint64 skip = MIN(url->offset, source->size);

	source->offset += skip;
	source->size = MIN(source->size - skip, url->size);
}

static gboolean copy_bytes(Bytes bytes, gpointer data)
{
	char **to = data;

	memcpy(*to, bytes.data, bytes.size);
	*to += bytes.size;
	return TRUE;
}

/* The chosen fields of a header block, which then are bytes that are here. */
static gboolean choose_fields(Catenation *job, const MimeSection *section,
	const MessageUrl *url, Source *source, GError **error)
{
	g_autoptr(GString) chosen = g_string_new(NULL);
	g_autofree char *block = g_malloc((gsize)source->size + 1);
	char *end = block;

	if (source->size > 0 &&
		!fetch_stream(job->session->store, source->physmessage,
			source->offset, source->size, copy_bytes, &end, error))
		return FALSE;
	mime_header_select(bytes_of(block, (gsize)(end - block)),
		section->names, section->n_names,
		section->what == MIME_SECTION_HEADER_FIELDS_NOT, chosen);
	Source clipped = { .size = chosen->len };
	clip(url, &clipped);
	gsize size = (gsize)clipped.size;
	char *kept = arena_copy(
		job->session->arena, chosen->str + clipped.offset, size);
	*source = (Source){ .here = bytes_of(kept, size) };
	return TRUE;
}

static gboolean find_section(Catenation *job, const MessageUrl *url, Bytes text,
	Source *source, GError **error)
{
	FetchAsk ask = { .physmessage = source->physmessage };
	g_autoptr(Arena) arena = arena_new();
	g_autoptr(FetchBatch) batch = NULL;
	g_autoptr(GError) problem = NULL;
	MimeSection section;
	gsize offset, size;

	if (!mime_section_parse(
		    arena, bytes_of_string(url->section), &section, &problem))
		return bad_url(job, text, "Wrong section");
	if (!fetch_batch_new(job->session->store, &ask, 1, FETCH_STRUCTURE,
		    &batch, error))
		return FALSE;
	const FetchedMessage *fetched = fetch_batch_message(batch, 0);
	if (!fetched->found)
		return bad_url(job, text, "Message is gone");
	MimeStructure *structure =
		mime_structure_decode(arena, fetched->structure, error);
	if (structure == NULL)
		return FALSE;
	if (!mime_section_resolve(structure, &section, &offset, &size))
		return bad_url(job, text, "No such section");
	source->offset = offset;
	source->size = size;
	if (section.what != MIME_SECTION_HEADER_FIELDS &&
		section.what != MIME_SECTION_HEADER_FIELDS_NOT) {
		clip(url, source);
		return TRUE;
	}
	if (size > HEADER_MAX)
		return bad_url(job, text, "Header too large to choose from");
	return choose_fields(job, &section, url, source, error);
}

static gboolean find_url(
	Catenation *job, Bytes text, Source *source, GError **error)
{
	MessageUrl url;

	if (!message_url_parse(job->session->arena, text, &url))
		return bad_url(job, text, "Not a URL of a message here");
	if (!open_mailbox(job, &url, text, error))
		return FALSE;
	if (is_refused(job))
		return TRUE;
	if (url.uidvalidity != 0 && url.uidvalidity != job->view->uidvalidity)
		return bad_url(job, text, "UIDVALIDITY has changed");
	guint index = view_find(job->view, url.uid);
	if (index == G_MAXUINT)
		return bad_url(job, text, "No such message");
	source->physmessage = job->view->messages[index].physmessage;
	source->size = job->view->messages[index].size;
	if (url.section != NULL)
		return find_section(job, &url, text, source, error);
	clip(&url, source);
	return TRUE;
}

static gboolean find_all(
	Catenation *job, const AppendMessage *message, GError **error)
{
	guint64 max = store_max_message_size(job->session->store);

	for (guint i = 0; i < message->n_parts; i++) {
		const AppendPart *part = &message->parts[i];
		Source *source = &job->sources[i];

		if (!part->is_url)
			source->here = part->bytes;
		else if (!find_url(job, part->bytes, source, error))
			return FALSE;
		if (is_refused(job))
			return TRUE;
		/* Each is at most a message's size, and there are few. */
		job->total += source->here.size +
			(source->physmessage != 0 ? source->size : 0);
		if (job->total > max)
			return command_no(job->command,
				"[TOOBIG] The message would be too large");
	}
	if (job->total == 0)
		return command_no(
			job->command, "[CANNOT] The message would be empty");
	/* The pieces are still there, and so are the other messages. */
	if (job->session->message_bytes + job->total > 2 * max)
		return command_no(
			job->command, "[LIMIT] Too much for one command");
	return TRUE;
}

/* --- joining --------------------------------------------------------------- */

/* TRUE with the command refused where the message has gone meanwhile. */
static gboolean append_source(Catenation *job, const Source *source, Bytes url,
	char **end, GError **error)
{
	g_autoptr(GError) problem = NULL;

	if (source->here.size > 0)
		return copy_bytes(source->here, end);
	if (source->physmessage == 0 || source->size == 0 ||
		fetch_stream(job->session->store, source->physmessage,
			source->offset, source->size, copy_bytes, end,
			&problem))
		return TRUE;
	if (dbmail_error_is(problem, DBMAIL_ERROR_NOT_FOUND))
		return bad_url(job, url, "Message is gone");
	g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}

static gboolean join(Catenation *job, const AppendMessage *message, Bytes *raw,
	GError **error)
{
	char *memory = input_memory(job->session, (gsize)job->total);
	char *end = memory;

	if (memory == NULL)
		return command_no(
			job->command, "[UNAVAILABLE] Out of memory, try later");
	for (guint i = 0; i < message->n_parts && !is_refused(job); i++) {
		if (!append_source(job, &job->sources[i],
			    message->parts[i].bytes, &end, error))
			return FALSE;
	}
	*raw = bytes_of(memory, (gsize)(end - memory));
	return TRUE;
}

gboolean catenate(ImapSession *session, ImapCommand *command,
	const AppendMessage *message, Bytes *raw, GError **error)
{
	Catenation job = { .session = session, .command = command };

	if (message->n_parts == 1 && !message->parts[0].is_url &&
		message->parts[0].bytes.size > 0) {
		*raw = message->parts[0].bytes;
		return TRUE;
	}
	job.sources = arena_new_array(session->arena, Source, message->n_parts);
	gboolean ok = find_all(&job, message, error);
	if (ok && !is_refused(&job))
		ok = join(&job, message, raw, error);
	view_unref(&job.view);
	return ok;
}
