/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of messages, changed. */
#include "sieve/edit.h"

static void test_names(void)
{
	static const char *const bad[] = { "", "X:", "X Y", "X\t", "\303\244",
		"X\n", "X\177" };

	for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_false(
			sieve_field_name_is_valid(bytes_of_string(bad[i])));
	g_assert_true(sieve_field_name_is_valid(bytes_of_string("X-\"(")));
	g_assert_true(sieve_field_is_protected(bytes_of_string("received")));
	g_assert_true(
		sieve_field_is_protected(bytes_of_string("AUTO-submitted")));
	g_assert_false(sieve_field_is_protected(bytes_of_string("Subject")));
}

#define MULTIPART \
	"Subject: s\r\n" \
	"From: a@b\r\n" \
	"MIME-Version: 1.0\r\n" \
	"Content-Type: multipart/mixed; boundary=b\r\n" \
	"\r\n" \
	"pre\r\n" \
	"--b\r\n" \
	"Content-Type: text/plain\r\n" \
	"\r\n" \
	"one\r\n" \
	"--b\r\n" \
	"Content-Type: application/exe\r\n" \
	"X-Other: y\r\n" \
	"\r\n" \
	"two\r\n" \
	"--b--\r\n"

#define TEXT_HEAD \
	"Content-Type: text/plain; charset=us-ascii\r\n" \
	"Content-Transfer-Encoding: 7bit\r\n\r\n"

static const struct {
	const char *message;
	guint index;
	SieveReplacement how;
	const char *result;
} replaced[] = {
	{ "A: 1\r\nContent-Type: text/html\r\n\r\nx", 0, { .text = "new" },
		"A: 1\r\nMIME-Version: 1.0\r\n" TEXT_HEAD "new\r\n" },
	{ "A: 1\n\nx", 0, { .text = "new\r\nline" },
		"A: 1\nMIME-Version: 1.0\n"
		"Content-Type: text/plain; charset=us-ascii\n"
		"Content-Transfer-Encoding: 7bit\n\nnew\nline\n" },
	{ "Subject: old\r\nFrom: a@b\r\n\r\nx", 0,
		{ .text = "", .subject = "new", .from = "N <c@d>" },
		"Original-Subject: old\r\nOriginal-From: a@b\r\n"
		"From: N <c@d>\r\nSubject: new\r\nMIME-Version: "
		"1.0\r\n" TEXT_HEAD },
	{ "A: 1\r\n\r\nx", 0,
		{ .text = "Content-Type: text/x\nTo: evil\n\nbody",
			.is_mime = TRUE,
			.subject = "ignored" },
		"A: 1\r\nMIME-Version: 1.0\r\nContent-Type: text/x\r\n\r\n"
		"body\r\n" },
	{ MULTIPART, 2, { .text = "gone", .subject = "ignored" },
		"Subject: s\r\nFrom: a@b\r\nMIME-Version: 1.0\r\n"
		"Content-Type: multipart/mixed; boundary=b\r\n\r\npre\r\n"
		"--b\r\nContent-Type: text/plain\r\n\r\none\r\n--b\r\n"
		"X-Other: y\r\n" TEXT_HEAD "gone\r\n--b--\r\n" },
	/* The text cannot end the part it is in. */
	{ MULTIPART, 1, { .text = "--b--\r\n" },
		"Subject: s\r\nFrom: a@b\r\nMIME-Version: 1.0\r\n"
		"Content-Type: multipart/mixed; boundary=b\r\n\r\npre\r\n"
		"--b\r\nContent-Type: text/plain; charset=utf-8\r\n"
		"Content-Transfer-Encoding: base64\r\n\r\nLS1iLS0NCg==\r\n"
		"--b\r\nContent-Type: application/exe\r\nX-Other: y\r\n"
		"\r\ntwo\r\n--b--\r\n" },
};

static void test_replace(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(replaced); i++) {
		Bytes message = bytes_of_string(replaced[i].message);
		g_autoptr(MimeScan) scan = mime_scan_new(message, NULL);
		g_autoptr(GString) out = g_string_new(NULL);

		sieve_edit_replace(message, scan, replaced[i].index,
			&replaced[i].how, out);
		g_assert_cmpstr(out->str, ==, replaced[i].result);
	}
}

static void test_enclose(void)
{
	static const char *const headers[] = { "To", "Content-Type", "to",
		NULL };
	Bytes message = bytes_of_string(MULTIPART "To: none\r\n");
	SieveEnclosure how = {
		.text = "look", .headers = headers, .from = "me@x"
	};
	g_autoptr(GString) out = g_string_new(NULL);
	g_autoptr(GString) again = g_string_new(NULL);

	sieve_edit_enclose(message, &how, out);
	g_assert_true(g_str_has_prefix(out->str,
		"Date: Thu, 01 Jan 1970 00:00:00 +0000\r\nFrom: me@x\r\n"
		"Message-ID: <"));
	g_assert_nonnull(strstr(out->str,
		"@x>\r\nSubject: s\r\nMIME-Version: 1.0\r\n"
		"Content-Type: multipart/mixed; boundary=\"=_"));
	g_assert_null(strstr(out->str, "8bit"));
	g_assert_nonnull(strstr(out->str, MULTIPART));
	g_autoptr(MimeScan) scan =
		mime_scan_new(bytes_of(out->str, out->len), NULL);
	g_assert_cmpuint(mime_scan_count(scan), ==, 3 + SIEVE_ENCLOSE_ENTITIES);
	const MimeEntity *inner =
		mime_scan_entity(scan, SIEVE_ENCLOSE_ENTITIES);
	g_assert_true(bytes_equal(message,
		bytes_of(
			out->str + inner->header, inner->end - inner->header)));
	how.subject = "n";
	sieve_edit_enclose(message, &how, again);
	g_assert_nonnull(strstr(again->str, "\r\nSubject: n\r\n"));
	g_string_truncate(again, 0);
	sieve_edit_enclose(bytes_of_string("A: \303\244\n\n"), &how, again);
	g_assert_nonnull(strstr(
		again->str, "\nContent-Transfer-Encoding: 8bit\n\n--=_"));
	g_assert_nonnull(strstr(again->str,
		"\nContent-Type: message/rfc822\n"
		"Content-Disposition: attachment\n"
		"Content-Transfer-Encoding: 8bit\n\nA: \303\244\n"));
}

/* Whatever is cut off a message, a part that is replaced stays one part, and
 * those before it stay. */
static void test_truncated(void)
{
	for (gsize size = 0; size <= strlen(MULTIPART); size++) {
		Bytes message = bytes_of(MULTIPART, size);
		g_autoptr(MimeScan) scan = mime_scan_new(message, NULL);

		for (guint i = 0; i < mime_scan_count(scan); i++) {
			SieveReplacement how = { .text = "t" };
			g_autoptr(GString) out = g_string_new(NULL);

			sieve_edit_replace(message, scan, i, &how, out);
			g_autoptr(MimeScan) now = mime_scan_new(
				bytes_of(out->str, out->len), NULL);
			g_assert_cmpuint(mime_scan_count(now), <=,
				mime_scan_count(scan));
			g_assert_cmpuint(mime_scan_count(now), >, i);
		}
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sieve/edit/names", test_names);
	g_test_add_func("/sieve/edit/replace", test_replace);
	g_test_add_func("/sieve/edit/enclose", test_enclose);
	g_test_add_func("/sieve/edit/truncated", test_truncated);
	return g_test_run();
}
