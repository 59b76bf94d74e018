/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The scanner: entities of well-formed and broken messages. */
#include "mime/scan.h"

#include "mime/join.h"
#include "mime/split.h"

#define MULTI "Content-Type: multipart/mixed; boundary=b\r\n\r\n"

/* What a scan finds, one entity after the other: depth, kind letter (l, m,
 * or r for a message), then header, body and, for a multipart that has one,
 * closing delimiter with epilogue, each in brackets. */
static char *describe(Bytes message, const MimeScan *scan)
{
	GString *out = g_string_new(NULL);
	for (guint i = 0; i < mime_scan_count(scan); i++) {
		const MimeEntity *e = mime_scan_entity(scan, i);
		g_string_append_printf(out, "%u%c[", e->depth, "lmr"[e->kind]);
		g_string_append_len(out, message.data + e->begin,
			(gssize)(e->body - e->begin));
		gsize end = e->closing;
		if (i + 1 < mime_scan_count(scan) &&
			mime_scan_entity(scan, i + 1)->parent == i)
			end = mime_scan_entity(scan, i + 1)->begin;
		g_string_append(out, "][");
		g_string_append_len(
			out, message.data + e->body, (gssize)(end - e->body));
		g_string_append_c(out, ']');
		if (e->closing < e->end) {
			g_string_append_c(out, '[');
			g_string_append_len(out, message.data + e->closing,
				(gssize)(e->end - e->closing));
			g_string_append_c(out, ']');
		}
	}
	return g_string_free(out, FALSE);
}

typedef struct {
	const char *name;
	const char *message;
	const char *entities;
} Vector;

