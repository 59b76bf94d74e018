/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The functions behind the table of commands, one file each. */
#ifndef IMAP_COMMANDS_H
#define IMAP_COMMANDS_H

#include "imap/command.h"

/* CommandRow.run says what they do. */
gboolean cmd_append(ImapSession *session, ImapCommand *command, GError **error);
gboolean cmd_append_before(
	ImapSession *session, ImapCommand *command, GError **error);
gboolean cmd_authenticate(
	ImapSession *session, ImapCommand *command, GError **error);
gboolean cmd_cancelupdate(
	ImapSession *session, ImapCommand *command, GError **error);
gboolean cmd_capability(
	ImapSession *session, ImapCommand *command, GError **error);
gboolean cmd_close(ImapSession *session, ImapCommand *command, GError **error);
gboolean cmd_compress(
	ImapSession *session, ImapCommand *command, GError **error);
gboolean cmd_copy(ImapSession *session, ImapCommand *command, GError **error);
gboolean cmd_create(ImapSession *session, ImapCommand *command, GError **error);
gboolean cmd_delete(ImapSession *session, ImapCommand *command, GError **error);
gboolean cmd_enable(ImapSession *session, ImapCommand *command, GError **error);
gboolean cmd_esearch(
	ImapSession *session, ImapCommand *command, GError **error);
gboolean cmd_deleteacl(
	ImapSession *session, ImapCommand *command, GError **error);
gboolean cmd_getacl(ImapSession *session, ImapCommand *command, GError **error);
gboolean cmd_getmetadata(
	ImapSession *session, ImapCommand *command, GError **error);
gboolean cmd_setmetadata(
	ImapSession *session, ImapCommand *command, GError **error);
gboolean cmd_getquota(
	ImapSession *session, ImapCommand *command, GError **error);
gboolean cmd_getquotaroot(
	ImapSession *session, ImapCommand *command, GError **error);
gboolean cmd_setquota(
	ImapSession *session, ImapCommand *command, GError **error);
gboolean cmd_listrights(
	ImapSession *session, ImapCommand *command, GError **error);
gboolean cmd_myrights(
	ImapSession *session, ImapCommand *command, GError **error);
gboolean cmd_setacl(ImapSession *session, ImapCommand *command, GError **error);
gboolean cmd_examine(
	ImapSession *session, ImapCommand *command, GError **error);
gboolean cmd_expunge(
	ImapSession *session, ImapCommand *command, GError **error);
gboolean cmd_fetch(ImapSession *session, ImapCommand *command, GError **error);
gboolean cmd_id(ImapSession *session, ImapCommand *command, GError **error);
gboolean cmd_idle(ImapSession *session, ImapCommand *command, GError **error);
gboolean cmd_list(ImapSession *session, ImapCommand *command, GError **error);
gboolean cmd_login(ImapSession *session, ImapCommand *command, GError **error);
gboolean cmd_logout(ImapSession *session, ImapCommand *command, GError **error);
gboolean cmd_lsub(ImapSession *session, ImapCommand *command, GError **error);
gboolean cmd_move(ImapSession *session, ImapCommand *command, GError **error);
gboolean cmd_namespace(
	ImapSession *session, ImapCommand *command, GError **error);
gboolean cmd_noop(ImapSession *session, ImapCommand *command, GError **error);
gboolean cmd_notify(ImapSession *session, ImapCommand *command, GError **error);
gboolean cmd_rename(ImapSession *session, ImapCommand *command, GError **error);
gboolean cmd_replace(
	ImapSession *session, ImapCommand *command, GError **error);
gboolean cmd_replace_before(
	ImapSession *session, ImapCommand *command, GError **error);
gboolean cmd_search(ImapSession *session, ImapCommand *command, GError **error);
gboolean cmd_select(ImapSession *session, ImapCommand *command, GError **error);
gboolean cmd_sort(ImapSession *session, ImapCommand *command, GError **error);
gboolean cmd_starttls(
	ImapSession *session, ImapCommand *command, GError **error);
gboolean cmd_status(ImapSession *session, ImapCommand *command, GError **error);
gboolean cmd_store(ImapSession *session, ImapCommand *command, GError **error);
gboolean cmd_subscribe(
	ImapSession *session, ImapCommand *command, GError **error);
gboolean cmd_thread(ImapSession *session, ImapCommand *command, GError **error);
gboolean cmd_unauthenticate(
	ImapSession *session, ImapCommand *command, GError **error);
gboolean cmd_unselect(
	ImapSession *session, ImapCommand *command, GError **error);
gboolean cmd_unsubscribe(
	ImapSession *session, ImapCommand *command, GError **error);

#endif
