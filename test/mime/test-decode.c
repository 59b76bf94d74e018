/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Transfer encodings and charsets. */
#include "mime/decode.h"

#include "mime/charset.h"

typedef struct {
	const char *data;
	const char *decoded;
} Vector;

static const Vector base64[] = {
	{ "", "" },
	{ "QQ==", "A" },
	{ "QUI=", "AB" },
	{ "QUJD", "ABC" },
	{ "QUJD\r\nREVG\r\n", "ABCDEF" },
	{ "Q U!J*D", "ABC" },
	/* No padding; padding in the middle; text behind it. */
	{ "QQ", "A" },
	{ "QUI", "AB" },
	{ "QUJDR", "ABC" },
	{ "QQ==QUI=QUJD", "AABABC" },
	{ "QUI=\r\nQUI=\r\n", "ABAB" },
	{ "=", "" },
	{ "====", "" },
	{ "Q===", "" },
	{ "+/+/", "\373\377\277" },
};

static const Vector qp[] = {
	{ "", "" },
	{ "abc", "abc" },
	{ "a=3Db", "a=b" },
	{ "=c3=A4", "\303\244" },
	{ "soft=\r\nbreak", "softbreak" },
	{ "soft=\nbreak", "softbreak" },
	{ "soft= \t\r\nbreak", "softbreak" },
	{ "end=", "end" },
	{ "blanks  \t\r\nx", "blanks\r\nx" },
	{ "blanks  ", "blanks" },
	{ "a b\tc", "a b\tc" },
	{ "a=zz=", "a=zz" },
	{ "a=4", "a=4" },
	{ "=\r\n=\r\n", "" },
	{ "a\rb", "a\rb" },
	{ "a =3D b", "a = b" },
};

static void check(
	void (*decode)(Bytes, GString *), const Vector *vectors, gsize n)
{
	for (gsize i = 0; i < n; i++) {
		g_autoptr(GString) out = g_string_new("before ");
		g_autofree char *expected =
			g_strconcat("before ", vectors[i].decoded, NULL);
		decode(bytes_of_string(vectors[i].data), out);
		g_assert_cmpstr(out->str, ==, expected);
	}
}

static void test_base64(void)
{
	check(mime_decode_base64, base64, G_N_ELEMENTS(base64));
}

static void test_qp(void)
{
	check(mime_decode_qp, qp, G_N_ELEMENTS(qp));
}

/* In runs of one size each, with bytes that belong together in two runs. */
static void check_runs(MimeEncoding encoding, Bytes data)
{
	g_autoptr(GString) whole = g_string_new(NULL);

	mime_decode(encoding, data, whole);
	for (gsize run = 1; run <= 7; run++) {
		g_autoptr(GString) out = g_string_new(NULL);
		MimeDecoder decoder;
		mime_decoder_init(&decoder, encoding);
		for (gsize at = 0; at < data.size; at += run)
			mime_decoder_write(
				&decoder, bytes_slice(data, at, run), out);
		mime_decoder_finish(&decoder, out);
		mime_decoder_clear(&decoder);
		g_assert_cmpmem(out->str, out->len, whole->str, whole->len);
	}
}

static void test_runs(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(base64); i++)
		check_runs(
			MIME_ENCODING_BASE64, bytes_of_string(base64[i].data));
	for (gsize i = 0; i < G_N_ELEMENTS(qp); i++)
		check_runs(MIME_ENCODING_QP, bytes_of_string(qp[i].data));
	check_runs(MIME_ENCODING_IDENTITY, bytes_of("a\0=\r\n", 5));
}

/* What is held back for later bytes to decide is bounded. */
static void test_blanks(void)
{
	g_autoptr(GString) blanks = g_string_new(NULL);
	g_autoptr(GString) out = g_string_new(NULL);
	MimeDecoder decoder;

	for (gsize i = 0; i < MIME_QP_BLANKS_MAX; i++)
		g_string_append_c(blanks, ' ');
	mime_decoder_init(&decoder, MIME_ENCODING_QP);
	for (guint i = 0; i < 100; i++) {
		mime_decoder_write(
			&decoder, bytes_of(blanks->str, blanks->len - i), out);
		g_assert_cmpuint(decoder.held->len, <, MIME_QP_BLANKS_MAX);
	}
	mime_decoder_write(&decoder, bytes_of_string("\r\n"), out);
	g_assert_cmpuint(decoder.held->len, ==, 0);
	mime_decoder_clear(&decoder);
	g_assert_cmpuint(out->len, ==, 99 * MIME_QP_BLANKS_MAX + 2);
}

static void test_base64_valid(void)
{
	static const struct {
		const char *data;
		const char *before_padding; /* NULL: invalid */
	} cases[] = {
		{ "", "" },
		{ "YW\r\n \tI", "YW\r\n \tI" },
		{ "YWI=\r\n-- \r\n", "YWI" },
		{ "=", "" },
		{ "YW-I", NULL },
		{ "YWI\303\244", NULL },
	};
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		Bytes before = { NULL, 0 };
		gboolean valid = mime_base64_is_valid(
			bytes_of_string(cases[i].data), &before);
		g_assert_cmpint(valid, ==, cases[i].before_padding != NULL);
		if (valid)
			g_assert_true(bytes_equal(before,
				bytes_of_string(cases[i].before_padding)));
	}
}

