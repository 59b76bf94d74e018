/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a client sends: lines and literals, put together to commands. */
#include "imap/input.h"

#include "base/errors.h"
#include "store/metadata.h"

/* From this size on a message takes one of the store's places. */
#define LARGE_MESSAGE ((guint64)4 * 1024 * 1024)
/* A client that holds such a place has to keep sending. */
#define LARGE_TIMEOUT 120
/* A literal refused after it was announced as on its way (RFC 7888) is read
 * and dropped up to this size; from a stranger, less. */
#define DISCARD_MAX ((guint64)2 * 1024 * 1024 * 1024)
#define DISCARD_STRANGER_MAX ((guint64)65536)
#define LITERALS_MAX 500

static void say_timed_out(ImapSession *session)
{
	session_bye(session,
		session->state == IMAP_NOT_AUTHENTICATED ?
			"Too long without log-in" :
			"Too long without command");
}

static void say_draining(ImapSession *session)
{
	session_bye(
		session, "[UNAVAILABLE] Server is going down, come back later");
}

/* The input has ended: says why where the client may still listen. */
static void input_ended(ImapSession *session)
{
	if (stream_draining(session->stream))
		say_draining(session);
	else if (stream_timed_out(session->stream))
		say_timed_out(session);
	session->is_over = TRUE;
}

gboolean input_wait(ImapSession *session, int other_fd, gboolean *is_there)
{
	gint timeout = (gint)session->settings->IMAP_timeout * 1000;
	StreamWait wait = stream_wait(session->stream, other_fd, timeout);

	*is_there = wait == STREAM_WAIT_INPUT;
	if (wait == STREAM_WAIT_DRAIN)
		say_draining(session);
	else if (wait == STREAM_WAIT_TIMEOUT)
		say_timed_out(session);
	session->is_over |=
		wait != STREAM_WAIT_INPUT && wait != STREAM_WAIT_OTHER;
	return !session->is_over;
}

/* Reads a line into a new chunk. */
static gboolean read_line(ImapSession *session)
{
	g_autoptr(GError) error = NULL;
	gsize max = (gsize)session->settings->IMAP_max_line;
	gboolean ok;
	Bytes line;

	if (session->chunks->len == 0)
		ok = stream_read_command(session->stream, max, &line, &error);
	else
		ok = stream_read_line(session->stream, max, &line, &error);
	if (!ok && dbmail_error_is(error, DBMAIL_ERROR_LIMIT)) {
		stream_printf(session->stream,
			"* BAD [LIMIT] Line longer than "
			"%zu bytes\r\n",
			max);
		session->is_error = TRUE;
		return FALSE;
	}
	if (!ok) {
		input_ended(session);
		return FALSE;
	}
	ImapChunk chunk = { .line = bytes_of(arena_copy(session->arena,
						     line.data, line.size),
				    line.size) };
	g_array_append_val(session->chunks, chunk);
	session->chunk_bytes += line.size;
	return TRUE;
}

static ImapChunk *last_chunk(ImapSession *session)
{
	return &g_array_index(
		session->chunks, ImapChunk, session->chunks->len - 1);
}

/* Drops what the client sends of a refused command without being asked:
 * literals announced with "+" and the lines behind them. */
static void discard_rest(ImapSession *session)
{
	g_autoptr(GError) error = NULL;
	guint64 left = session->state == IMAP_NOT_AUTHENTICATED ?
		DISCARD_STRANGER_MAX :
		DISCARD_MAX;
	gsize max = (gsize)session->settings->IMAP_max_line;
	Bytes line = last_chunk(session)->line;
	ImapLiteral literal;

	if (last_chunk(session)->has_literal)
		return;
	while (literal_at_end(line, &literal) && !literal.is_sync) {
		if (literal.size > left) {
			session_bye(session, "[LIMIT] Literal far too large");
			return;
		}
		left -= literal.size;
		if (!stream_skip(session->stream, literal.size, &error) ||
			!stream_read_line(
				session->stream, max, &line, &error)) {
			input_ended(session);
			return;
		}
	}
}

/* Answers a command that does not get to run, and reads past it. */
static void refuse(ImapSession *session, ImapCommand *command)
{
	/* RFC 7888 section 4: the literal is on its way whatever we say, and the
	 * answer belongs behind it. */
	discard_rest(session);
	if (!session->is_over)
		command_answer(session, command);
}

/* The messages of a command are in memory together, so that all of them may
 * have what one may. */
static gboolean message_is_allowed(
	ImapSession *session, ImapCommand *command, const ImapParser *parser)
{
	guint64 max = store_max_message_size(session->store);
	g_autoptr(GError) error = NULL;

	if (parser->literal.size > max) {
		command_no(command,
			arena_printf(session->arena,
				"[TOOBIG] More than the %" G_GUINT64_FORMAT
				" bytes allowed here",
				max));
		return FALSE;
	}
	if (session->message_bytes + parser->literal.size > max) {
		command_no(command,
			arena_printf(session->arena,
				"[LIMIT] More than the %" G_GUINT64_FORMAT
				" bytes that one command may bring",
				max));
		return FALSE;
	}
	/* RFC 3502 section 6.3.11: so a client takes an APPEND back. */
	if (parser->literal_use == LITERAL_MESSAGE &&
		parser->literal.size == 0) {
		command_no(command, "[CANNOT] Nothing was appended");
		return FALSE;
	}
	if (command->row->before_message == NULL)
		return TRUE;
	if (!command->row->before_message(session, command, &error)) {
		command_fail(session, command, error);
		return FALSE;
	}
	return command->status == STATUS_OK;
}