static const Vector vectors[] = {
	{ "empty", "", "0l[][]" },
	{ "header only", "A: b\r\n", "0l[A: b\r\n][]" },
	{ "no newline at all", "A: b", "0l[A: b][]" },
	{ "blank line only", "\r\n", "0l[\r\n][]" },
	{ "simple", "A: b\r\n\r\nbody\r\n", "0l[A: b\r\n\r\n][body\r\n]" },
	{ "bare LF", "A: b\n\nbody", "0l[A: b\n\n][body]" },
	{ "mixed line ends", "A: b\r\nC: d\n\r\nbody\n",
		"0l[A: b\r\nC: d\n\r\n][body\n]" },
	{ "lone CR ends no line", "A: b\r\rbody\n\nx",
		"0l[A: b\r\rbody\n\n][x]" },
	{ "header without colon", "A: b\nnothing here\nC: d\n\nbody",
		"0l[A: b\nnothing here\nC: d\n\n][body]" },
	{ "mbox From line",
		"From a@b Mon Jan  1 00:00:00 2001\n"
		"Content-Type: multipart/mixed; "
		"boundary=b\n\n--b\n\nx\n--b--\n",
		"0m[From a@b Mon Jan  1 00:00:00 2001\n"
		"Content-Type: multipart/mixed; boundary=b\n\n][][\n--b--\n]"
		"1l[--b\n\n][x]" },
	{ "multipart",
		MULTI "pre\r\n--b\r\nA: 1\r\n\r\none\r\n--b\r\nA: 2\r\n"
		      "\r\ntwo\r\n--b--\r\npost\r\n",
		"0m[" MULTI "][pre][\r\n--b--\r\npost\r\n]"
		"1l[\r\n--b\r\nA: 1\r\n\r\n][one]"
		"1l[\r\n--b\r\nA: 2\r\n\r\n][two]" },
	{ "closing delimiter missing", MULTI "--b\r\nA: 1\r\n\r\none\r\n",
		"0m[" MULTI "][]1l[--b\r\nA: 1\r\n\r\n][one\r\n]" },
	{ "no delimiter at all", MULTI "just text\r\n",
		"0m[" MULTI "][just text\r\n]" },
	{ "closing delimiter alone", MULTI "x\r\n--b--\r\n",
		"0m[" MULTI "][x][\r\n--b--\r\n]" },
	{ "blanks behind delimiters",
		MULTI "--b \t\r\nA: 1\r\n\r\none\r\n"
		      "--b-- \t \r\n",
		"0m[" MULTI "][][\r\n--b-- \t \r\n]"
		"1l[--b \t\r\nA: 1\r\n\r\n][one]" },
	{ "longer line is no delimiter",
		MULTI "--bb\r\n--b\r\n\r\n--b-\r\n"
		      "--b--x\r\n--b--\r\n",
		"0m[" MULTI "][--bb][\r\n--b--\r\n]"
		"1l[\r\n--b\r\n\r\n][--b-\r\n--b--x]" },
	{ "text behind a delimiter",
		MULTI "--b this\r\n\r\nx\r\n--b-- that\r\n",
		"0m[" MULTI "][][\r\n--b-- that\r\n]"
		"1l[--b this\r\n\r\n][x]" },
	{ "blank before the closing dashes is not the boundary's",
		MULTI "--b\r\n\r\nx\r\n--b --\r\n",
		"0m[" MULTI "][]1l[--b\r\n\r\n][x]1l[\r\n--b --\r\n][]" },
	{ "part without header, blank line", MULTI "--b\r\n\r\none\r\n--b--",
		"0m[" MULTI "][][\r\n--b--]1l[--b\r\n\r\n][one]" },
	{ "part without header, text at once",
		MULTI "--b\r\none two\r\n\r\nx: y\r\n--b--",
		"0m[" MULTI "][][\r\n--b--]1l[--b\r\n]"
		"[one two\r\n\r\nx: y]" },
	{ "delimiter behind delimiter", MULTI "--b\r\n--b\r\n--b--",
		"0m[" MULTI "][][--b--]1l[--b\r\n][]1l[--b\r\n][]" },
	{ "delimiter in header",
		MULTI "--b\r\nA: 1\r\n--b\r\nA: 2\r\n--b--\r\n",
		"0m[" MULTI "][][--b--\r\n]1l[--b\r\nA: 1\r\n][]"
		"1l[--b\r\nA: 2\r\n][]" },
	{ "empty body", MULTI "--b\r\nA: 1\r\n\r\n--b--",
		"0m[" MULTI "][][--b--]1l[--b\r\nA: 1\r\n\r\n][]" },
	{ "body of one line end", MULTI "--b\r\nA: 1\r\n\r\n\r\n--b--",
		"0m[" MULTI "][][\r\n--b--]1l[--b\r\nA: 1\r\n\r\n][]" },
	{ "line end is LF, text ends in CR", MULTI "--b\r\n\r\nx\r\r\n--b--",
		"0m[" MULTI "][][\r\n--b--]1l[--b\r\n\r\n][x\r]" },
	{ "message ends with delimiter", MULTI "--b",
		"0m[" MULTI "][]1l[--b][]" },
	{ "no space in Content-Type",
		"Content-Type:multipart/mixed;boundary=b\n\n--b\n\nx\n--b--",
		"0m[Content-Type:multipart/mixed;boundary=b\n\n][][\n--b--]"
		"1l[--b\n\n][x]" },
	{ "value on the next line",
		"Content-Type:\r\n multipart/mixed;\r\n\tboundary=b\r\n\r\n"
		"--b\r\n\r\nx\r\n--b--",
		"0m[Content-Type:\r\n multipart/mixed;\r\n\tboundary=b\r\n\r\n]"
		"[][\r\n--b--]1l[--b\r\n\r\n][x]" },
	{ "blank before the colon",
		"Content-Type : multipart/mixed; boundary=b\n\n--b\n\nx",
		"0m[Content-Type : multipart/mixed; boundary=b\n\n][]"
		"1l[--b\n\n][x]" },
	{ "quoted boundary with escapes",
		"Content-Type: multipart/mixed; boundary=\"b \\\"c\\\\\"\n\n"
		"--b \"c\\\n\nx\n--b \"c\\--\n",
		"0m[Content-Type: multipart/mixed; boundary=\"b "
		"\\\"c\\\\\"\n\n]"
		"[][\n--b \"c\\--\n]1l[--b \"c\\\n\n][x]" },
	{ "boundary ends in blanks",
		"Content-Type: multipart/mixed; boundary=\"b \"\n\n--b\n\nx",
		"0m[Content-Type: multipart/mixed; boundary=\"b \"\n\n][]"
		"1l[--b\n\n][x]" },
	{ "closing delimiter of a boundary that ends in blanks",
		"Content-Type: multipart/mixed; boundary=\"b \"\n\n--b \n\nx\n"
		"--b --\n",
		"0m[Content-Type: multipart/mixed; boundary=\"b \"\n\n][]"
		"[\n--b --\n]1l[--b \n\n][x]" },
	{ "RFC 2231 boundary",
		"Content-Type: multipart/mixed; boundary*1*=%2Db;\n"
		" boundary*0=a\n\n--a-b\n\nx",
		"0m[Content-Type: multipart/mixed; boundary*1*=%2Db;\n"
		" boundary*0=a\n\n][]1l[--a-b\n\n][x]" },
	{ "no boundary parameter", "Content-Type: multipart/mixed\n\n--b\n\nx",
		"0l[Content-Type: multipart/mixed\n\n][--b\n\nx]" },
	{ "empty boundary",
		"Content-Type: multipart/mixed; boundary=\"\"\n\n--\n\nx",
		"0l[Content-Type: multipart/mixed; boundary=\"\"\n\n]"
		"[--\n\nx]" },
	{ "nested",
		MULTI "--b\nContent-Type: multipart/alternative; boundary=c\n\n"
		      "--c\n\nx\n--c--\nepi\n--b\n\ny\n--b--\n",
		"0m[" MULTI "][][\n--b--\n]"
		"1m[--b\nContent-Type: multipart/alternative; boundary=c\n\n]"
		"[][\n--c--\nepi]2l[--c\n\n][x]1l[\n--b\n\n][y]" },
	{ "outer delimiter ends inner multipart",
		MULTI "--b\nContent-Type: multipart/alternative; boundary=c\n\n"
		      "--c\n\nx\n--b\n\n--c\ny\n--b--\n",
		"0m[" MULTI "][][\n--b--\n]"
		"1m[--b\nContent-Type: multipart/alternative; boundary=c\n\n]"
		"[]2l[--c\n\n][x]1l[\n--b\n\n][--c\ny]" },
	{ "equal nested boundaries",
		MULTI "--b\nContent-Type: multipart/alternative; boundary=b\n\n"
		      "--b\n\nx\n--b--\n--b\n\ny\n--b--\n",
		"0m[" MULTI "][][\n--b--\n]"
		"1m[--b\nContent-Type: multipart/alternative; boundary=b\n\n]"
		"[][\n--b--]2l[--b\n\n][x]1l[\n--b\n\n][y]" },
	{ "boundary with a longer one inside",
		MULTI
		"--b\nContent-Type: multipart/alternative; boundary=bb\n\n"
		"--bb\n\nx\n--bb--\n--b--\n",
		"0m[" MULTI "][][\n--b--\n]"
		"1m[--b\nContent-Type: multipart/alternative; boundary=bb\n\n]"
		"[][\n--bb--]2l[--bb\n\n][x]" },
	{ "delimiter after the closing one opens nothing",
		MULTI "--b\n\nx\n--b--\n--b\n\ny\n",
		"0m[" MULTI "][][\n--b--\n--b\n\ny\n]1l[--b\n\n][x]" },
	{ "embedded message", "Content-Type: message/rfc822\n\nA: 1\n\nx\n",
		"0r[Content-Type: message/rfc822\n\n][]1l[A: 1\n\n][x\n]" },
	{ "embedded message in base64 is a leaf",
		"Content-Type: message/rfc822\n"
		"Content-Transfer-Encoding: base64\n\nQTogMQo=\n",
		"0l[Content-Type: message/rfc822\n"
		"Content-Transfer-Encoding: base64\n\n][QTogMQo=\n]" },
	{ "embedded multipart",
		MULTI "--b\nContent-Type: message/rfc822\n\n"
		      "Content-Type: multipart/mixed; "
		      "boundary=c\n\n--c\n\nx\n--b--\n",
		"0m[" MULTI "][][\n--b--\n]"
		"1r[--b\nContent-Type: message/rfc822\n\n][]"
		"2m[Content-Type: multipart/mixed; boundary=c\n\n][]"
		"3l[--c\n\n][x]" },
	{ "empty embedded message",
		MULTI "--b\nContent-Type: message/rfc822\n\n--b--\n",
		"0m[" MULTI "][][--b--\n]"
		"1r[--b\nContent-Type: message/rfc822\n\n][]2l[][]" },
	{ "digest",
		"Content-Type: multipart/digest; boundary=b\n\n"
		"--b\n\nA: 1\n\nx\n--b\nContent-Type: text/plain\n\ny\n--b--\n",
		"0m[Content-Type: multipart/digest; "
		"boundary=b\n\n][][\n--b--\n]"
		"1r[--b\n\n][]2l[A: 1\n\n][x]"
		"1l[\n--b\nContent-Type: text/plain\n\n][y]" },
	{ "first of two Content-Type fields",
		"Content-Type: text/plain\nContent-Type: multipart/mixed; "
		"boundary=b\n\n--b\n\nx",
		"0l[Content-Type: text/plain\nContent-Type: multipart/mixed; "
		"boundary=b\n\n][--b\n\nx]" },
};

