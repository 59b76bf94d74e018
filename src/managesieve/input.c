/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a client sends: lines and literals, put together to commands. */
#include "managesieve/input.h"

#include <string.h>

#include "base/errors.h"
#include "store/script.h"
#include "managesieve/reply.h"

/* A literal is on its way whatever we say to it: one that is refused is read
 * and dropped up to this size; a stranger's, less. */
#define DISCARD_MAX ((guint64)64 * 1024 * 1024)
#define DISCARD_STRANGER_MAX ((guint64)65536)

#define NAME_MAX_SIZE 1024
#define TEXT_MAX_SIZE 1024
#define BASE64_MAX_SIZE 16384

/* Why a command does not get to run. */
typedef struct {
	const char *code;
	const char *text;
} Refusal;

/* The input has ended: says why where the client may still listen. */
static void input_ended(ManageSession *session, const GError *error)
{
	if (stream_draining(session->stream))
		reply_bye(session, "TRYLATER", "The server is going down");
	else if (stream_timed_out(session->stream))
		reply_bye(session, NULL,
			session->state == MANAGE_STRANGER ?
				"Too long without log-in" :
				"Too long without command");
	log_event(LOG_LEVEL_INFO, &session->connection->log, "disconnect",
		LOG_GERROR(error));
	session->is_over = TRUE;
}

/* A line in the arena.  FALSE: *is_long, or the session is over. */
static gboolean read_line(ManageSession *session, gboolean is_first,
	Bytes *line, gboolean *is_long)
{
	g_autoptr(GError) error = NULL;
	gboolean ok = is_first ? stream_read_command(session->stream,
					 MANAGE_LINE_MAX, line, &error) :
				 stream_read_line(session->stream,
					 MANAGE_LINE_MAX, line, &error);

	*is_long = !ok && dbmail_error_is(error, DBMAIL_ERROR_LIMIT);
	if (!ok && !*is_long)
		input_ended(session, error);
	if (ok)
		line->data = arena_copy(session->arena, line->data, line->size);
	return ok;
}

/* Drops what the client sends of a refused command: the literals that its lines
 * announce, and the lines behind them. */
static void discard_rest(ManageSession *session, Bytes line)
{
	g_autoptr(GError) error = NULL;
	guint64 left = session->state == MANAGE_STRANGER ?
		DISCARD_STRANGER_MAX :
		DISCARD_MAX;
	guint64 size;

	while (manage_literal_at_end(line, &size)) {
		if (size > left) {
			reply_bye(session, "QUOTA/MAXSIZE",
				"The literal is far too large");
			return;
		}
		left -= size;
		if (!stream_skip(session->stream, size, &error) ||
			!stream_read_line(session->stream, MANAGE_LINE_MAX,
				&line, &error)) {
			input_ended(session, error);
			return;
		}
	}
}

static gsize literal_max(const ManageSession *session, char kind)
{
	switch ((ManageKind)kind) {
	case MANAGE_NAME:
		return NAME_MAX_SIZE;
	case MANAGE_TEXT:
		return TEXT_MAX_SIZE;
	case MANAGE_BASE64:
		return BASE64_MAX_SIZE;
	case MANAGE_SCRIPT:
	case MANAGE_CHECKED:
		return (gsize)session->settings->SIEVE_max_script_size;
	case MANAGE_NUMBER:
		break;
	}
	return 0;
}

static gboolean literal_is_allowed(const ManageSession *session,
	const ManageCommand *command, const ManageInput *input,
	Refusal *refusal)
{
	if (input->count >= strlen(command->kinds)) {
		refusal->text = "There is an argument too many";
		return FALSE;
	}
	char kind = command->kinds[input->count];
	gsize max = literal_max(session, kind);
	if (input->literal <= max)
		return TRUE;
	if (kind == (char)MANAGE_SCRIPT) {
		refusal->code = "QUOTA/MAXSIZE";
		refusal->text = arena_printf(
			session->arena, "A script has at most %zu bytes", max);
	} else {
		refusal->text = arena_printf(session->arena,
			"The argument may have at most %zu bytes", max);
	}
	return FALSE;
}

/* Reads the octets of a literal, and gives the parser them. */
static gboolean take_literal(ManageSession *session, ManageInput *input)
{
	g_autoptr(GError) error = NULL;
	gsize size = (gsize)input->literal;
	char *octets = arena_alloc(session->arena, size + 1);

	if (!stream_read_exact(session->stream, octets, size, &error)) {
		input_ended(session, error);
		return FALSE;
	}
	manage_parse_literal(input, bytes_of(octets, size));
	return TRUE;
}

