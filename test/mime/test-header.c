/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fields of a header block, chosen and unfolded. */
#include "mime/header.h"

#define BLOCK \
	"From a@b Mon Jan  1 00:00:00 2001\r\nA: 1\r\nb : two\r\n" \
	" more\r\nno field\r\n of any kind\r\nA:3\r\n: empty\r\n" \
	"Long-Name:\r\n\r\nX: body\r\n"

static void test_fields(void)
{
	g_autoptr(Arena) arena = arena_new();
	MimeHeader *header = mime_header_new(arena, bytes_of_string(BLOCK));
	static const char *const names[] = { "A", "b", "A", "Long-Name" };
	static const char *const values[] = { " 1", " two\r\n more", "3", "" };

	g_assert_cmpuint(header->count, ==, G_N_ELEMENTS(names));
	for (guint i = 0; i < header->count; i++) {
		const MimeField *f = &header->fields[i];
		g_assert_true(bytes_equal(f->name, bytes_of_string(names[i])));
		g_assert_true(
			bytes_equal(f->value, bytes_of_string(values[i])));
	}
	g_assert_true(bytes_equal(header->fields[1].line,
		bytes_of_string("b : two\r\n more\r\n")));
	const MimeField *a = mime_header_find(header, "a");
	g_assert_true(a == &header->fields[0]);
	g_assert_true(
		mime_header_find_next(header, "a", a) == &header->fields[2]);
	g_assert_null(mime_header_find_next(header, "a", &header->fields[2]));
	g_assert_null(mime_header_find(header, "X"));
	g_assert_true(bytes_equal(mime_header_value(header, "b"),
		bytes_of_string("two\r\n more")));
	g_assert_null(mime_header_value(header, "X").data);
	g_assert_nonnull(mime_header_value(header, "long-name").data);
}

static const struct {
	const char *line;
	gboolean begins;
} lines[] = {
	{ "A: b", TRUE },
	{ "A:", TRUE },
	{ "A :", TRUE },
	{ "A\t:", TRUE },
	{ "", FALSE },
	{ ":", FALSE },
	{ " A: b", FALSE },
	{ "A b: c", FALSE },
	{ "A", FALSE },
	{ "\303\244: b", FALSE },
	{ "http://a", TRUE },
};

static void test_begins(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(lines); i++)
		g_assert_cmpint(
			mime_field_begins(bytes_of_string(lines[i].line)), ==,
			lines[i].begins);
}

static const struct {
	const char *block;
	const char *names; /* apart by commas */
	gboolean exclude;
	const char *selected;
} selections[] = {
	{ "A: 1\r\nB: 2\r\n\r\n", "b", FALSE, "B: 2\r\n\r\n" },
	{ "A: 1\r\nB: 2\r\n\r\n", "b", TRUE, "A: 1\r\n\r\n" },
	{ "A: 1\nB: 2\n x\n\n", "B,a", FALSE, "A: 1\nB: 2\n x\n\n" },
	{ "A: 1\r\nB: 2\r\n", "b", FALSE, "B: 2\r\n" },
	{ "A: 1\r\nB: 2", "b", FALSE, "B: 2" },
	{ "A: 1\r\n\r\n", "c", FALSE, "\r\n" },
	{ "A: 1\r\n\r\n", "a", TRUE, "\r\n" },
	{ "A: 1\r\n", "c", FALSE, "" },
	{ "\r\n", "a", FALSE, "\r\n" },
	{ "", "a", FALSE, "" },
	{ "From x\njunk\nA : 1\n\n", "junk", TRUE, "A : 1\n\n" },
	{ "AB: 1\nA: 2\n\n", "A", FALSE, "A: 2\n\n" },
	{ "A: 1\na: 2\n\n", "A", FALSE, "A: 1\na: 2\n\n" },
};

static void test_select(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(selections); i++) {
		g_auto(GStrv) names = g_strsplit(selections[i].names, ",", -1);
		g_autoptr(GString) out = g_string_new(NULL);
		mime_header_select(bytes_of_string(selections[i].block),
			(const char *const *)names, g_strv_length(names),
			selections[i].exclude, out);
		g_assert_cmpstr(out->str, ==, selections[i].selected);
	}
}

static const struct {
	const char *value;
	const char *line;
} folds[] = {
	{ " one", "one" },
	{ " one\r\n two", "one two" },
	{ "one\n\ttwo\n  three ", "one\ttwo  three" },
	{ "", "" },
	{ "\r\n \r\n x", "x" },
	{ "a\rb", "a b" },
	{ "a\r\nb", "a  b" },
	{ "a \303\244", "a \303\244" },
};

static void test_unfold(void)
{
	g_autoptr(Arena) arena = arena_new();
	for (gsize i = 0; i < G_N_ELEMENTS(folds); i++)
		g_assert_cmpstr(
			mime_unfold(arena, bytes_of_string(folds[i].value)), ==,
			folds[i].line);
	g_assert_cmpstr(mime_unfold(arena, bytes_of("a\0b", 3)), ==, "a b");
}

static void test_many_fields(void)
{
	g_autoptr(Arena) arena = arena_new();
	g_autoptr(GString) block = g_string_new(NULL);
	for (guint i = 0; i < MIME_HEADER_FIELDS_MAX + 10; i++)
		g_string_append(block, "A:\n");
	MimeHeader *header =
		mime_header_new(arena, bytes_of(block->str, block->len));
	g_assert_cmpuint(header->count, ==, MIME_HEADER_FIELDS_MAX);
	g_assert_false(header->is_whole);
	g_assert_true(
		mime_header_new(arena, bytes_of_string("A:\n\n"))->is_whole);
	g_assert_false(
		mime_header_new(arena, bytes_of_string("A:\n"))->is_whole);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/mime/header/fields", test_fields);
	g_test_add_func("/mime/header/begins", test_begins);
	g_test_add_func("/mime/header/select", test_select);
	g_test_add_func("/mime/header/unfold", test_unfold);
	g_test_add_func("/mime/header/many", test_many_fields);
	return g_test_run();
}
