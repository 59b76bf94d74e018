/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of deliver/compose: every byte of what we write. */
#include "deliver/compose.h"

#include "deliver/guard.h"
#include "mime/words.h"
#include "queue/content.h"

typedef struct {
	Arena *arena;
	ComposeAbout about;
	GString *out;
} Fixture;

static const char original[] = "Message-ID: <orig@x>\r\n"
			       "References: <one@x>\r\n <two@x> junk\r\n"
			       "Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n"
			       "To: ann@example.org\r\n"
			       "\r\n";

#define HEAD \
	"Date: Fri, 13 Feb 2009 23:31:30 +0000\r\nMessage-ID: <ID@host>\r\n"
#define THREAD \
	"In-Reply-To: <orig@x>\r\nReferences: <one@x> <two@x> <orig@x>\r\n"
#define AUTO "Auto-Submitted: auto-replied\r\nX-Loop: MARK\r\n"

static void set_up(Fixture *fixture, gconstpointer block)
{
	fixture->arena = arena_new();
	fixture->out = g_string_new(NULL);
	fixture->about = (ComposeAbout){
		.original = mime_header_new(fixture->arena,
			bytes_of_string(block != NULL ? block : original)),
		.sender = "bob@y",
		.recipient = "ann@example.org",
		.mark = "MARK",
		.host = "host",
		.id = "ID",
		.now = 1234567890 * TIMESTAMP_SECOND,
	};
}

static void tear_down(Fixture *fixture, gconstpointer block)
{
	(void)block;
	/* Nothing we write is answered by our own kind. */
	const MimeHeader *header = mime_header_new(
		fixture->arena, bytes_of(fixture->out->str, fixture->out->len));
	if (mime_header_find(header, "Auto-Submitted") != NULL)
		g_assert_nonnull(guard_bulk(header));
	g_assert_nonnull(guard_loop(header, "MARK"));
	g_string_free(fixture->out, TRUE);
	arena_free(&fixture->arena);
}

static void test_vacation(Fixture *fixture, gconstpointer data)
{
	const ComposeVacation vacation = { .text = "Away.\nBack soon." };

	(void)data;
	compose_vacation(fixture->out, &fixture->about, &vacation);
	g_assert_cmpstr(fixture->out->str, ==,
		HEAD "From: ann@example.org\r\nTo: bob@y\r\n"
		     "Subject: =?UTF-8?B?QXV0bzogR3LDvMOfZQ==?=\r\n" THREAD AUTO
		     "MIME-Version: 1.0\r\n"
		     "Content-Type: text/plain; charset=us-ascii\r\n"
		     "Content-Transfer-Encoding: 7bit\r\n\r\n"
		     "Away.\r\nBack soon.\r\n");
}

static void test_vacation_mime(Fixture *fixture, gconstpointer data)
{
	const ComposeVacation vacation = {
		.from = "Ann <second@z>\nBcc: evil@x",
		.subject = "Gone\nX: y",
		.text = "Content-Type: text/html;\n charset=utf-8\nTo: evil@x\n"
			"Content-Language: d\303\251\n\n<p>x",
		.is_mime = TRUE,
	};

	(void)data;
	compose_vacation(fixture->out, &fixture->about, &vacation);
	g_assert_cmpstr(fixture->out->str, ==,
		HEAD "From: \"Ann Bcc evil@x\" <second@z>\r\nTo: bob@y\r\n"
		     "Subject: Gone X: y\r\n" AUTO "MIME-Version: 1.0\r\n"
		     "Content-Type: text/html;\r\n charset=utf-8\r\n\r\n"
		     "<p>x\r\n");
}

/* As scripts of systems that copied it have it. */
static void test_vacation_encoded(Fixture *fixture, gconstpointer data)
{
	const ComposeVacation vacation = {
		.subject = "=?utf-8?q?Gr=C3=BC=C3=9Fe?= of =?x",
		.text = "x",
	};

	(void)data;
	compose_vacation(fixture->out, &fixture->about, &vacation);
	g_assert_nonnull(strstr(fixture->out->str,
		"Subject: =?UTF-8?B?R3LDvMOfZSBvZiA9P3g=?=\r\n"));
}

/* The name from the field that has the sender's address, whichever case; none
 * of anybody else's. */
