/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages as scripts leave them: addheader and deleteheader (RFC 5293), the
 * loops and edits of RFC 5703. */
#include "test/sieve/run-lines.h"

static const SieveLimits limits = SIEVE_LIMITS_DEFAULT;

#define HEAD \
	"require [\"editheader\", \"fileinto\", \"variables\", \"copy\"];\n"

/* What the actions are, and before each that has a message, the message. */
static char *run_messages(const char *source, const char *message)
{
	SieveCompile how = { .extensions = sieve_extensions_delivery(),
		.limits = &limits };
	GString *out = g_string_new(NULL);
	g_autoptr(SieveScript) script =
		compile_lines(&how, source, strlen(source), out);

	if (script == NULL)
		return g_string_free(out, FALSE);
	SieveInput input = { .message = bytes_of_string(message),
		.recipient = "me@example.org" };
	g_autoptr(SieveResult) result = NULL;
	g_autoptr(GError) error = NULL;
	g_assert_true(sieve_run(script, &input, &result, &error));
	if (result->failure != NULL)
		append_error(out, result->failure);
	for (guint i = 0; i < result->actions->len; i++) {
		const SieveAction *action =
			g_ptr_array_index(result->actions, i);
		Bytes its =
			g_array_index(result->messages, Bytes, action->message);

		sieve_action_write(action, out);
		g_string_append_c(out, '\n');
		if (action->kind < SIEVE_ADDHEADER)
			g_string_append_len(out, its.data, (gssize)its.size);
	}
	return g_string_free(out, FALSE);
}

#define MAIL "A: 1\r\nX: 1\r\nX: 2\r\nReceived: r\r\nX: 3\r\n\r\nbody"

