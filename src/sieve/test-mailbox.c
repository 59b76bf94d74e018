/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests that ask the store: mailboxexists and metadata (RFC 5490),
 * specialuse_exists (RFC 8579), mailboxidexists (RFC 9042), valid_ext_list (RFC
 * 6134). */
#include "base/text.h"
#include "sieve/file.h"
#include "sieve/lists.h"
#include "sieve/testing.h"
#include "sieve/words.h"

/* A question costs far more than a comparison. */
#define QUESTION_STEPS 50

static const SieveQuestions no_questions;

static const SieveQuestions *questions_of(const SieveRun *run)
{
	return run->input->questions != NULL ? run->input->questions :
					       &no_questions;
}

/* The argument as a string without NUL; NULL in *text where it is not UTF-8,
 * which names nothing. */
static gboolean read_name(SieveRun *run, const SieveNode *node,
	const SieveString *string, const char **text)
{
	Bytes value;
	if (!sieve_run_step(run, node, QUESTION_STEPS) ||
		!sieve_run_string(run, node, string, &value))
		return FALSE;
	*text = value.size == 0 ? "" : value.data;
	if (!g_utf8_validate(*text, (gssize)value.size, NULL))
		*text = NULL;
	return TRUE;
}

static gboolean answer(
	SieveRun *run, const SieveNode *node, gboolean known, GError **error)
{
	return known || sieve_run_fail_error(run, node, error);
}

/* ---- Names of which every one must exist ---- */

typedef gboolean (*ExistsFunction)(const SieveRun *run, const char *name,
	gboolean *exists, GError **error);

static gboolean all_exist(SieveRun *run, const SieveNode *node,
	ExistsFunction function, gboolean *result)
{
	const SieveArgument *names = node->positional[0];
	*result = TRUE;
	for (guint i = 0; *result && i < names->n_strings; i++) {
		g_autoptr(GError) error = NULL;
		const char *name;
		if (!read_name(run, node, &names->strings[i], &name))
			return FALSE;
		*result = FALSE;
		if (name != NULL &&
			!answer(run, node, function(run, name, result, &error),
				&error))
			return FALSE;
	}
	return TRUE;
}

static gboolean mailbox_exists(
	const SieveRun *run, const char *name, gboolean *exists, GError **error)
{
	const SieveQuestions *questions = questions_of(run);
	return questions->mailbox_exists == NULL ||
		questions->mailbox_exists(questions->data, name, exists, error);
}

static gboolean mailbox_id_exists(
	const SieveRun *run, const char *name, gboolean *exists, GError **error)
{
	const SieveQuestions *questions = questions_of(run);
	return questions->mailbox_id_exists == NULL ||
		questions->mailbox_id_exists(
			questions->data, name, exists, error);
}

static gboolean list_exists(
	const SieveRun *run, const char *name, gboolean *exists, GError **error)
{
	gboolean has;
	return sieve_list_has(run, name, "", exists, &has, error);
}

static gboolean test_mailboxexists(
	SieveRun *run, const SieveNode *node, gboolean *result)
{
	return all_exist(run, node, mailbox_exists, result);
}

static gboolean test_mailboxidexists(
	SieveRun *run, const SieveNode *node, gboolean *result)
{
	return all_exist(run, node, mailbox_id_exists, result);
}

static gboolean test_valid_ext_list(
	SieveRun *run, const SieveNode *node, gboolean *result)
{
	return all_exist(run, node, list_exists, result);
}

static gboolean check_mailbox_name(
	SieveChecker *checker, const SieveString *name)
{
	if (!g_utf8_validate(name->text.data, (gssize)name->text.size, NULL))
		sieve_check_warn(checker, name->place,
			"%s is no name of a mailbox: it is not UTF-8",
			sieve_quote(checker, name->text));
	return TRUE;
}

static void check_names(SieveChecker *checker, SieveNode *node)
{
	(void)sieve_check_each(
		checker, node->positional[0], check_mailbox_name);
}

/* ---- metadata ---- */

/* "/private/..." or "/shared/..." (RFC 5464 section 4.1). */
static gboolean is_entry(Bytes name)
{
	return (text_has_prefix_nocase(name, "/private/") ||
		       text_has_prefix_nocase(name, "/shared/")) &&
		name.data[name.size - 1] != '/' &&
		memchr(name.data, '*', name.size) == NULL &&
		memchr(name.data, '%', name.size) == NULL;
}

