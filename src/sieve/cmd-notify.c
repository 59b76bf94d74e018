/* SPDX-License-Identifier: GPL-2.0-or-later */
/* notify and what may be asked of its methods (RFC 5435, RFC 5436), with :fcc
 * (RFC 8580). */
#include "base/errors.h"
#include "base/text.h"
#include "sieve/address.h"
#include "sieve/file.h"
#include "sieve/mailto.h"
#include "sieve/testing.h"
#include "sieve/words.h"

/* RFC 5435 section 3.5. */
static gboolean is_option(Bytes text)
{
	gsize size = 0;

	while (size < text.size &&
		(g_ascii_isalnum(text.data[size]) ||
			(size > 0 && strchr(".-_", text.data[size]) != NULL &&
				text.data[size] != '\0')))
		size++;
	if (size == 0 || size == text.size || text.data[size] != '=')
		return FALSE;
	for (gsize i = size; i < text.size; i++)
		if (strchr("\r\n", text.data[i]) != NULL)
			return FALSE;
	return TRUE;
}

static gboolean is_importance(Bytes text)
{
	return text.size == 1 && text.data[0] >= '1' && text.data[0] <= '3';
}

/* Checking */

/* A scheme that is not there fails a script when it comes to it, and not before
 * (RFC 5435 section 3.2): a valid_notify_method may stand around it.  One that is
 * sure to fail is better told now. */
static gboolean check_method(SieveChecker *checker, const SieveString *string)
{
	g_autoptr(Arena) arena = arena_new();
	g_autoptr(GError) error = NULL;

	if (sieve_mailto_parse(arena, string->text, NULL, &error))
		return TRUE;
	if (dbmail_error_is(error, DBMAIL_ERROR_UNSUPPORTED) &&
		!sieve_check_is_certain(checker)) {
		sieve_check_warn(checker, string->place,
			"%s: %s; the script fails where this is run",
			sieve_quote(checker, string->text), error->message);
		return TRUE;
	}
	sieve_check_error(checker, string->place, "%s: %s",
		sieve_quote(checker, string->text), error->message);
	return FALSE;
}

static void check_notify(SieveChecker *checker, SieveNode *node)
{
	(void)sieve_check_each(checker, node->positional[0], check_method);
	sieve_fcc_check(checker, node);
}

static gboolean check_from(
	SieveChecker *checker, SieveNode *node, const SieveTagUse *use)
{
	(void)node;
	return sieve_check_each(checker, use->value, sieve_check_address);
}

static gboolean check_importance(
	SieveChecker *checker, SieveNode *node, const SieveTagUse *use)
{
	const SieveString *string = &use->value->strings[0];

	(void)node;
	if (!sieve_string_is_constant(string) || is_importance(string->text))
		return TRUE;
	sieve_check_error(checker, string->place,
		":importance must be \"1\", \"2\" or \"3\"");
	return FALSE;
}

static gboolean check_option(SieveChecker *checker, const SieveString *string)
{
	if (is_option(string->text))
		return TRUE;
	sieve_check_error(checker, string->place,
		"%s is no option, such as \"name=value\"",
		sieve_quote(checker, string->text));
	return FALSE;
}

static gboolean check_options(
	SieveChecker *checker, SieveNode *node, const SieveTagUse *use)
{
	(void)node;
	return sieve_check_each(checker, use->value, check_option);
}

/* Running */

static gboolean read_tags(
	SieveRun *run, const SieveNode *node, SieveAction *action)
{
	return sieve_tag_text(run, node, SIEVE_SLOT_FROM, &action->from) &&
		sieve_tag_text(run, node, SIEVE_SLOT_IMPORTANCE,
			&action->importance) &&
		sieve_tag_text(run, node, SIEVE_SLOT_MESSAGE, &action->text) &&
		sieve_tag_list(
			run, node, SIEVE_SLOT_OPTIONS, &action->options) &&
		sieve_fcc_read(run, node, action) &&
		sieve_run_text(run, node, &node->positional[0]->strings[0],
			&action->method);
}

static gboolean check_values(
	SieveRun *run, const SieveNode *node, const SieveAction *action)
{
	g_autoptr(GError) error = NULL;

	if (!sieve_mailto_parse(run->scratch, bytes_of_string(action->method),
		    NULL, &error))
		return sieve_run_fail(run, node, "notify: %s: %s",
			sieve_run_quote(run, bytes_of_string(action->method)),
			error->message);
	if (action->from != NULL &&
		!sieve_address_parse(bytes_of_string(action->from), NULL))
		return sieve_run_fail(run, node,
			"notify: %s is no address for :from, such as "
			"\"user@example.com\"",
			sieve_run_quote(run, bytes_of_string(action->from)));
	if (!is_importance(bytes_of_string(action->importance)))
		return sieve_run_fail(run, node,
			"notify: :importance must be \"1\", \"2\" or "
			"\"3\", not %s",
			sieve_run_quote(
				run, bytes_of_string(action->importance)));
	for (guint i = 0; action->options != NULL && action->options[i] != NULL;
		i++)
		if (!is_option(bytes_of_string(action->options[i])))
			return sieve_run_fail(run, node,
				"notify: %s is no option, such as "
				"\"name=value\"",
				sieve_run_quote(run,
					bytes_of_string(action->options[i])));
	return TRUE;
}

