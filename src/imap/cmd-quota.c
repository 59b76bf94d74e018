/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GETQUOTA, GETQUOTAROOT, SETQUOTA (RFC 9208); a quota root is a user. */
#include "imap/commands.h"

#include "base/errors.h"
#include "store/mailbox.h"
#include "store/name.h"
#include "store/quota.h"
#include "imap/args.h"
#include "imap/quota-args.h"
#include "imap/reply.h"
#include "imap/session.h"

#define UNIT 1024 /* bytes in which STORAGE counts */

static gint64 on_wire(gint64 value, QuotaResource resource, gboolean up)
{
	if (resource != QUOTA_STORAGE)
		return value;
	return (value / UNIT) + (up && value % UNIT != 0 ? 1 : 0);
}

/* What is not limited is not named (RFC 9208 section 4.2.1). */
static void write_quota(ImapSession *session, const Quota *quota)
{
	g_autoptr(GString) line = g_string_new("* QUOTA ");
	const char *between = " (";

	reply_append_astring(line, bytes_of_string(quota->name));
	for (guint i = 0; i < QUOTA_RESOURCES; i++) {
		if (quota->limit[i] == QUOTA_UNLIMITED)
			continue;
		g_string_append_printf(line,
			"%s%s %" G_GINT64_FORMAT " %" G_GINT64_FORMAT, between,
			quota_resource_name(i),
			on_wire(quota->used[i], i, TRUE),
			on_wire(quota->limit[i], i, FALSE));
		between = " ";
	}
	g_string_append(
		line, *between == ' ' && between[1] == '(' ? " ()" : ")");
	g_string_append(line, "\r\n");
	stream_write(session->stream, line->str, line->len);
}

/* One's own root, and for administrators any; others' do not exist. */
static gboolean find_root(
	ImapSession *session, const char *root, Quota *quota, GError **error)
{
	if (!session->user->is_administrator &&
		g_ascii_strcasecmp(root, session->user->name) != 0) {
		dbmail_error_set(error, DBMAIL_ERROR_NOT_FOUND,
			"no such quota root", "another's");
		return FALSE;
	}
	return quota_get(session->store, root, 0, quota, error);
}

gboolean cmd_getquota(
	ImapSession *session, ImapCommand *command, GError **error)
{
	const QuotaArgs *args = command->args;
	g_auto(Quota) quota = { .name = NULL };

	if (!find_root(session, args->root, &quota, error))
		return FALSE;
	write_quota(session, &quota);
	return TRUE;
}

/* A mailbox that is not there yet would be the asker's; what another's quota
 * tells needs r (RFC 9208 section 6). */
static gboolean find_owner(ImapSession *session, ImapCommand *command,
	const char *name, gint64 *owner, GError **error)
{
	g_autoptr(GError) missing = NULL;
	g_autoptr(Mailbox) mailbox = NULL;

	*owner = session->user->id;
	if (mailbox_get(session->store, session->user->id, name, &mailbox,
		    &missing)) {
		*owner = mailbox->owner;
		return (mailbox->rights & RIGHT_READ) != 0 ||
			session_refuse_rights(command, mailbox, error);
	}
	if (dbmail_error_is(missing, DBMAIL_ERROR_NOT_FOUND) &&
		name_prefix(name, NULL) == 0)
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&missing));
	return FALSE;
}

gboolean cmd_getquotaroot(
	ImapSession *session, ImapCommand *command, GError **error)
{
	const MailboxArgs *args = command->args;
	const char *name =
		session_mailbox_name(session, command, args->mailbox);
	g_autoptr(GString) line = g_string_new("* QUOTAROOT ");
	g_auto(Quota) quota = { .name = NULL };
	gint64 owner;

	if (name == NULL)
		return TRUE;
	if (!find_owner(session, command, name, &owner, error))
		return FALSE;
	if (command->status != STATUS_OK)
		return TRUE;
	if (!quota_get(session->store, NULL, owner, &quota, error))
		return FALSE;
	session_append_mailbox(session, line, name);
	g_string_append_c(line, ' ');
	reply_append_astring(line, bytes_of_string(quota.name));
	g_string_append(line, "\r\n");
	stream_write(session->stream, line->str, line->len);
	write_quota(session, &quota);
	return TRUE;
}

gboolean cmd_setquota(
	ImapSession *session, ImapCommand *command, GError **error)
{
	const QuotaArgs *args = command->args;
	g_auto(Quota) before = { .name = NULL };
	g_auto(Quota) after = { .name = NULL };
	gint64 limits[QUOTA_RESOURCES];

	if (!session->user->is_administrator)
		return command_no(
			command, "[NOPERM] Only administrators set quotas");
	if (!find_root(session, args->root, &before, error))
		return FALSE;
	for (guint i = 0; i < QUOTA_RESOURCES; i++)
		limits[i] = args->limits[i] == QUOTA_UNLIMITED ?
			QUOTA_UNLIMITED :
			args->limits[i] * (i == QUOTA_STORAGE ? UNIT : 1);
	if (!quota_set(session->store, before.user, limits, error) ||
		!quota_get(session->store, NULL, before.user, &after, error))
		return FALSE;
	write_quota(session, &after);
	return TRUE;
}
