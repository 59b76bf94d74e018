/* SPDX-License-Identifier: GPL-2.0-or-later */
/* HAVESPACE, PUTSCRIPT and CHECKSCRIPT (RFC 5804 sections 2.5, 2.6 and 2.12). */
#include "managesieve/session.h"

#include <malloc.h>

#include "store/script.h"
#include "deliver/script-check.h"
#include "managesieve/input.h"
#include "managesieve/reply.h"

/* A line for each that is wrong, or looks wrong: Roundcube's editor finds the
 * lines in just this form. */
static void describe(const GPtrArray *errors, GString *out)
{
	for (guint i = 0; i < errors->len; i++) {
		const SieveError *at = g_ptr_array_index(errors, i);
		if (i > 0)
			g_string_append(out, "\r\n");
		if (at->script != NULL && at->script[0] != '\0')
			g_string_append_printf(out, "%s: ", at->script);
		g_string_append_printf(out, "line %u: column %u: %s%s",
			at->line, at->column, at->is_warning ? "warning: " : "",
			at->text);
	}
}

static void refuse_empty(ManageSession *session)
{
	reply_no(session, NULL, "The script is empty");
}

/* A large one takes one of the store's places for what is large. */
static gboolean compile(ManageSession *session, const char *name, Bytes source,
	GPtrArray **errors)
{
	Store *store = session->server->store;
	gboolean is_large = source.size > SCRIPT_LARGE_SIZE;

	if (is_large)
		store_large_enter(store);
	gboolean is_good =
		script_check(session->settings, name, source, errors);
	if (is_large) {
		malloc_trim(0);
		store_large_leave(store);
	}
	return is_good;
}

/* Answers, unless the script is good: then *warnings is what looks wrong, or
 * empty. */
static gboolean check(ManageSession *session, const char *name, Bytes source,
	GString *warnings)
{
	g_autoptr(GPtrArray) errors = NULL;

	if (source.size == 0) {
		refuse_empty(session);
		return FALSE;
	}
	gboolean is_good = compile(session, name, source, &errors);
	describe(errors, warnings);
	if (!is_good)
		reply_no(session, NULL, warnings->str);
	return is_good;
}

static void accept(ManageSession *session, const GString *warnings)
{
	if (warnings->len > 0)
		reply_ok(session, "WARNINGS", warnings->str);
	else
		reply_ok(session, NULL, NULL);
}

void manage_cmd_havespace(ManageSession *session, const ManageInput *input)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *name = input_take_name(session, input, 0);
	ScriptLimits limits = script_space(session->settings);

	if (name == NULL)
		return;
	/* There is room for it, but it would not be stored. */
	if (input->arguments[1].number == 0) {
		refuse_empty(session);
		return;
	}
	if (script_have_space(session->server->store, session->user->id, name,
		    (gsize)input->arguments[1].number, &limits, &error))
		reply_ok(session, NULL, NULL);
	else
		reply_fail(session, error, "havespace-failed");
}

void manage_cmd_putscript(ManageSession *session, const ManageInput *input)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GString) warnings = g_string_new(NULL);
	g_autofree char *name = input_take_name(session, input, 0);
	Bytes source = input->arguments[1].text;
	ScriptLimits limits = script_space(session->settings);

	if (name == NULL || !check(session, name, source, warnings))
		return;
	if (!script_put(session->server->store, session->user->id, name, source,
		    &limits, &error)) {
		reply_fail(session, error, "put-failed");
		return;
	}
	log_event(LOG_LEVEL_NOTICE, &session->connection->log, "script-put",
		LOG_STRING("name", name), LOG_NUMBER("size", source.size));
	accept(session, warnings);
}

void manage_cmd_checkscript(ManageSession *session, const ManageInput *input)
{
	g_autoptr(GString) warnings = g_string_new(NULL);

	/* It has no name, which is nobody's. */
	if (check(session, "", input->arguments[0].text, warnings))
		accept(session, warnings);
}
