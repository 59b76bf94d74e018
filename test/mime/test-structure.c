/* SPDX-License-Identifier: GPL-2.0-or-later */
/* BODY and BODYSTRUCTURE, and the form in which structures are kept. */
#include "mime/structure.h"

#include "base/errors.h"

#define PLAIN "\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\""
#define NO_EXT " NIL NIL NIL NIL)"
#define MULTI "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
#define MULTI_EXT " \"mixed\" (\"boundary\" \"b\") NIL NIL NIL)"

static const struct {
	const char *message;
	const char *body;          /* BODY */
	const char *bodystructure; /* BODYSTRUCTURE */
} vectors[] = {
	{ "", "(" PLAIN " 0 0)", "(" PLAIN " 0 0" NO_EXT },
	{ "A: b\r\n\r\none\r\ntwo\r\n", "(" PLAIN " 10 2)",
		"(" PLAIN " 10 2" NO_EXT },
	/* Lines are line feeds, octets what is stored. */
	{ "A: b\n\none\ntwo", "(" PLAIN " 7 1)", "(" PLAIN " 7 1" NO_EXT },
	{ "Content-Type: broken\n\nx", "(" PLAIN " 1 0)",
		"(" PLAIN " 1 0" NO_EXT },
	{ "Content-Type: multipart/mixed\n\nx", "(" PLAIN " 1 0)",
		"(" PLAIN " 1 0" NO_EXT },
	{ "Content-Type: TEXT/Html; Charset=\"UTF-8\"; x=\"a\\\"b\"\n"
	  "Content-Transfer-Encoding: Quoted-Printable (yes)\n"
	  "Content-ID: <1@x>\nContent-Description: a\n b\n"
	  "Content-MD5: Q2hlY2s=\n"
	  "Content-Disposition: attachment;\n filename*=utf-8''a%20b\n"
	  "Content-Language: de, en\nContent-Location: http://x/\n\nx\n",
		"(\"TEXT\" \"Html\" (\"Charset\" \"UTF-8\" \"x\" \"a\\\"b\") "
		"\"<1@x>\" \"a b\" \"Quoted-Printable\" 2 1)",
		"(\"TEXT\" \"Html\" (\"Charset\" \"UTF-8\" \"x\" \"a\\\"b\") "
		"\"<1@x>\" \"a b\" \"Quoted-Printable\" 2 1 \"Q2hlY2s=\" "
		"(\"attachment\" (\"filename*\" \"utf-8''a%20b\")) "
		"(\"de\" \"en\") \"http://x/\")" },
	{ "Content-Type: image/png\n\nx\n",
		"(\"image\" \"png\" NIL NIL NIL \"7bit\" 2)",
		"(\"image\" \"png\" NIL NIL NIL \"7bit\" 2" NO_EXT },
	{ "Content-Type: x-odd/x-type; a=\n\nx",
		"(\"x-odd\" \"x-type\" (\"a\" \"\") NIL NIL \"7bit\" 1)",
		"(\"x-odd\" \"x-type\" (\"a\" \"\") NIL NIL \"7bit\" "
		"1" NO_EXT },
	{ "Content-Type: image/png; name=\"\303\244\"\n\n",
		"(\"image\" \"png\" (\"name\" {2}\r\n\303\244) NIL NIL "
		"\"7bit\" 0)",
		"(\"image\" \"png\" (\"name\" {2}\r\n\303\244) NIL NIL "
		"\"7bit\" 0" NO_EXT },
	{ MULTI "--b\r\n\r\none\r\n--b\r\nContent-Type: "
		"a/b\r\n\r\ntwo\r\n--b--\r\n",
		"((" PLAIN
		" 3 0)(\"a\" \"b\" NIL NIL NIL \"7bit\" 3) \"mixed\")",
		"((" PLAIN " 3 0" NO_EXT
		"(\"a\" \"b\" NIL NIL NIL \"7bit\" 3" NO_EXT MULTI_EXT },
	/* The grammar asks for a part. */
	{ MULTI "no delimiter", "((" PLAIN " 0 0) \"mixed\")",
		"((" PLAIN " 0 0" NO_EXT MULTI_EXT },
	{ "Content-Type: message/rfc822\r\n\r\nSubject: s\r\n\r\nx\r\n",
		"(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 17 (NIL \"s\" "
		"NIL NIL"
		" NIL NIL NIL NIL NIL NIL) (" PLAIN " 3 1) 3)",
		"(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 17 (NIL \"s\" "
		"NIL NIL"
		" NIL NIL NIL NIL NIL NIL) (" PLAIN " 3 1" NO_EXT " 3" NO_EXT },
	{ "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n"
	  "QTo=\n",
		"(\"message\" \"rfc822\" NIL NIL NIL \"base64\" 5 (NIL NIL NIL "
		"NIL"
		" NIL NIL NIL NIL NIL NIL) (" PLAIN " 0 0) 1)",
		"(\"message\" \"rfc822\" NIL NIL NIL \"base64\" 5 (NIL NIL NIL "
		"NIL"
		" NIL NIL NIL NIL NIL NIL) (" PLAIN " 0 0" NO_EXT " 1" NO_EXT },
	{ "Content-Type: message/global\n\nSubject: s\n\nx\n",
		"(\"message\" \"global\" NIL NIL NIL \"7bit\" 14)",
		"(\"message\" \"global\" NIL NIL NIL \"7bit\" 14" NO_EXT },
	{ "Content-Type: message/delivery-status\n\nA: b\n",
		"(\"message\" \"delivery-status\" NIL NIL NIL \"7bit\" 5)",
		"(\"message\" \"delivery-status\" NIL NIL NIL \"7bit\" "
		"5" NO_EXT },
	{ "Content-Type: multipart/digest; boundary=b\n\n--b\n\nA: "
	  "b\n\nx\n--b--",
		"((\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 7 (NIL NIL NIL "
		"NIL"
		" NIL NIL NIL NIL NIL NIL) (" PLAIN " 1 0) 2) \"digest\")",
		"((\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 7 (NIL NIL NIL "
		"NIL"
		" NIL NIL NIL NIL NIL NIL) (" PLAIN " 1 0" NO_EXT " 2" NO_EXT
		" \"digest\" (\"boundary\" \"b\") NIL NIL NIL)" },
	/* Lines of an outer message hold those of the inner one. */
	{ "Content-Type: message/rfc822\n\nContent-Type: message/rfc822\n\n"
	  "A: b\n\nx\ny\n",
		"(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 40 (NIL NIL NIL "
		"NIL"
		" NIL NIL NIL NIL NIL NIL) (\"message\" \"rfc822\" NIL NIL NIL "
		"\"7bit\" 10 (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) (" PLAIN
		" 4 2) 4) 6)",
		NULL },
};

