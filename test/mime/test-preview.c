/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Previews: of which leaf, and what they say. */
#include "mime/preview.h"

#include "mime/scan.h"

static char *preview_of(Bytes message)
{
	g_autoptr(Arena) arena = arena_new();
	g_autoptr(MimeScan) scan = mime_scan_new(message, NULL);
	const MimeStructure *root = mime_structure_new(arena, message, scan);
	const MimeStructure *leaf = mime_preview_leaf(root);
	GString *out = g_string_new(NULL);

	if (leaf == NULL)
		g_string_append(out, "(none)");
	else
		mime_preview_append(leaf,
			bytes_slice(message, leaf->body, leaf->size), out);
	g_assert_true(g_utf8_validate(out->str, (gssize)out->len, NULL));
	g_assert_cmpint(g_utf8_strlen(out->str, -1), <=, MIME_PREVIEW_MAX);
	return g_string_free(out, FALSE);
}

typedef struct {
	const char *body;
	const char *preview;
} Case;

static const Case plain[] = {
	{ "Hello,\r\n\r\n  how are\tyou?\r\n", "Hello, how are you?" },
	{ "\r\n \r\n\t\r\n", "" },
	{ "Yes.\r\n\r\nOn Monday Ada wrote:\r\n> Really?\r\n> Oh\r\n\r\n"
	  "Bye\r\n",
		"Yes. Bye" },
	{ "On Monday, 1 May, Ada Lovelace\r\n<ada@example.org> wrote:\r\n\r\n"
	  "> Really?\r\n\r\nYes.\r\n",
		"Yes." },
	{ "First\r\nsecond\r\nthird\r\nfourth:\r\n> q\r\nlast\r\n",
		"First second third last" },
	{ "> only\r\n>> quoted\r\n", "only quoted" },
	{ "Text\r\n-- \r\nAda\r\n", "Text" },
	{ "Text\r\n--\r\nAda\r\n", "Text -- Ada" },
	{ "=====\r\nNews\r\n=====\r\nmore ---- so\r\n", "News more ---- so" },
	{ "Answer\r\n-----Original Message-----\r\nFrom: x\r\n", "Answer" },
	{ "-----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA\r\n", "" },
	{ "-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n\r\nSigned\r\n"
	  "-----BEGIN PGP SIGNATURE-----\r\n\r\nabc\r\n",
		"Signed" },
	{ "<b>not html</b> & so\r\n", "<b>not html</b> & so" },
	{ "a\001b\177c\033[0m", "a b c [0m" },
	{ "a\302\240\302\255b\342\200\213c \357\273\277", "a bc" },
	{ "x\342\200\251y", "x y" },
	/* A family keeps its joiners, padding goes. */
	{ "\360\237\221\251\342\200\215\360\237\221\247 \342\200\214"
	  " \342\200\214 after",
		"\360\237\221\251\342\200\215\360\237\221\247 after" },
	{ "bad \377 byte", "bad \357\277\275 byte" },
};

static const Case html[] = {
	{ "<p>Hello</p><p>World</p>", "Hello World" },
	{ "<html><head><title>T</title><style>p { a: b }</style></head>"
	  "<body>One <b>w</b>ord",
		"One word" },
	{ "<SCRIPT>if (a < b) x('</b>');</SCRIPT >text", "text" },
	{ "<style>never closed", "" },
	{ "a<!-- no <b> --> b <!--> c <!DOCTYPE x> d <?xml ?> e", "a b c d e" },
	{ "a<!-- open", "a" },
	{ "x &lt; y &amp;&amp; z &gt; 1 &auml;&ouml&#252;&#xDF;",
		"x < y && z > 1 \303\244\303\266\303\274\303\237" },
	{ "it&#146;s &#0; &#xD800; &#99999999999; &bogus; & so &#; &",
		"it\342\200\231s \357\277\275 \357\277\275 &bogus; & so &#; "
		"&" },
	{ "a&nbsp;&zwnj;&nbsp;&#847;&zwnj; b", "a b" },
	{ "<a title=\"1 > 0\" href='>'>link</a>", "link" },
	{ "<a title=\"open>link</a> after", "link after" },
	{ "<p class=it's>apostrophe</p>", "apostrophe" },
	{ "1 < 2 <3 </ 4 <", "1 < 2 <3 </ 4 <" },
	{ "one<br>two<br/>three<hr>four<td>five", "one two three four five" },
	{ "New<blockquote>old<blockquote>older</blockquote>old</blockquote> "
	  "end",
		"New end" },
	{ "<blockquote>all quoted</blockquote>", "all quoted" },
	{ "</blockquote>kept", "kept" },
	{ "<blockquote><style>x</style>", "" },
	{ "a<br", "a" },
	{ "", "" },
};

static void check(const Case *cases, gsize n, const char *subtype)
{
	for (gsize i = 0; i < n; i++) {
		g_autofree char *message = g_strdup_printf(
			"Content-Type: text/%s; charset=utf-8\r\n\r\n%s     ",
			subtype, cases[i].body);
		g_autofree char *preview = preview_of(bytes_of_string(message));
		g_test_message("%s", cases[i].body);
		g_assert_cmpstr(preview, ==, cases[i].preview);
	}
}

static void test_plain(void)
{
	check(plain, G_N_ELEMENTS(plain), "plain");
}

