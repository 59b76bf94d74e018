/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests over a message: what each of them says. */
#include "base/errors.h"
#include "test/sieve/run-lines.h"
#include "sieve/spam.h"

#define REQUIRE \
	"require [\"envelope\", \"body\", \"relational\", \"subaddress\", " \
	"\"date\", \"index\", \"mboxmetadata\", \"servermetadata\", " \
	"\"regex\", \"mime\", \"extlists\", \"variables\", \"spamtest\", " \
	"\"spamtestplus\", \"virustest\", " \
	"\"comparator-i;ascii-numeric\", \"comparator-i;unicode-casemap\"];\n"

typedef struct {
	const char *test;
	gboolean result;
} Case;

/* Asked for in tests below. */
static gboolean metadata(gpointer data, const char *mailbox, const char *entry,
	char **value, GError **error)
{
	(void)data;
	(void)error;
	if (g_strcmp0(mailbox, "INBOX") == 0 &&
		strcmp(entry, "/private/frop") == 0)
		*value = g_strdup("FROP!");
	if (mailbox == NULL && strcmp(entry, "/shared/admin") == 0)
		*value = g_strdup("");
	if (g_strcmp0(mailbox, "broken") == 0) {
		dbmail_error_set(error, DBMAIL_ERROR_TEMPORARY, "Not now",
			"the test says so");
		return FALSE;
	}
	return TRUE;
}

static const SieveQuestions questions = { .metadata = metadata };
static const SieveSpamSettings spam = {
	.spam = { .status = "X-Score", .type = SIEVE_SPAM_SCORE, .max = 10 },
	.virus = { .status = "X-Virus",
		.type = SIEVE_SPAM_TEXT,
		.texts = { [1] = "clean", [5] = "infected" } },
};

/* In summer an hour more than in winter. */
static gint zone_minutes(Timestamp time)
{
	guint month = timestamp_day(time).month;

	return month > 3 && month < 11 ? 120 : 60;
}

static SieveInput input_of(const char *message)
{
	return (SieveInput){ .message = bytes_of_string(message),
		.sender = "from+x@example.org",
		.recipient = "\"b c\"+detail+more@example.net",
		.delimiter = "+-",
		.now = G_GINT64_CONSTANT(1750000000) * TIMESTAMP_SECOND,
		.zone_minutes = zone_minutes,
		.spam = &spam,
		.questions = &questions };
}

/* "yes" or "no", or what is wrong. */
static char *ask(const SieveInput *input, const char *test)
{
	SieveLimits limits = SIEVE_LIMITS_DEFAULT;
	SieveCompile how = { .extensions = sieve_extensions_delivery(),
		.limits = &limits };
	g_autofree char *source =
		g_strdup_printf(REQUIRE "if %s { discard; }", test);
	GString *out = g_string_new(NULL);
	g_autoptr(SieveResult) result = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(SieveScript) script =
		compile_lines(&how, source, strlen(source), out);

	if (script == NULL)
		return g_string_free(out, FALSE);
	g_string_truncate(out, 0);
	if (!sieve_run(script, input, &result, &error)) {
		g_string_assign(out, error->message);
		return g_string_free(out, FALSE);
	}
	if (result->failure != NULL)
		append_error(out, result->failure);
	else
		g_string_assign(out,
			((SieveAction *)g_ptr_array_index(result->actions, 0))
						->kind == SIEVE_DISCARD ?
				"yes" :
				"no");
	return g_string_free(out, FALSE);
}

static void check_cases(const SieveInput *input, const Case *cases, gsize n)
{
	for (gsize i = 0; i < n; i++) {
		g_autofree char *told = ask(input, cases[i].test);
		g_test_message("%s", cases[i].test);
		g_assert_cmpstr(told, ==, cases[i].result ? "yes" : "no");
	}
}

