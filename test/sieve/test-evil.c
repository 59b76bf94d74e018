/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scripts that want to stall a delivery: each one's time, and that it is
 * bounded.  By itself a small form of each; with "-m slow", or as
 * "test-evil --table", as evil as a user can make it. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/settings.h"
#include "sieve/extension.h"
#include "sieve/run.h"
#include "sieve/script.h"

/* How much of each, and what one may take, in milliseconds of processor time:
 * twenty times what nearly all do take, so that a busy machine fails none; what
 * grows as it must not takes far more.  Sanitizers make all of it ten to twenty
 * times as slow: less of it then. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
	__has_feature(memory_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif
#ifdef HAS_SANITIZER
#define SMALL_SCALE 200
#define BOUND_MS 20000.0
#else
#define SMALL_SCALE 20
#define BOUND_MS 2000.0
#endif

/* What the message is like. */
typedef enum {
	SMALL,
	LONG,   /* X-Long has 64 KiB of "a" */
	LARGE,  /* a body of 20 MB */
	WIDE,   /* 10,000 parts */
	DEEP,   /* multiparts in multiparts */
	FIELDS, /* 10,000 fields */
	PEOPLE, /* 10,000 addresses */
	MESSAGE_KINDS
} Message;

/* The script is head, count times piece, tail.  In piece, # is the number of
 * the copy, % that one from 0 to 199 and again; in all of them, @ is a text of
 * 60,000 "a". */
typedef struct {
	const char *name;
	const char *head;
	const char *piece;
	guint count;
	const char *tail;
	Message message;
} Evil;

#define REQUIRE \
	"require [\"fileinto\", \"envelope\", \"variables\", " \
	"\"relational\", \"body\", \"imap4flags\", \"subaddress\", \"date\", " \
	"\"index\", \"editheader\", \"mime\", \"foreverypart\", " \
	"\"extracttext\", \"replace\", \"enclose\", \"regex\", " \
	"\"duplicate\", \"include\", \"copy\", \"vacation\", " \
	"\"enotify\", \"encoded-character\", \"reject\", " \
	"\"comparator-i;ascii-numeric\"];\n"