static gboolean literal_is_allowed(
	ImapSession *session, ImapCommand *command, const ImapParser *parser)
{
	gboolean is_string = parser->literal_use == LITERAL_STRING;
	gboolean is_value = parser->literal_use == LITERAL_METADATA;
	guint64 max_value = metadata_max_size(session->store);
	guint64 max = (guint64)session->settings->IMAP_max_line;

	if (is_value && parser->literal.size > max_value) {
		command_no(command,
			arena_printf(session->arena,
				"[METADATA MAXSIZE %" G_GUINT64_FORMAT
				"] The value is too large",
				max_value));
		return FALSE;
	}
	max = MAX(max, is_value ? max_value : 0);
	if ((is_string && parser->literal.size > max) ||
		session->chunks->len > LITERALS_MAX ||
		session->chunk_bytes > 4 * max) {
		command_no(command,
			arena_printf(session->arena,
				"[LIMIT] More than the %" G_GUINT64_FORMAT
				" bytes allowed here",
				max));
		return FALSE;
	}
	return is_string || is_value ||
		message_is_allowed(session, command, parser);
}

char *input_memory(ImapSession *session, gsize size)
{
	if (session->message_bytes + size > LARGE_MESSAGE &&
		!session->holds_large) {
		/* Earlier answers should not wait for this one's turn. */
		if (!stream_flush(session->stream, NULL))
			return NULL;
		store_large_enter(session->store);
		session->holds_large = TRUE;
	}
	char *memory = g_try_malloc(size + 1);
	if (memory != NULL) {
		session->message_bytes += size;
		g_ptr_array_add(session->messages, memory);
	}
	return memory;
}

static char *literal_memory(ImapSession *session, const ImapParser *parser)
{
	gsize size = (gsize)parser->literal.size;

	if (parser->literal_use != LITERAL_STRING &&
		parser->literal_use != LITERAL_METADATA)
		return input_memory(session, size);
	session->chunk_bytes += size;
	return arena_alloc(session->arena, size + 1);
}

/* Reads the literal the parser asked for, and the line behind it. */
static gboolean take_literal(
	ImapSession *session, ImapCommand *command, const ImapParser *parser)
{
	g_autoptr(GError) error = NULL;
	gsize size = (gsize)parser->literal.size;

	if (!literal_is_allowed(session, command, parser)) {
		refuse(session, command);
		return FALSE;
	}
	char *memory = literal_memory(session, parser);
	if (memory == NULL) {
		command_no(command, "[UNAVAILABLE] Out of memory, try later");
		refuse(session, command);
		return FALSE;
	}
	if (parser->literal.is_sync)
		stream_puts(session->stream, "+ Ready for the literal\r\n");
	if (session->holds_large)
		stream_set_timeout(session->stream, LARGE_TIMEOUT);
	gboolean ok = stream_read_exact(session->stream, memory, size, &error);
	if (session->holds_large)
		stream_set_timeout(session->stream,
			(guint)session->settings->IMAP_timeout);
	if (!ok) {
		input_ended(session);
		return FALSE;
	}
	ImapChunk *chunk = last_chunk(session);
	chunk->literal = bytes_of(memory, size);
	chunk->has_literal = TRUE;
	return read_line(session);
}

ParseStatus input_parse_again(ImapSession *session, const MailboxView *view,
	Arena *arena, GPtrArray *sets, ImapCommand *command)
{
	ImapParser parser;

	parser_init(&parser, arena, (const ImapChunk *)session->chunks->data,
		session->chunks->len, sets);
	parser.is_utf8 = session_has_utf8_names(session);
	parser.numbers = session_numbers(session, view);
	return command_parse(&parser, session->state, command);
}

/* A command with many literals is parsed many times: what came of one time is
 * given up before the next. */
static Arena *parser_arena(ImapSession *session)
{
	g_ptr_array_set_size(session->sets, 0);
	if (session->chunks->len == 1)
		return session->arena;
	if (session->parsed == NULL)
		session->parsed = arena_new();
	else
		arena_clear(session->parsed);
	return session->parsed;
}

gboolean input_read(ImapSession *session, ImapCommand *command)
{
	ImapParser parser;

	if (!read_line(session))
		return FALSE;
	for (;;) {
		*command = (ImapCommand){ .tag = NULL };
		parser_init(&parser, parser_arena(session),
			(const ImapChunk *)session->chunks->data,
			session->chunks->len, session->sets);
		parser.is_utf8 = session_has_utf8_names(session);
		parser.numbers = session_numbers(session, NULL);
		ParseStatus status =
			command_parse(&parser, session->state, command);
		if (status == PARSE_OK)
			return TRUE;
		if (status != PARSE_LITERAL)
			break;
		if (!take_literal(session, command, &parser))
			return FALSE;
	}
	if (parser.status == PARSE_REFUSED)
		command_no(command, parser.refusal);
	else if (parser.is_whole)
		command_bad(command, parser.error);
	else if (parser_line(&parser) > 1)
		command_bad(command,
			arena_printf(session->arena,
				"%s at column %u of line %u", parser.error,
				parser_column(&parser), parser_line(&parser)));
	else
		command_bad(command,
			arena_printf(session->arena, "%s at column %u",
				parser.error, parser_column(&parser)));
	refuse(session, command);
	return FALSE;
}

void input_forget(ImapSession *session)
{
	g_ptr_array_set_size(session->sets, 0);
	g_array_set_size(session->chunks, 0);
	g_ptr_array_set_size(session->messages, 0);
	mailbox_free(&session->append_to);
	session->chunk_bytes = 0;
	session->message_bytes = 0;
	if (session->holds_large)
		store_large_leave(session->store);
	session->holds_large = FALSE;
	arena_free(&session->parsed);
	arena_clear(session->arena);
}