static const char plain[] =
	"Received: from a by b;\r\n Wed, 12 Nov 2014 18:18:31 +0100\r\n"
	"Received: from c by d; Wed, 12 Nov 2014 18:18:30 +0100\r\n"
	"From: Me <me+list-x@Example.ORG>\r\n"
	"To: a@b.org, Group: c@d.org, \"e f\"@g.org;, broken@\r\n"
	"Cc: nonsense\r\n"
	"Bcc:\r\n"
	"Date: Mon, 20 Jul 2009 21:44:43 +0300\r\n"
	"Subject:   =?utf-8?q?Caf=C3=A9?=\r\n  au lait  \r\n"
	"X-Empty:\r\n"
	"X-Count: 3\r\n"
	"X-Count: 20\r\n"
	"X-Score: 3.5\r\n"
	"X-Virus: Infected\r\n"
	"\r\n"
	"Body line one\r\nBody line two\r\n";

static void test_header(void)
{
	static const Case cases[] = {
		{ "header \"subject\" \"CAF\xc3\xa9 au lait\"", FALSE },
		{ "header \"subject\" \"Caf\xc3\xa9  AU lait\"", TRUE },
		{ "header :comparator \"i;octet\" \"subject\" \"caf\xc3\xa9  "
		  "au "
		  "lait\"",
			FALSE },
		{ "header :comparator \"i;unicode-casemap\" :contains "
		  "\"subject\" \"CAF\xc3\x89\"",
			TRUE },
		{ "header :is \"x-empty\" \"\"", TRUE },
		{ "header :contains \"x-count\" \"\"", TRUE },
		{ "header :contains \"x-none\" \"\"", FALSE },
		{ "header :contains \"subject:\" \"\"", FALSE },
		{ "header :matches [\"x-none\", \"subject\"] \"caf*\"", TRUE },
		{ "header :regex \"subject\" \"^caf.  au (lait|the)$\"", TRUE },
		{ "header :count \"eq\" [\"x-count\", \"from\"] \"3\"", TRUE },
		{ "header :value \"gt\" :comparator \"i;ascii-numeric\" "
		  "\"x-count\" \"19\"",
			TRUE },
		{ "header :index 2 \"x-count\" \"20\"", TRUE },
		{ "header :index 1 \"x-count\" \"20\"", FALSE },
		{ "header :index 1 :last \"x-count\" \"20\"", TRUE },
		{ "header :last :index 3 [\"x-count\", \"x-score\"] \"3\"",
			TRUE },
		{ "header :index 4 \"x-count\" \"20\"", FALSE },
		{ "exists [\"from\", \"TO\", \"x-empty\"]", TRUE },
		{ "exists [\"from\", \"x-none\"]", FALSE },
		{ "size :over 1K", FALSE },
		{ "size :under 1K", TRUE },
	};
	SieveInput input = input_of(plain);
	check_cases(&input, cases, G_N_ELEMENTS(cases));
}

static void test_address(void)
{
	static const Case cases[] = {
		{ "address \"from\" \"me+list-x@example.org\"", TRUE },
		{ "address :localpart \"from\" \"me+list-x\"", TRUE },
		{ "address :domain \"from\" \"example.org\"", TRUE },
		{ "address :user \"from\" \"me\"", TRUE },
		{ "address :detail \"from\" \"list-x\"", TRUE },
		{ "address :detail \"to\" \"\"", FALSE },
		{ "address :user \"to\" \"a\"", TRUE },
		{ "address :all \"to\" \"c@d.org\"", TRUE },
		{ "address :localpart \"to\" \"e f\"", TRUE },
		{ "address \"to\" \"\\\"e f\\\"@g.org\"", TRUE },
		{ "address \"to\" \"e f@g.org\"", FALSE },
		{ "address [\"from:\", \"b a d\"] \"me\"", FALSE },
		{ "address \"Author\" \"me\"", FALSE },
		{ "address :localpart \"to\" \"broken\"", FALSE },
		{ "address :domain :contains \"to\" \"broken\"", FALSE },
		{ "address :count \"eq\" [\"to\", \"from\"] \"5\"", TRUE },
		{ "address :count \"eq\" \"bcc\" \"0\"", TRUE },
		{ "address :is \"bcc\" \"\"", TRUE },
		{ "address :localpart \"bcc\" \"\"", FALSE },
		{ "address :is \"cc\" \"nonsense\"", TRUE },
		{ "address :domain :contains \"cc\" \"\"", FALSE },
		{ "envelope \"from\" \"FROM+x@example.org\"", TRUE },
		{ "envelope :detail \"from\" \"x\"", TRUE },
		{ "envelope :user \"to\" \"b c\"", FALSE },
		{ "envelope \"to\" "
		  "\"\\\"b c\\\"+detail+more@example.net\"",
			FALSE },
		{ "envelope :count \"eq\" [\"from\", \"to\"] \"1\"", TRUE },
	};
	SieveInput input = input_of(plain);
	check_cases(&input, cases, G_N_ELEMENTS(cases));
}