static const Evil scripts[] = {
	/* patterns */
	{ "matches: 8 stars", REQUIRE "if header :matches \"x-long\" \"", "*a",
		8, "b\" { discard; }", LONG },
	{ "matches: 80 stars", REQUIRE "if header :matches \"x-long\" \"", "*a",
		80, "b\" { discard; }", LONG },
	{ "matches: 5,000 stars", REQUIRE "if header :matches \"x-long\" \"",
		"*a", 5000, "b\" { discard; }", LONG },
	{ "matches: star, question marks",
		REQUIRE "if header :matches \"x-long\" \"*", "?", 5000,
		"b\" { discard; }", LONG },
	{ "matches: again and again", REQUIRE,
		"if header :matches \"x-long\" \"*aaaaaaaaaa*aaaaaaaab*\" "
		"{ discard; }\n",
		5000, "", LONG },
	{ "matches: long piece", REQUIRE "set \"k\" \"@b\";\n",
		"if header :matches \"x-long\" \"*${k}*\" { discard; }\n", 1000,
		"", LONG },
	{ "contains: long key", REQUIRE "set \"k\" \"@b\";\n",
		"if header :contains \"x-long\" \"${k}\" { discard; }\n", 1000,
		"", LONG },
	{ "contains: key half as long",
		REQUIRE "set \"k\" \"aaaaaaaa\"; set \"k\" "
			"\"${k}${k}${k}${k}${k}${k}${k}${k}\";"
			"set \"k\" \"${k}${k}${k}${k}${k}${k}${k}${k}\";"
			"set \"k\" \"${k}${k}${k}${k}${k}${k}${k}${k}b\";\n",
		"if header :contains \"x-long\" \"a${k}\" { discard; }\n", 3000,
		"", LONG },
	{ "contains, casemap of a comparator", REQUIRE "set \"k\" \"@b\";\n",
		"if string :contains :comparator \"i;octet\" \"@\" \"${k}\" "
		"{ discard; }\n",
		10, "", SMALL },
	{ "regex: nested plus", REQUIRE,
		"if header :regex \"x-long\" \"(a+)+(b|$)c\" { discard; }\n",
		100, "", LONG },
	{ "regex: nested stars", REQUIRE,
		"if header :regex \"x-long\" \"^((a*)*)*b\" { discard; }\n",
		100, "", LONG },
	{ "regex: alternatives", REQUIRE,
		"if header :regex \"x-long\" \"^(a|aa|aaa)*b\" { discard; }\n",
		100, "", LONG },
	{ "regex: dots", REQUIRE,
		"if header :regex \"x-long\" \".*.*.*.*.*b.*c\" { discard; }\n",
		1000, "", LONG },
	{ "regex: counted", REQUIRE,
		"if header :regex \"x-long\" "
		"\"((a{1,100}){1,100}){1,100}b\" { discard; }\n",
		100, "", LONG },
	{ "regex: deep brackets", REQUIRE "if header :regex \"x-long\" \"", "(",
		10000, "\" { discard; }", LONG },
	{ "regex: from a variable", REQUIRE "set \"k\" \"(a*)*(a*)*(a*)*b\";\n",
		"if header :regex \"x-long\" \"${k}#\" { discard; }\n", 1000,
		"", LONG },
	/* the parser */
	{ "ifs in ifs", REQUIRE, "if true { ", 10000, "", SMALL },
	{ "tests in tests", REQUIRE "if ", "not anyof (", 10000, "true",
		SMALL },
	{ "nots", REQUIRE "if ", "not ", 100000, "true { stop; }", SMALL },
	{ "elsifs", REQUIRE "if false { }\n",
		"elsif header :is \"subject\" \"#\" { discard; }\n", 15000, "",
		SMALL },
	{ "a long comment", "/*", "* /", 300000, "*/ keep;", SMALL },
	{ "comments", "", "/* */\n", 100000, "keep;", SMALL },
	{ "hash comments without end", "", "#", 1000000, "", SMALL },
	{ "a text without end", REQUIRE "keep; set \"a\" text:\n", ".#\n",
		100000, "", SMALL },
	{ "a string without end", "redirect \"", "aaaa\n", 200000, "", SMALL },
	{ "brackets", REQUIRE "if header ", "[", 500000, "", SMALL },
	{ "semicolons", REQUIRE, ";", 1000000, "", SMALL },
	{ "tags", "keep ", ":a#", 100000, ";", SMALL },
	{ "an error in each line", REQUIRE, "foo :bar [\"x\"];\n", 60000, "",
		SMALL },
	{ "requires", "", "require [\"fileinto\", \"x#\"];\n", 30000, "",
		SMALL },
	{ "encoded characters", REQUIRE "redirect \"", "${hex:41 ", 100000,
		"\";", SMALL },
	{ "encoded characters that are", REQUIRE "set \"a\" \"",
		"${unicode: 10FFFF}", 50000, "\";", SMALL },
	{ "variable brackets", REQUIRE "set \"a\" \"", "${a.", 200000, "\";",
		SMALL },
	{ "numbers", REQUIRE "if size :over ", "9", 100000, "G { stop; }",
		SMALL },
	/* many of the same */
	{ "1 MB of tests", REQUIRE "if anyof (",
		"header :contains [\"subject\", \"to\"] \"foo#\",\n", 20000,
		"false) { discard; }", SMALL },
	{ "1 MB of tests, 10,000 fields", REQUIRE "if anyof (",
		"header :contains [\"x-1\", \"x-2\"] \"foo#\",\n", 20000,
		"false) { discard; }", FIELDS },
	{ "a list of 100,000 keys",
		REQUIRE "if header :is [\"subject\", \"x-field\"] [", "\"k#\",",
		100000, "\"\"] { discard; }", FIELDS },
	{ "a list of 50,000 fields", REQUIRE "if header :is [", "\"x-#\",",
		50000, "\"subject\"] [\"a\", \"b\", \"c\"] { discard; }",
		FIELDS },
	{ "exists, 50,000 fields", REQUIRE, "if exists \"x-#\" { }\n", 30000,
		"", FIELDS },
	{ "10,000 addresses", REQUIRE,
		"if address :domain \"to\" \"x#\" { discard; }\n", 10000, "",
		PEOPLE },
	{ "10,000 addresses counted", REQUIRE,
		"if address :count \"lt\" \"to\" \"#\" { discard; }\n", 10000,
		"", PEOPLE },
	{ "dates", REQUIRE,
		"if date :value \"ge\" \"date\" \"julian\" \"#\" { }\n", 15000,
		"", SMALL },
	{ "indices", REQUIRE,
		"if header :index 1# :last :is \"x-field\" \"z\" { }\n", 15000,
		"", FIELDS },
	{ "body: contains", REQUIRE, "if body :contains \"zz#\" { discard; }\n",
		10000, "", LARGE },
	{ "body: raw", REQUIRE, "if body :raw :contains \"zz#\" { discard; }\n",
		10000, "", LARGE },
	{ "body: matches", REQUIRE,
		"if body :matches \"*zz*a*a*a*a*a*#\" { discard; }\n", 10000,
		"", LARGE },
	{ "body: regex", REQUIRE,
		"if body :raw :regex \"(a+)+#b\" { discard; }\n", 10000, "",
		LARGE },
	{ "body: content", REQUIRE,
		"if body :content \"text\" :contains \"zz#\" { }\n", 10000, "",
		WIDE },
	{ "body: is", REQUIRE, "if body :is \"zz#\" { discard; }\n", 10000, "",
		LARGE },
	/* variables */
	{ "variables that double", REQUIRE "set \"a\" \"aaaaaaaa\";\n",
		"set \"a\" \"${a}${a}\";\n", 1000, "redirect \"${a}\";",
		SMALL },
	{ "many large variables", REQUIRE "set \"a\" \"@\";\n",
		"set \"a%\" \"${a}${a}\";\n", 10000, "", SMALL },
	{ "many variables", REQUIRE, "set \"a%\" \"#\";\n", 40000, "", SMALL },
	{ "names made of variables", REQUIRE "set \"a\" \"@\";\n",
		"fileinto \"${a}${a}${a}${a}${a}${a}${a}#\";\n", 1000, "",
		SMALL },
	{ "a string of many variables", REQUIRE "set \"a\" \"@\"; set \"b\" \"",
		"${a}", 100000, "\";", SMALL },
	{ "a key of many variables",
		REQUIRE "set \"a\" \"@\"; if header :is \"subject\" \"", "${a}",
		200000, "\" { stop; }", SMALL },
	{ "quotewildcard, encodeurl", REQUIRE "set \"a\" \"****????\";\n",
		"set :quotewildcard :encodeurl \"a\" \"${a}${a}\";\n", 500, "",
		SMALL },
	{ "modifiers on a large value", REQUIRE "set \"a\" \"@\";\n",
		"set :upper :lowerfirst :length \"b\" \"${a}\";\n", 15000, "",
		SMALL },
	{ "match variables", REQUIRE,
		"if header :matches \"x-long\" \"*\" { set \"a%\" \"${1}\"; "
		"}\n",
		10000, "", LONG },
	/* flags */
	{ "flags that grow", REQUIRE, "addflag [\"f#\", \"g#\", \"h#\"];\n",
		15000, "keep;", SMALL },
	{ "flags in variables", REQUIRE, "addflag \"v\" \"a# b# c# d#\";\n",
		15000, "keep :flags \"${v}\";", SMALL },
	{ "hasflag", REQUIRE "addflag [\"a\", \"b\", \"c\"];\n",
		"if hasflag :contains [\"z#\", \"y#\"] { }\n", 20000, "",
		SMALL },
	{ "a list of flags", REQUIRE "setflag [", "\"f#\",", 100000,
		"\"x\"]; removeflag [\"f1\", \"f2\"]; keep;", SMALL },
	/* parts */
	{ "loops in loops", REQUIRE, "foreverypart { ", 5,
		"if header :mime :contains \"content-type\" \"zz\" { stop; } "
		"} } } } }",
		WIDE },
	{ "loops one after another", REQUIRE,
		"foreverypart { if header :mime :type :is \"content-type\" "
		"\"z#\" { stop; } }\n",
		5000, "", WIDE },
	{ "anychild", REQUIRE,
		"if header :mime :anychild :contains \"content-type\" \"zz#\" "
		"{ discard; }\n",
		10000, "", WIDE },
	{ "anychild in loops", REQUIRE,
		"foreverypart { if header :mime :anychild :contains "
		"\"content-type\" \"zz#\" { discard; } }\n",
		1000, "", WIDE },
	{ "anychild in depth", REQUIRE,
		"foreverypart { if header :mime :anychild :contains "
		"\"content-type\" \"zz#\" { discard; } }\n",
		1000, "", DEEP },
	{ "extracttext", REQUIRE, "foreverypart { extracttext \"t%\"; }\n",
		1000, "", WIDE },
	{ "extracttext of 20 MB", REQUIRE,
		"foreverypart { extracttext :first 10 \"t%\"; }\n", 5000, "",
		LARGE },
	{ "loop names", REQUIRE "foreverypart :name \"a\" {",
		"foreverypart :name \"b\" { break :name \"b\"; }\n", 10000, "}",
		WIDE },
	/* editing */
	{ "addheader", REQUIRE, "addheader \"X-A#\" \"v\";\n", 20000,
		"if header :is \"x-a1\" \"v\" { keep; }", SMALL },
	{ "addheader and look", REQUIRE,
		"addheader :last \"X-A\" \"v\"; if header :is \"x-a\" \"w\" "
		"{ stop; }\n",
		12000, "", FIELDS },
	{ "addheader, large values", REQUIRE "set \"a\" \"@\";\n",
		"addheader \"X-A\" \"${a}\";\n", 10000, "keep;", SMALL },
	{ "addheader and file", REQUIRE,
		"addheader \"X-A\" \"v\"; fileinto :copy \"a#\";\n", 10000, "",
		LARGE },
	{ "addheader and body", REQUIRE,
		"addheader \"X-A\" \"v\"; if body :contains \"q#\" { stop; }\n",
		5000, "", LARGE },
	{ "deleteheader", REQUIRE, "deleteheader \"x-#\";\n", 20000, "keep;",
		FIELDS },
	{ "deleteheader from the end", REQUIRE,
		"deleteheader :index 1 :last :contains \"x-field\" \"v\";\n",
		10000, "keep;", FIELDS },
	{ "replace growth", REQUIRE "set \"a\" \"@\";\n",
		"foreverypart { replace \"${a}\"; }\n", 500, "keep;", WIDE },
	{ "replace one part", REQUIRE "set \"a\" \"@\";\n",
		"replace :subject \"s#\" \"${a}\";\n", 5000, "keep;", LARGE },
	{ "enclose", REQUIRE, "enclose :subject \"s#\" \"text\";\n", 10000,
		"keep;", SMALL },
	{ "enclose 20 MB", REQUIRE, "enclose :subject \"s#\" \"text\";\n", 1000,
		"keep;", LARGE },
	/* actions */
	{ "fileinto", REQUIRE, "fileinto :copy \"a#\";\n", 30000, "", SMALL },
	{ "redirect", REQUIRE, "redirect :copy \"a#@example.org\";\n", 20000,
		"", SMALL },
	{ "notify", REQUIRE, "notify \"mailto:a#@example.org\";\n", 20000, "",
		SMALL },
	{ "vacation", REQUIRE, "vacation \"a#\";\n", 30000, "", SMALL },
	{ "duplicate", REQUIRE, "if duplicate :uniqueid \"a#\" { discard; }\n",
		20000, "", SMALL },
	{ "a reason of 1 MB", REQUIRE "reject \"", "aaaaaaaaaaaaaaa ", 60000,
		"\";", SMALL },
	/* include */
	{ "includes that branch", REQUIRE, "include \"tree#\";\n", 1000, "",
		SMALL },
	{ "includes in a circle", REQUIRE, "include \"circle\";\n", 1000, "",
		SMALL },
	{ "the same include", REQUIRE, "include \"leaf\";\n", 20000, "", LONG },
	{ "includes that are not there", REQUIRE,
		"include :optional \"none#\";\n", 20000, "", SMALL },
};

