/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ManageSieve's commands, taken apart (RFC 5804 section 4). */
#include "managesieve/parse.h"

#include <string.h>

/* What is parsed, written so: KEYWORD, then "text" or #number for each
 * argument; or BAD and a part of the error. */
static const struct {
	const char *lines[4]; /* a literal's octets between two lines */
	const char *result;
} vectors[] = {
	{ { "LOGOUT" }, "LOGOUT" },
	{ { "noop \"tag\"" }, "noop \"tag\"" },
	{ { "NOOP \"\"" }, "NOOP \"\"" },
	{ { "NOOP \"a \\\"b\\\" \\\\\"" }, "NOOP \"a \"b\" \\\"" },
	{ { "NOOP \"\xc3\xa4\"" }, "NOOP \"\xc3\xa4\"" },
	{ { "HAVESPACE \"x\" 0" }, "HAVESPACE \"x\" #0" },
	{ { "HAVESPACE \"x\" 4294967295" }, "HAVESPACE \"x\" #4294967295" },
	{ { "HAVESPACE \"x\" 4294967296" }, "BAD An argument is" },
	{ { "HAVESPACE \"x\" -1" }, "BAD An argument is" },
	{ { "PUTSCRIPT \"x\" {5+}", "ke\r\np", "" },
		"PUTSCRIPT \"x\" \"ke\r\np\"" },
	/* Not in the grammar, but some clients do it, and do not wait. */
	{ { "PUTSCRIPT \"x\" {5}", "keep;", "" }, "PUTSCRIPT \"x\" \"keep;\"" },
	{ { "PUTSCRIPT {1+}", "x", " {0+}" }, "PUTSCRIPT \"x\" {0}" },
	{ { "PUTSCRIPT {1+}", "x", " \"keep;\"" },
		"PUTSCRIPT \"x\" \"keep;\"" },
	{ { "PUTSCRIPT {1+}", "x", "\"keep;\"" }, "BAD A blank belongs" },
	{ { "PUTSCRIPT {1+} \"keep;\"" }, "BAD A literal begins" },
	{ { "PUTSCRIPT {+}" }, "BAD An argument is" },
	{ { "PUTSCRIPT {}" }, "BAD An argument is" },
	/* Far too many octets are on their way all the same. */
	{ { "PUTSCRIPT {99999999999+}" }, "PUTSCRIPT {18446744073709551615}" },
	{ { "PUTSCRIPT {5x+}" }, "BAD An argument is" },
	{ { "PUTSCRIPT x y" }, "BAD An argument is" },
	{ { "NOOP \"a\"\"b\"" }, "BAD A blank belongs" },
	{ { "NOOP \"a\" \"b\" \"c\"" }, "BAD There is an argument too many" },
	{ { "NOOP \"a" }, "BAD A quoted string does not end" },
	{ { "NOOP \"a\\\"" }, "BAD A quoted string does not end" },
	{ { "NOOP \"\\a\"" }, "BAD In a quoted string only" },
	{ { "NOOP \"\xff\"" }, "BAD A quoted string is UTF-8" },
	{ { "NOOP \"a\rb\"" }, "BAD A quoted string is UTF-8" },
	{ { "NOOP  \"two blanks\" " }, "NOOP \"two blanks\"" },
	{ { "" }, "BAD A command begins" },
	{ { " NOOP" }, "BAD A command begins" },
	{ { "NO-OP" }, "BAD A command begins" },
	{ { "\"NOOP\"" }, "BAD A command begins" },
};

static void append(GString *out, const ManageInput *input)
{
	g_string_append_len(
		out, input->keyword.data, (gssize)input->keyword.size);
	for (guint i = 0; i < input->count; i++) {
		const ManageArgument *argument = &input->arguments[i];
		if (argument->is_number)
			g_string_append_printf(
				out, " #%" G_GUINT64_FORMAT, argument->number);
		else
			g_string_append_printf(out, " \"%.*s\"",
				(int)argument->text.size, argument->text.data);
	}
}