static void check(Bytes message, const MimeLimits *limits, const char *entities)
{
	g_autoptr(MimeScan) scan = mime_scan_new(message, limits);
	g_autofree char *found = describe(message, scan);
	g_autoptr(GArray) pieces = mime_split(scan);

	g_assert_cmpstr(found, ==, entities);
	g_assert_true(mime_pieces_join_to(message, pieces));
}

static void test_vector(gconstpointer data)
{
	const Vector *vector = data;
	check(bytes_of_string(vector->message), NULL, vector->entities);
}

static void test_nul(void)
{
	static const char message[] =
		"A: \0b\nContent-Type: multipart/mixed; "
		"boundary=b\n\n--b\n\n\0x\n--b\0\n--b--\n";
	Bytes bytes = bytes_of(message, sizeof(message) - 1);
	g_autoptr(MimeScan) scan = mime_scan_new(bytes, NULL);

	g_assert_cmpuint(mime_scan_count(scan), ==, 2);
	const MimeEntity *part = mime_scan_entity(scan, 1);
	g_assert_cmpuint(part->body_end - part->body, ==, 7);
	g_autoptr(GArray) pieces = mime_split(scan);
	g_assert_true(mime_pieces_join_to(bytes, pieces));
}

static void test_long_boundary(void)
{
	for (gsize size = 60; size < 4000; size = size * 3 / 2) {
		g_autofree char *boundary = g_strnfill(size, 'x');
		g_autofree char *message = g_strdup_printf(
			"Content-Type: multipart/mixed; boundary=%s\n\n"
			"--%s\n\none\n--%s\n\ntwo\n--%s--\n",
			boundary, boundary, boundary, boundary);
		g_autoptr(MimeScan) scan =
			mime_scan_new(bytes_of_string(message), NULL);
		g_assert_cmpuint(mime_scan_count(scan), ==, 3);
		g_assert_cmpuint(mime_scan_entity(scan, 2)->body_end -
				mime_scan_entity(scan, 2)->body,
			==, 3);
	}
}