/* Many rules over large mail, as people have them: they must run to their
 * end. */
static const Evil honest[] = {
	{ "200 rules, body", REQUIRE,
		"if body :contains \"special offer #\" { fileinto \"f#\"; }\n",
		200, "", LARGE },
	{ "200 rules, raw body", REQUIRE,
		"if body :raw :contains \"offer #\" "
		"{ fileinto \"f#\"; }\n",
		200, "", LARGE },
	{ "200 rules, header and body", REQUIRE,
		"if anyof (header :contains [\"from\", \"to\", \"subject\"] "
		"[\"one#\", \"two#\"], header :matches \"list-id\" \"*#*\", "
		"body :text :matches \"*prize*#*\") { fileinto \"f#\"; }\n",
		200, "", LARGE },
	{ "2,000 rules", REQUIRE,
		"if address :is [\"from\", \"to\"] \"a#@example.com\" "
		"{ fileinto \"f#\"; stop; }\n",
		2000, "", SMALL },
};

/* --- messages ------------------------------------------------------------------- */

static void append_many(GString *out, const char *text, guint count)
{
	for (guint i = 0; i < count; i++)
		g_string_append(out, text);
}

static void append_head(GString *out, const char *type)
{
	g_string_append_printf(out,
		"From: a@example.org\r\nSubject: evil\r\n"
		"Message-ID: <1@example.org>\r\n"
		"Date: Thu, 1 Jan 2026 00:00:00 +0000\r\n"
		"MIME-Version: 1.0\r\nContent-Type: %s\r\n",
		type);
}

