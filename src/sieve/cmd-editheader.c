/* SPDX-License-Identifier: GPL-2.0-or-later */
/* addheader and deleteheader (RFC 5293). */
#include "base/text.h"
#include "mime/compose.h"
#include "sieve/edit.h"
#include "sieve/message.h"
#include "sieve/select.h"
#include "sieve/testing.h"
#include "sieve/words.h"

/* Bytes of a field that a script may add. */
#define VALUE_SIZE_MAX 65536

static void check_name(SieveChecker *checker, const SieveString *name)
{
	if (sieve_string_is_constant(name) &&
		!sieve_field_name_is_valid(name->text))
		sieve_check_error(checker, name->place,
			"the field name %s is invalid: it must be printable "
			"ASCII without blanks and \":\"",
			sieve_quote(checker, name->text));
}

/* RFC 5322 section 3.2.5, less what can be encoded and folded. */
static gboolean is_value(Bytes value)
{
	for (gsize i = 0; i < value.size; i++) {
		guchar c = (guchar)value.data[i];

		if ((c < ' ' && strchr("\t\r\n", c) == NULL) || c == 0x7f ||
			c == '\0')
			return FALSE;
	}
	return value.size <= VALUE_SIZE_MAX &&
		g_utf8_validate(value.data, (gssize)value.size, NULL);
}

/* On one line: line ends before blanks go, others become blanks. */
static GString *unfold(const char *value)
{
	GString *line = g_string_new(NULL);

	for (const char *p = value; *p != '\0'; p++) {
		gboolean is_end = *p == '\r' || *p == '\n';

		if (!is_end)
			g_string_append_c(line, *p);
		else if (*p == '\n' && p[1] != ' ' && p[1] != '\t')
			g_string_append_c(line, ' ');
	}
	return line;
}

static void check_addheader(SieveChecker *checker, SieveNode *node)
{
	const SieveString *value = &node->positional[1]->strings[0];

	check_name(checker, &node->positional[0]->strings[0]);
	if (sieve_string_is_constant(value) && !is_value(value->text))
		sieve_check_error(checker, value->place,
			"the field value %s is invalid: it must be UTF-8 "
			"without controls of at most %d bytes",
			sieve_quote(checker, value->text), VALUE_SIZE_MAX);
}

static gboolean read_name(
	SieveRun *run, const SieveNode *node, const char **name)
{
	Bytes read;

	if (!sieve_run_string(
		    run, node, &node->positional[0]->strings[0], &read))
		return FALSE;
	if (!sieve_field_name_is_valid(read)) {
		return sieve_run_fail(run, node,
			"%s: the field name %s is invalid: it must be "
			"printable ASCII without blanks and \":\"",
			node->word->name, sieve_run_quote(run, read));
	}
	*name = arena_copy(run->kept, read.data, read.size);
	return TRUE;
}

/* Headers may have a field in every three bytes. */
static gboolean count_fields(SieveRun *run, const SieveNode *node)
{
	guint n;

	(void)sieve_message_fields(run, &n);
	return sieve_run_step(run, node, n / 64);
}

/* Where a field goes in front of all others: behind lines that would be taken
 * for a part of it, or that mark a mailbox file's message. */
static guint top(const MimeField *fields, guint n)
{
	return n > 0 && fields[0].name.size == 0 ? 1 : 0;
}

static gboolean has_bare_lines(const MimeField *fields, guint n)
{
	if (n == 0)
		return FALSE;
	Bytes line = fields[0].line;
	const char *feed = memchr(line.data, '\n', line.size);

	return feed != NULL && (feed == line.data || feed[-1] != '\r');
}

/* The field, in the kept memory.  begin: what comes before it, where the line
 * in front has no end. */
static MimeField make_field(SieveRun *run, const char *name, const char *value,
	const char *begin, gboolean is_bare)
{
	g_autoptr(GString) line = g_string_new(begin);
	g_autoptr(GString) text = unfold(value);
	gsize at = line->len;
	gsize name_size = strlen(name);
	MimeField field;

	mime_compose_text(line, name, text->str);
	if (is_bare)
		g_string_replace(line, "\r\n", "\n", 0);
	char *kept = arena_copy(run->kept, line->str, line->len);
	field.line = bytes_of(kept, line->len);
	field.name = bytes_of(kept + at, name_size);
	field.value = bytes_of(kept + at + name_size + 1,
		line->len - at - name_size - 1 - (is_bare ? 1 : 2));
	return field;
}

static void add_field(SieveRun *run, const SieveAction *action)
{
	guint n;
	const MimeField *fields = sieve_message_fields(run, &n);
	guint at = action->is_last ? n : top(fields, n);
	gboolean is_bare = has_bare_lines(fields, n);
	const char *begin = "";

	if (at > 0) {
		Bytes before = fields[at - 1].line;

		if (before.data[before.size - 1] != '\n')
			begin = "\r\n";
	}
	sieve_message_insert(run, at,
		make_field(run, action->field, action->text, begin, is_bare));
}