static gboolean check_entry(SieveChecker *checker, const SieveString *name)
{
	if (!is_entry(name->text))
		sieve_check_warn(checker, name->place,
			"%s is no annotation: their names begin with "
			"\"/private/\" or \"/shared/\"",
			sieve_quote(checker, name->text));
	return TRUE;
}

static void check_metadata(SieveChecker *checker, SieveNode *node)
{
	sieve_testing_check(checker, node, 2);
	check_names(checker, node);
	(void)sieve_check_each(checker, node->positional[1], check_entry);
}

static void check_servermetadata(SieveChecker *checker, SieveNode *node)
{
	sieve_testing_check(checker, node, 1);
	(void)sieve_check_each(checker, node->positional[0], check_entry);
}

static void check_metadataexists(SieveChecker *checker, SieveNode *node)
{
	check_names(checker, node);
	(void)sieve_check_each(checker, node->positional[1], check_entry);
}

static void check_servermetadataexists(SieveChecker *checker, SieveNode *node)
{
	(void)sieve_check_each(checker, node->positional[0], check_entry);
}

/* mailbox NULL: the server's.  *value is NULL where there is no such
 * annotation. */
static gboolean read_annotation(SieveRun *run, const SieveNode *node,
	const char *mailbox, const SieveString *name, char **value)
{
	g_autoptr(GError) error = NULL;
	const SieveQuestions *questions = questions_of(run);
	const char *entry;

	*value = NULL;
	if (!read_name(run, node, name, &entry))
		return FALSE;
	if (entry == NULL || questions->metadata == NULL ||
		!is_entry(bytes_of_string(entry)))
		return TRUE;
	return answer(run, node,
		questions->metadata(
			questions->data, mailbox, entry, value, &error),
		&error);
}

static gboolean match_annotation(SieveRun *run, const SieveNode *node,
	const char *mailbox, guint name, gboolean *result)
{
	g_autofree char *text = NULL;
	if (!read_annotation(run, node, mailbox,
		    &node->positional[name]->strings[0], &text))
		return FALSE;
	Bytes value = bytes_of_string(text);
	return sieve_testing_run(run, node, node->positional[name + 1], &value,
		text != NULL ? 1 : 0, result);
}

static gboolean have_annotations(SieveRun *run, const SieveNode *node,
	const char *mailbox, const SieveArgument *names, gboolean *result)
{
	*result = TRUE;
	for (guint i = 0; *result && i < names->n_strings; i++) {
		g_autofree char *value = NULL;
		if (!read_annotation(
			    run, node, mailbox, &names->strings[i], &value))
			return FALSE;
		*result = value != NULL;
	}
	return TRUE;
}

static gboolean test_metadata(
	SieveRun *run, const SieveNode *node, gboolean *result)
{
	const char *mailbox;
	*result = FALSE;
	if (!read_name(run, node, &node->positional[0]->strings[0], &mailbox))
		return FALSE;
	return mailbox == NULL ||
		match_annotation(run, node, mailbox, 1, result);
}

static gboolean test_servermetadata(
	SieveRun *run, const SieveNode *node, gboolean *result)
{
	return match_annotation(run, node, NULL, 0, result);
}

static gboolean test_metadataexists(
	SieveRun *run, const SieveNode *node, gboolean *result)
{
	const char *mailbox;
	*result = FALSE;
	if (!read_name(run, node, &node->positional[0]->strings[0], &mailbox))
		return FALSE;
	return mailbox == NULL ||
		have_annotations(
			run, node, mailbox, node->positional[1], result);
}

static gboolean test_servermetadataexists(
	SieveRun *run, const SieveNode *node, gboolean *result)
{
	return have_annotations(run, node, NULL, node->positional[0], result);
}

/* ---- specialuse_exists ---- */

static gboolean check_use(SieveChecker *checker, const SieveString *use)
{
	if (!sieve_special_use_is_valid(use->text))
		sieve_check_warn(checker, use->place,
			"%s is no special use: \"\\\\Junk\" is one",
			sieve_quote(checker, use->text));
	return TRUE;
}

