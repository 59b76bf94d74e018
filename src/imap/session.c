/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One IMAP connection: its state, and reading commands from it. */
#include "imap/session.h"

#include "base/errors.h"
#include "base/log.h"
#include "store/acl.h"
#include "store/metadata.h"
#include "imap/capability.h"
#include "imap/notify.h"
#include "imap/reply.h"
#include "imap/sync.h"
#include "imap/utf7.h"

/* From this size on a message takes one of the store's places. */
#define LARGE_MESSAGE ((guint64)4 * 1024 * 1024)
/* A client that holds such a place has to keep sending. */
#define LARGE_TIMEOUT 120
/* A literal refused after it was announced as on its way (RFC 7888) is read
 * and dropped up to this size; from a stranger, less. */
#define DISCARD_MAX ((guint64)2 * 1024 * 1024 * 1024)
#define DISCARD_STRANGER_MAX ((guint64)65536)
#define LITERALS_MAX 500

gboolean session_allows_plaintext(const ImapSession *session)
{
	return auth_plaintext_allowed(session->server->auth,
		server_connection_is_secure(session->connection));
}

void session_log_in(ImapSession *session, User *user, const char *how)
{
	session->user = user;
	session->state = IMAP_AUTHENTICATED;
	session->connection->log.user = user->name;
	stream_set_deadline(session->stream, 0);
	stream_set_timeout(
		session->stream, (guint)session->settings->IMAP_timeout);
	log_event(LOG_LEVEL_NOTICE, &session->connection->log, "login",
		LOG_STRING("method", how),
		LOG_STRING("tls", stream_tls_description(session->stream)));
}

static void set_login_deadline(ImapSession *session)
{
	stream_set_deadline(session->stream,
		(guint)settings_daemon(session->settings, "IMAP")
			.login_timeout);
}

void session_log_out(ImapSession *session)
{
	session_unselect(session);
	notify_free(&session->notify);
	log_event(LOG_LEVEL_INFO, &session->connection->log, "logout");
	session->connection->log.user = NULL;
	user_free(&session->user);
	session->enabled = 0;
	session->state = IMAP_NOT_AUTHENTICATED;
	set_login_deadline(session);
}

void session_bye(ImapSession *session, const char *text)
{
	if (!session->is_over)
		stream_printf(session->stream, "* BYE %s\r\n", text);
	session->is_over = TRUE;
}

static void selected_free(ImapSelected **selected)
{
	ImapSelected *gone = g_steal_pointer(selected);

	if (gone == NULL)
		return;
	watch_free(&gone->watch);
	view_unref(&gone->view);
	numset_free(&gone->recent);
	numset_free(&gone->saved);
	if (gone->contexts != NULL)
		g_ptr_array_unref(gone->contexts);
	g_free(gone->held);
	g_free(gone->name);
	g_free(gone);
}

void session_unselect(ImapSession *session)
{
	selected_free(&session->selected);
	if (session->state == IMAP_SELECTED)
		session->state = IMAP_AUTHENTICATED;
}

gboolean session_has_utf8_names(const ImapSession *session)
{
	return (session->enabled & (ENABLED_UTF8 | ENABLED_IMAP4REV2)) != 0;
}

gboolean session_decode_name(
	const ImapSession *session, Bytes wire, GString *out)
{
	if (!session_has_utf8_names(session))
		return utf7_decode(wire, out);
	if (wire.size > 0 &&
		!g_utf8_validate(wire.data, (gssize)wire.size, NULL))
		return FALSE;
	g_string_append_len(out, wire.data, (gssize)wire.size);
	return TRUE;
}

/* RFC 6855 section 3: what is not UTF-8 is no syntax at all. */
static void refuse_name(const ImapSession *session, ImapCommand *command)
{
	if (session_has_utf8_names(session))
		command_bad(command, "Mailbox name is not in UTF-8");
	else
		command_no(command,
			"[CANNOT] Mailbox name is not in modified UTF-7");
}

const char *session_mailbox_name(
	ImapSession *session, ImapCommand *command, Bytes wire)
{
	g_autoptr(GString) utf8 = g_string_new(NULL);
	g_autoptr(GError) error = NULL;

	if (wire.size > 1 && wire.data[wire.size - 1] == MAILBOX_SEPARATOR)
		wire.size--;
	if (!session_decode_name(session, wire, utf8)) {
		refuse_name(session, command);
		return NULL;
	}
	g_autofree char *name = mailbox_name_normalise(utf8->str,
		(guint)session->settings->IMAP_max_mailbox_depth, &error);
	if (name == NULL) {
		command_fail(session, command, error);
		return NULL;
	}
	return arena_strdup(session->arena, name);
}

gboolean session_mailbox(ImapSession *session, ImapCommand *command, Bytes wire,
	guint needed, Mailbox **mailbox, GError **error)
{
	const char *name = session_mailbox_name(session, command, wire);
	g_autoptr(Mailbox) found = NULL;

	*mailbox = NULL;
	if (name == NULL)
		return TRUE;
	if (!mailbox_get(
		    session->store, session->user->id, name, &found, error))
		return FALSE;
	if ((found->rights & needed) == needed) {
		*mailbox = g_steal_pointer(&found);
		return TRUE;
	}
	if ((found->rights & RIGHT_LOOKUP) != 0)
		return command_no(
			command, "[NOPERM] Not allowed in this mailbox");
	dbmail_error_set(error, DBMAIL_ERROR_NOT_FOUND, "no such mailbox",
		"\"%s\" is hidden", name);
	return FALSE;
}