static const struct {
	const char *source;
	const char *message;
	const char *expected;
} edits[] = {
	{ HEAD "addheader \"N\" \"v\";", MAIL,
		"addheader \"N\" \"v\"\nkeep\nN: v\r\n" MAIL },
	{ HEAD "addheader :last \"N\" \"v\";", "A: 1\r\n\r\nb",
		"addheader \"N\" \"v\" :last\nkeep\nA: 1\r\nN: v\r\n\r\nb" },
	{ HEAD "addheader :last \"N\" \"v\";", "A: 1\n\nb",
		"addheader \"N\" \"v\" :last\nkeep\nA: 1\nN: v\n\nb" },
	{ HEAD "addheader :last \"N\" \"v\";", "A: 1",
		"addheader \"N\" \"v\" :last\nkeep\nA: 1\r\nN: v\r\n" },
	{ HEAD "addheader \"N\" \"v\";", "",
		"addheader \"N\" \"v\"\nkeep\nN: v\r\n" },
	/* Nobody can put something into a field of ours. */
	{ HEAD "addheader \"N\" \"v\";", " evil\r\nA: 1\r\n\r\n",
		"addheader \"N\" \"v\"\nkeep\n evil\r\nN: v\r\nA: 1\r\n\r\n" },
	{ HEAD "addheader \"N\" \"a\nEvil: b\";", "A: 1\r\n\r\n",
		"addheader \"N\" \"a\\r\\nEvil: b\"\nkeep\n"
		"N: a Evil: b\r\nA: 1\r\n\r\n" },
	{ HEAD "addheader \"N\" \"\303\244\"; addheader \"N\" \"b\";",
		"A: 1\r\n\r\n",
		"addheader \"N\" \"\303\244\"\naddheader \"N\" \"b\"\nkeep\n"
		"N: b\r\nN: =?UTF-8?B?w6Q=?=\r\nA: 1\r\n\r\n" },
	{ HEAD "addheader \"N\" \"a\n b\n\n\tc\n\";", "A: 1\r\n\r\n",
		"addheader \"N\" \"a\\r\\n b\\r\\n\\r\\n\tc\\r\\n\"\n"
		"keep\nN: a b  c\r\nA: 1\r\n\r\n" },
	{ HEAD "addheader \"N\" \"a\033b\";", "A: 1\r\n\r\n",
		"2:15: the field value \"a b\" is invalid: it must be UTF-8 "
		"without controls of at most 65536 bytes\n" },
	{ HEAD "addheader \"X:\" \"v\"; deleteheader \"a b\";", MAIL,
		"2:11: the field name \"X:\" is invalid: it must be printable "
		"ASCII without blanks and \":\"\n"
		"2:34: the field name \"a b\" is invalid: it must be printable "
		"ASCII without blanks and \":\"\n" },
	{ HEAD "set \"n\" \"X:\"; addheader \"${n}\" \"v\";", "A: 1\r\n\r\n",
		"2:15: addheader: the field name \"X:\" is invalid: it must "
		"be printable ASCII without blanks and \":\"\n"
		"keep\nA: 1\r\n\r\n" },
	{ HEAD "deleteheader \"x\";", MAIL,
		"deleteheader \"x\"\nkeep\nA: 1\r\nReceived: r\r\n\r\nbody" },
	{ HEAD "deleteheader :index 1 \"x\"; deleteheader :index 2 \"x\";",
		MAIL,
		"deleteheader \"x\" :index 1\ndeleteheader \"x\" :index 2\n"
		"keep\nA: 1\r\nX: 2\r\nReceived: r\r\n\r\nbody" },
	{ HEAD "deleteheader :index 1 :last \"x\";", MAIL,
		"deleteheader \"x\" :index 1 :last\nkeep\n"
		"A: 1\r\nX: 1\r\nX: 2\r\nReceived: r\r\n\r\nbody" },
	{ HEAD "deleteheader \"x\" [\"1\", \"3\"];", MAIL,
		"deleteheader \"x\"\nkeep\n"
		"A: 1\r\nX: 2\r\nReceived: r\r\n\r\nbody" },
	{ HEAD "deleteheader :index 2 :contains \"x\" \"1\";", MAIL,
		"keep\n" MAIL },
	{ HEAD "deleteheader :matches \"x\" \"*\";", MAIL,
		"deleteheader \"x\"\nkeep\nA: 1\r\nReceived: r\r\n\r\nbody" },
	{ HEAD "deleteheader :last \"x\";", MAIL,
		"2:14: ':last' goes with ':index' alone\n" },
	{ HEAD "deleteheader :index 0 \"x\";", MAIL,
		"2:21: ':index' counts from 1\n" },
	{ HEAD "deleteheader \"received\"; deleteheader \"auto-submitted\"; "
	       "deleteheader :index 9 \"x\"; deleteheader \"none\";",
		MAIL, "keep\n" MAIL },
	/* The message as it is when the action is taken. */
	{ HEAD "fileinto :copy \"a\"; deleteheader \"A\"; fileinto \"b\";",
		"A: 1\r\nB: 2\r\n\r\n",
		"fileinto \"a\" :copy\nA: 1\r\nB: 2\r\n\r\n"
		"deleteheader \"A\"\n"
		"fileinto \"b\"\nB: 2\r\n\r\n" },
	/* RFC 5293 section 7: it is the same message. */
	{ HEAD "keep; deleteheader \"A\"; keep;", "A: 1\r\nB: 2\r\n\r\n",
		"keep\nB: 2\r\n\r\ndeleteheader \"A\"\n" },
	{ "require [\"editheader\", \"reject\"]; deleteheader \"A\"; "
	  "reject \"no\";",
		"A: 1\r\n\r\n",
		"deleteheader \"A\"\nreject \"no\"\nA: 1\r\n\r\n" },
};

static void test_edits(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(edits); i++) {
		g_autofree char *found =
			run_messages(edits[i].source, edits[i].message);

		g_assert_cmpstr(found, ==, edits[i].expected);
	}
}

#define MIME \
	"require [\"foreverypart\", \"extracttext\", \"replace\", " \
	"\"enclose\", \"variables\", \"fileinto\", \"copy\"];\n"

