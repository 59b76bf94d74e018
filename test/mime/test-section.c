/* SPDX-License-Identifier: GPL-2.0-or-later */
/* BODY[section]: the words, and the bytes they mean. */
#include "mime/section.h"

#include "base/errors.h"

static const struct {
	const char *spec;
	const char *written; /* NULL: refused */
} specs[] = {
	{ "", "" },
	{ "1", "1" },
	{ "1.2.3", "1.2.3" },
	{ "header", "HEADER" },
	{ "TEXT", "TEXT" },
	{ "1.mime", "1.MIME" },
	{ "2.3.Text", "2.3.TEXT" },
	{ "4294967295", "4294967295" },
	{ "HEADER.FIELDS (From)", "HEADER.FIELDS (From)" },
	{ "header.fields.not (a b \"c d\" \"e\")",
		"HEADER.FIELDS.NOT (a b \"c d\" e)" },
	{ "1.HEADER.FIELDS ({3}\r\na b {1+}\r\nc)",
		"1.HEADER.FIELDS (\"a b\" c)" },
	{ "HEADER.FIELDS (\"a\\\"b\" \"\" x])",
		"HEADER.FIELDS (\"a\\\"b\" \"\" \"x]\")" },
	{ "MIME", NULL },
	{ "0", NULL },
	{ "1.0", NULL },
	{ "01", NULL },
	{ "1.", NULL },
	{ ".1", NULL },
	{ "1..2", NULL },
	{ "1.x", NULL },
	{ "HEADER.", NULL },
	{ "HEADERS", NULL },
	{ "1TEXT", NULL },
	{ "4294967296", NULL },
	{ "99999999999999999999999", NULL },
	{ "HEADER.FIELDS", NULL },
	{ "HEADER.FIELDS ()", NULL },
	{ "HEADER.FIELDS (a", NULL },
	{ "HEADER.FIELDS (a ", NULL },
	{ "HEADER.FIELDS (a  b)", NULL },
	{ "HEADER.FIELDS (a)x", NULL },
	{ "HEADER.FIELDS(a)", NULL },
	{ "HEADER.FIELDS (\"a)", NULL },
	{ "HEADER.FIELDS ({9}\r\na)", NULL },
	{ "HEADER.FIELDS ({1}a)", NULL },
	{ "HEADER.FIELDS ({99999999999999999999}\r\na)", NULL },
	{ "HEADER (a)", NULL },
	{ " 1", NULL },
	{ "1 ", NULL },
	{ "TEXT.1", NULL },
};

static void test_specs(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(specs); i++) {
		g_autoptr(Arena) arena = arena_new();
		g_autoptr(GString) out = g_string_new(NULL);
		g_autoptr(GError) error = NULL;
		MimeSection section;
		g_test_message("%s", specs[i].spec);
		gboolean parsed = mime_section_parse(arena,
			bytes_of_string(specs[i].spec), &section, &error);
		g_assert_cmpint(parsed, ==, specs[i].written != NULL);
		if (!parsed) {
			g_assert_error(
				error, DBMAIL_ERROR, DBMAIL_ERROR_INVALID);
			continue;
		}
		mime_section_write(&section, out);
		g_assert_cmpstr(out->str, ==, specs[i].written);
	}
}

static void test_spec_limits(void)
{
	g_autoptr(Arena) arena = arena_new();
	g_autoptr(GString) path = g_string_new("1");
	g_autoptr(GString) names = g_string_new("HEADER.FIELDS (a");
	MimeSection section;
	for (guint i = 0; i < MIME_SECTION_NAMES_MAX; i++) {
		g_string_append(path, ".1");
		g_string_append(names, " a");
	}
	g_string_append(names, ")");
	const GString *both[] = { path, names };
	for (gsize i = 0; i < 2; i++) {
		g_autoptr(GError) error = NULL;
		g_assert_false(mime_section_parse(arena,
			bytes_of(both[i]->str, both[i]->len), &section,
			&error));
		g_assert_error(error, DBMAIL_ERROR, DBMAIL_ERROR_LIMIT);
	}
}

/* The example of RFC 3501 section 6.4.5, its text saying which part it is. */
static const char example[] =
	"A: root\n"
	"Content-Type: multipart/mixed; boundary=b\n\n"
	"preamble\n"
	"--b\n\n1\n"
	"--b\nContent-Type: application/octet-stream\n\n2\n"
	"--b\nContent-Type: message/rfc822\nX: mime3\n\n"
	"A: 3\nContent-Type: multipart/mixed; boundary=c\n\n"
	"--c\n\n3.1\n"
	"--c\nX: mime3.2\n\n3.2\n"
	"--c--\n"
	"--b\nContent-Type: multipart/mixed; boundary=d\n\n"
	"--d\nContent-Type: image/gif\nX: mime4.1\n\n4.1\n"
	"--d\nContent-Type: message/rfc822\n\n"
	"A: 4.2\nContent-Type: multipart/mixed; boundary=e\n\n"
	"--e\n\n4.2.1\n"
	"--e\nContent-Type: multipart/alternative; boundary=f\n\n"
	"--f\n\n4.2.2.1\n--f\nX: y\n\n4.2.2.2\n--f--\n"
	"--e--\n"
	"--d\nContent-Type: message/rfc822\n\nA: 4.3\n\n4.3.1\n"
	"--d--\n"
	"--b--\n";

