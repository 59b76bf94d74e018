/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of commands: what each takes, when it may come, what runs it. */
#include "imap/command.h"

#include "base/errors.h"
#include "base/log.h"
#include "base/text.h"
#include "imap/acl-args.h"
#include "imap/append-args.h"
#include "imap/args.h"
#include "imap/commands.h"
#include "imap/fetch-item.h"
#include "imap/list-args.h"
#include "imap/metadata-args.h"
#include "imap/notify.h"
#include "imap/progress.h"
#include "imap/quota-args.h"
#include "imap/reply.h"
#include "imap/search-args.h"
#include "imap/select-args.h"
#include "imap/session.h"
#include "imap/sync.h"

#define ANY (IMAP_NOT_AUTHENTICATED | IMAP_AUTHENTICATED | IMAP_SELECTED)
#define NONE IMAP_NOT_AUTHENTICATED
#define AUTH (IMAP_AUTHENTICATED | IMAP_SELECTED)
#define BOX IMAP_SELECTED
#define UID COMMAND_UID
#define UID_ONLY COMMAND_UID_ONLY
#define NUMBERS COMMAND_NUMBERS
#define NEWS COMMAND_NEWS
#define TRYCREATE COMMAND_TRYCREATE
#define WRITES COMMAND_WRITES
#define SILENT COMMAND_SILENT
#define LONG COMMAND_LONG
#define OPENS COMMAND_OPENS
#define NAMES COMMAND_NAMES
#define ADDS COMMAND_ADDS

static const CommandRow commands[] = {
	/* RFC 3501 section 6.1 */
	{ "CAPABILITY", ANY, 0, NULL, cmd_capability, NULL },
	{ "NOOP", ANY, NEWS, NULL, cmd_noop, NULL },
	{ "LOGOUT", ANY, SILENT, NULL, cmd_logout, NULL },
	{ "ID", ANY, 0, args_id, cmd_id, NULL }, /* RFC 2971 */
	/* section 6.2 */
	{ "STARTTLS", NONE, SILENT, NULL, cmd_starttls, NULL },
	{ "AUTHENTICATE", NONE, 0, args_authenticate, cmd_authenticate, NULL },
	{ "LOGIN", NONE, 0, args_login, cmd_login, NULL },
	/* section 6.3 */
	{ "ENABLE", AUTH, 0, args_enable, cmd_enable, NULL }, /* RFC 5161 */
	{ "SELECT", AUTH, OPENS, args_select, cmd_select, NULL },
	{ "EXAMINE", AUTH, OPENS, args_select, cmd_examine, NULL },
	{ "CREATE", AUTH, NAMES, args_create, cmd_create, NULL },
	{ "DELETE", AUTH, NAMES | LONG, args_mailbox, cmd_delete, NULL },
	{ "RENAME", AUTH, NAMES | LONG, args_rename, cmd_rename, NULL },
	{ "SUBSCRIBE", AUTH, NAMES, args_mailbox, cmd_subscribe, NULL },
	{ "UNSUBSCRIBE", AUTH, NAMES, args_mailbox, cmd_unsubscribe, NULL },
	{ "LIST", AUTH, 0, args_list, cmd_list, NULL },
	{ "LSUB", AUTH, 0, args_lsub, cmd_lsub, NULL },
	{ "NAMESPACE", AUTH, 0, NULL, cmd_namespace, NULL }, /* RFC 2342 */
	{ "STATUS", AUTH, 0, args_status, cmd_status, NULL },
	{ "APPEND", AUTH, TRYCREATE | ADDS | LONG, args_append, cmd_append,
		cmd_append_before },
	/* RFC 4314 */
	{ "SETACL", AUTH, NAMES, args_setacl, cmd_setacl, NULL },
	{ "DELETEACL", AUTH, NAMES, args_acl_identifier, cmd_deleteacl, NULL },
	{ "GETACL", AUTH, 0, args_mailbox, cmd_getacl, NULL },
	{ "LISTRIGHTS", AUTH, 0, args_acl_identifier, cmd_listrights, NULL },
	{ "MYRIGHTS", AUTH, 0, args_mailbox, cmd_myrights, NULL },
	/* RFC 9208 */
	{ "GETQUOTA", AUTH, 0, args_getquota, cmd_getquota, NULL },
	{ "GETQUOTAROOT", AUTH, 0, args_mailbox, cmd_getquotaroot, NULL },
	{ "SETQUOTA", AUTH, 0, args_setquota, cmd_setquota, NULL },
	/* RFC 5464 */
	{ "GETMETADATA", AUTH, 0, args_getmetadata, cmd_getmetadata, NULL },
	{ "SETMETADATA", AUTH, NAMES, args_setmetadata, cmd_setmetadata, NULL },
	{ "IDLE", AUTH, NEWS, NULL, cmd_idle, NULL }, /* RFC 2177 */
	{ "COMPRESS", AUTH, SILENT, args_compress, cmd_compress,
		NULL }, /* RFC 4978 */
	{ "UNAUTHENTICATE", AUTH, SILENT, NULL, cmd_unauthenticate,
		NULL },                                       /* RFC 8437 */
	{ "NOTIFY", AUTH, 0, args_notify, cmd_notify, NULL }, /* RFC 5465 */
	/* section 6.4 */
	{ "CHECK", BOX, NEWS, NULL, cmd_noop, NULL },
	{ "CLOSE", BOX, 0, NULL, cmd_close, NULL },
	{ "UNSELECT", BOX, 0, NULL, cmd_unselect, NULL }, /* RFC 3691 */
	{ "EXPUNGE", BOX, WRITES | LONG, NULL, cmd_expunge, NULL },
	{ "EXPUNGE", BOX, WRITES | UID_ONLY | LONG, args_set, cmd_expunge,
		NULL }, /* RFC 4315 */
	{ "SEARCH", BOX, UID | NUMBERS | LONG, args_search, cmd_search, NULL },
	{ "SORT", BOX, UID | NUMBERS | LONG, args_sort, cmd_sort,
		NULL }, /* RFC 5256 */
	{ "THREAD", BOX, UID | NUMBERS | LONG, args_thread, cmd_thread, NULL },
	{ "CANCELUPDATE", BOX, 0, args_cancelupdate, cmd_cancelupdate,
		NULL }, /* RFC 5267 */
	{ "ESEARCH", AUTH, LONG, args_esearch, cmd_esearch,
		NULL }, /* RFC 7377 */
	{ "ESEARCH", AUTH, UID_ONLY | LONG, args_esearch, cmd_esearch, NULL },
	{ "FETCH", BOX, UID | NUMBERS, args_fetch, cmd_fetch, NULL },
	{ "STORE", BOX, UID | NUMBERS | WRITES | LONG, args_store, cmd_store,
		NULL },
	{ "COPY", BOX, UID | TRYCREATE | ADDS | LONG, args_copy, cmd_copy,
		NULL },
	{ "MOVE", BOX, UID | TRYCREATE | WRITES | ADDS | LONG, args_copy,
		cmd_move, NULL }, /* RFC 6851 */
	{ "REPLACE", BOX, UID | TRYCREATE | ADDS | LONG, args_replace,
		cmd_replace, cmd_replace_before }, /* RFC 8508 */
};

