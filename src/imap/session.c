/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One IMAP connection: its state, and what its client may see. */
#include "imap/session.h"

#include "base/errors.h"
#include "base/log.h"
#include "store/acl.h"
#include "store/name.h"
#include "imap/capability.h"
#include "imap/input.h"
#include "imap/notify.h"
#include "imap/reply.h"
#include "imap/sync.h"
#include "imap/utf7.h"

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
	return arena_strdup(
		session->arena, name_own(name, session->user->name));
}

gboolean session_refuse_rights(
	ImapCommand *command, const Mailbox *mailbox, GError **error)
{
	if ((mailbox->rights & RIGHT_LOOKUP) != 0)
		return command_no(
			command, "[NOPERM] Not allowed in this mailbox");
	dbmail_error_set(error, DBMAIL_ERROR_NOT_FOUND, "no such mailbox",
		"\"%s\" is hidden", mailbox->name);
	return FALSE;
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
	return session_refuse_rights(command, found, error);
}

gboolean session_target(ImapSession *session, ImapCommand *command, Bytes wire,
	Mailbox **mailbox, GError **error)
{
	g_autoptr(Mailbox) found = NULL;

	*mailbox = NULL;
	if (!session_mailbox(
		    session, command, wire, RIGHT_INSERT, &found, error))
		return FALSE;
	if (found == NULL)
		return TRUE;
	if (found->no_select)
		return command_no(
			command, "[CANNOT] Mailbox cannot hold messages");
	if (found->read_only)
		return command_no(command, "[NOPERM] Mailbox is read-only");
	*mailbox = g_steal_pointer(&found);
	return TRUE;
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
	gboolean read_only =
		selected->is_examined || (rights & RIGHTS_WRITING) == 0;
	gboolean is_changed = read_only != selected->read_only;
	selected->rights = rights;
	selected->read_only = read_only;
	if ((rights & RIGHT_READ) == 0) {
		session_bye(session, "[NOPERM] Mailbox is no longer shared");
		return;
	}
	sync_write_flags(session);
	/* RFC 3501 section 7.1. */
	if (is_changed)
		stream_printf(session->stream,
			"* OK [%s] Rights have changed\r\n",
			read_only ? "READ-ONLY" : "READ-WRITE");
}

void session_append_mailbox(
	const ImapSession *session, GString *out, const char *name)
{
	reply_append_mailbox(out, name, session_has_utf8_names(session));
}

/* --- numbers --------------------------------------------------------------- */

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
	input_forget(session);
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
		line, "] %s ready\r\n", settings_hostname(session->settings));
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
		if (input_read(&session, &command))
			command_run(&session, &command);
		count_errors(&session);
		input_forget(&session);
	}
	if (session.user != NULL)
		log_event(LOG_LEVEL_INFO, &connection->log, "logout");
	session_clear(&session);
}
