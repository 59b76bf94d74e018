/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dates of header fields and their parts. */
#include "sieve/date.h"

static void test_parts(void)
{
	static const struct {
		const char *field;
		const char *part;
		gint zone; /* G_MAXINT: as the field has it */
		const char *text;
	} vectors[] = {
		{ "Mon, 20 Jul 2009 21:44:43 +0300", "year", G_MAXINT, "2009" },
		{ "Mon, 20 Jul 2009 21:44:43 +0300", "Month", G_MAXINT, "07" },
		{ "Mon, 20 Jul 2009 21:44:43 +0300", "day", G_MAXINT, "20" },
		{ "Mon, 20 Jul 2009 21:44:43 +0300", "date", G_MAXINT,
			"2009-07-20" },
		{ "Mon, 20 Jul 2009 21:44:43 +0300", "julian", G_MAXINT,
			"55032" },
		{ "Mon, 20 Jul 2009 21:44:43 +0300", "hour", 120, "20" },
		{ "Mon, 20 Jul 2009 21:44:43 +0300", "minute", 0, "44" },
		{ "Mon, 20 Jul 2009 21:44:43 +0300", "second", 0, "43" },
		{ "Mon, 20 Jul 2009 21:44:43 +0300", "time", 0, "18:44:43" },
		{ "Mon, 20 Jul 2009 21:44:43 +0300", "iso8601", G_MAXINT,
			"2009-07-20T21:44:43+03:00" },
		{ "Mon, 20 Jul 2009 21:44:43 +0300", "iso8601", 0,
			"2009-07-20T18:44:43Z" },
		{ "Mon, 20 Jul 2009 21:44:43 +0300", "std11", -270,
			"Mon, 20 Jul 2009 14:14:43 -0430" },
		{ "Mon, 20 Jul 2009 21:44:43 +0300", "zone", 0, "+0000" },
		{ "Mon, 20 Jul 2009 21:44:43 +0300", "zone", -90, "-0130" },
		{ "Mon, 20 Jul 2009 21:44:43 +0300", "weekday", G_MAXINT, "1" },
		{ "1 Mar 2020 00:30:00 +0100", "date", 0, "2020-02-29" },
		{ "31 Dec 1969 23:59:58 +0000", "iso8601", 0,
			"1969-12-31T23:59:58Z" },
		{ "31 Dec 1969 23:59:58 +0000", "weekday", 0, "3" },
		{ "17 Nov 1858 00:00:00 +0000", "julian", 0, "0" },
		{ "from a by b (x; y) id 1;\r\n Wed, 12 Nov 2014 18:18:31 "
		  "+0100",
			"iso8601", G_MAXINT, "2014-11-12T18:18:31+01:00" },
		{ "6 Oct 99 01:02 EST", "iso8601", G_MAXINT,
			"1999-10-06T01:02:00-05:00" },
	};
	for (gsize i = 0; i < G_N_ELEMENTS(vectors); i++) {
		g_autoptr(GString) text = g_string_new(NULL);
		const SieveDatePart *part =
			sieve_date_part_find(bytes_of_string(vectors[i].part));
		Timestamp time;
		gint zone;
		g_assert_nonnull(part);
		g_assert_true(sieve_date_read(
			bytes_of_string(vectors[i].field), &time, &zone));
		if (vectors[i].zone != G_MAXINT)
			zone = vectors[i].zone;
		sieve_date_write(part, time, zone, text);
		g_assert_cmpstr(text->str, ==, vectors[i].text);
	}
	g_assert_null(sieve_date_part_find(bytes_of_string("years")));
}

static void test_none(void)
{
	static const char *const fields[] = { "",
		"Moo, 34 Juul 3060 25:30:42 +6600",
		"32 Jan 2020 10:00:00 +0000", "29 Feb 2021 10:00:00 +0000",
		"1 Jan 2020 24:00:00 +0000" };
	Timestamp time;
	gint zone;
	for (gsize i = 0; i < G_N_ELEMENTS(fields); i++)
		g_assert_false(sieve_date_read(
			bytes_of_string(fields[i]), &time, &zone));
}

static void test_zone(void)
{
	static const char *const bad[] = { "", "0100", "+100", "+01000",
		"+2400", "+0160", "Z", "+01:0", "-1 00" };
	gint minutes = 0;
	g_assert_true(sieve_zone_parse(bytes_of_string("-0530"), &minutes));
	g_assert_cmpint(minutes, ==, -330);
	g_assert_true(sieve_zone_parse(bytes_of_string("+2359"), &minutes));
	g_assert_cmpint(minutes, ==, 1439);
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_false(
			sieve_zone_parse(bytes_of_string(bad[i]), &minutes));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sieve/date/parts", test_parts);
	g_test_add_func("/sieve/date/none", test_none);
	g_test_add_func("/sieve/date/zone", test_zone);
	return g_test_run();
}
