/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Running any script over any message: it ends, and its actions make sense.
 * The input is a script, NUL, an envelope (lines: sender, recipient, then
 * flags), NUL, a message.  The script need not require anything: it has it all
 * already, so that what is made of two scripts runs, too. */
#include "fuzz.h"

#include <string.h>

#include "base/arena.h"
#include "sieve/extension.h"
#include "sieve/run.h"
#include "sieve/script.h"
#include "sieve/spam.h"

/* Low, so that many scripts are run and each of these is met. */
static const SieveLimits limits = {
	.max_script_size = 65536,
	.max_nesting = 32,
	.max_errors = 10,
	.max_includes = 6,
	.max_include_depth = 3,
	.max_instructions = 3000,
	.max_variable_size = 2000,
	.max_variables_size = 8000,
	.max_actions = 12,
	.max_redirects = 3,
	.max_notifies = 3,
	.max_message_size = 65536,
};

static Bytes take_until_nul(Bytes *rest)
{
	const char *nul =
		rest->size > 0 ? memchr(rest->data, '\0', rest->size) : NULL;
	gsize size = nul != NULL ? (gsize)(nul - rest->data) : rest->size;
	Bytes taken = bytes_of(rest->data, size);

	*rest = bytes_slice(*rest, size + 1, rest->size);
	return taken;
}

static gboolean load(gpointer data, SieveLocation location, const char *name,
	char **source, gsize *size, GError **error G_GNUC_UNUSED)
{
	const Bytes *self = data;
	Bytes text = bytes_of_string(
		"require [\"include\", \"variables\", \"fileinto\"];"
		"global [\"a\", \"b\"]; set \"b\" \"${a}x\";"
		"if header :matches \"subject\" \"*a*\" "
		"{ fileinto \"${1}\"; return; } keep;");

	if (strcmp(name, "none") == 0)
		return FALSE;
	if (strcmp(name, "self") == 0)
		text = *self;
	else if (location == SIEVE_GLOBAL)
		text = bytes_of_string("stop;");
	*source = g_malloc(text.size + 1);
	if (text.size > 0)
		memcpy(*source, text.data, text.size);
	*size = text.size;
	return TRUE;
}

/* --- the world: some of all, always the same -------------------------------------- */

static gboolean is_odd(const char *text)
{
	return g_str_hash(text) % 2 == 1;
}

static gboolean mailbox_exists(gpointer data G_GNUC_UNUSED, const char *name,
	gboolean *exists, GError **error G_GNUC_UNUSED)
{
	g_assert_true(g_utf8_validate(name, -1, NULL));
	*exists = is_odd(name);
	return TRUE;
}

static gboolean special_use_exists(gpointer data G_GNUC_UNUSED,
	const char *mailbox, const char *const *uses, gboolean *exists,
	GError **error G_GNUC_UNUSED)
{
	*exists = uses[0] != NULL && (mailbox == NULL || is_odd(mailbox));
	return TRUE;
}

static gboolean metadata(gpointer data G_GNUC_UNUSED, const char *mailbox,
	const char *entry, char **value, GError **error G_GNUC_UNUSED)
{
	if (is_odd(entry))
		*value = g_strdup(mailbox != NULL ? mailbox : entry);
	else
		*value = NULL;
	return TRUE;
}

static gboolean was_seen(gpointer data G_GNUC_UNUSED,
	const guint8 id[static 32], gboolean *seen,
	GError **error G_GNUC_UNUSED)
{
	*seen = id[0] % 2 == 1;
	return TRUE;
}

static gboolean list_has(gpointer data G_GNUC_UNUSED, const char *list,
	const char *value, gboolean *known, gboolean *has,
	GError **error G_GNUC_UNUSED)
{
	*known = is_odd(list);
	*has = value != NULL && is_odd(value);
	return TRUE;
}

static gint zone_of(Timestamp time)
{
	return time < 0 ? 0 : 60;
}

static const SieveQuestions questions = {
	.mailbox_exists = mailbox_exists,
	.mailbox_id_exists = mailbox_exists,
	.special_use_exists = special_use_exists,
	.metadata = metadata,
	.was_seen = was_seen,
	.list_has = list_has,
};

/* --- what must hold --------------------------------------------------------------- */