void session_refresh_rights(ImapSession *session)
{
	ImapSelected *selected = session->selected;
	g_autoptr(GError) error = NULL;
	guint rights;

	if (selected == NULL)
		return;
	if (!acl_rights(session->store, session->user->id, selected->id,
		    &rights, &error)) {
		log_event(LOG_LEVEL_WARNING, &session->connection->log,
			"rights-failed", LOG_GERROR(error));
		return;
	}
	if (rights == selected->rights)
		return;
	selected->rights = rights;
	if ((rights & RIGHT_READ) == 0)
		session_bye(session, "[NOPERM] Mailbox is no longer shared");
	else
		sync_write_flags(session);
}

void session_append_mailbox(
	const ImapSession *session, GString *out, const char *name)
{
	reply_append_mailbox(out, name, session_has_utf8_names(session));
}

/* --- reading --------------------------------------------------------------- */

/* The input has ended: says why where the client may still listen. */
static void input_ended(ImapSession *session)
{
	Stream *stream = session->stream;

	if (stream_draining(stream))
		session_bye(session,
			"[UNAVAILABLE] Server is going down, come back later");
	else if (stream_timed_out(stream))
		session_bye(session,
			session->state == IMAP_NOT_AUTHENTICATED ?
				"Too long without log-in" :
				"Too long without command");
	session->is_over = TRUE;
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

char *session_message_memory(ImapSession *session, gsize size)
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
		return session_message_memory(session, size);
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

static ImapNumbers view_numbers(const MailboxView *view)
{
	guint count = view->count;

	return (ImapNumbers){
		.messages = count,
		.last_uid = count > 0 ? view->messages[count - 1].uid : 0,
		.view = view,
	};
}

ImapNumbers session_numbers(const ImapSession *session, const MailboxView *view)
{
	const ImapSelected *selected = session->selected;
	ImapNumbers numbers = { 0 };

	if (view != NULL) {
		numbers = view_numbers(view);
	} else if (selected != NULL) {
		numbers = view_numbers(&selected->known);
		numbers.recent = selected->recent;
		numbers.saved = selected->saved;
	}
	numbers.uid_only = (session->enabled & ENABLED_UIDONLY) != 0;
	return numbers;
}

ParseStatus session_parse_again(ImapSession *session, const MailboxView *view,
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

/* Reads and parses a whole command.  FALSE where there is none to run: it was
 * answered, or the session is over. */
static gboolean read_command(ImapSession *session, ImapCommand *command)
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

static void forget_command(ImapSession *session)
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

/* --- the whole session ----------------------------------------------------- */

static void session_init(
	ImapSession *session, ServerConnection *connection, ImapServer *server)
{
	*session = (ImapSession){
		.connection = connection,
		.stream = connection->stream,
		.server = server,
		.store = server->store,
		.settings = g_atomic_pointer_get(&server->settings),
		.state = IMAP_NOT_AUTHENTICATED,
		.arena = arena_new(),
		.sets = g_ptr_array_new_with_free_func(parser_free_set),
		.chunks = g_array_new(FALSE, FALSE, sizeof(ImapChunk)),
		.messages = g_ptr_array_new_with_free_func(g_free),
	};
}

static void session_clear(ImapSession *session)
{
	forget_command(session);
	session_unselect(session);
	notify_free(&session->notify);
	session->connection->log.user = NULL;
	user_free(&session->user);
	g_ptr_array_unref(session->sets);
	g_ptr_array_unref(session->messages);
	g_array_unref(session->chunks);
	arena_free(&session->arena);
}

/* Ends a session that makes nothing but mistakes. */
static void count_errors(ImapSession *session)
{
	DaemonSettings limits = settings_daemon(session->settings, "IMAP");

	session->errors = session->is_error ? session->errors + 1 : 0;
	session->is_error = FALSE;
	if (session->errors > limits.max_errors)
		session_bye(session, "Too many errors");
}

static void greet(ImapSession *session)
{
	g_autoptr(GString) line = g_string_new("* OK [");

	capability_append(session, line);
	g_string_append_printf(
		line, "] %s ready\r\n", session->server->hostname);
	stream_puts(session->stream, line->str);
}

void session_serve(ServerConnection *connection, gpointer state)
{
	ImapSession session;

	session_init(&session, connection, state);
	set_login_deadline(&session);
	greet(&session);
	while (!session.is_over) {
		ImapCommand command;
		if (!notify_wait_input(&session))
			break;
		if (read_command(&session, &command))
			command_run(&session, &command);
		count_errors(&session);
		forget_command(&session);
	}
	if (session.user != NULL)
		log_event(LOG_LEVEL_INFO, &connection->log, "logout");
	session_clear(&session);
}