static const struct {
	const char *block;
	const char *to;
} named[] = {
	{ "From: Bob <BOB@Y>\r\n\r\n", "To: Bob <BOB@Y>\r\n" },
	{ "From: \"Bob, \\\"B\\\"\" <bob@y>\r\n\r\n",
		"To: \"Bob, \\\"B\\\"\" <bob@y>\r\n" },
	{ "From: Ann <ann@x>\r\nSender: =?utf-8?Q?B=C3=B6b?= <bob@y>\r\n\r\n",
		"To: =?UTF-8?B?QsO2Yg==?= <bob@y>\r\n" },
	{ "From: Ann <ann@x>, Bob <bob@y>\r\n\r\n", "To: Bob <bob@y>\r\n" },
	{ "From: bob@y\r\nReply-To: B <bob@y>\r\n\r\n", "To: B <bob@y>\r\n" },
	{ "From: =?utf-8?Q?x=0D=0AX-Y?= <bob@y>\r\n\r\n",
		"To: x  X-Y <bob@y>\r\n" },
	{ "From: Ann <ann@x>\r\n\r\n", "To: bob@y\r\n" },
	{ "From: Bob <bob@y.z>\r\n\r\n", "To: bob@y\r\n" },
};

static void test_vacation_named(Fixture *fixture, gconstpointer data)
{
	const ComposeVacation vacation = { .text = "x" };

	(void)data;
	for (gsize i = 0; i < G_N_ELEMENTS(named); i++) {
		g_string_truncate(fixture->out, 0);
		fixture->about.original = mime_header_new(
			fixture->arena, bytes_of_string(named[i].block));
		compose_vacation(fixture->out, &fixture->about, &vacation);
		const char *to = strstr(fixture->out->str, "To: ");
		g_autofree char *line =
			g_strndup(to, (gsize)(strstr(to, "\r\n") + 2 - to));
		g_assert_cmpstr(line, ==, named[i].to);
	}
}

/* What a message's field says, words decoded. */
static char *subject_of(const Fixture *fixture)
{
	const MimeHeader *header = mime_header_new(
		fixture->arena, bytes_of(fixture->out->str, fixture->out->len));

	return mime_words_decode(mime_header_value(header, "Subject"));
}

static void test_subject_long(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GString) text = g_string_new(NULL);
	const ComposeVacation vacation = { .text = "x" };

	(void)data;
	for (guint i = 0; i < 300; i++)
		g_string_append(text, "\xe3\x81\x82");
	const ComposeNotify notify = { .to = "a@b", .subject = text->str };
	compose_notify(fixture->out, &fixture->about, &notify);
	g_autofree char *cut = subject_of(fixture);
	g_assert_cmpint(g_utf8_strlen(cut, -1), ==, 256);
	g_assert_true(g_str_has_suffix(cut, "\xe3\x81\x82\xe2\x80\xa6"));

	/* A letter keeps its marks, or goes with them. */
	g_autofree char *name = g_strnfill(249, 'a');
	g_autofree char *marked = g_strconcat(
		"Subject: ", name, "u\xcc\x88\xcc\x88zz\r\n\r\n", NULL);
	fixture->about.original =
		mime_header_new(fixture->arena, bytes_of_string(marked));
	g_string_truncate(fixture->out, 0);
	compose_vacation(fixture->out, &fixture->about, &vacation);
	g_autofree char *answer = subject_of(fixture);
	g_autofree char *wanted =
		g_strconcat("Auto: ", name, "\xe2\x80\xa6", NULL);
	g_assert_cmpstr(answer, ==, wanted);
}

static void test_vacation_bare(Fixture *fixture, gconstpointer data)
{
	const ComposeVacation vacation = { .text = "\nx", .is_mime = TRUE };

	(void)data;
	compose_vacation(fixture->out, &fixture->about, &vacation);
	g_assert_cmpstr(fixture->out->str, ==,
		HEAD "From: ann@example.org\r\nTo: bob@y\r\n"
		     "Subject: Automated reply\r\n" AUTO
		     "MIME-Version: 1.0\r\n\r\nx\r\n");
}

static void test_reject(Fixture *fixture, gconstpointer data)
{
	(void)data;
	compose_reject(fixture->out, &fixture->about, "No.");
	g_assert_cmpstr(fixture->out->str, ==,
		HEAD
		"From: ann@example.org\r\nTo: bob@y\r\n"
		"Subject: =?UTF-8?B?UmVmdXNlZDogR3LDvMOfZQ==?=\r\n" THREAD AUTO
		"MIME-Version: 1.0\r\n"
		"Content-Type: multipart/report;\r\n"
		" report-type=disposition-notification; boundary=\"ID\"\r\n"
		"\r\n--ID\r\n"
		"Content-Type: text/plain; charset=us-ascii\r\n"
		"Content-Transfer-Encoding: 7bit\r\n\r\n"
		"Your message was refused by the recipient's mail filter.\r\n"
		"The reason given is:\r\n\r\nNo.\r\n"
		"\r\n--ID\r\n"
		"Content-Type: message/disposition-notification\r\n"
		"Content-Transfer-Encoding: 7bit\r\n\r\n"
		"Reporting-UA: host; DBMail\r\n"
		"Final-Recipient: rfc822; ann@example.org\r\n"
		"Original-Message-ID: <orig@x>\r\n"
		"Disposition: automatic-action/MDN-sent-automatically; "
		"deleted\r\n"
		"\r\n--ID\r\nContent-Type: text/rfc822-headers\r\n"
		"Content-Transfer-Encoding: 7bit\r\n\r\n"
		"Message-ID: <orig@x>\r\n"
		"References: <one@x>\r\n <two@x> junk\r\n"
		"Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n"
		"To: ann@example.org\r\n"
		"\r\n--ID--\r\n");
}