static void check_line(const SieveAction *action)
{
	g_autoptr(Arena) arena = arena_new();
	g_autoptr(GString) line = g_string_new(NULL);
	g_autoptr(GString) again = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	SieveAction back = { 0 };

	sieve_action_write(action, line);
	g_assert_true(g_utf8_validate(line->str, (gssize)line->len, NULL));
	g_assert_null(strchr(line->str, '\n'));
	gboolean parsed = sieve_action_parse(
		bytes_of(line->str, line->len), arena, &back, &error);
	g_assert_no_error(error);
	g_assert_true(parsed);
	sieve_action_write(&back, again);
	g_assert_cmpstr(line->str, ==, again->str);
}

static void check_result(const SieveResult *result)
{
	g_assert_cmpuint(result->actions->len, >, 0);
	g_assert_cmpuint(result->messages->len, >, 0);
	for (guint i = 0; i < result->actions->len; i++) {
		const SieveAction *action = result->actions->pdata[i];
		g_assert_cmpuint(action->message, <, result->messages->len);
		check_line(action);
	}
	for (guint i = 1; i < result->messages->len; i++)
		g_assert_cmpuint(g_array_index(result->messages, Bytes, i).size,
			<=, limits.max_message_size);
	if (result->failure == NULL)
		return;
	const SieveAction *keep = result->actions->pdata[0];
	g_assert_cmpuint(result->actions->len, ==, 1);
	g_assert_cmpint(keep->kind, ==, SIEVE_KEEP);
	g_assert_true(keep->is_implicit);
	g_assert_true(g_utf8_validate(result->failure->text, -1, NULL));
}

static void run(SieveScript *script, Bytes envelope, Bytes message)
{
	g_autofree char *text = g_strndup(
		envelope.size > 0 ? envelope.data : "", envelope.size);
	g_autofree char *clean = g_utf8_make_valid(text, -1);
	g_auto(GStrv) lines = g_strsplit(clean, "\n", 10);
	guint n = g_strv_length(lines);
	static const SieveSpamSettings spam = {
		.spam = { .status = "X-Spam-Score: ([0-9.]+)", .max = 10 },
		.virus = { .status = "X-Virus",
			.type = SIEVE_SPAM_TEXT,
			.texts = { [1] = "clean", [5] = "found" } },
	};
	const char *const environment[] = { "domain", "example.com",
		"imap.user", "a", "imap.mailbox", "INBOX", NULL };
	SieveInput input = { .message = message,
		.sender = n > 0 ? lines[0] : NULL,
		.recipient = n > 1 ? lines[1] : NULL,
		.flags = n > 2 ? (const char *const *)lines + 2 : NULL,
		.delimiter = "+",
		.environment = environment,
		.now = (Timestamp)1767225600,
		.zone_minutes = zone_of,
		.spam = &spam,
		.questions = &questions };
	g_autoptr(SieveResult) result = NULL;
	g_autoptr(GError) error = NULL;

	gboolean ran = sieve_run(script, &input, &result, &error);
	g_assert_no_error(error);
	g_assert_true(ran);
	check_result(result);
}

static GString *require_all(SieveExtensions all, Bytes source)
{
	GString *text = g_string_new("require [\"fileinto\"");

	for (guint i = SIEVE_EXT_BASE + 1; i < SIEVE_EXT_COUNT; i++)
		if ((all >> i & 1) != 0)
			g_string_append_printf(text, ", \"%s\"",
				sieve_extension_name((SieveExtension)i));
	g_string_append(text, "];\n");
	if (source.size > 0)
		g_string_append_len(text, source.data, (gssize)source.size);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Bytes rest = bytes_of((const char *)data, size);
	SieveExtensions all =
		sieve_extensions_delivery() | sieve_extensions_imap();
	g_autoptr(GString) text = require_all(all, take_until_nul(&rest));
	Bytes source = bytes_of(text->str, text->len);
	Bytes envelope = take_until_nul(&rest);
	SieveCompile how = { .extensions = all,
		.limits = &limits,
		.loader = load,
		.loader_data = &source };
	g_autoptr(GPtrArray) errors = NULL;
	g_autoptr(GError) error = NULL;

	g_autoptr(SieveScript) script =
		sieve_compile(&how, "fuzz", source, &errors, &error);
	g_assert_no_error(error);
	if (script != NULL)
		run(script, envelope, rest);
	return 0;
}
