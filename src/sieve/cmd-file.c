/* SPDX-License-Identifier: GPL-2.0-or-later */
/* keep, discard, fileinto and redirect (RFC 5228 section 4), with what RFC 3894,
 * 5232, 5490, 6134, 8579 and 9042 add to them. */
#include "sieve/address.h"
#include "sieve/file.h"
#include "sieve/lists.h"
#include "sieve/words.h"

static gboolean run_keep(SieveRun *run, const SieveNode *node)
{
	SieveAction *action = sieve_run_action(run, node, SIEVE_KEEP);

	return action != NULL &&
		sieve_file_read_flags(run, node, &action->file) &&
		sieve_result_add(run, node, action);
}

static gboolean run_discard(SieveRun *run, const SieveNode *node)
{
	SieveAction *action = sieve_run_action(run, node, SIEVE_DISCARD);

	return action != NULL && sieve_result_add(run, node, action);
}

static void check_fileinto(SieveChecker *checker, SieveNode *node)
{
	sieve_file_check(checker, node, node->positional[0]);
}

static gboolean run_fileinto(SieveRun *run, const SieveNode *node)
{
	SieveAction *action = sieve_run_action(run, node, SIEVE_FILEINTO);

	if (action == NULL ||
		!sieve_file_read(run, node, node->positional[0], &action->file))
		return FALSE;
	action->is_copy = sieve_node_tag(node, SIEVE_SLOT_COPY) != NULL;
	return sieve_result_add(run, node, action);
}

static void check_redirect(SieveChecker *checker, SieveNode *node)
{
	if (sieve_node_tag(node, SIEVE_SLOT_LIST) == NULL)
		(void)sieve_check_each(
			checker, node->positional[0], sieve_check_address);
}

static gboolean read_address(SieveRun *run, const SieveNode *node,
	const SieveString *string, const char **address)
{
	g_autoptr(GString) read = g_string_new(NULL);
	Bytes value;

	if (!sieve_run_string(run, node, string, &value))
		return FALSE;
	if (!sieve_address_parse(value, read))
		return sieve_run_fail(run, node,
			"redirect: %s is no address, such as "
			"\"user@example.com\"",
			sieve_run_quote(run, value));
	*address = arena_copy(run->kept, read->str, read->len);
	return TRUE;
}

static gboolean read_list(SieveRun *run, const SieveNode *node,
	const SieveString *string, const char **list)
{
	g_autoptr(GError) error = NULL;
	gboolean known;
	gboolean has;

	if (!sieve_run_text(run, node, string, list))
		return FALSE;
	if (!sieve_list_has(run, *list, "", &known, &has, &error))
		return sieve_run_fail_error(run, node, &error);
	/* RFC 6134 section 2.3. */
	return known ||
		sieve_run_fail(run, node, "redirect: there is no list '%.100s'",
			*list);
}

static gboolean run_redirect(SieveRun *run, const SieveNode *node)
{
	const SieveString *string = &node->positional[0]->strings[0];
	SieveAction *action = sieve_run_action(run, node, SIEVE_REDIRECT);

	if (action == NULL)
		return FALSE;
	gboolean done = sieve_node_tag(node, SIEVE_SLOT_LIST) != NULL ?
		read_list(run, node, string, &action->list) :
		read_address(run, node, string, &action->address);
	if (!done)
		return FALSE;
	/* RFC 5703 section 6: what enclose made is not sent on. */
	sieve_run_unenclose(run, action);
	action->is_copy = sieve_node_tag(node, SIEVE_SLOT_COPY) != NULL;
	return sieve_result_add(run, node, action);
}

static const SieveTag keep_tags[] = {
	{ .name = "flags",
		.needs = SIEVE_BIT(SIEVE_EXT_IMAP4FLAGS),
		.slot = SIEVE_SLOT_FLAGS,
		.value = SIEVE_TYPE_STRINGS,
		.check = sieve_check_flags_tag },
	{ .name = NULL },
};

static const SieveTag redirect_tags[] = {
	{ .name = "list",
		.needs = SIEVE_BIT(SIEVE_EXT_EXTLISTS),
		.slot = SIEVE_SLOT_LIST },
	{ .name = NULL },
};

const SieveWord sieve_words_file[] = {
	{ .name = "keep", .tags = keep_tags, .run = run_keep },
	{ .name = "discard", .run = run_discard },
	{ .name = "fileinto",
		.needs = SIEVE_BIT(SIEVE_EXT_FILEINTO),
		.arguments = { SIEVE_TYPE_STRING },
		.called = "mailbox",
		.shared = SIEVE_TAGS_FILE | SIEVE_TAGS_COPY,
		.check = check_fileinto,
		.run = run_fileinto },
	{ .name = "redirect",
		.arguments = { SIEVE_TYPE_STRING },
		.called = "address",
		.shared = SIEVE_TAGS_COPY,
		.tags = redirect_tags,
		.check = check_redirect,
		.run = run_redirect },
	{ .name = NULL },
};