#define MULTIPART \
	"A: 1\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" \
	"--b\r\n\r\none\r\n" \
	"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n" \
	"--c\r\n\r\ntwo\r\n" \
	"--c\r\nContent-Type: text/plain; charset=iso-8859-1\r\n" \
	"Content-Transfer-Encoding: quoted-printable\r\n\r\n=E4\r\n" \
	"--c--\r\n" \
	"--b\r\nContent-Type: image/png\r\n\r\nthree\r\n" \
	"--b--\r\n"

#define BASE64 "\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\n"

static const struct {
	const char *source;
	const char *message;
	const char *begin; /* of what comes out */
} mime[] = {
	{ MIME "set \"a\" \"\"; foreverypart { extracttext \"t\"; "
	       "set \"a\" \"${a}(${t})\"; } fileinto :copy \"${a}\";"
	       "discard;",
		MULTIPART, "fileinto \"()(one)()(two)(\303\244)()\" :copy\n" },
	/* What is in the part that the outer loop is at. */
	{ MIME "set \"n\" \"n\"; foreverypart { set \"n\" \"${n}.\"; "
	       "foreverypart { set \"n\" \"${n}i\"; } } "
	       "fileinto \"${n}\";",
		MULTIPART, "fileinto \"n.iiiii..ii...\"\n" },
	{ MIME "set \"n\" \"n\"; foreverypart { set \"n\" \"${n}.\"; "
	       "if string \"${n}\" \"n...\" { break; } } fileinto \"${n}\";",
		MULTIPART, "fileinto \"n...\"\n" },
	{ MIME "set \"n\" \"n\"; foreverypart :name \"o\" { "
	       "set \"n\" \"${n}.\"; foreverypart :name \"i\" { "
	       "set \"n\" \"${n}i\"; break :name \"o\"; } } "
	       "fileinto \"${n}\";",
		MULTIPART, "fileinto \"n.i\"\n" },
	{ MIME "foreverypart :name \"a\" { break :name \"b\"; }", MULTIPART,
		"2:26: no foreverypart around it has the name \"b\"\n" },
	{ MIME "break;", MULTIPART,
		"2:1: break is only for the block of a foreverypart\n" },
	{ MIME "extracttext \"x\";", MULTIPART,
		"2:1: extracttext is only for the block of a foreverypart\n" },
	{ MIME "foreverypart { extracttext :first 2 :upper \"t\"; } "
	       "fileinto \"x${t}\";",
		"A: 1\r\n\r\nabc", "fileinto \"xAB\"\n" },
	{ MIME "foreverypart { extracttext \"t\"; } fileinto \"x${t}\";",
		"Content-Type: text/plain; charset=nosuch\r\n\r\nabc",
		"fileinto \"x\"\n" },
	{ MIME "foreverypart { extracttext \"t\"; } fileinto \"x${t}\";",
		"Content-Transfer-Encoding: nosuch\r\n\r\nabc",
		"fileinto \"x\"\n" },
	{ MIME "set \"a\" \"\"; foreverypart { extracttext \"t\"; "
	       "set \"a\" \"${a}(${t})\"; } fileinto \"x${a}\";",
		"Content-Type: multipart/mixed; boundary=b\r\n" BASE64
		"YW\r\n Jj\r\n" BASE64 "YWI=\r\n-- \r\nlist\r\n" BASE64
		"YWI\r\n" BASE64 "\r\n" BASE64 "%YWJj\r\n" BASE64
		"YWJj\r\n-- \r\n" BASE64 "YWJjZ\r\n--b--\r\n",
		"fileinto \"x()(abc)(ab)(ab)()()()(abc)\"\n" },
	{ MIME "foreverypart { extracttext \"t\"; } fileinto \"x${t}\";",
		"Content-Type: text/html\r\n\r\n<html><b>a</b>b</html>",
		"fileinto \"xab\"\n" },
	{ MIME "replace \"new\"; keep;", "A: 1\r\n\r\nold",
		"replace \"new\"\nkeep\nA: 1\r\nMIME-Version: 1.0\r\n"
		"Content-Type: text/plain; charset=us-ascii\r\n"
		"Content-Transfer-Encoding: 7bit\r\n\r\nnew\r\n" },
	{ MIME "replace :mime :subject \"s\" \"x\";", MULTIPART,
		"2:9: :mime excludes :subject and :from\n" },
	{ MIME "replace :from \"x\" \"x\";", MULTIPART,
		"2:15: \"x\" is no address, such as "
		"\"Name <user@example.com>\"\n" },
	/* The loop does not go into what is no more, and goes on behind it. */
	{ MIME "set \"a\" \"\"; foreverypart { extracttext \"t\"; "
	       "set \"a\" \"${a}(${t})\"; "
	       "if string \"${a}\" \"()(one)()\" { replace \"r\"; } }"
	       "foreverypart { extracttext \"t\"; set \"a\" \"${a}<${t}>\"; }"
	       "fileinto \"${a}\";",
		MULTIPART,
		"replace \"r\"\n"
		"fileinto \"()(one)()()<><one><r><>\"\n" },
	{ MIME "set \"a\" \"\"; foreverypart { extracttext \"t\"; "
	       "set \"a\" \"${a}(${t})\"; "
	       "if string \"${a}\" \"()(one)\" { enclose \"e\"; } }"
	       "redirect :copy \"a@b\"; fileinto \"${a}\";",
		MULTIPART,
		"enclose \"e\"\nredirect \"a@b\" :copy\n" MULTIPART
		"fileinto \"()(one)()(two)(\303\244)()\"\nDate: " },
	{ MIME "enclose :headers \"a:\" \"e\";", MULTIPART,
		"2:18: \"a:\" is no field name: printable ASCII without "
		"\":\"\n" },
};