static void test_base64_round(void)
{
	guchar data[256];
	for (gsize i = 0; i < sizeof(data); i++)
		data[i] = (guchar)(i * 7);
	for (gsize size = 0; size <= sizeof(data); size++) {
		g_autofree char *text = g_base64_encode(data, size);
		g_autoptr(GString) out = g_string_new(NULL);
		mime_decode_base64(bytes_of_string(text), out);
		g_assert_cmpmem(out->str, out->len, data, size);
	}
}

static const struct {
	const char *value;
	MimeEncoding encoding;
} encodings[] = {
	{ "", MIME_ENCODING_IDENTITY },
	{ " 7BIT\r\n", MIME_ENCODING_IDENTITY },
	{ "binary", MIME_ENCODING_IDENTITY },
	{ "Base64", MIME_ENCODING_BASE64 },
	{ "\"base64\"", MIME_ENCODING_BASE64 },
	{ "base64 (by me)", MIME_ENCODING_BASE64 },
	{ "(x) base64;", MIME_ENCODING_BASE64 },
	{ "quoted-printable", MIME_ENCODING_QP },
	{ "x-uuencode", MIME_ENCODING_UNKNOWN },
};

static void test_encodings(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(encodings); i++)
		g_assert_cmpint(
			mime_encoding_of(bytes_of_string(encodings[i].value)),
			==, encodings[i].encoding);
}

static const struct {
	const char *charset;
	const char *data;
	const char *text; /* NULL: unknown charset */
} charsets[] = {
	{ "", "abc \303\244", "abc \303\244" },
	{ "us-ascii", "a\344", "a\357\277\275" },
	{ " \"UTF-8\" ", "x", NULL },
	{ "UTF8", "\303\244\303", "\303\244\357\277\275" },
	{ "iso-8859-1", "\344\200", "\303\244\342\202\254" },
	{ "ISO-8859-15", "\244", "\342\202\254" },
	{ "windows-1251", "\317", "\320\237" },
	{ "shift_jis", "\223\372", "\346\227\245" },
	{ "euc-jp", "\306\374", "\346\227\245" },
	{ "gbk", "\304\343", "\344\275\240" },
	{ "big5", "\261z", "\346\202\250" },
	{ "shift_jis", "a\377b", "a\357\277\275b" },
	{ "euc-jp", "a\306", "a\357\277\275" },
	{ "no-such", "x", NULL },
	{ "../../etc/passwd", "x", NULL },
	{ "UTF-8//TRANSLIT", "x", NULL },
	{ "WCHAR_T", "x", NULL },
};

static void test_charsets(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(charsets); i++) {
		g_autoptr(GString) out = g_string_new(NULL);
		gboolean known = mime_charset_to_utf8(
			bytes_of_string(charsets[i].charset),
			bytes_of_string(charsets[i].data), out);
		g_assert_cmpint(known, ==, charsets[i].text != NULL);
		g_assert_cmpstr(out->str, ==, known ? charsets[i].text : "");
	}
}

/* More than one buffer of conversion. */
static void test_long_charset(void)
{
	g_autofree char *data = g_strnfill(100000, '\344');
	g_autoptr(GString) out = g_string_new(NULL);
	g_assert_true(mime_charset_to_utf8(
		bytes_of_string("iso-8859-2"), bytes_of_string(data), out));
	g_assert_cmpuint(out->len, ==, 200000);
}

static const struct {
	const char *body;
	const char *encoding;
	const char *charset;
	gsize max;
	const char *text;
} texts[] = {
	{ "5A==", "base64", "iso-8859-1", 100, "\303\244" },
	{ "=e4", "quoted-printable", "iso-8859-1", 100, "\303\244" },
	{ "\344", "8bit", "iso-8859-1", 100, "\303\244" },
	{ "\303\244", "", "", 100, "\303\244" },
	{ "\303\244", "", "no-such", 100, "\303\244" },
	{ "=41", "x-other", "", 100, "=41" },
	{ "abcdef", "", "", 3, "abc" },
	{ "QUJDREVG", "base64", "", 3, "ABC" },
	{ "QQBC", "base64", "", 3, "A B" },
};

static void test_texts(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(GString) out = g_string_new(NULL);
		mime_decode_text(bytes_of_string(texts[i].body),
			bytes_of_string(texts[i].encoding),
			bytes_of_string(texts[i].charset), texts[i].max, out);
		g_assert_cmpstr(out->str, ==, texts[i].text);
		g_assert_cmpuint(out->len, ==, strlen(texts[i].text));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/mime/decode/base64", test_base64);
	g_test_add_func("/mime/decode/base64-valid", test_base64_valid);
	g_test_add_func("/mime/decode/base64-round", test_base64_round);
	g_test_add_func("/mime/decode/quoted-printable", test_qp);
	g_test_add_func("/mime/decode/runs", test_runs);
	g_test_add_func("/mime/decode/blanks", test_blanks);
	g_test_add_func("/mime/decode/encodings", test_encodings);
	g_test_add_func("/mime/decode/text", test_texts);
	g_test_add_func("/mime/charset/vectors", test_charsets);
	g_test_add_func("/mime/charset/long", test_long_charset);
	return g_test_run();
}