/* Envelope paths as a careless client may write them. */
static void test_paths(void)
{
	static const struct {
		const char *sender;
		const char *test;
		gboolean result;
	} cases[] = {
		{ "", "envelope :domain \"from\" \"\"", TRUE },
		{ "<>", "envelope :detail :contains \"from\" \"\"", TRUE },
		{ "", "envelope :count \"eq\" \"from\" \"0\"", TRUE },
		{ NULL, "envelope :contains \"from\" \"\"", FALSE },
		{ "<a@b>", "envelope \"from\" \"a@b\"", TRUE },
		{ "<<a@b>", "envelope \"from\" \"a@b\"", FALSE },
		{ "a@b>", "envelope :contains \"from\" \"\"", FALSE },
		{ "a@", "envelope :contains \"from\" \"\"", FALSE },
		{ "a@@b", "envelope :contains \"from\" \"\"", FALSE },
		{ "a b@c", "envelope :contains \"from\" \"\"", FALSE },
		{ "@x.org,@y.org:a@b", "envelope \"from\" \"a@b\"", TRUE },
		{ "@x.org,y.org:a@b", "envelope :contains \"from\" \"\"",
			FALSE },
		{ "@x..org:a@b", "envelope :contains \"from\" \"\"", FALSE },
		{ "x.org:a@b", "envelope :contains \"from\" \"\"", FALSE },
		{ "MAILER-DAEMON", "envelope \"from\" \"mailer-daemon\"",
			TRUE },
		{ "..a..@-b_.org", "envelope :localpart \"from\" \"..a..\"",
			TRUE },
		{ "\"a\\\" @b\"@c.org",
			"envelope :localpart \"from\" \"a\\\" @b\"", TRUE },
		{ "\"plain\"@c.org", "envelope \"from\" \"plain@c.org\"",
			TRUE },
		{ "\"a\\\" b\"@c.org",
			"envelope \"from\" \"\\\"a\\\\\\\" b\\\"@c.org\"",
			TRUE },
		{ "\"a\"", "envelope \"from\" \"a\"", TRUE },
		{ "a@[127.0.0.1]", "envelope :domain \"from\" \"[127.0.0.1]\"",
			TRUE },
	};
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		SieveInput input = input_of(plain);
		input.sender = cases[i].sender;
		g_autofree char *told = ask(&input, cases[i].test);
		g_test_message("%s %s", cases[i].sender, cases[i].test);
		g_assert_cmpstr(told, ==, cases[i].result ? "yes" : "no");
	}
}