/* Original-Recipient is repeated where there is one, and must not be made up (RFC
 * 8098 section 3.2.3). */
static const struct {
	const char *fields;
	const char *wanted; /* NULL: none */
} originals[] = {
	{ "Subject: x\r\n", NULL },
	{ "Original-Recipient: rfc822;old@x\r\n",
		"Original-Recipient: rfc822;old@x\r\n" },
	{ "original-recipient: \r\n rfc822; old@x \r\n",
		"Original-Recipient: rfc822; old@x\r\n" },
	{ "Original-Recipient: old@x\r\n", NULL },
	{ "Original-Recipient: ;old@x\r\n", NULL },
	{ "Original-Recipient: rfc822;\303\266@x\r\n", NULL },
};

static void test_original_recipient(Fixture *fixture, gconstpointer data)
{
	(void)data;
	for (gsize i = 0; i < G_N_ELEMENTS(originals); i++) {
		g_string_truncate(fixture->out, 0);
		fixture->about.original = mime_header_new(
			fixture->arena, bytes_of_string(originals[i].fields));
		compose_reject(fixture->out, &fixture->about, "No.");
		const char *part = strstr(fixture->out->str, "Reporting-UA: ");
		const char *end = strstr(part, "Final-Recipient: ");
		const char *found =
			g_strstr_len(part, end - part, "Original-Recipient");
		g_assert_cmpint(found != NULL, ==, originals[i].wanted != NULL);
		if (found != NULL)
			g_assert_cmpmem(found, end - found, originals[i].wanted,
				strlen(originals[i].wanted));
	}
}

/* Whatever the original was, the answer needs nothing special of a server, but
 * for an address that is not ASCII. */
static void test_reject_hostile(Fixture *fixture, gconstpointer data)
{
	static const char odd[] = "\r\nNul: \0\r\nEight: \351\r\n\r\n";
	g_autoptr(GString) block = g_string_new("Subject: \303\266\r\nLong: ");
	g_autofree char *x = g_strnfill(2000, 'x');

	(void)data;
	g_string_append(block, x);
	g_string_append_len(block, odd, sizeof(odd) - 1);
	fixture->about.original = mime_header_new(
		fixture->arena, bytes_of(block->str, block->len));
	compose_reject(fixture->out, &fixture->about, "N\303\266.");
	ContentNeeds needs =
		content_look(bytes_of(fixture->out->str, fixture->out->len));
	g_assert_false(needs.has_eightbit);
	g_assert_false(needs.is_binary);
	g_assert_nonnull(strstr(fixture->out->str, "Eight: =E9\r\n"));
	g_string_truncate(fixture->out, 0);
	fixture->about.recipient = "\303\266@x";
	compose_reject(fixture->out, &fixture->about, "No");
	g_assert_nonnull(strstr(fixture->out->str,
		"message/global-disposition-notification\r\n"
		"Content-Transfer-Encoding: 8bit\r\n"));
	/* What is around it says so too (RFC 2045 section 6.4). */
	g_assert_nonnull(strstr(fixture->out->str,
		"boundary=\"ID\"\r\nContent-Transfer-Encoding: "
		"8bit\r\n\r\n--ID"));
}

/* An entity that does not say what its bytes are. */
static const struct {
	const char *text;
	const char *fields;
} entities[] = {
	{ "\nplain", "" },
	{ "\n\303\266",
		"Content-Type: text/plain; charset=utf-8\r\n"
		"Content-Transfer-Encoding: 8bit\r\n" },
	{ "Content-Type: text/html; charset=utf-8\n\n\303\266",
		"Content-Type: text/html; charset=utf-8\r\n"
		"Content-Transfer-Encoding: 8bit\r\n" },
	{ "Content-Transfer-Encoding: 8BIT\nContent-Type: text/plain\n\n"
	  "\303\266",
		"Content-Transfer-Encoding: 8BIT\r\n"
		"Content-Type: text/plain\r\n" },
	{ "\303\266: x\nContent-Language: de\n\nx",
		"Content-Language: de\r\n" },
};