static char *write_text(const MimeStructure *structure, gboolean extended)
{
	GString *out = g_string_new(NULL);
	mime_structure_write(structure, extended, out);
	return g_string_free(out, FALSE);
}

/* In IMAP4rev2's form message/global has an envelope, as message/rfc822 has. */
static void test_global(void)
{
	static const struct {
		const char *type;
		const char *body;
	} rows[] = {
		{ "message/global",
			"(\"message\" \"global\" NIL NIL NIL \"7bit\" 14"
			" (NIL \"s\" NIL NIL NIL NIL NIL NIL NIL NIL)"
			" (" PLAIN " 2 1) 3)" },
		{ "MESSAGE/Global",
			"(\"MESSAGE\" \"Global\" NIL NIL NIL \"7bit\" 14"
			" (NIL \"s\" NIL NIL NIL NIL NIL NIL NIL NIL)"
			" (" PLAIN " 2 1) 3)" },
		{ "message/global-headers",
			"(\"message\" \"global-headers\" NIL NIL NIL"
			" \"7bit\" 14)" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(Arena) arena = arena_new();
		g_autofree char *text = g_strdup_printf(
			"Content-Type: %s\n\nSubject: s\n\nx\n", rows[i].type);
		Bytes message = bytes_of_string(text);
		g_autoptr(MimeScan) scan = mime_scan_new(message, NULL);
		g_autoptr(GString) out = g_string_new(NULL);

		mime_structure_write(mime_structure_new(arena, message, scan),
			MIME_STRUCTURE_GLOBAL, out);
		g_assert_cmpstr(out->str, ==, rows[i].body);
	}
}

/* As new, and after it was kept. */
static void test_vectors(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(vectors); i++) {
		g_autoptr(Arena) arena = arena_new();
		g_autoptr(GByteArray) code = g_byte_array_new();
		g_autoptr(GError) error = NULL;
		Bytes message = bytes_of_string(vectors[i].message);
		g_autoptr(MimeScan) scan = mime_scan_new(message, NULL);
		MimeStructure *fresh = mime_structure_new(arena, message, scan);
		mime_structure_encode(fresh, code);
		MimeStructure *kept = mime_structure_decode(arena,
			bytes_of((const char *)code->data, code->len), &error);
		g_assert_no_error(error);
		const MimeStructure *both[] = { fresh, kept };
		for (gsize k = 0; k < 2; k++) {
			g_autofree char *body = write_text(both[k], FALSE);
			g_autofree char *extended = write_text(both[k], TRUE);
			g_assert_cmpstr(body, ==, vectors[i].body);
			if (vectors[i].bodystructure != NULL)
				g_assert_cmpstr(
					extended, ==, vectors[i].bodystructure);
		}
	}
}