static void parse(const char *const *lines, GString *out)
{
	g_autoptr(Arena) arena = arena_new();
	ManageInput input;
	ManageParse result = MANAGE_LITERAL;
	guint i = 0;

	manage_parse_begin(&input, arena);
	while (result == MANAGE_LITERAL && lines[i] != NULL) {
		result = manage_parse_line(&input, bytes_of_string(lines[i++]));
		if (result != MANAGE_LITERAL || lines[i] == NULL)
			break;
		g_assert_cmpuint(strlen(lines[i]), ==, input.literal);
		manage_parse_literal(&input, bytes_of_string(lines[i++]));
	}
	if (result == MANAGE_BAD)
		g_string_printf(out, "BAD %s", input.error);
	else
		append(out, &input);
	if (result == MANAGE_LITERAL)
		g_string_append_printf(
			out, " {%" G_GUINT64_FORMAT "}", input.literal);
}

static void test_commands(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(vectors); i++) {
		g_autoptr(GString) out = g_string_new(NULL);
		parse(vectors[i].lines, out);
		if (g_str_has_prefix(vectors[i].result, "BAD"))
			g_string_truncate(out, strlen(vectors[i].result));
		g_assert_cmpstr(out->str, ==, vectors[i].result);
	}
}

/* The RFC's limit, to the octet. */
static void test_quoted_limit(void)
{
	for (gsize size = MANAGE_QUOTED_MAX; size <= MANAGE_QUOTED_MAX + 1;
		size++) {
		g_autoptr(Arena) arena = arena_new();
		g_autofree char *octets = g_strnfill(size, 'x');
		g_autofree char *line =
			g_strconcat("NOOP \"", octets, "\"", NULL);
		ManageInput input;
		manage_parse_begin(&input, arena);
		ManageParse result =
			manage_parse_line(&input, bytes_of_string(line));
		g_assert_cmpint(result, ==,
			size <= MANAGE_QUOTED_MAX ? MANAGE_DONE : MANAGE_BAD);
	}
}

static void test_literal_at_end(void)
{
	static const struct {
		const char *line;
		gint64 size; /* -1: there is none, -2: far too large */
	} ends[] = {
		{ "X {5+}", 5 },
		{ "X {5}", 5 },
		{ "what ever {0+}", 0 },
		{ "X {4294967295+}", 4294967295 },
		{ "X {4294967296+}", -2 },
		{ "X {99999999999999999999}", -2 },
		{ "X {5-+}", -1 },
		{ "X {+}", -1 },
		{ "X \"{5+}\"", -1 },
		{ "X {5+} ", -1 },
		{ "X {5+", -1 },
		{ "X 5+}", -1 },
		{ "{}", -1 },
		{ "", -1 },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(ends); i++) {
		guint64 size = 0;
		gboolean found = manage_literal_at_end(
			bytes_of_string(ends[i].line), &size);
		gint64 seen = size == G_MAXUINT64 ? -2 : (gint64)size;
		g_assert_cmpint(found ? seen : -1, ==, ends[i].size);
	}
}

static void test_string(void)
{
	static const struct {
		const char *lines[3];
		const char *text; /* NULL: bad */
	} strings[] = {
		{ { "\"abc\"" }, "abc" },
		{ { "\"\"" }, "" },
		{ { "{3+}", "abc", "" }, "abc" },
		{ { "{3+}", "abc", "x" }, NULL },
		{ { "{3+}", "abc", " \"x\"" }, NULL },
		{ { "" }, NULL },
		{ { "abc" }, NULL },
		{ { "12" }, NULL },
		{ { "\"abc\" \"d\"" }, NULL },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(strings); i++) {
		g_autoptr(Arena) arena = arena_new();
		ManageInput input;
		manage_parse_begin(&input, arena);
		ManageParse result = manage_parse_string(
			&input, bytes_of_string(strings[i].lines[0]));
		if (result == MANAGE_LITERAL) {
			manage_parse_literal(
				&input, bytes_of_string(strings[i].lines[1]));
			result = manage_parse_string(
				&input, bytes_of_string(strings[i].lines[2]));
		}
		if (strings[i].text == NULL) {
			g_assert_cmpint(result, ==, MANAGE_BAD);
			continue;
		}
		g_assert_cmpint(result, ==, MANAGE_DONE);
		g_assert_cmpmem(input.arguments[0].text.data,
			input.arguments[0].text.size, strings[i].text,
			strlen(strings[i].text));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/managesieve/parse/commands", test_commands);
	g_test_add_func("/managesieve/parse/quoted-limit", test_quoted_limit);
	g_test_add_func(
		"/managesieve/parse/literal-at-end", test_literal_at_end);
	g_test_add_func("/managesieve/parse/string", test_string);
	return g_test_run();
}