static void make_deep(GString *out, guint depth)
{
	append_head(out, "multipart/mixed; boundary=b0");
	for (guint i = 1; i < depth; i++)
		g_string_append_printf(out,
			"\r\n--b%u\r\nContent-Type: multipart/mixed; "
			"boundary=b%u\r\n",
			i - 1, i);
	g_string_append_printf(out, "\r\n--b%u\r\n\r\ntext\r\n", depth - 1);
}

static GString *make_message(Message kind, guint scale)
{
	GString *out = g_string_new(NULL);

	if (kind == DEEP) {
		make_deep(out, 90);
		return out;
	}
	append_head(out,
		kind == WIDE ? "multipart/mixed; boundary=b" : "text/plain");
	if (kind == LONG) {
		g_string_append(out, "X-Long: ");
		append_many(out, "aaaaaaaa", 8192 / scale);
		g_string_append(out, "\r\n");
	}
	if (kind == PEOPLE) {
		g_string_append(out, "To: x@example.com");
		append_many(out, ",\r\n a <b@example.net>", 10000 / scale);
		g_string_append(out, "\r\n");
	}
	if (kind == FIELDS)
		append_many(out, "X-Field: value\r\n", 10000 / scale);
	g_string_append(out, "\r\n");
	if (kind == LARGE)
		append_many(out, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n",
			655360 / scale);
	if (kind == WIDE)
		append_many(out,
			"--b\r\nContent-Type: text/plain\r\n\r\na text\r\n",
			9990 / scale);
	return out;
}