static void test_limits(void)
{
	g_autoptr(Arena) arena = arena_new();
	MimeLimits limits = { 1, 100, 1048576 };
	Bytes message = bytes_of_string(
		MULTI "--b\r\n" MULTI "--b\r\n\r\nx\r\n--b--\r\n--b--\r\n");
	g_autoptr(MimeScan) scan = mime_scan_new(message, &limits);
	g_autofree char *body =
		write_text(mime_structure_new(arena, message, scan), FALSE);
	/* The inner multipart is too deep: bytes to be saved; the inner
	 * delimiters are then the outer one's. */
	g_assert_true(g_str_has_prefix(body,
		"((\"application\" \"octet-stream\" NIL NIL NIL \"7bit\" 0)"));
}

#define TYPICAL \
	"From: \"A. Sender\" <sender@example.com>\r\n" \
	"To: recipient@example.org\r\nSubject: a typical message\r\n" \
	"Date: Fri, 21 Nov 1997 09:55:06 -0600\r\nMIME-Version: 1.0\r\n" \
	"Message-ID: <1234567890@example.com>\r\n" \
	"Content-Type: multipart/mixed; boundary=\"outer\"\r\n\r\n" \
	"--outer\r\nContent-Type: multipart/alternative; boundary=inner\r\n" \
	"\r\n--inner\r\nContent-Type: text/plain; charset=utf-8\r\n" \
	"Content-Transfer-Encoding: quoted-printable\r\n\r\nHello\r\n" \
	"--inner\r\nContent-Type: text/html; charset=utf-8\r\n" \
	"Content-Transfer-Encoding: quoted-printable\r\n\r\n<p>Hello\r\n" \
	"--inner--\r\n--outer\r\n" \
	"Content-Type: application/pdf; name=\"offer.pdf\"\r\n" \
	"Content-Disposition: attachment; filename=\"offer.pdf\"\r\n" \
	"Content-Transfer-Encoding: base64\r\n\r\nQUJD\r\n--outer--\r\n"

/* Any change of one byte, and any cut, is refused or read: never more. */
static void test_hostile(void)
{
	g_autoptr(Arena) arena = arena_new();
	g_autoptr(GByteArray) code = g_byte_array_new();
	Bytes message = bytes_of_string(TYPICAL);
	g_autoptr(MimeScan) scan = mime_scan_new(message, NULL);
	guint refused = 0;

	mime_structure_encode(mime_structure_new(arena, message, scan), code);
	for (guint i = 0; i < code->len * 256; i++) {
		g_autofree guint8 *bytes = g_memdup2(code->data, code->len);
		g_autoptr(GError) error = NULL;
		bytes[i / 256] = (guint8)(i % 256);
		arena_clear(arena);
		MimeStructure *read = mime_structure_decode(
			arena, bytes_of((char *)bytes, code->len), &error);
		g_assert_true((read != NULL) == (error == NULL));
		if (read == NULL) {
			refused++;
			continue;
		}
		g_autofree char *text = write_text(read, TRUE);
		g_assert_nonnull(text);
	}
	g_assert_cmpuint(refused, >, code->len);
	for (guint size = 0; size < code->len; size++) {
		g_autofree guint8 *bytes = g_memdup2(code->data, MAX(size, 1));
		g_autoptr(GError) error = NULL;
		g_assert_null(mime_structure_decode(
			arena, bytes_of((char *)bytes, size), &error));
		g_assert_error(error, DBMAIL_ERROR, DBMAIL_ERROR_INVALID);
	}
}

/* MIME_THROUGHPUT=1 makes this measure 10,000 of decode and write. */
static void test_speed(void)
{
	guint times = g_getenv("MIME_THROUGHPUT") != NULL ? 10000 : 10;
	g_autoptr(Arena) arena = arena_new();
	g_autoptr(GByteArray) code = g_byte_array_new();
	g_autoptr(GString) out = g_string_new(NULL);
	Bytes message = bytes_of_string(TYPICAL);
	g_autoptr(MimeScan) scan = mime_scan_new(message, NULL);

	mime_structure_encode(mime_structure_new(arena, message, scan), code);
	gint64 begin = g_get_monotonic_time();
	for (guint i = 0; i < times; i++) {
		g_autoptr(GError) error = NULL;
		arena_clear(arena);
		g_string_truncate(out, 0);
		MimeStructure *read = mime_structure_decode(arena,
			bytes_of((const char *)code->data, code->len), &error);
		g_assert_no_error(error);
		mime_structure_write(read, TRUE, out);
	}
	gint64 took = g_get_monotonic_time() - begin;
	g_assert_cmpuint(out->len, >, 300);
	if (times > 10)
		g_test_message("%u bytes kept, %zu written, %.1f ms", code->len,
			out->len, (double)took / 1000);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/mime/structure/vectors", test_vectors);
	g_test_add_func("/mime/structure/global", test_global);
	g_test_add_func("/mime/structure/limits", test_limits);
	g_test_add_func("/mime/structure/hostile", test_hostile);
	g_test_add_func("/mime/structure/speed", test_speed);
	return g_test_run();
}
