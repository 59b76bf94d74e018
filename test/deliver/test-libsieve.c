/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libsieve in its process: what it answers, that it cannot do harm, and that
 * the engine of our own gives the same where libsieve is right. */
#include "deliver/libsieve.h"

#include <string.h>

#include "base/errors.h"
#include "sieve/action.h"
#include "sieve/extension.h"

static char *helper;

static LibsieveBounds bounds(void)
{
	return (LibsieveBounds){
		.helper = helper, .seconds = 10, .memory = 256 * 1024 * 1024
	};
}

static gboolean is_skipped(void)
{
	if (libsieve_is_built())
		return FALSE;
	g_test_skip("built without libsieve (--with-libsieve)");
	return TRUE;
}

static const char *const messages[] = {
	"From: Alice <alice@example.org>\r\n"
	"To: bob@example.com, \"Carol C.\" <carol+lists@example.net>\r\n"
	"Cc: dave@Example.ORG\r\n"
	"Subject: Offer of the month\r\n"
	"X-Empty:\r\n"
	"X-Twice: one\r\n"
	"X-Twice: two\r\n"
	"X-Number: 42\r\n"
	"\r\n"
	"A body.\r\n",

	"From: mailer@lists.example.org\r\n"
	"To: list@lists.example.org\r\n"
	"Sender: owner-list@lists.example.org\r\n"
	"Subject: [list] *?stars and marks\r\n"
	"X-Twice: two\r\n"
	"\r\n",

	"Subject: no addresses\r\n\r\nx\r\n",
};

static SieveInput input_of(const char *message)
{
	return (SieveInput){ .message = bytes_of_string(message),
		.sender = "alice@example.org",
		.recipient = "carol+lists@example.net",
		.delimiter = "+",
		.now = (Timestamp)1767225600 };
}

/* --- what either engine answers ---------------------------------------------------- */

static gint by_text(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The actions as lines, sorted: that libsieve has them in another order says
 * nothing. */
static char *tell(const SieveResult *result)
{
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);

	if (result->failure != NULL)
		return g_strdup_printf("failure: %s", result->failure->text);
	for (guint i = 0; i < result->actions->len; i++) {
		GString *line = g_string_new(NULL);
		sieve_action_write(result->actions->pdata[i], line);
		g_ptr_array_add(lines, g_string_free(line, FALSE));
	}
	g_ptr_array_sort(lines, by_text);
	g_ptr_array_add(lines, NULL);
	return g_strjoinv("; ", (char **)lines->pdata);
}

static char *run_libsieve(const char *script, const char *message)
{
	LibsieveBounds within = bounds();
	SieveInput input = input_of(message);
	g_autoptr(SieveResult) result = NULL;
	g_autoptr(GError) error = NULL;

	gboolean ran = libsieve_run(&within, "test", bytes_of_string(script),
		&input, &result, &error);
	g_assert_no_error(error);
	g_assert_true(ran);
	return tell(result);
}

static char *run_own(const char *script, const char *message)
{
	static const SieveLimits limits = SIEVE_LIMITS_DEFAULT;
	SieveCompile how = { .extensions = sieve_extensions_delivery(),
		.limits = &limits };
	SieveInput input = input_of(message);
	g_autoptr(GPtrArray) errors = NULL;
	g_autoptr(SieveResult) result = NULL;
	g_autoptr(GError) error = NULL;

	g_autoptr(SieveScript) compiled = sieve_compile(
		&how, "test", bytes_of_string(script), &errors, &error);
	g_assert_no_error(error);
	if (compiled == NULL) {
		const SieveError *first = errors->pdata[0];
		return g_strdup_printf(
			"%u:%u: %s", first->line, first->column, first->text);
	}
	g_assert_true(sieve_run(compiled, &input, &result, &error));
	return tell(result);
}

/* --- what libsieve answers -------------------------------------------------------- */

static const struct {
	const char *script;
	const char *answer;
} runs[] = {
	{ "", "keep" },
	{ "keep;", "keep" },
	{ "discard;", "discard" },
	{ "if true { stop; } discard;", "keep" },
	{ "redirect \"x@example.org\";", "redirect \"x@example.org\"" },
	{ "require \"fileinto\"; fileinto \"a b\"; keep;",
		"fileinto \"a b\"; keep" },
	{ "require \"reject\"; reject \"no\\\";", NULL },
	{ "require \"reject\"; reject text:\nno\n.\n;", "reject \"no\\n\"" },
	{ "require \"subaddress\"; "
	  "if address :detail \"to\" \"lists\" { discard; }",
		"discard" },
	{ "require \"envelope\"; "
	  "if envelope \"from\" \"alice@example.org\" { discard; }",
		"discard" },
	{ "foo;", NULL },
	{ "if {", NULL },
};

