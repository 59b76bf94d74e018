/* SPDX-License-Identifier: GPL-2.0-or-later */
/* LISTSCRIPTS, SETACTIVE, GETSCRIPT, DELETESCRIPT and RENAMESCRIPT (RFC 5804
 * sections 2.7 to 2.11). */
#include "managesieve/session.h"

#include "store/script.h"
#include "managesieve/input.h"
#include "managesieve/reply.h"

/* A change was made, or was not. */
static void finish(ManageSession *session, gboolean ok, const char *event,
	const char *name, const GError *error)
{
	if (!ok) {
		reply_fail(session, error, event);
		return;
	}
	log_event(LOG_LEVEL_NOTICE, &session->connection->log, event,
		LOG_STRING("name", name));
	reply_ok(session, NULL, NULL);
}

void manage_cmd_listscripts(
	ManageSession *session, const ManageInput *input G_GNUC_UNUSED)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) scripts = NULL;
	g_autoptr(GString) out = g_string_new(NULL);

	if (!script_list(session->server->store, session->user->id, &scripts,
		    &error)) {
		reply_fail(session, error, "list-failed");
		return;
	}
	for (guint i = 0; i < scripts->len; i++) {
		const ScriptInfo *script = g_ptr_array_index(scripts, i);
		reply_string(out, bytes_of_string(script->name));
		g_string_append(
			out, script->is_active ? " ACTIVE\r\n" : "\r\n");
	}
	stream_write(session->stream, out->str, out->len);
	reply_ok(session, NULL, NULL);
}

void manage_cmd_setactive(ManageSession *session, const ManageInput *input)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *name = NULL;

	if (input->arguments[0].text.size > 0) {
		name = input_take_name(session, input, 0);
		if (name == NULL)
			return;
	}
	gboolean ok = script_activate(
		session->server->store, session->user->id, name, &error);
	finish(session, ok, "script-activate", name, error);
}

void manage_cmd_getscript(ManageSession *session, const ManageInput *input)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GString) head = g_string_new(NULL);
	g_autofree char *name = input_take_name(session, input, 0);
	g_autofree char *source = NULL;
	gsize size;

	if (name == NULL)
		return;
	if (!script_get(session->server->store, session->user->id, name,
		    &source, &size, &error)) {
		reply_fail(session, error, "get-failed");
		return;
	}
	/* Always a literal: some clients take nothing else for a script. */
	g_string_printf(head, "{%zu}\r\n", size);
	stream_write(session->stream, head->str, head->len);
	stream_write(session->stream, source, size);
	stream_puts(session->stream, "\r\n");
	reply_ok(session, NULL, NULL);
}

void manage_cmd_deletescript(ManageSession *session, const ManageInput *input)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *name = input_take_name(session, input, 0);

	if (name == NULL)
		return;
	gboolean ok = script_delete(
		session->server->store, session->user->id, name, FALSE, &error);
	finish(session, ok, "script-delete", name, error);
}

void manage_cmd_renamescript(ManageSession *session, const ManageInput *input)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *name = input_take_name(session, input, 0);
	g_autofree char *to =
		name != NULL ? input_take_name(session, input, 1) : NULL;

	if (name == NULL || to == NULL)
		return;
	gboolean ok = script_rename(
		session->server->store, session->user->id, name, to, &error);
	finish(session, ok, "script-rename", to, error);
}
