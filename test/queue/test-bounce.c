/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Notices to senders. */
#include "queue/bounce.h"

#include "queue/content.h"

static const struct {
	const char *sender;
	const char *message;
	gboolean is_due;
} due[] = {
	{ "a@b", "Subject: x\r\n\r\n", TRUE },
	{ "a@b", "Auto-Submitted: no\r\n\r\n", TRUE },
	{ "a@b", "", TRUE },
	{ "", "Subject: x\r\n\r\n", FALSE },
	{ "a@b\r\nBcc: c@d", "Subject: x\r\n\r\n", FALSE },
	{ "a@b", "Auto-Submitted: auto-replied\r\n\r\n", FALSE },
	{ "a@b", "auto-submitted:\r\n auto-generated; x=y\r\n\r\n", FALSE },
	{ "a@b", "Subject: x\r\n\r\nAuto-Submitted: auto-replied\r\n", TRUE },
};

static void test_due(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(due); i++)
		g_assert_cmpint(bounce_is_due(due[i].sender,
					bytes_of_string(due[i].message)),
			==, due[i].is_due);
}

static BounceAbout about(const char *message, gsize size)
{
	return (BounceAbout){ .host = "store.example",
		.sender = "a@b.example",
		.recipient = "c@d.example",
		.remote = "mx.example",
		.text = "550 5.1.1 no such user",
		.is_reply = TRUE,
		.status = "5.1.1",
		.attempts = 1,
		.queued = 0,
		.now = 60 * TIMESTAMP_SECOND,
		.id = "unlike-any-other",
		.message = bytes_of(message, size) };
}

static const char whole[] =
	"Date: Thu, 01 Jan 1970 00:01:00 +0000\r\n"
	"Message-ID: <unlike-any-other@store.example>\r\n"
	"From: Mail Delivery System <MAILER-DAEMON@store.example>\r\n"
	"To: a@b.example\r\n"
	"Subject: Undelivered mail returned to its sender\r\n"
	"Auto-Submitted: auto-replied\r\n"
	"MIME-Version: 1.0\r\n"
	"Content-Type: multipart/report; report-type=delivery-status;\r\n"
	" boundary=\"unlike-any-other\"\r\n"
	"\r\n"
	"--unlike-any-other\r\n"
	"Content-Type: text/plain; charset=us-ascii\r\n"
	"Content-Transfer-Encoding: 7bit\r\n"
	"\r\n"
	"This is the mail store at store.example.\r\n"
	"\r\n"
	"A message of yours could not be passed on. It was queued at\r\n"
	"Thu, 01 Jan 1970 00:00:00 +0000 and has been given up after 1 "
	"attempt.\r\n"
	"\r\n"
	"To:     <c@d.example>\r\n"
	"Status: 5.1.1\r\n"
	"Reason: 550 5.1.1 no such user\r\n"
	"\r\n"
	"The header of the message is attached.\r\n"
	"\r\n"
	"--unlike-any-other\r\n"
	"Content-Type: message/delivery-status\r\n"
	"Content-Transfer-Encoding: 7bit\r\n"
	"\r\n"
	"Reporting-MTA: dns; store.example\r\n"
	"Arrival-Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n"
	"\r\n"
	"Final-Recipient: rfc822; c@d.example\r\n"
	"Action: failed\r\n"
	"Status: 5.1.1\r\n"
	"Remote-MTA: dns; mx.example\r\n"
	"Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n"
	"Last-Attempt-Date: Thu, 01 Jan 1970 00:01:00 +0000\r\n"
	"\r\n"
	"--unlike-any-other\r\n"
	"Content-Type: text/rfc822-headers\r\n"
	"Content-Transfer-Encoding: 7bit\r\n"
	"\r\n"
	"Subject: x\r\n"
	"To:\r\n"
	" y\r\n"
	"\r\n"
	"--unlike-any-other--\r\n";

static void test_whole(void)
{
	static const char message[] = "Subject: x\nTo:\r\n y\r\n\r\nbody\r\n";
	g_autoptr(GString) out = g_string_new(NULL);
	BounceAbout what = about(message, sizeof(message) - 1);

	bounce_compose(out, &what);
	g_assert_cmpstr(out->str, ==, whole);
}

/* Whatever the original was, the notice can be sent. */
static void test_hostile(void)
{
	g_autoptr(GString) message = g_string_new("A: b\r\nLong: ");
	g_autoptr(GString) out = g_string_new(NULL);

	for (guint i = 0; i < 2000; i++)
		g_string_append_c(message, 'x');
	static const char odd[] = "\r\nNul: \0\r\nEight: \xe9\r\n";
	g_string_append_len(message, odd, sizeof(odd) - 1);
	for (guint i = 0; i < 10000; i++)
		g_string_append_printf(message, "X-%u: y\r\n", i);
	BounceAbout what = about(message->str, message->len);
	what.recipient = "j\xc3\xbcrgen@d.example";
	g_autofree char *long_word = g_strnfill(3000, 'w');
	g_autofree char *text =
		g_strconcat("n\303\266\r\nBcc: x@y ", long_word, NULL);
	what.text = text;
	what.is_reply = FALSE;
	what.remote = NULL;
	bounce_compose(out, &what);
	ContentNeeds needs = content_look(bytes_of(out->str, out->len));
	g_assert_false(needs.is_binary);
	g_assert_cmpuint(out->len, <, 80000);
	g_assert_nonnull(strstr(out->str, "\nLong: xxx"));
	g_assert_null(strstr(out->str, "\nBcc: x"));
	g_assert_nonnull(strstr(out->str, "\r\nEight: =E9\r\n"));
	g_assert_nonnull(strstr(out->str, "Diagnostic-Code: X-DBMail; n??"));
	g_assert_nonnull(strstr(out->str, "message/global-delivery-status"));
	g_assert_nonnull(strstr(
		out->str, "Final-Recipient: utf-8; j\xc3\xbcrgen@d.example"));
	g_assert_null(strstr(out->str, "Remote-MTA"));
	/* What is around 8-bit bytes says so too (RFC 2045 section 6.4). */
	g_assert_true(needs.has_eightbit);
	g_assert_nonnull(strstr(out->str,
		"boundary=\"unlike-any-other\"\r\n"
		"Content-Transfer-Encoding: 8bit\r\n\r\n"));
}

/* What a server says in UTF-8 is no reason to need a server that takes it. */
static void test_seven_bit(void)
{
	static const char message[] = "Subject: \303\266\r\n\r\n";
	g_autoptr(GString) out = g_string_new(NULL);
	BounceAbout what = about(message, sizeof(message) - 1);

	what.text = "550 unm\303\266glich";
	bounce_compose(out, &what);
	ContentNeeds needs = content_look(bytes_of(out->str, out->len));
	g_assert_false(needs.has_eightbit);
	g_assert_nonnull(strstr(out->str, "message/delivery-status"));
	g_assert_nonnull(
		strstr(out->str, "Diagnostic-Code: smtp; 550 unm??glich"));
	g_assert_nonnull(strstr(out->str, "Reason: 550 unm=C3=B6glich"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/queue/bounce/due", test_due);
	g_test_add_func("/queue/bounce/whole", test_whole);
	g_test_add_func("/queue/bounce/hostile", test_hostile);
	g_test_add_func("/queue/bounce/seven-bit", test_seven_bit);
	return g_test_run();
}