static void test_answers(void)
{
	if (is_skipped())
		return;
	for (gsize i = 0; i < G_N_ELEMENTS(runs); i++) {
		g_autofree char *answer =
			run_libsieve(runs[i].script, messages[0]);
		if (runs[i].answer == NULL)
			g_assert_true(g_str_has_prefix(answer, "failure: "));
		else
			g_assert_cmpstr(answer, ==, runs[i].answer);
	}
}

static void test_place(void)
{
	LibsieveBounds within = bounds();
	SieveInput input = input_of(messages[0]);
	g_autoptr(SieveResult) result = NULL;
	g_autoptr(GError) error = NULL;

	if (is_skipped())
		return;
	g_assert_true(libsieve_run(&within, "bad",
		bytes_of_string("keep;\nkeep\n;\nfoo bar"), &input, &result,
		&error));
	g_assert_no_error(error);
	g_assert_nonnull(result->failure);
	g_assert_cmpstr(result->failure->script, ==, "bad");
	g_assert_cmpuint(result->failure->line, ==, 4);
}

/* --- what it cannot do -------------------------------------------------------------- */

/* A pattern that takes libsieve minutes is over when its time is up. */
static void test_time(void)
{
	LibsieveBounds within = bounds();
	g_autoptr(GString) message = g_string_new("Subject: ");
	g_autoptr(SieveResult) result = NULL;
	g_autoptr(GError) error = NULL;
	const char *script = "if header :matches \"subject\" "
			     "\"*a*a*a*a*a*a*a*a*b\" { discard; }";

	if (is_skipped())
		return;
	for (guint i = 0; i < 4000; i++)
		g_string_append_c(message, 'a');
	g_string_append(message, "\r\n\r\n");
	SieveInput input = input_of(message->str);
	within.seconds = 1;
	gint64 start = g_get_monotonic_time();
	g_assert_true(libsieve_run(&within, "slow", bytes_of_string(script),
		&input, &result, &error));
	g_assert_cmpint(g_get_monotonic_time() - start, <, 30 * G_USEC_PER_SEC);
	const SieveAction *keep = result->actions->pdata[0];
	g_assert_cmpuint(result->actions->len, ==, 1);
	g_assert_cmpint(keep->kind, ==, SIEVE_KEEP);
	g_assert_true(keep->is_implicit);
	if (result->failure != NULL)
		g_assert_cmpstr(result->failure->script, ==, "slow");
}

static void test_no_helper(void)
{
	LibsieveBounds within = bounds();
	g_autoptr(SieveResult) result = NULL;
	g_autoptr(GError) error = NULL;
	SieveInput input = input_of(messages[0]);

	within.helper = "/nonexistent/dbmail-libsieve";
	g_assert_false(libsieve_run(&within, "x", bytes_of_string("keep;"),
		&input, &result, &error));
	g_assert_null(result);
	g_assert_error(error, DBMAIL_ERROR, DBMAIL_ERROR_TEMPORARY);
}

/* What answers rubbish, nothing, or only a part counts as crashed. */
static void test_strange_helpers(void)
{
	static const char *const paths[] = { "/bin/true", "/bin/false",
		"/bin/echo" };

	for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
		LibsieveBounds within = bounds();
		g_autoptr(SieveResult) result = NULL;
		g_autoptr(GError) error = NULL;
		SieveInput input = input_of(messages[0]);
		within.helper = paths[i];
		g_assert_true(libsieve_run(&within, "x",
			bytes_of_string("discard;"), &input, &result, &error));
		g_assert_nonnull(result->failure);
		g_assert_cmpuint(result->actions->len, ==, 1);
	}
}

/* --- the same from both ------------------------------------------------------------- */

static const char *pick(GRand *random, const char *const *from)
{
	guint n = 0;

	while (from[n] != NULL)
		n++;
	return from[g_rand_int_range(random, 0, (gint32)n)];
}

static void append_comparison(GRand *random, GString *out)
{
	static const char *const kinds[] = { ":is", ":contains", ":matches", "",
		NULL };
	static const char *const comparators[] = { "",
		" :comparator \"i;octet\"", " :comparator \"i;ascii-casemap\"",
		NULL };

	g_string_append_printf(
		out, " %s%s", pick(random, kinds), pick(random, comparators));
}

static void append_header_test(GRand *random, GString *out)
{
	static const char *const fields[] = { "\"subject\"", "\"X-TWICE\"",
		"[\"x-number\", \"subject\"]", "\"x-missing\"", NULL };
	static const char *const keys[] = { "\"offer\"", "\"Offer*\"", "\"*\"",
		"[\"one\", \"two\"]", "\"t?o\"", "\"*of*month\"", "\"42\"",
		"\"OFFER OF THE MONTH\"", "\"o\"", NULL };

	g_string_append(out, "header");
	append_comparison(random, out);
	g_string_append_printf(
		out, " %s %s", pick(random, fields), pick(random, keys));
}