/* --- scripts -------------------------------------------------------------------- */

static void append_piece(GString *out, const char *piece, guint number)
{
	for (const char *p = piece; *p != '\0'; p++) {
		if (*p == '#' && strlen(piece) > 1)
			g_string_append_printf(out, "%u", number);
		else if (*p == '%')
			g_string_append_printf(out, "%u", number % 200);
		else if (*p == '@' && (p[1] == '"' || p[1] == 'b'))
			append_many(out, "aaaaaaaaaa", 6000);
		else
			g_string_append_c(out, *p);
	}
}

static GString *make_script(const Evil *evil, guint scale)
{
	GString *out = g_string_new(NULL);

	append_piece(out, evil->head, 0);
	for (guint i = 0; i < MAX(evil->count / scale, 4); i++)
		append_piece(out, evil->piece, i);
	append_piece(out, evil->tail, 0);
	return out;
}

static gboolean load(gpointer data G_GNUC_UNUSED,
	SieveLocation location G_GNUC_UNUSED, const char *name, char **source,
	gsize *size, GError **error G_GNUC_UNUSED)
{
	g_autoptr(GString) text = g_string_new("require \"include\";\n");

	if (g_str_has_prefix(name, "none"))
		return FALSE;
	if (g_str_has_prefix(name, "tree")) {
		for (guint i = 0; i < 10; i++)
			g_string_append_printf(
				text, "include \"%s%u\";\n", name, i);
	} else if (strcmp(name, "circle") == 0) {
		g_string_append(text, "include \"circle\";\n");
	} else {
		g_string_append(text,
			"if header :matches \"x-long\" \"*a*b\" { stop; }\n");
	}
	*size = text->len;
	*source = g_strdup(text->str);
	return TRUE;
}