/* --- parsing --------------------------------------------------------------- */

static const CommandRow *find_row(Bytes name, gboolean is_uid)
{
	for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
		const CommandRow *row = &commands[i];
		gboolean fits = is_uid ? (row->flags & (UID | UID_ONLY)) != 0 :
					 (row->flags & UID_ONLY) == 0;
		if (fits && text_equal_nocase(name, row->name))
			return row;
	}
	return NULL;
}

static gboolean parse_name(ImapParser *parser, ImapCommand *command)
{
	Bytes name;

	if (!parse_word(parser, &name))
		return FALSE;
	command->is_uid = text_equal_nocase(name, "UID");
	if (command->is_uid &&
		(!parse_space(parser) || !parse_word(parser, &name)))
		return FALSE;
	command->row = find_row(name, command->is_uid);
	if (command->row != NULL)
		return TRUE;
	return parse_fail_whole(parser, "Unknown command");
}

static const char *wrong_state(ImapState state)
{
	static const struct {
		ImapState state;
		const char *text;
	} texts[] = {
		{ IMAP_NOT_AUTHENTICATED, "Not before log-in" },
		{ IMAP_AUTHENTICATED, "Not now, select a mailbox" },
		{ IMAP_SELECTED, "Not after log-in" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		if (texts[i].state == state)
			return texts[i].text;
	}
	return "Not now";
}

static gboolean parse_all(
	ImapParser *parser, ImapState state, ImapCommand *command)
{
	Bytes tag;

	if (!parse_tag(parser, &tag) || !parse_space(parser))
		return FALSE;
	command->tag = arena_copy(parser->arena, tag.data, tag.size);
	if (!parse_name(parser, command))
		return FALSE;
	const CommandRow *row = command->row;
	if ((row->states & state) == 0)
		return parse_fail_whole(parser,
			state == IMAP_AUTHENTICATED &&
					(row->states & BOX) == 0 ?
				wrong_state(IMAP_SELECTED) :
				wrong_state(state));
	if (row->parse != NULL && !row->parse(parser, command))
		return FALSE;
	return parse_end(parser);
}

ParseStatus command_parse(
	ImapParser *parser, ImapState state, ImapCommand *command)
{
	*command = (ImapCommand){ .status = STATUS_OK };
	parser->status = PARSE_OK;
	parse_all(parser, state, command);
	return parser->status;
}

/* --- answering ------------------------------------------------------------- */

gboolean command_no(ImapCommand *command, const char *text)
{
	command->status = STATUS_NO;
	command->text = text;
	return TRUE;
}

gboolean command_bad(ImapCommand *command, const char *text)
{
	command->status = STATUS_BAD;
	command->text = text;
	return TRUE;
}

gboolean command_ok(ImapCommand *command, const char *text)
{
	command->status = STATUS_OK;
	command->text = text;
	return TRUE;
}

void command_fail(
	ImapSession *session, ImapCommand *command, const GError *error)
{
	guint flags = command->row != NULL ? command->row->flags : 0;
	const ReplyError *reply =
		reply_error(dbmail_error_code(error), (flags & TRYCREATE) != 0);

	command_no(command,
		arena_printf(session->arena, "%s%s", reply->response,
			error->message));
	if (reply->is_ours)
		log_event(LOG_LEVEL_ERROR, &session->connection->log,
			"command-failed",
			LOG_STRING("command",
				command->row != NULL ? command->row->name :
						       NULL),
			LOG_GERROR(error));
}

void command_answer(ImapSession *session, const ImapCommand *command)
{
	static const char *const words[] = { "OK", "NO", "BAD" };
	Stream *stream = session->stream;

	if (command->status == STATUS_BAD)
		session->is_error = TRUE;
	stream_printf(stream, "%s %s ",
		command->tag != NULL ? command->tag : "*",
		words[command->status]);
	if (command->text != NULL)
		reply_text(stream, command->text);
	else
		stream_printf(stream, "%s%s completed",
			command->is_uid ? "UID " : "", command->row->name);
	stream_puts(stream, "\r\n");
}

/* --- running --------------------------------------------------------------- */

/* What others changed meanwhile is told before the answer, so that a client
 * that has read the answer knows it. */
static void tell_news(ImapSession *session, const ImapCommand *command)
{
	guint flags = command->row->flags;
	gboolean may_expunge = command->is_uid || (flags & NUMBERS) == 0;
	const ImapSelected *selected = session->selected;

	if (selected == NULL || session->is_over || (flags & OPENS) != 0 ||
		!notify_wants_messages(session))
		return;
	gboolean owes = may_expunge && selected->held != NULL;
	if ((flags & NEWS) == 0 && !owes && !sync_is_due(selected))
		return;
	sync_mailbox(session, may_expunge,
		command->is_uid || notify_tells_uid(session), NULL);
}

static void run(ImapSession *session, ImapCommand *command)
{
	gboolean is_long = (command->row->flags & LONG) != 0;
	g_autoptr(GError) error = NULL;

	if (is_long)
		progress_begin(session, command->tag);
	gboolean ok = command->row->run(session, command, &error);
	if (is_long)
		progress_end(session);
	if (!ok)
		command_fail(session, command, error);
}

void command_run(ImapSession *session, ImapCommand *command)
{
	const CommandRow *row = command->row;

	/* In another's mailbox the rights may have changed with it. */
	if (session->selected != NULL && session->selected->is_shared &&
		sync_is_due(session->selected))
		session_refresh_rights(session);
	if (session->is_over)
		return;
	notify_before(session, command);
	if ((session->enabled & ENABLED_UIDONLY) && !command->is_uid &&
		(row->flags & UID))
		command_bad(command, "[UIDREQUIRED] Only UIDs after UIDONLY");
	else if ((row->flags & WRITES) && session->selected->read_only)
		command_no(command,
			session->selected->is_examined ?
				"[READ-ONLY] Mailbox is open for reading" :
				"[NOPERM] Not allowed in this mailbox");
	else
		run(session, command);
	tell_news(session, command);
	notify_after(session, command);
	sync_tell_highest(session, command);
	if ((row->flags & SILENT) == 0 && !session->is_over)
		command_answer(session, command);
	log_event(LOG_LEVEL_DEBUG, &session->connection->log, "command",
		LOG_STRING("name", row->name),
		LOG_NUMBER("status", command->status));
}