static void test_date(void)
{
	static const Case cases[] = {
		{ "date \"date\" \"hour\" \"20\"", TRUE },
		{ "date :originalzone \"date\" \"hour\" \"21\"", TRUE },
		{ "date :zone \"-0100\" \"date\" \"hour\" \"17\"", TRUE },
		{ "date \"received\" \"second\" \"31\"", TRUE },
		/* The local zone is that of the time that is told. */
		{ "date \"received\" \"zone\" \"+0100\"", TRUE },
		{ "date \"received\" \"hour\" \"18\"", TRUE },
		{ "date \"date\" \"zone\" \"+0200\"", TRUE },
		{ "date :index 1 :last \"received\" \"second\" \"30\"", TRUE },
		{ "date :contains \"subject\" \"year\" \"\"", FALSE },
		{ "date :count \"eq\" \"x-none\" \"date\" \"0\"", TRUE },
		{ "date :count \"eq\" \"date\" \"date\" \"1\"", TRUE },
		{ "date :value \"ge\" \"date\" \"date\" \"2009-07-20\"", TRUE },
		{ "currentdate \"iso8601\" \"2025-06-15T17:06:40+02:00\"",
			TRUE },
		{ "currentdate :zone \"+0000\" \"time\" \"15:06:40\"", TRUE },
		{ "currentdate :count \"eq\" \"date\" \"1\"", TRUE },
		{ "currentdate \"weekday\" \"0\"", TRUE },
	};
	SieveInput input = input_of(plain);
	check_cases(&input, cases, G_N_ELEMENTS(cases));
}

/* One list, of one value. */
static gboolean list_has(gpointer data, const char *list, const char *value,
	gboolean *known, gboolean *has, GError **error)
{
	(void)data;
	(void)error;
	*known = strcmp(list, "urn:ietf:params:sieve:addrbook:Team") == 0;
	*has = *known && strcmp(value, "a@b.org") == 0;
	return TRUE;
}

static void test_lists(void)
{
	static const Case cases[] = {
		{ "address :list \"to\" \":addrbook:Team\"", TRUE },
		{ "allof(address :list \"to\" [\":addrbook:default\", "
		  "\"urn:ietf:params:sieve:addrbook:Team\"], "
		  "string \"${0}\" \"a@b.org\")",
			TRUE },
		{ "header :list \"subject\" \":addrbook:Team\"", FALSE },
		{ "valid_ext_list \":addrbook:Team\"", TRUE },
		{ "valid_ext_list \":addrbook:team\"", FALSE },
		{ "valid_ext_list [\":addrbook:Team\", \"tag:x\"]", FALSE },
	};
	/* RFC 6134 section 2.5: it is always there. */
	static const Case none[] = {
		{ "header :list \"subject\" \":addrbook:default\"", FALSE },
		{ "valid_ext_list [\":addrbook:default\", "
		  "\"URN:ietf:params:sieve:AddrBook:%44%65%66ault\"]",
			TRUE },
		{ "valid_ext_list \":addrbook:personal\"", FALSE },
		{ "valid_ext_list \"default\"", FALSE },
	};
	static const SieveQuestions lists = { .list_has = list_has };
	SieveInput input = input_of(plain);
	input.questions = &lists;
	check_cases(&input, cases, G_N_ELEMENTS(cases));
	input.questions = NULL;
	check_cases(&input, none, G_N_ELEMENTS(none));
}

static void test_store(void)
{
	static const Case cases[] = {
		{ "metadata \"INBOX\" \"/private/frop\" \"frop!\"", TRUE },
		{ "metadata :contains \"INBOX\" \"/frop\" \"\"", FALSE },
		{ "metadata :contains \"INBOX\" \"/private/x\" \"\"", FALSE },
		{ "metadataexists \"INBOX\" [\"/private/frop\"]", TRUE },
		{ "metadataexists \"INBOX\" [\"/private/frop\", "
		  "\"/private/x\"]",
			FALSE },
		{ "servermetadata \"/shared/admin\" \"\"", TRUE },
		{ "servermetadataexists \"/shared/admin\"", TRUE },
		{ "servermetadataexists \"/shared/x\"", FALSE },
		{ "spamtest :value \"eq\" :comparator \"i;ascii-numeric\" "
		  "\"4\"",
			TRUE },
		{ "spamtest :percent \"35\"", TRUE },
		{ "spamtest :count \"eq\" \"1\"", TRUE },
		{ "virustest \"5\"", TRUE },
	};
	SieveInput input = input_of(plain);
	check_cases(&input, cases, G_N_ELEMENTS(cases));
	g_autofree char *told =
		ask(&input, "metadataexists \"broken\" \"/private/x\"");
	g_assert_cmpstr(told, ==, "Not now");
	input.questions = NULL;
	input.spam = NULL;
	static const Case none[] = {
		{ "metadataexists \"INBOX\" [\"/private/frop\"]", FALSE },
		{ "spamtest \"0\"", TRUE },
		{ "spamtest :percent :count \"eq\" \"0\"", TRUE },
		{ "virustest \"0\"", TRUE },
	};
	check_cases(&input, none, G_N_ELEMENTS(none));
}