static void test_html(void)
{
	check(html, G_N_ELEMENTS(html), "html");
}

static const Case messages[] = {
	{ "Content-Type: text/plain; charset=iso-8859-1\n"
	  "Content-Transfer-Encoding: quoted-printable\n\ncaf=E9 au lait",
		"caf\303\251 au lait" },
	{ "Content-Type: text/html; charset=utf-8\n"
	  "Content-Transfer-Encoding: base64\n\nPHA+SGVsbG88L3A+",
		"Hello" },
	{ "Content-Type: image/png\n\nimage", "(none)" },
	{ "Content-Type: text/calendar\n\nBEGIN:VCALENDAR", "(none)" },
	{ "Content-Type: text/plain\nContent-Transfer-Encoding: x-uue\n\nabcde",
		"(none)" },
	{ "Content-Type: multipart/alternative; boundary=x\n\n--x\n\n\n--x\n"
	  "Content-Type: text/html\n\n<p>html</p>\n--x--\n",
		"html" },
	{ "Content-Type: multipart/alternative; boundary=x\n\n--x\n\nplain\n"
	  "--x\nContent-Type: text/html\n\n<p>html</p>\n--x--\n",
		"plain" },
	{ "Content-Type: multipart/mixed; boundary=x\n\n--x\n"
	  "Content-Disposition: attachment\n\nattached\n--x\n\nshown\n--x--\n",
		"shown" },
	{ "Content-Type: multipart/mixed; boundary=x\n\n--x\n"
	  "Content-Type: message/rfc822\n\n\ninside\n--x\n\noutside\n--x--\n",
		"outside" },
	{ "Content-Type: multipart/mixed; boundary=x\n\n--x\n"
	  "Content-Type: message/rfc822\n\n\ninside\n--x--\n",
		"inside" },
	{ "Content-Type: multipart/encrypted; boundary=x\n\n--x\n"
	  "Content-Type: application/pgp-encrypted\n\nVersion: 1\n--x\n"
	  "Content-Type: text/plain\n\nsecret\n--x--\n",
		"(none)" },
};

static void test_messages(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(messages); i++) {
		g_autofree char *preview =
			preview_of(bytes_of_string(messages[i].body));
		g_test_message("%s", messages[i].body);
		g_assert_cmpstr(preview, ==, messages[i].preview);
	}
}

/* Characters count, not bytes; a blank is no last one. */
static void test_length(void)
{
	g_autoptr(GString) message =
		g_string_new("Content-Type: text/plain; charset=utf-8\n\n");

	for (guint i = 0; i < 300; i++)
		g_string_append(message, "\303\244");
	g_autofree char *one = preview_of(bytes_of(message->str, message->len));
	g_assert_cmpint(g_utf8_strlen(one, -1), ==, MIME_PREVIEW_MAX);
	g_string_assign(message, "\n");
	for (guint i = 0; i < 300; i++)
		g_string_append(message, i == 199 ? " " : "x");
	g_autofree char *two = preview_of(bytes_of(message->str, message->len));
	g_assert_cmpint(g_utf8_strlen(two, -1), ==, MIME_PREVIEW_MAX - 1);
}

static const struct {
	const char *type;
	const char *form;
} forms[] = {
	{ "text/plain", "1 plain 0 " },
	{ "TEXT/HTML; charset=UTF-8", "1 markup 0 utf-8" },
	{ "text/plain; charset=\"iso 8859\"", "1 plain 0 ?" },
	{ "text/plain; charset=\"a\001b\"", "1 plain 0 ?" },
};

static void test_forms(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(forms); i++) {
		g_autofree char *message = g_strdup_printf(
			"Content-Type: %s\n\nabcdef", forms[i].type);
		g_autoptr(Arena) arena = arena_new();
		g_autoptr(GString) form = g_string_new(NULL);
		Bytes bytes = bytes_of_string(message);
		g_autoptr(MimeScan) scan = mime_scan_new(bytes, NULL);
		mime_preview_form(mime_preview_leaf(mime_structure_new(
					  arena, bytes, scan)),
			form);
		g_assert_cmpstr(form->str, ==, forms[i].form);
	}
}

/* What would take quadratic time if anything did. */
static void test_linear(void)
{
	static const char *const units[] = { "<a \"", "<a x='", "<!--", "</",
		"<b x=\"", "&#", "<style></", "> q\n", "x:\n> q\n", "<", "\n" };

	for (gsize i = 0; i < G_N_ELEMENTS(units); i++) {
		for (guint html_too = 0; html_too < 2; html_too++) {
			g_autoptr(GString) message = g_string_new(NULL);
			g_string_printf(message, "Content-Type: text/%s\n\n",
				html_too ? "html" : "plain");
			while (message->len < 2 * MIME_PREVIEW_BYTES)
				g_string_append(message, units[i]);
			const clock_t start = clock();
			g_free(preview_of(
				bytes_of(message->str, message->len)));
			g_assert_cmpint(clock() - start, <, 2 * CLOCKS_PER_SEC);
		}
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/mime/preview/plain", test_plain);
	g_test_add_func("/mime/preview/html", test_html);
	g_test_add_func("/mime/preview/messages", test_messages);
	g_test_add_func("/mime/preview/length", test_length);
	g_test_add_func("/mime/preview/forms", test_forms);
	g_test_add_func("/mime/preview/linear", test_linear);
	return g_test_run();
}