static gboolean run_notify(SieveRun *run, const SieveNode *node)
{
	SieveAction *action = sieve_run_action(run, node, SIEVE_NOTIFY);

	if (action == NULL || !read_tags(run, node, action))
		return FALSE;
	sieve_run_unenclose(run, action);
	if (action->importance == NULL)
		action->importance = "2";
	return check_values(run, node, action) &&
		sieve_result_add(run, node, action);
}

static gboolean read_method(SieveRun *run, const SieveNode *node,
	const SieveString *string, gboolean *is_valid)
{
	Bytes uri;

	if (!sieve_run_string(run, node, string, &uri) ||
		!sieve_run_step(run, node, 1 + uri.size / SIEVE_STEP_BYTES))
		return FALSE;
	*is_valid = sieve_mailto_parse(run->scratch, uri, NULL, NULL);
	return TRUE;
}

static gboolean test_valid(
	SieveRun *run, const SieveNode *node, gboolean *result)
{
	const SieveArgument *methods = node->positional[0];
	gboolean is_valid = TRUE;

	for (guint i = 0; is_valid && i < methods->n_strings; i++)
		if (!read_method(run, node, &methods->strings[i], &is_valid))
			return FALSE;
	*result = is_valid;
	return TRUE;
}

static const SieveTag notify_tags[] = {
	{ .name = "from",
		.slot = SIEVE_SLOT_FROM,
		.value = SIEVE_TYPE_STRING,
		.check = check_from },
	{ .name = "importance",
		.slot = SIEVE_SLOT_IMPORTANCE,
		.value = SIEVE_TYPE_STRING,
		.check = check_importance },
	{ .name = "options",
		.slot = SIEVE_SLOT_OPTIONS,
		.value = SIEVE_TYPE_STRINGS,
		.check = check_options },
	{ .name = "message",
		.slot = SIEVE_SLOT_MESSAGE,
		.value = SIEVE_TYPE_STRING },
	{ .name = NULL },
};

/* Only "online" is known, and of no mailto: is known whether it is (RFC 5436
 * section 2.2). */
static gboolean test_capability(
	SieveRun *run, const SieveNode *node, gboolean *result)
{
	Bytes capability;
	Bytes maybe = bytes_of_string("maybe");
	gboolean is_valid;

	*result = FALSE;
	if (!read_method(
		    run, node, &node->positional[0]->strings[0], &is_valid) ||
		!sieve_run_string(run, node, &node->positional[1]->strings[0],
			&capability))
		return FALSE;
	if (!is_valid || !text_equal_nocase(capability, "online"))
		return TRUE;
	return sieve_testing_run(
		run, node, node->positional[2], &maybe, 1, result);
}

static void check_capability(SieveChecker *checker, SieveNode *node)
{
	sieve_testing_check(checker, node, 2);
}

const SieveWord sieve_words_notify[] = {
	{ .name = "notify",
		.needs = SIEVE_BIT(SIEVE_EXT_ENOTIFY),
		.arguments = { SIEVE_TYPE_STRING },
		.called = "URI",
		.shared = SIEVE_TAGS_FILE | SIEVE_TAGS_FCC,
		.tags = notify_tags,
		.check = check_notify,
		.run = run_notify },
	{ .name = "valid_notify_method",
		.kind = SIEVE_TEST,
		.needs = SIEVE_BIT(SIEVE_EXT_ENOTIFY),
		.arguments = { SIEVE_TYPE_STRINGS },
		.called = "URIs",
		.test = test_valid },
	{ .name = "notify_method_capability",
		.kind = SIEVE_TEST,
		.needs = SIEVE_BIT(SIEVE_EXT_ENOTIFY),
		.arguments = { SIEVE_TYPE_STRING, SIEVE_TYPE_STRING,
			SIEVE_TYPE_STRINGS },
		.called = "URI, capability, keys",
		.shared = SIEVE_TAGS_COMPARATOR | SIEVE_TAGS_MATCH,
		.check = check_capability,
		.test = test_capability },
	{ .name = NULL },
};