static const char mixed[] =
	"From: a@example.org\r\n"
	"Content-Type: multipart/mixed; boundary=outer\r\n\r\n"
	"Outer prologue\r\n"
	"--outer\r\n"
	"Content-Type: multipart/alternative; boundary=inner\r\n"
	"X-Part: two\r\n\r\n"
	"--inner\r\n"
	"Content-Type: text/plain; charset=iso-8859-1\r\n"
	"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
	"Gr=FC=DFe\r\n"
	"--inner\r\n"
	"Content-Type: text/html; charset=us-ascii\r\n"
	"Content-Transfer-Encoding: base64\r\n"
	"Cc: x@part.example\r\n\r\n"
	"PGh0bWw+PGI+SGVsbG88L2I+IHdvcmxkPC9odG1sPg==\r\n"
	"--inner--\r\n"
	"Inner epilogue\r\n"
	"--outer\r\n"
	"Content-Type: message/rfc822\r\n"
	"Content-Disposition: attachment; filename*=utf-8''a%C3%BC.eml; "
	"title=x\r\n\r\n"
	"Subject: inside\r\n\r\n"
	"Inside text\r\n"
	"--outer\r\n"
	"Content-Type: text/plain/stupid\r\n\r\n"
	"Stupid\r\n"
	"--outer\r\n"
	"Content-Type: application/octet-stream\r\n\r\n"
	"binary\r\n"
	"--outer\r\n"
	"Content-Type: text/plain\r\n"
	"Content-Transfer-Encoding: x-rot13\r\n\r\n"
	"Uryyb\r\n"
	"--outer--\r\n"
	"Outer epilogue\r\n";

static void test_body(void)
{
	static const Case cases[] = {
		{ "body :contains \"gr\xc3\xbc\xc3\x9f\"", TRUE },
		{ "body :contains \"hello world\"", TRUE },
		{ "body :contains \"<b>\"", FALSE },
		{ "body :contains \"binary\"", FALSE },
		{ "body :contains \"uryyb\"", FALSE },
		{ "body :contains \"inside text\"", TRUE },
		{ "body :contains \"stupid\"", FALSE },
		{ "body :raw :contains \"--inner--\"", TRUE },
		{ "body :raw :contains \"from:\"", FALSE },
		{ "body :raw :matches \"Outer prologue*Outer epilogue*\"",
			TRUE },
		{ "body :content \"text\" :contains \"<b>\"", TRUE },
		{ "body :content \"text/plain\" :is \"Gr\xc3\xbc\xc3\x9f"
		  "e\"",
			TRUE },
		{ "body :content \"text/plain/stupid\" :contains \"\"", FALSE },
		{ "body :content \"/plain\" :contains \"\"", FALSE },
		{ "body :content \"text/\" :contains \"\"", FALSE },
		{ "body :content \"audio\" :contains \"\"", FALSE },
		{ "body :content \"\" :is \"binary\"", TRUE },
		{ "body :content \"text\" :count \"eq\" \"3\"", TRUE },
		{ "body :content \"multipart\" :is \"Outer prologue\"", TRUE },
		{ "body :content \"multipart\" :contains \"Inner epilogue\"",
			TRUE },
		{ "body :content \"multipart\" :is \"Outer epilogue\r\n\"",
			TRUE },
		{ "body :content \"multipart\" :contains \"--\"", FALSE },
		{ "body :content \"message/rfc822\" :is \"Subject: "
		  "inside\r\n\"",
			TRUE },
	};
	SieveInput input = input_of(mixed);
	check_cases(&input, cases, G_N_ELEMENTS(cases));
	static const Case none[] = {
		{ "body :raw :contains \"\"", FALSE },
		{ "body :content \"\" :contains \"\"", FALSE },
		{ "body :contains \"\"", FALSE },
	};
	input = input_of("Subject: no body\r\n");
	check_cases(&input, none, G_N_ELEMENTS(none));
	static const Case broken[] = {
		{ "body :contains \"hello\"", FALSE },
		{ "body :content \"text\" :contains \"hello\"", FALSE },
		{ "body :content \"application\" :contains \"hello\"", TRUE },
	};
	input = input_of("Content-Transfer-Encoding: multipart/related\r\n"
			 "\r\nHello\r\n");
	check_cases(&input, broken, G_N_ELEMENTS(broken));
	static const Case empty[] = {
		{ "body :raw \"\"", TRUE },
		{ "body :text \"\"", TRUE },
	};
	input = input_of("Subject: empty body\r\n\r\n");
	check_cases(&input, empty, G_N_ELEMENTS(empty));
}