static void test_max_parts(void)
{
	MimeLimits limits = { 100, 3, 1048576 };
	check(bytes_of_string(MULTI "--b\n\n1\n--b\n\n2\n--b\n\n3\n--b--\n"),
		&limits,
		"0m[" MULTI "][]1l[--b\n\n][1]"
		"1l[\n--b\n\n][2\n--b\n\n3\n--b--\n]");
	g_autoptr(MimeScan) scan = mime_scan_new(
		bytes_of_string(MULTI "--b\n\n1\n--b\n\n2\n--b--\n"), &limits);
	g_assert_true(mime_scan_limited(scan));
	limits.max_parts = 4;
	g_autoptr(MimeScan) whole = mime_scan_new(
		bytes_of_string(MULTI "--b\n\n1\n--b\n\n2\n--b--\n"), &limits);
	g_assert_false(mime_scan_limited(whole));
}

static void test_max_depth(void)
{
	MimeLimits limits = { 2, 100, 1048576 };
	check(bytes_of_string("Content-Type: message/rfc822\n\n"
			      "Content-Type: message/rfc822\n\n"
			      "Content-Type: message/rfc822\n\nA: 1\n\nx"),
		&limits,
		"0r[Content-Type: message/rfc822\n\n][]"
		"1r[Content-Type: message/rfc822\n\n][]"
		"2l[Content-Type: message/rfc822\n\n][A: 1\n\nx]");
}