static void test_mime(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(mime); i++) {
		g_autofree char *found =
			run_messages(mime[i].source, mime[i].message);

		found[MIN(strlen(found), strlen(mime[i].begin))] = '\0';
		g_assert_cmpstr(found, ==, mime[i].begin);
	}
}

/* A loop over many parts that makes each larger ends. */
static void test_bounds(void)
{
	g_autofree char *endless = run_messages(MIME
		"foreverypart { replace :mime \"Content-Type: "
		"multipart/mixed; boundary=x\n\n--x\n\n--x--\"; }"
		"foreverypart { foreverypart { foreverypart { "
		"replace \"x\"; } } }",
		MULTIPART);
	g_autoptr(GString) many = g_string_new(MIME);

	g_assert_nonnull(strstr(endless, "keep\n"));
	for (guint i = 0; i < 257; i++)
		g_string_append(many, "enclose \"\";");
	g_autofree char *told = run_messages(many->str, "A: 1\r\n\r\n");
	g_assert_nonnull(strstr(told, "256 changes"));
}

/* All of many fields go in one pass; asking for them again and again costs
 * instructions. */
static void test_many_fields(void)
{
	g_autoptr(GString) message = g_string_new(NULL);
	g_autoptr(GString) script = g_string_new(HEAD);

	for (guint i = 0; i < 200000; i++)
		g_string_append(message, "X:\r\nY:\r\n");
	g_string_append(message, "\r\n");
	g_autofree char *cut =
		run_messages(HEAD "deleteheader \"x\";", message->str);
	g_assert_true(g_str_has_prefix(
		cut, "deleteheader \"x\"\nkeep\nY:\r\nY:\r\n"));
	g_assert_null(strstr(cut, "X:"));
	for (guint i = 0; i < 20000; i++)
		g_string_append(script, "deleteheader :index 1 \"z\";\n");
	g_autofree char *told = run_messages(script->str, message->str);
	/* 200000, and what so large a message adds. */
	g_assert_nonnull(strstr(told, "212500 instructions"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sieve/editheader/edits", test_edits);
	g_test_add_func("/sieve/editheader/mime", test_mime);
	g_test_add_func("/sieve/editheader/bounds", test_bounds);
	g_test_add_func("/sieve/editheader/many-fields", test_many_fields);
	return g_test_run();
}