static void test_entities(Fixture *fixture, gconstpointer data)
{
	static const char start[] = "MIME-Version: 1.0\r\n";

	(void)data;
	for (gsize i = 0; i < G_N_ELEMENTS(entities); i++) {
		const ComposeVacation vacation = {
			.text = entities[i].text,
			.is_mime = TRUE,
		};
		g_string_truncate(fixture->out, 0);
		compose_vacation(fixture->out, &fixture->about, &vacation);
		const char *fields =
			strstr(fixture->out->str, start) + strlen(start);
		const char *end = strstr(fields - 2, "\r\n\r\n") + 2;
		g_assert_cmpmem(fields, end - fields, entities[i].fields,
			strlen(entities[i].fields));
	}
}

/* "mailto:?cc=..." names nobody else. */
static void test_notify_cc(Fixture *fixture, gconstpointer data)
{
	const ComposeNotify notify = { .cc = "c@x" };

	(void)data;
	compose_notify(fixture->out, &fixture->about, &notify);
	g_assert_nonnull(strstr(fixture->out->str, "\r\nCc: c@x\r\n"));
	g_assert_null(strstr(fixture->out->str, "\r\nTo:"));
}

static void test_notify(Fixture *fixture, gconstpointer data)
{
	static const ComposeField fields[] = {
		{ "x-pager", "ä" },
		{ "from", "evil@x" },
		{ "Received", "x" },
		{ "auto-submitted", "no" },
		{ "a b", "x" },
		{ "a:b", "x" },
		{ "Resent-To", "x@y" },
	};
	const ComposeNotify notify = {
		.to = "p@q, r@s",
		.cc = "t@u",
		.subject = "New: mail",
		.body = "Hi",
		.importance = "1",
		.fields = fields,
		.n_fields = G_N_ELEMENTS(fields),
	};

	(void)data;
	compose_notify(fixture->out, &fixture->about, &notify);
	g_assert_cmpstr(fixture->out->str, ==,
		"Auto-Submitted: auto-notified; owner-token=MARK\r\n"
		"X-Loop: MARK\r\n" HEAD "From: ann@example.org\r\n"
		"To: p@q, r@s\r\nCc: t@u\r\nSubject: New: mail\r\n"
		"Importance: high\r\nX-Priority: 1 (High)\r\n"
		"X-pager: =?UTF-8?B?w6Q=?=\r\n"
		"MIME-Version: 1.0\r\n"
		"Content-Type: text/plain; charset=us-ascii\r\n"
		"Content-Transfer-Encoding: 7bit\r\n\r\nHi\r\n");
}

static void test_failed(Fixture *fixture, gconstpointer data)
{
	(void)data;
	compose_script_failed(
		fixture->out, &fixture->about, "main", 7, "too many redirects");
	g_assert_nonnull(strstr(
		fixture->out->str, "\r\nmain:7: too many redirects\r\n"));
	g_assert_true(g_str_has_prefix(fixture->out->str,
		HEAD "From: Mail filter <postmaster@host>\r\n"
		     "To: ann@example.org\r\n"
		     "Subject: Your Sieve script failed\r\n" THREAD
		     "Auto-Submitted: auto-generated\r\n"));
}

static void test_redirect(Fixture *fixture, gconstpointer data)
{
	(void)data;
	compose_redirect(
		fixture->out, &fixture->about, bytes_of("A: b\n\nc\0d", 9));
	g_assert_cmpmem(fixture->out->str, fixture->out->len,
		"X-Loop: MARK\r\nA: b\n\nc\0d", 23);
}

static void add(const char *path, const char *block,
	void (*test)(Fixture *, gconstpointer))
{
	g_test_add(path, Fixture, block, set_up, test, tear_down);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add("/compose/vacation", NULL, test_vacation);
	add("/compose/vacation-mime", "To: x\r\n\r\n", test_vacation_mime);
	add("/compose/vacation-bare", "Message-ID: no id\r\n\r\n",
		test_vacation_bare);
	add("/compose/vacation-encoded", NULL, test_vacation_encoded);
	add("/compose/vacation-named", NULL, test_vacation_named);
	add("/compose/subject-long", NULL, test_subject_long);
	add("/compose/reject", NULL, test_reject);
	add("/compose/reject-hostile", NULL, test_reject_hostile);
	add("/compose/original-recipient", NULL, test_original_recipient);
	add("/compose/entities", NULL, test_entities);
	add("/compose/notify", NULL, test_notify);
	add("/compose/notify-cc", NULL, test_notify_cc);
	add("/compose/failed", NULL, test_failed);
	add("/compose/redirect", NULL, test_redirect);
	return g_test_run();
}