static const char single[] = "A: b\nC: d\n\nbody\n";
static const char nested[] = "Content-Type: message/rfc822\n\n"
			     "Content-Type: message/rfc822\n\nA: b\n\nx\n";

static const struct {
	const char *message;
	const char *spec;
	const char *text; /* NULL: no such section */
} sections[] = {
	{ example, "HEADER",
		"A: root\nContent-Type: multipart/mixed; boundary=b\n\n" },
	{ example, "1", "1" },
	{ example, "1.MIME", "\n" },
	{ example, "2", "2" },
	{ example, "5", NULL },
	{ example, "1.1", NULL },
	{ example, "3.MIME", "Content-Type: message/rfc822\nX: mime3\n\n" },
	{ example, "3.HEADER",
		"A: 3\nContent-Type: multipart/mixed; boundary=c\n\n" },
	{ example, "3.HEADER.FIELDS (A)",
		"A: 3\nContent-Type: multipart/mixed; boundary=c\n\n" },
	{ example, "3.TEXT", "--c\n\n3.1\n--c\nX: mime3.2\n\n3.2\n--c--" },
	{ example, "3",
		"A: 3\nContent-Type: multipart/mixed; boundary=c\n\n"
		"--c\n\n3.1\n--c\nX: mime3.2\n\n3.2\n--c--" },
	{ example, "3.1", "3.1" },
	{ example, "3.2", "3.2" },
	{ example, "3.2.MIME", "X: mime3.2\n\n" },
	{ example, "3.3", NULL },
	{ example, "4.1", "4.1" },
	{ example, "4.1.MIME", "Content-Type: image/gif\nX: mime4.1\n\n" },
	{ example, "4.2.HEADER",
		"A: 4.2\nContent-Type: multipart/mixed; boundary=e\n\n" },
	{ example, "4.2.1", "4.2.1" },
	{ example, "4.2.2.1", "4.2.2.1" },
	{ example, "4.2.2.2", "4.2.2.2" },
	{ example, "4.2.2.2.MIME", "X: y\n\n" },
	{ example, "4.2.2.3", NULL },
	{ example, "4.2.2.1.1", NULL },
	{ example, "4.2.2", "--f\n\n4.2.2.1\n--f\nX: y\n\n4.2.2.2\n--f--" },
	{ example, "4.3", "A: 4.3\n\n4.3.1" },
	{ example, "4.3.1", "4.3.1" },
	{ example, "4.3.2", NULL },
	{ example, "4.3.1.MIME", "A: 4.3\n\n" },
	{ example, "1.HEADER", NULL },
	{ example, "1.TEXT", NULL },
	{ example, "4.HEADER", NULL },
	{ example, "4.3.1.1", NULL },
	{ single, "", single },
	{ single, "HEADER", "A: b\nC: d\n\n" },
	{ single, "TEXT", "body\n" },
	{ single, "1", "body\n" },
	{ single, "1.MIME", "A: b\nC: d\n\n" },
	{ single, "1.1", NULL },
	{ single, "2", NULL },
	{ single, "1.TEXT", NULL },
	{ nested, "1", "Content-Type: message/rfc822\n\nA: b\n\nx\n" },
	{ nested, "1.HEADER", "Content-Type: message/rfc822\n\n" },
	{ nested, "1.TEXT", "A: b\n\nx\n" },
	{ nested, "1.1", "A: b\n\nx\n" },
	{ nested, "1.1.HEADER", "A: b\n\n" },
	{ nested, "1.1.1", "x\n" },
	{ nested, "1.1.1.1", NULL },
	{ "A: b\n", "TEXT", "" },
	{ "A: b\n", "1", "" },
	{ "", "", "" },
	{ "", "HEADER", "" },
};

static void test_sections(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(sections); i++) {
		g_autoptr(Arena) arena = arena_new();
		g_autoptr(GError) error = NULL;
		Bytes message = bytes_of_string(sections[i].message);
		g_autoptr(MimeScan) scan = mime_scan_new(message, NULL);
		MimeStructure *structure =
			mime_structure_new(arena, message, scan);
		MimeSection section;
		gsize offset = 1;
		gsize size = 1;
		gboolean parsed = mime_section_parse(arena,
			bytes_of_string(sections[i].spec), &section, &error);
		g_assert_true(parsed);
		gboolean found = mime_section_resolve(
			structure, &section, &offset, &size);
		g_test_message("%s", sections[i].spec);
		g_assert_cmpint(found, ==, sections[i].text != NULL);
		const char *text = found ? sections[i].text : "";
		g_assert_cmpmem(
			sections[i].message + offset, size, text, strlen(text));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/mime/section/specs", test_specs);
	g_test_add_func("/mime/section/limits", test_spec_limits);
	g_test_add_func("/mime/section/resolve", test_sections);
	return g_test_run();
}
