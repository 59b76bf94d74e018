/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The URIs that notifications go by. */
#include "sieve/mailto.h"

#include "base/errors.h"

static const struct {
	const char *uri;
	const char *told; /* to|cc|subject|body|name: value */
} good[] = {
	{ "mailto:a@b", "a@b||-|-|" },
	{ "MAILTO:a@b,c@d", "a@b,c@d||-|-|" },
	{ "mailto:a@b?to=c@d&cc=e@f&Cc=g@h", "a@b,c@d|e@f,g@h|-|-|" },
	{ "mailto:?to=a@b", "a@b||-|-|" },
	{ "mailto:a@b?to=A@b&cc=a@b", "a@b,A@b||-|-|" },
	{ "mailto:a@b?subject=one%20two&body=x%0D%0Ay",
		"a@b||one two|x\r\ny|" },
	{ "mailto:a%2Bc@b?x-y=z&importance=high",
		"a+c@b||-|-|X-y: z;Importance: high;" },
	{ "mailto:%22x,y%22@b", "\"x,y\"@b||-|-|" },
	{ "mailto:a@b?subject=%C3%A4", "a@b||\303\244|-|" },
	{ "mailto:a@b?from=x@y&received=r&Date=d&auto-submitted=no&"
	  "message-id=m&bcc=q@r&content-type=t&resent-to=n",
		"a@b||-|-|" },
};

static void write_list(const char *const *list, GString *out)
{
	g_autofree char *joined = g_strjoinv(",", (char **)list);

	g_string_append_printf(out, "%s|", joined);
}

static void test_good(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(good); i++) {
		g_autoptr(Arena) arena = arena_new();
		g_autoptr(GString) told = g_string_new(NULL);
		g_autoptr(GError) error = NULL;
		SieveMailto mailto;

		gboolean done = sieve_mailto_parse(
			arena, bytes_of_string(good[i].uri), &mailto, &error);
		g_assert_no_error(error);
		g_assert_true(done);
		write_list(mailto.to, told);
		write_list(mailto.cc, told);
		g_string_append_printf(told, "%s|%s|",
			mailto.subject != NULL ? mailto.subject : "-",
			mailto.body != NULL ? mailto.body : "-");
		for (guint j = 0; j < mailto.n_fields; j++)
			g_string_append_printf(told, "%s: %s;",
				mailto.fields[j].name, mailto.fields[j].value);
		g_assert_cmpstr(told->str, ==, good[i].told);
	}
}

/* Names are for the fields. */
static void test_names(void)
{
	g_autoptr(Arena) arena = arena_new();
	g_autoptr(GString) told = g_string_new(NULL);
	SieveMailto mailto;

	g_assert_true(sieve_mailto_parse(arena,
		bytes_of_string("mailto:a@b?cc=J%C3%BCrgen%20K.%20%3Cc@d%3E"
				",%22x,%20y%22%20%3Ce@f%3E,Again%20%3Ca@b%3E"),
		&mailto, NULL));
	write_list(mailto.to_text, told);
	write_list(mailto.cc, told);
	write_list(mailto.cc_text, told);
	g_assert_cmpstr(told->str, ==,
		"a@b|c@d,e@f|J\303\274rgen K. <c@d>,\"x, y\" <e@f>|");
}

static const struct {
	const char *uri;
	DbmailErrorCode code;
} bad[] = {
	{ "", DBMAIL_ERROR_INVALID },
	{ ":a@b", DBMAIL_ERROR_INVALID },
	{ "1a:b", DBMAIL_ERROR_INVALID },
	{ "snail mail:b", DBMAIL_ERROR_INVALID },
	{ "snailto:a@b", DBMAIL_ERROR_UNSUPPORTED },
	{ "h+1-2.3:a@b", DBMAIL_ERROR_UNSUPPORTED },
	{ "mailto", DBMAIL_ERROR_INVALID },
	{ "mailto:", DBMAIL_ERROR_INVALID },
	{ "mailto:?", DBMAIL_ERROR_INVALID },
	{ "mailto:a@b;?header=x", DBMAIL_ERROR_INVALID },
	{ "mailto:a@b?header<=x", DBMAIL_ERROR_INVALID },
	{ "mailto:a@b?header=x>y", DBMAIL_ERROR_INVALID },
	{ "mailto:a@b?header:=x", DBMAIL_ERROR_INVALID },
	{ "mailto:a@b?header%3A=x", DBMAIL_ERROR_INVALID },
	{ "mailto:a@b?=x", DBMAIL_ERROR_INVALID },
	{ "mailto:a@b?x", DBMAIL_ERROR_INVALID },
	{ "mailto:a@b?x=y&", DBMAIL_ERROR_INVALID },
	{ "mailto:a%23b", DBMAIL_ERROR_INVALID },
	{ "mailto:a@b?to=n%23f.example", DBMAIL_ERROR_INVALID },
	{ "mailto:a@b,", DBMAIL_ERROR_INVALID },
	{ "mailto:a b@c", DBMAIL_ERROR_INVALID },
	{ "mailto:a@b%", DBMAIL_ERROR_INVALID },
	{ "mailto:a@b?x=%0", DBMAIL_ERROR_INVALID },
	{ "mailto:a@b?x=%00", DBMAIL_ERROR_INVALID },
	{ "mailto:a@b?x=%FF", DBMAIL_ERROR_INVALID },
	{ "mailto:a@b?x=\303\244", DBMAIL_ERROR_INVALID },
	{ "mailto:a@b,b@b,c@b,d@b,e@b,f@b,g@b,h@b,i@b,j@b,k@b",
		DBMAIL_ERROR_LIMIT },
	{ "mailto:a@b?a=&b=&c=&d=&e=&f=&g=&h=&i=&j=&k=&l=&m=&n=&o=&p=&q=&r="
	  "&s=&t=&u=",
		DBMAIL_ERROR_LIMIT },
};

static void test_bad(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(Arena) arena = arena_new();
		g_autoptr(GError) error = NULL;

		g_assert_false(sieve_mailto_parse(
			arena, bytes_of_string(bad[i].uri), NULL, &error));
		g_assert_error(error, DBMAIL_ERROR, (gint)bad[i].code);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sieve/mailto/good", test_good);
	g_test_add_func("/sieve/mailto/names", test_names);
	g_test_add_func("/sieve/mailto/bad", test_bad);
	return g_test_run();
}
