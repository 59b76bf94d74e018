/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every file of a corpus of real and malformed mail goes through scanner,
 * splitter and structure unharmed, in the form it has, with LF and with CRLF.
 * The corpus is the directory DBMAIL_CORPUS, else ../shared beside the
 * source. */
#include "mime/join.h"
#include "mime/section.h"
#include "mime/split.h"
#include "mime/structure.h"

typedef struct {
	guint files;
	guint entities;
} Tally;

/* Parentheses match outside of strings, and the text is one list. */
static void check_balanced(const GString *text)
{
	gint depth = 0;
	gboolean quoted = FALSE;
	for (gsize i = 0; i < text->len; i++) {
		char c = text->str[i];
		g_assert_cmpint(c, !=, '\0');
		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && c == '{')
			i = (gsize)(strchr(text->str + i, '}') - text->str) +
				2 +
				(gsize)g_ascii_strtoull(
					text->str + i + 1, NULL, 10);
		else if (!quoted && c == '(')
			depth++;
		else if (!quoted && c == ')')
			depth--;
		g_assert_true(depth > 0 || i + 1 >= text->len);
	}
	g_assert_cmpint(depth, ==, 0);
	g_assert_false(quoted);
}

static void check_structure(Bytes message, const MimeScan *scan)
{
	g_autoptr(Arena) arena = arena_new();
	g_autoptr(GByteArray) code = g_byte_array_new();
	g_autoptr(GByteArray) again = g_byte_array_new();
	g_autoptr(GString) one = g_string_new(NULL);
	g_autoptr(GString) two = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	MimeStructure *structure = mime_structure_new(arena, message, scan);

	mime_structure_encode(structure, code);
	MimeStructure *decoded = mime_structure_decode(
		arena, bytes_of((const char *)code->data, code->len), &error);
	g_assert_no_error(error);
	mime_structure_encode(decoded, again);
	g_assert_cmpmem(code->data, code->len, again->data, again->len);
	for (gint extended = 0; extended < 2; extended++) {
		g_string_truncate(one, 0);
		g_string_truncate(two, 0);
		mime_structure_write(structure, extended, one);
		mime_structure_write(decoded, extended, two);
		g_assert_cmpstr(one->str, ==, two->str);
		check_balanced(one);
	}
}

static void check_message(Bytes message, Tally *tally)
{
	g_autoptr(MimeScan) scan = mime_scan_new(message, NULL);
	g_autoptr(GArray) pieces = mime_split(scan);
	g_autoptr(GArray) whole = mime_split_whole(message.size);

	g_assert_true(mime_pieces_join_to(message, pieces));
	g_assert_true(mime_pieces_join_to(message, whole));
	check_structure(message, scan);
	tally->entities += mime_scan_count(scan);
}

/* The message with all line ends one way. */
static GString *with_line_ends(Bytes message, const char *line_end)
{
	GString *out = g_string_sized_new(message.size + 1024);
	for (gsize i = 0; i < message.size; i++) {
		char c = message.data[i];
		if (c == '\r' && i + 1 < message.size &&
			message.data[i + 1] == '\n')
			continue;
		if (c == '\n')
			g_string_append(out, line_end);
		else
			g_string_append_c(out, c);
	}
	return out;
}

static void check_file(const char *path, Tally *tally)
{
	g_autofree char *text = NULL;
	gsize size = 0;

	if (!g_file_get_contents(path, &text, &size, NULL))
		return;
	Bytes message = bytes_of(text, size);
	g_autoptr(GString) lf = with_line_ends(message, "\n");
	g_autoptr(GString) crlf = with_line_ends(message, "\r\n");
	check_message(message, tally);
	check_message(bytes_of(lf->str, lf->len), tally);
	check_message(bytes_of(crlf->str, crlf->len), tally);
	tally->files++;
}

static void check_directory(const char *path, Tally *tally)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *inner = g_build_filename(path, name, NULL);
		if (g_file_test(inner, G_FILE_TEST_IS_DIR))
			check_directory(inner, tally);
		else
			check_file(inner, tally);
	}
}

static void test_corpus(void)
{
	const char *set = g_getenv("DBMAIL_CORPUS");
	const char *srcdir = g_getenv("srcdir");
	g_autofree char *base = set != NULL ?
		g_strdup(set) :
		g_build_filename(
			srcdir != NULL ? srcdir : ".", "..", "shared", NULL);
	g_autofree char *path = g_build_filename(base, "corpus", NULL);
	Tally tally = { 0 };

	if (!g_file_test(path, G_FILE_TEST_IS_DIR)) {
		g_test_skip("no corpus there: set DBMAIL_CORPUS");
		return;
	}
	check_directory(path, &tally);
	g_test_message("%u files, %u entities", tally.files, tally.entities);
	g_assert_cmpuint(tally.files, >, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/mime/corpus", test_corpus);
	return g_test_run();
}