static void append_address_test(GRand *random, GString *out)
{
	static const char *const parts[] = { ":all", ":domain", ":localpart",
		NULL };
	static const char *const fields[] = { "\"from\"", "\"to\"",
		"[\"to\", \"cc\"]", "\"sender\"", NULL };
	static const char *const keys[] = { "\"alice\"", "\"example.org\"",
		"\"*example*\"", "[\"bob@example.com\", \"x\"]",
		"\"carol+lists\"", "\"list\"", "\"*@*\"", "\"a\"", NULL };

	g_string_append(out, "address");
	append_comparison(random, out);
	g_string_append_printf(out, " %s %s %s", pick(random, parts),
		pick(random, fields), pick(random, keys));
}

static void append_test(GRand *random, GString *out, guint depth)
{
	static const char *const lists[] = { "allof (", "anyof (", NULL };
	static const char *const plain[] = { "true", "false", "size :over 100",
		"size :under 1K", "exists \"x-twice\"",
		"exists [\"to\", \"cc\"]", NULL };
	gint32 what = g_rand_int_range(random, 0, depth < 3 ? 6 : 3);

	if (what == 0) {
		append_header_test(random, out);
	} else if (what == 1) {
		append_address_test(random, out);
	} else if (what == 2) {
		g_string_append(out, pick(random, plain));
	} else if (what == 3) {
		g_string_append(out, "not ");
		append_test(random, out, depth + 1);
	} else {
		g_string_append(out, pick(random, lists));
		append_test(random, out, depth + 1);
		g_string_append(out, ", ");
		append_test(random, out, depth + 1);
		g_string_append_c(out, ')');
	}
}

static void append_commands(GRand *random, GString *out, guint depth)
{
	static const char *const actions[] = { "keep;", "discard;", "stop;",
		"fileinto \"a\";", "fileinto \"b/c\";",
		"redirect \"x@example.org\";", NULL };
	gint32 n = g_rand_int_range(random, 1, 4);

	for (gint32 i = 0; i < n; i++) {
		if (depth < 3 && g_rand_int_range(random, 0, 2) == 0) {
			g_string_append(out, "if ");
			append_test(random, out, 0);
			g_string_append(out, " { ");
			append_commands(random, out, depth + 1);
			g_string_append(out, "} else { ");
			append_commands(random, out, depth + 1);
			g_string_append(out, "} ");
		} else {
			g_string_append(out, pick(random, actions));
			g_string_append_c(out, ' ');
		}
	}
}

/* Both do the same things once: libsieve does them as often as they are
 * said. */
static char *without_repeats(const char *lines)
{
	g_auto(GStrv) all = g_strsplit(lines, "; ", -1);
	GString *out = g_string_new(NULL);

	for (guint i = 0; all[i] != NULL; i++) {
		if (i > 0 && strcmp(all[i], all[i - 1]) == 0)
			continue;
		g_string_append_printf(out, "%s%s", i > 0 ? "; " : "", all[i]);
	}
	return g_string_free(out, FALSE);
}

static void test_same(void)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(5228);
	guint rounds = g_test_slow() ? 20000 : 300;

	if (is_skipped())
		return;
	for (guint i = 0; i < rounds; i++) {
		g_autoptr(GString) script =
			g_string_new("require \"fileinto\"; ");
		append_commands(random, script, 0);
		const char *message = messages[i % G_N_ELEMENTS(messages)];
		g_autofree char *own = run_own(script->str, message);
		g_autofree char *other = run_libsieve(script->str, message);
		g_autofree char *theirs = without_repeats(other);
		if (strcmp(own, theirs) != 0)
			g_test_message("%s\n%s", script->str, message);
		g_assert_cmpstr(own, ==, theirs);
	}
}

int main(int argc, char **argv)
{
	const char *builddir = g_getenv("builddir");

	g_test_init(&argc, &argv, NULL);
	helper = g_build_filename(
		builddir != NULL ? builddir : ".", "dbmail-libsieve", NULL);
	g_test_add_func("/deliver/libsieve/answers", test_answers);
	g_test_add_func("/deliver/libsieve/place", test_place);
	g_test_add_func("/deliver/libsieve/time", test_time);
	g_test_add_func("/deliver/libsieve/no-helper", test_no_helper);
	g_test_add_func("/deliver/libsieve/strange", test_strange_helpers);
	g_test_add_func("/deliver/libsieve/same", test_same);
	int status = g_test_run();
	g_free(helper);
	return status;
}