/* As soon as its first line is there. */
static const ManageCommand *find_row(const ManageSession *session,
	const ManageInput *input, Refusal *refusal)
{
	const ManageCommand *command = manage_command_find(input->keyword);

	if (command == NULL) {
		refusal->text = "Unknown command";
		return NULL;
	}
	log_event(LOG_LEVEL_DEBUG, &session->connection->log, "command",
		LOG_STRING("keyword", command->keyword));
	if (command->states & session->state)
		return command;
	refusal->text = session->state == MANAGE_STRANGER ? "Log in first" :
							    "Not after log-in";
	return NULL;
}

static gboolean check_arguments(const ManageCommand *command,
	const ManageInput *input, Refusal *refusal)
{
	if (input->count < command->min_arguments)
		refusal->text = "An argument is missing";
	else if (input->count > strlen(command->kinds))
		refusal->text = "There is an argument too many";
	for (guint i = 0; i < input->count && refusal->text == NULL; i++) {
		gboolean wants_number =
			command->kinds[i] == (char)MANAGE_NUMBER;
		if (wants_number != input->arguments[i].is_number)
			refusal->text = wants_number ?
				"A number belongs here, without quotes" :
				"A string belongs here: quote it";
	}
	return refusal->text == NULL;
}

/* Looks at the line that was read.  TRUE with *is_whole FALSE: a literal was
 * taken, and another line comes. */
static gboolean take_line(ManageSession *session, ManageInput *input,
	Bytes line, const ManageCommand **command, gboolean *is_whole,
	Refusal *refusal)
{
	ManageParse result = manage_parse_line(input, line);

	*is_whole = result == MANAGE_DONE;
	if (input->keyword.size > 0 && *command == NULL) {
		*command = find_row(session, input, refusal);
		if (*command == NULL)
			return FALSE;
	}
	if (result == MANAGE_BAD) {
		refusal->text = input->error;
		return FALSE;
	}
	if (result == MANAGE_DONE)
		return check_arguments(*command, input, refusal);
	return literal_is_allowed(session, *command, input, refusal) &&
		take_literal(session, input);
}

gboolean input_read(ManageSession *session, ManageInput *input,
	const ManageCommand **command)
{
	gboolean is_whole = FALSE;
	gboolean is_long;
	Bytes line = { NULL, 0 };

	manage_parse_begin(input, session->arena);
	*command = NULL;
	for (gboolean is_first = TRUE; !is_whole; is_first = FALSE) {
		Refusal refusal = { NULL, NULL };
		if (!read_line(session, is_first, &line, &is_long)) {
			if (is_long)
				reply_no(session, NULL, "The line is too long");
			return FALSE;
		}
		if (take_line(
			    session, input, line, command, &is_whole, &refusal))
			continue;
		if (!session->is_over)
			discard_rest(session, line);
		if (!session->is_over)
			reply_no(session, refusal.code, refusal.text);
		return FALSE;
	}
	return TRUE;
}

char *input_take_name(
	ManageSession *session, const ManageInput *input, guint index)
{
	g_autoptr(GError) error = NULL;
	char *name =
		script_name_normalise(input->arguments[index].text, &error);

	if (name == NULL)
		reply_no(session, NULL, error->message);
	return name;
}

InputString input_read_string(ManageSession *session, Bytes *string)
{
	ManageInput input;
	ManageParse result;
	gboolean is_long;
	Bytes line;

	manage_parse_begin(&input, session->arena);
	do {
		if (!read_line(session, FALSE, &line, &is_long))
			return is_long ? INPUT_TOO_LONG : INPUT_ENDED;
		result = manage_parse_string(&input, line);
		if (result == MANAGE_LITERAL &&
			input.literal <= BASE64_MAX_SIZE) {
			if (!take_literal(session, &input))
				return INPUT_ENDED;
			continue;
		}
		if (result != MANAGE_DONE) {
			discard_rest(session, line);
			if (session->is_over)
				return INPUT_ENDED;
			return result == MANAGE_LITERAL ? INPUT_TOO_LONG :
							  INPUT_WRONG;
		}
	} while (result != MANAGE_DONE);
	*string = input.arguments[0].text;
	return INPUT_STRING;
}