static void test_mime(void)
{
	static const Case cases[] = {
		{ "header :mime :contenttype \"content-type\" "
		  "\"multipart/mixed\"",
			TRUE },
		{ "header :mime :type \"content-type\" \"text\"", FALSE },
		{ "header :mime :anychild :type \"content-type\" \"text\"",
			TRUE },
		{ "header :mime :anychild :subtype \"content-type\" \"html\"",
			TRUE },
		{ "header :mime :anychild :subtype \"content-disposition\" "
		  "\"\"",
			TRUE },
		{ "header :mime :anychild :contenttype "
		  "\"content-disposition\" \"attachment\"",
			TRUE },
		{ "header :mime :type \"from\" \"\"", TRUE },
		{ "header :mime :anychild :param \"filename\" "
		  "\"content-disposition\" \"a\xc3\xbc.eml\"",
			TRUE },
		{ "header :mime :anychild :param [\"title\", \"filename\"] "
		  ":count \"eq\" \"content-disposition\" \"2\"",
			TRUE },
		{ "header :mime :anychild \"subject\" \"inside\"", TRUE },
		{ "header \"subject\" \"inside\"", FALSE },
		{ "exists :mime :anychild [\"x-part\", \"subject\"]", TRUE },
		{ "exists :mime \"x-part\"", FALSE },
		{ "address :mime :anychild :domain \"cc\" \"part.example\"",
			TRUE },
		{ "address :mime :domain \"cc\" \"part.example\"", FALSE },
	};
	SieveInput input = input_of(mixed);
	check_cases(&input, cases, G_N_ELEMENTS(cases));
	/* Fields that are none of MIME's values have no type either. */
	static const Case blank[] = {
		{ "header :mime :type \"content-id\" \"\"", TRUE },
		{ "header :mime :subtype \"content-id\" \"\"", TRUE },
		{ "header :mime :contenttype \"content-id\" \"\"", TRUE },
		{ "header :mime :type \"subject\" \"\"", TRUE },
		{ "header :mime :type \"x-empty\" \"\"", TRUE },
		{ "header :mime :type \"x-absent\" \"\"", FALSE },
		{ "header :mime :contenttype :count \"eq\" "
		  "[\"content-id\", \"subject\", \"x-absent\"] \"2\"",
			TRUE },
		{ "header :mime :param \"x\" \"content-id\" \"\"", FALSE },
	};
	input = input_of("Content-ID: <part@example.org>\r\n"
			 "X-Empty:\r\n"
			 "Subject: two words\r\n\r\nHello\r\n");
	check_cases(&input, blank, G_N_ELEMENTS(blank));
}