static void check_specialuse(SieveChecker *checker, SieveNode *node)
{
	if (node->positional[0] != NULL)
		check_names(checker, node);
	(void)sieve_check_each(checker, node->positional[1], check_use);
}

static gboolean test_specialuse(
	SieveRun *run, const SieveNode *node, gboolean *result)
{
	g_autoptr(GError) error = NULL;
	const SieveQuestions *questions = questions_of(run);
	const SieveArgument *uses = node->positional[1];
	const char **names = arena_new_array(
		run->scratch, const char *, uses->n_strings + 1);
	const char *mailbox = NULL;

	*result = FALSE;
	if (node->positional[0] != NULL) {
		if (!read_name(run, node, &node->positional[0]->strings[0],
			    &mailbox))
			return FALSE;
		if (mailbox == NULL)
			return TRUE;
	}
	for (guint i = 0; i < uses->n_strings; i++) {
		if (!read_name(run, node, &uses->strings[i], &names[i]))
			return FALSE;
		if (names[i] == NULL)
			return TRUE;
	}
	if (questions->special_use_exists == NULL)
		return TRUE;
	return answer(run, node,
		questions->special_use_exists(
			questions->data, mailbox, names, result, &error),
		&error);
}

const SieveWord sieve_words_mailbox[] = {
	{ .name = "mailboxexists",
		.kind = SIEVE_TEST,
		.needs = SIEVE_BIT(SIEVE_EXT_MAILBOX),
		.arguments = { SIEVE_TYPE_STRINGS },
		.called = "mailboxes",
		.check = check_names,
		.test = test_mailboxexists },
	{ .name = "mailboxidexists",
		.kind = SIEVE_TEST,
		.needs = SIEVE_BIT(SIEVE_EXT_MAILBOXID),
		.arguments = { SIEVE_TYPE_STRINGS },
		.called = "ids",
		.test = test_mailboxidexists },
	{ .name = "valid_ext_list",
		.kind = SIEVE_TEST,
		.needs = SIEVE_BIT(SIEVE_EXT_EXTLISTS),
		.arguments = { SIEVE_TYPE_STRINGS },
		.called = "lists",
		.test = test_valid_ext_list },
	{ .name = "metadata",
		.kind = SIEVE_TEST,
		.needs = SIEVE_BIT(SIEVE_EXT_MBOXMETADATA),
		.arguments = { SIEVE_TYPE_STRING, SIEVE_TYPE_STRING,
			SIEVE_TYPE_STRINGS },
		.called = "mailbox, annotation, keys",
		.shared = SIEVE_TAGS_COMPARATOR | SIEVE_TAGS_MATCH,
		.check = check_metadata,
		.test = test_metadata },
	{ .name = "metadataexists",
		.kind = SIEVE_TEST,
		.needs = SIEVE_BIT(SIEVE_EXT_MBOXMETADATA),
		.arguments = { SIEVE_TYPE_STRING, SIEVE_TYPE_STRINGS },
		.called = "mailbox, annotations",
		.check = check_metadataexists,
		.test = test_metadataexists },
	{ .name = "servermetadata",
		.kind = SIEVE_TEST,
		.needs = SIEVE_BIT(SIEVE_EXT_SERVERMETADATA),
		.arguments = { SIEVE_TYPE_STRING, SIEVE_TYPE_STRINGS },
		.called = "annotation, keys",
		.shared = SIEVE_TAGS_COMPARATOR | SIEVE_TAGS_MATCH,
		.check = check_servermetadata,
		.test = test_servermetadata },
	{ .name = "servermetadataexists",
		.kind = SIEVE_TEST,
		.needs = SIEVE_BIT(SIEVE_EXT_SERVERMETADATA),
		.arguments = { SIEVE_TYPE_STRINGS },
		.called = "annotations",
		.check = check_servermetadataexists,
		.test = test_servermetadataexists },
	{ .name = "specialuse_exists",
		.kind = SIEVE_TEST,
		.needs = SIEVE_BIT(SIEVE_EXT_SPECIAL_USE),
		.arguments = { SIEVE_TYPE_STRING, SIEVE_TYPE_STRINGS },
		.called = "mailbox, uses",
		.first_is_optional = TRUE,
		.check = check_specialuse,
		.test = test_specialuse },
	{ .name = NULL },
};