/* --- the run -------------------------------------------------------------------- */

typedef struct {
	GString *messages[MESSAGE_KINDS];
	guint scale;
} Fixture;

typedef struct {
	double compiling; /* milliseconds */
	double running;
	const char *outcome;
	gboolean is_whole; /* compiled, and run to its end */
} Took;

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void run_script(SieveScript *script, Bytes message, Took *took)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(SieveResult) result = NULL;
	SieveInput input = { .message = message,
		.sender = "a@example.org",
		.recipient = "b@example.com",
		.delimiter = "+",
		.now = (Timestamp)1767225600 };
	double start = now_ms();

	g_assert_true(sieve_run(script, &input, &result, &error));
	g_assert_no_error(error);
	g_assert_cmpuint(result->actions->len, >, 0);
	took->is_whole = result->failure == NULL;
	took->outcome = took->is_whole ? "ran" : result->failure->text;
	if (result->failure != NULL)
		took->outcome = g_intern_string(took->outcome);
	took->running = now_ms() - start;
}

static Took run_evil(const Evil *evil, const Fixture *fixture)
{
	static const SieveLimits limits = SIEVE_LIMITS_DEFAULT;
	SieveCompile how = { .extensions = sieve_extensions_delivery(),
		.limits = &limits,
		.loader = load };
	g_autoptr(GString) source = make_script(evil, fixture->scale);
	g_autoptr(GPtrArray) errors = NULL;
	g_autoptr(GError) error = NULL;
	Took took = { 0 };
	double start = now_ms();

	g_autoptr(SieveScript) script = sieve_compile(&how, "evil",
		bytes_of(source->str, source->len), &errors, &error);
	g_assert_no_error(error);
	took.compiling = now_ms() - start;
	const GString *message = fixture->messages[evil->message];
	if (script != NULL) {
		run_script(script, bytes_of(message->str, message->len), &took);
	} else {
		const SieveError *first = errors->pdata[0];
		took.outcome = g_intern_string(first->text);
	}
	return took;
}

static gboolean try(
	const Evil *script, const Fixture *fixture, gboolean is_honest)
{
	Took took = run_evil(script, fixture);

	/* Caches are shared with others; what is slow by itself is so again. */
	if (took.compiling + took.running > BOUND_MS)
		took = run_evil(script, fixture);
	gboolean is_good = took.compiling + took.running <= BOUND_MS &&
		(took.is_whole || !is_honest);
	printf("# %-34s %8.1f ms %8.1f ms  %s%s\n", script->name,
		took.compiling, took.running, took.outcome,
		is_good ? "" : "  TOO MUCH");
	fflush(stdout);
	return is_good;
}

static void test_all(gconstpointer data)
{
	Fixture fixture = *(const Fixture *)data;
	guint bad = 0;

	for (guint i = 0; i < MESSAGE_KINDS; i++)
		fixture.messages[i] = make_message(i, fixture.scale);
	for (gsize i = 0; i < G_N_ELEMENTS(scripts); i++)
		bad += !try(&scripts[i], &fixture, FALSE);
	for (gsize i = 0; i < G_N_ELEMENTS(honest); i++)
		bad += !try(&honest[i], &fixture, TRUE);
	for (guint i = 0; i < MESSAGE_KINDS; i++)
		g_string_free(fixture.messages[i], TRUE);
	g_assert_cmpuint(bad, ==, 0);
}

int main(int argc, char **argv)
{
	static Fixture small = { .scale = SMALL_SCALE };
	static Fixture whole = { .scale = 1 };
	gboolean has_table = argc > 1 && strcmp(argv[1], "--table") == 0;

	g_test_init(&argc, &argv, NULL);
	if (!has_table)
		g_test_add_data_func("/sieve/evil/small", &small, test_all);
	if (has_table || g_test_slow())
		g_test_add_data_func("/sieve/evil/whole", &whole, test_all);
	return g_test_run();
}