static void test_errors(void)
{
	static const struct {
		const char *test;
		const char *told;
	} cases[] = {
		{ "header :contains :comparator \"i;ascii-numeric\" \"a\" "
		  "\"b\"",
			"2:21: this comparator cannot look for a part" },
		{ "header :comparator \"i;basic\" \"a\" \"b\"",
			"2:23: unknown comparator \"i;basic\"" },
		{ "header :regex \"a\" [\"b\", \"+\"]",
			"2:28: at character 1" },
		{ "header :value \"gr\" \"a\" \"b\"", "2:18: ':value' needs" },
		{ "allof(size 1, header :count \"gt\" \"a\" \"9\")",
			"2:10: the test 'size' needs ':over' or ':under'\n"
			"2:25: warning: ':count' compares as texts" },
		{ "header :index 0 \"a\" \"b\"", "2:18: ':index' counts" },
		{ "header :last \"a\" \"b\"", "2:11: ':last' goes with" },
		{ "exists :anychild \"a\"", "2:11: ':anychild' goes with" },
		{ "header :type \"a\" \"b\"", "2:11: ':type' goes with" },
		{ "address \"frop\" \"b\"", "2:12: the field \"frop\"" },
		{ "envelope [\"to\", \"frop\"] \"b\"",
			"2:20: the envelope has no \"frop\"" },
		{ "envelope \"auth\" \"b\"",
			"2:13: the envelope has no \"auth\"" },
		{ "header :list :comparator \"i;octet\" \"subject\" \"tag:x\"",
			"2:17: ':list' takes no comparator" },
		{ "header :list \"subject\" \"tag:x\"",
			"2:4: there is no list 'tag:x'" },
		{ "date \"date\" \"years\" \"b\"", "2:16: \"years\" is no" },
		{ "date :zone \"+1\" \"date\" \"year\" \"b\"",
			"2:15: \"+1\" is no time zone" },
		{ "size 45", "2:4: the test 'size' needs" },
	};
	SieveInput input = input_of(plain);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *told = ask(&input, cases[i].test);
		g_test_message("%s", cases[i].test);
		if (!g_str_has_prefix(told, cases[i].told))
			g_error("\"%s\" instead of \"%s\"", told,
				cases[i].told);
	}
}

/* Large mail with scripts that go through it over and over ends at the limit,
 * and soon. */
static void test_evil(void)
{
	static const char *const tests[] = {
		"header :regex \"x\" \"(a*)*(a*)*(a*)*b\"",
		"header :matches \"x\" \"*a?a*a?a*a?a*b?\"",
		"address :regex \"to\" \"(.*)*x\"",
		"header :mime :anychild :contains \"x\" \"zz\"",
		"body :content \"\" :regex \"(a|b|ab)*c\"",
	};
	g_autoptr(GString) message = g_string_new("X: ");
	g_autoptr(GString) test = g_string_new("anyof(");

	for (guint i = 0; i < 1 << 20; i++)
		g_string_append_c(message, 'a');
	g_string_append(message, "\r\nTo: ");
	for (guint i = 0; i < 20000; i++)
		g_string_append(message, "a@b, ");
	g_string_append(message,
		"\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n");
	for (guint i = 0; i < 10000; i++)
		g_string_append(message, "--x\r\nX: y\r\n\r\nab\r\n");
	for (gsize i = 0; i < 400; i++)
		g_string_append_printf(test, "%s%s", i > 0 ? ",\n" : "",
			tests[i % G_N_ELEMENTS(tests)]);
	g_string_append_c(test, ')');
	SieveInput input = input_of(message->str);
	const clock_t begin = clock();
	g_autofree char *told = ask(&input, test->str);
	g_assert_nonnull(strstr(told, "takes"));
	g_assert_cmpint(clock() - begin, <, 20 * CLOCKS_PER_SEC);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sieve/tests/header", test_header);
	g_test_add_func("/sieve/tests/address", test_address);
	g_test_add_func("/sieve/tests/paths", test_paths);
	g_test_add_func("/sieve/tests/date", test_date);
	g_test_add_func("/sieve/tests/store", test_store);
	g_test_add_func("/sieve/tests/lists", test_lists);
	g_test_add_func("/sieve/tests/body", test_body);
	g_test_add_func("/sieve/tests/mime", test_mime);
	g_test_add_func("/sieve/tests/errors", test_errors);
	g_test_add_func("/sieve/tests/evil", test_evil);
	return g_test_run();
}