static gboolean run_addheader(SieveRun *run, const SieveNode *node)
{
	SieveAction *action = sieve_run_action(run, node, SIEVE_ADDHEADER);
	Bytes value;

	if (action == NULL || !read_name(run, node, &action->field) ||
		!sieve_run_string(
			run, node, &node->positional[1]->strings[0], &value))
		return FALSE;
	if (!is_value(value))
		return sieve_run_fail(run, node,
			"addheader: the field value %s is invalid: it must be "
			"UTF-8 without controls of at most %d bytes",
			sieve_run_quote(run, value), VALUE_SIZE_MAX);
	action->text = arena_copy(run->kept, value.data, value.size);
	action->is_last = sieve_node_tag(node, SIEVE_SLOT_LAST) != NULL;
	if (!sieve_run_step(run, node, value.size / SIEVE_STEP_BYTES) ||
		!count_fields(run, node) ||
		!sieve_result_add(run, node, action))
		return FALSE;
	add_field(run, action);
	return TRUE;
}

/* Deleting */

static void check_deleteheader(SieveChecker *checker, SieveNode *node)
{
	check_name(checker, &node->positional[0]->strings[0]);
	sieve_select_check(checker, node);
	/* RFC 5293 section 5: without patterns, how to match is ignored. */
	if (node->positional[1] != NULL)
		sieve_testing_check(checker, node, 1);
}

/* The numbers of the lines that are the fields of that name; of one of them
 * with :index, which may be none. */
static GArray *find_lines(SieveRun *run, const char *name, gint index)
{
	GArray *lines = g_array_new(FALSE, FALSE, sizeof(guint));
	guint n;
	const MimeField *fields = sieve_message_fields(run, &n);

	for (guint i = 0; i < n; i++)
		if (text_equal_nocase(fields[i].name, name))
			g_array_append_val(lines, i);
	if (index == 0)
		return lines;
	gint64 at = index > 0 ? (gint64)index - 1 : (gint64)lines->len + index;
	guint line = at >= 0 && at < (gint64)lines->len ?
		g_array_index(lines, guint, at) :
		G_MAXUINT;
	g_array_set_size(lines, 0);
	if (line != G_MAXUINT)
		g_array_append_val(lines, line);
	return lines;
}

/* Leaves the lines whose value one of the patterns matches. */
static gboolean match_lines(SieveRun *run, const SieveNode *node, GArray *lines)
{
	g_autoptr(GString) text = g_string_new(NULL);
	guint left = 0;
	guint n;
	const MimeField *fields = sieve_message_fields(run, &n);

	for (guint i = 0; i < lines->len; i++) {
		guint line = g_array_index(lines, guint, i);
		gboolean matches;

		sieve_select_text(fields[line].value, text);
		Bytes value = bytes_of(text->str, text->len);
		if (!sieve_run_step(
			    run, node, 1 + value.size / SIEVE_STEP_BYTES) ||
			!sieve_testing_run(run, node, node->positional[1],
				&value, 1, &matches))
			return FALSE;
		if (matches)
			g_array_index(lines, guint, left++) = line;
	}
	g_array_set_size(lines, left);
	return TRUE;
}

static gint read_index(const SieveNode *node)
{
	const SieveTagUse *use = sieve_node_tag(node, SIEVE_SLOT_INDEX);

	if (use == NULL)
		return 0;
	gint index = (gint)MIN(use->value->number, (guint64)G_MAXINT);
	return sieve_node_tag(node, SIEVE_SLOT_LAST) != NULL ? -index : index;
}

static gboolean run_deleteheader(SieveRun *run, const SieveNode *node)
{
	SieveAction *action = sieve_run_action(run, node, SIEVE_DELETEHEADER);

	if (action == NULL || !read_name(run, node, &action->field))
		return FALSE;
	action->index = read_index(node);
	if (sieve_field_is_protected(bytes_of_string(action->field)))
		return TRUE;
	if (!count_fields(run, node))
		return FALSE;
	g_autoptr(GArray) lines = find_lines(run, action->field, action->index);
	if (node->positional[1] != NULL && !match_lines(run, node, lines))
		return FALSE;
	if (lines->len == 0)
		return TRUE;
	if (!sieve_result_add(run, node, action))
		return FALSE;
	sieve_message_remove(
		run, (const guint *)(gpointer)lines->data, lines->len);
	return TRUE;
}

static const SieveTag addheader_tags[] = {
	{ .name = "last", .slot = SIEVE_SLOT_LAST },
	{ .name = NULL },
};

static const SieveTag deleteheader_tags[] = {
	{ .name = "index",
		.slot = SIEVE_SLOT_INDEX,
		.value = SIEVE_TYPE_NUMBER },
	{ .name = "last", .slot = SIEVE_SLOT_LAST },
	{ .name = NULL },
};

const SieveWord sieve_words_editheader[] = {
	{ .name = "addheader",
		.needs = SIEVE_BIT(SIEVE_EXT_EDITHEADER),
		.arguments = { SIEVE_TYPE_STRING, SIEVE_TYPE_STRING },
		.called = "field name, value",
		.tags = addheader_tags,
		.check = check_addheader,
		.run = run_addheader },
	{ .name = "deleteheader",
		.needs = SIEVE_BIT(SIEVE_EXT_EDITHEADER),
		.arguments = { SIEVE_TYPE_STRING, SIEVE_TYPE_STRINGS },
		.called = "field name, values",
		.last_is_optional = TRUE,
		.shared = SIEVE_TAGS_COMPARATOR | SIEVE_TAGS_MATCH,
		.tags = deleteheader_tags,
		.check = check_deleteheader,
		.run = run_deleteheader },
	{ .name = NULL },
};
