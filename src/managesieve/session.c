/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A ManageSieve session, from greeting to goodbye (RFC 5804). */
#include "managesieve/session.h"

#include "managesieve/input.h"
#include "managesieve/reply.h"

void manage_session_log_in(ManageSession *session, User *user, const char *how)
{
	session->user = user;
	session->state = MANAGE_LOGGED_IN;
	session->connection->log.user = user->name;
	stream_set_deadline(session->stream, 0);
	stream_set_timeout(
		session->stream, (guint)session->settings->SIEVE_timeout);
	log_event(LOG_LEVEL_NOTICE, &session->connection->log, "login",
		LOG_STRING("method", how),
		LOG_STRING("tls", stream_tls_description(session->stream)));
}

static void set_login_deadline(ManageSession *session)
{
	stream_set_deadline(
		session->stream, (guint)session->settings->SIEVE_login_timeout);
}

void manage_session_log_out(ManageSession *session)
{
	log_event(LOG_LEVEL_INFO, &session->connection->log, "logout");
	session->connection->log.user = NULL;
	user_free(&session->user);
	session->state = MANAGE_STRANGER;
	set_login_deadline(session);
}

static void serve_command(ManageSession *session)
{
	const ManageCommand *command;
	ManageInput input;

	if (input_read(session, &input, &command))
		command->run(session, &input);
	arena_clear(session->arena);
	if (!session->is_over &&
		(gint64)session->errors > session->settings->SIEVE_max_errors) {
		log_event(LOG_LEVEL_NOTICE, &session->connection->log,
			"too-many-errors");
		reply_bye(session, NULL, "Too many errors");
	}
}

void manage_session_serve(ServerConnection *connection, gpointer data)
{
	AuthServer *server = data;
	ManageSession session = {
		.server = server,
		.settings = g_atomic_pointer_get(&server->settings),
		.connection = connection,
		.stream = connection->stream,
		.arena = arena_new(),
		.state = MANAGE_STRANGER,
	};

	set_login_deadline(&session);
	manage_capabilities_write(&session);
	reply_ok(&session, NULL, "ManageSieve server ready");
	while (!session.is_over)
		serve_command(&session);
	connection->log.user = NULL;
	user_free(&session.user);
	arena_free(&session.arena);
}