/* Past max_header the block's end is still found; its fields are not. */
static void test_max_header(void)
{
	MimeLimits limits = { 100, 100, 20 };
	const char *header = "Subject: 0123456789\n" MULTI;
	g_autofree char *message = g_strconcat(header, "--b\n\nx\n", NULL);
	g_autofree char *entities =
		g_strconcat("0l[", header, "][--b\n\nx\n]", NULL);
	check(bytes_of_string(message), &limits, entities);
}

static void test_deep(void)
{
	g_autoptr(GString) message = g_string_new(NULL);
	for (guint i = 0; i < 5000; i++)
		g_string_append(message, "Content-Type: message/rfc822\n\n");
	Bytes bytes = bytes_of(message->str, message->len);
	g_autoptr(MimeScan) scan = mime_scan_new(bytes, NULL);
	g_autoptr(GArray) pieces = mime_split(scan);

	g_assert_cmpuint(mime_scan_count(scan), ==, 101);
	g_assert_true(mime_scan_limited(scan));
	g_assert_true(mime_pieces_join_to(bytes, pieces));
}

static void test_many(void)
{
	g_autoptr(GString) message = g_string_new(MULTI);
	for (guint i = 0; i < 20000; i++)
		g_string_append(message, "--b\n\nx\n");
	Bytes bytes = bytes_of(message->str, message->len);
	g_autoptr(MimeScan) scan = mime_scan_new(bytes, NULL);
	g_autoptr(GArray) pieces = mime_split(scan);

	g_assert_cmpuint(mime_scan_count(scan), ==, 10000);
	g_assert_true(mime_pieces_join_to(bytes, pieces));
}

/* MIME_THROUGHPUT=1 makes this measure; otherwise it only checks. */
static void test_throughput(void)
{
	gboolean measure = g_getenv("MIME_THROUGHPUT") != NULL;
	g_autoptr(GString) message = g_string_new(MULTI "--b\r\n\r\n");
	gsize size = measure ? 100 * 1048576 : 1048576;
	while (message->len < size)
		g_string_append(message,
			"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVph"
			"YmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAxMjM0\r\n");
	g_string_append(message, "--b--\r\n");
	gint64 begin = g_get_monotonic_time();
	g_autoptr(MimeScan) scan =
		mime_scan_new(bytes_of(message->str, message->len), NULL);
	gint64 took = MAX(g_get_monotonic_time() - begin, 1);

	g_assert_cmpuint(mime_scan_count(scan), ==, 2);
	if (measure)
		g_test_message("%.2f GB/s",
			(double)message->len / (double)took / 1000);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(vectors); i++) {
		g_autofree char *path =
			g_strconcat("/mime/scan/", vectors[i].name, NULL);
		g_test_add_data_func(path, &vectors[i], test_vector);
	}
	g_test_add_func("/mime/scan/nul", test_nul);
	g_test_add_func("/mime/scan/long-boundary", test_long_boundary);
	g_test_add_func("/mime/scan/max-parts", test_max_parts);
	g_test_add_func("/mime/scan/max-depth", test_max_depth);
	g_test_add_func("/mime/scan/max-header", test_max_header);
	g_test_add_func("/mime/scan/deep", test_deep);
	g_test_add_func("/mime/scan/many", test_many);
	g_test_add_func("/mime/scan/throughput", test_throughput);
	return g_test_run();
}
