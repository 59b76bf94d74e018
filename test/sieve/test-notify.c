/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Notifications (RFC 5435, RFC 5436) and :fcc (RFC 8580). */
#include "test/sieve/run-lines.h"

static const SieveLimits limits = SIEVE_LIMITS_DEFAULT;

#define HEAD "require [\"enotify\", \"fcc\", \"imap4flags\", \"vacation\"];\n"

static const RunCase cases[] = {
	{ HEAD "notify \"mailto:a@b\";",
		"notify \"mailto:a@b\" :importance \"2\"\n(keep)\n" },
	{ HEAD "notify :importance \"1\" :message \"new\" :from \"c@d\" "
	       ":options [\"x=y\"] \"mailto:a@b\";",
		"notify \"mailto:a@b\" :from \"c@d\" :message \"new\" "
		":importance \"1\" :options \"x=y\"\n(keep)\n" },
	/* The same to the same is one. */
	{ HEAD "notify \"mailto:a@b\"; notify \"mailto:a@b\"; "
	       "notify :message \"other\" \"mailto:a@b\"; discard;",
		"notify \"mailto:a@b\" :importance \"2\"\n"
		"notify \"mailto:a@b\" :message \"other\" :importance \"2\"\n"
		"discard\n" },
	{ HEAD "notify :importance \"4\" \"mailto:a@b\";",
		"2:20: :importance must be \"1\", \"2\" or \"3\"\n" },
	{ HEAD "notify :from \"a\" \"mailto:a@b\";",
		"2:14: \"a\" is no address, such as \"user@example.com\"\n" },
	{ HEAD "notify :options [\"\", \"a\", \"_a=\", \"=a\", \"a=b\nc\", "
	       "\"a.b-c_d=\"] \"mailto:a@b\";",
		"2:18: \"\" is no option, such as \"name=value\"\n"
		"2:22: \"a\" is no option, such as \"name=value\"\n"
		"2:27: \"_a=\" is no option, such as \"name=value\"\n"
		"2:34: \"=a\" is no option, such as \"name=value\"\n"
		"2:40: \"a=b  c\" is no option, such as \"name=value\"\n" },
	{ HEAD "notify \"xmpp:a@b\";",
		"2:8: \"xmpp:a@b\": notifications go by \"mailto:\" only\n" },
	/* RFC 5435 section 3.2: an error where it is run. */
	{ HEAD "if true { notify \"xmpp:a@b\"; }",
		"2:18: warning: \"xmpp:a@b\": notifications go by \"mailto:\" "
		"only; the script fails where this is run\n"
		"2:11: notify: \"xmpp:a@b\": notifications go by \"mailto:\" "
		"only\n(keep)\n" },
	{ HEAD "if not valid_notify_method \"tel:+1\" { stop; } "
	       "notify \"tel:+1\";",
		"2:54: warning: \"tel:+1\": notifications go by \"mailto:\" "
		"only; the script fails where this is run\n(keep)\n" },
	{ HEAD "if valid_notify_method \"tel:+1\" { notify \"tel:+1\"; } "
	       "else { notify \"mailto:a@b\"; }",
		"2:42: warning: \"tel:+1\": notifications go by \"mailto:\" "
		"only; the script fails where this is run\n"
		"notify \"mailto:a@b\" :importance \"2\"\n(keep)\n" },
	{ HEAD "notify \"a@b\";",
		"2:8: \"a@b\": this is no URI, such as "
		"\"mailto:user@example.com\"\n" },
	{ "require [\"enotify\", \"variables\"];\n"
	  "set \"m\" \"xmpp:a@b\"; notify \"${m}\";",
		"2:21: notify: \"xmpp:a@b\": notifications go by \"mailto:\" "
		"only\n(keep)\n" },
	{ "require [\"enotify\", \"variables\"];\n"
	  "set \"i\" \"0\"; notify :importance \"${i}\" \"mailto:a@b\";",
		"2:14: notify: :importance must be \"1\", \"2\" or \"3\", "
		"not \"0\"\n(keep)\n" },
	{ HEAD "notify :fcc \"Sent\" :flags \"\\\\Seen\" \"mailto:a@b\";",
		"notify \"mailto:a@b\" :importance \"2\" :fcc \"Sent\" "
		":flags \"\\\\Seen\"\n(keep)\n" },
	/* The flags of the message are not those of ours. */
	{ HEAD "setflag \"x\"; vacation :fcc \"Sent\" :handle \"h\" \"t\";",
		"vacation \"t\" :handle \"h\" :seconds 604800 "
		":fcc \"Sent\"\n(keep :flags \"x\")\n" },
	{ HEAD "vacation :flags \"x\" :handle \"h\" \"t\";",
		"2:10: :flags needs :fcc here\n" },
	{ HEAD "vacation :fcc \"\" \"t\";",
		"2:15: \"\" cannot name a mailbox: names are UTF-8 "
		"without controls, and not empty\n" },
	{ HEAD "if valid_notify_method [\"mailto:a@b\", \"mailto:c@d\"] "
	       "{ discard; }",
		"discard\n" },
	{ HEAD "if valid_notify_method [\"mailto:a@b\", \"xmpp:c@d\"] "
	       "{ discard; }",
		"(keep)\n" },
	{ HEAD "if notify_method_capability \"mailto:a@b\" \"Online\" "
	       "\"MAYBE\" { discard; }",
		"discard\n" },
	{ HEAD "if notify_method_capability \"mailto:a@b\" \"online\" "
	       "[\"yes\", \"no\"] { discard; }",
		"(keep)\n" },
	{ HEAD "if notify_method_capability :matches \"mailto:a@b\" \"other\" "
	       "\"*\" { discard; }",
		"(keep)\n" },
	{ HEAD "if notify_method_capability :matches \"xmpp:a@b\" \"online\" "
	       "\"*\" { discard; }",
		"(keep)\n" },
};

static void test_cases(void)
{
	SieveCompile how = { .extensions = sieve_extensions_delivery(),
		.limits = &limits };

	check_runs(&how, cases, G_N_ELEMENTS(cases));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sieve/notify/cases", test_cases);
	return g_test_run();
}
