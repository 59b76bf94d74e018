/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Time: the calendar, and the forms of IMAP, RFC 5322 and logs. */
#include "base/timestamp.h"

#include <time.h>

static const struct {
	const char *text;
	gint64 seconds;
} imap_times[] = {
	{ "17-Jul-1996 02:44:25 -0700", 837596665 },
	{ " 1-Jan-1970 00:00:00 +0000", 0 },
	{ "01-Jan-1970 00:00:00 +0000", 0 },
	{ "1-Jan-1970 00:00:00 +0000", 0 },
	{ "31-Dec-1969 23:59:59 +0000", -1 },
	{ "29-Feb-2024 12:00:00 +0530", 1709188200 },
	{ "22-Nov-2026 04:40:03 +0000", 1795322403 },
};

static const char *const bad_times[] = { "", "17-Jul-1996",
	"17-Jul-1996 02:44:25", "17-Jul-1996 02:44:25 0700",
	"31-Feb-2020 00:00:00 +0000", "30-Feb-2024 00:00:00 +0000",
	"29-Feb-2023 00:00:00 +0000", "17-Foo-1996 02:44:25 -0700",
	"17-Jul-1996 24:00:00 -0700", "17-Jul-1996 02:60:25 -0700",
	"17-Jul-1996 02:44:25 -0760", "0-Jul-1996 02:44:25 -0700",
	"17-Jul-1996 02:44:25 -07000", "17-Jul-1996T02:44:25 -0700",
	"x7-Jul-1996 02:44:25 -0700" };

static void test_parse(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(imap_times); i++) {
		Timestamp time = 1;
		g_test_message("%s", imap_times[i].text);
		g_assert_true(timestamp_parse_imap(
			bytes_of_string(imap_times[i].text), &time));
		g_assert_cmpint(
			time, ==, imap_times[i].seconds * TIMESTAMP_SECOND);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(bad_times); i++) {
		Timestamp time;
		g_test_message("%s", bad_times[i]);
		g_assert_false(timestamp_parse_imap(
			bytes_of_string(bad_times[i]), &time));
	}
}

static void test_format(void)
{
	char imap[27], mail[32], iso[25];
	Timestamp time = 837596665 * TIMESTAMP_SECOND + 42000;

	timestamp_format_imap(time, imap);
	g_assert_cmpstr(imap, ==, "17-Jul-1996 09:44:25 +0000");
	timestamp_format_rfc5322(time, mail);
	g_assert_cmpstr(mail, ==, "Wed, 17 Jul 1996 09:44:25 +0000");
	timestamp_format_iso8601(time, iso);
	g_assert_cmpstr(iso, ==, "1996-07-17T09:44:25.042Z");
	timestamp_format_iso8601(-1, iso);
	g_assert_cmpstr(iso, ==, "1969-12-31T23:59:59.999Z");
}

/* Every day of eight centuries, there and back, against GLib's calendar. */
static void test_calendar(void)
{
	g_autoptr(GDate) date = g_date_new_dmy(1, 1, 1600);
	gint64 base = (gint64)g_date_get_julian(date);
	CalendarDay first = { 1600, 1, 1 };
	gint64 number = calendar_day_number(first);

	for (gint64 i = 0; i < 292194; i += 3) {
		g_date_set_julian(date, (guint32)(base + i));
		CalendarDay day =
			timestamp_day((number + i) * 86400 * TIMESTAMP_SECOND);
		g_assert_cmpint(day.year, ==, g_date_get_year(date));
		g_assert_cmpint(day.month, ==, (int)g_date_get_month(date));
		g_assert_cmpint(day.day, ==, g_date_get_day(date));
		g_assert_cmpint(calendar_day_number(day), ==, number + i);
	}
}

static void test_day(void)
{
	CalendarDay day;
	g_assert_true(calendar_day_parse(bytes_of_string("1-Feb-1994"), &day));
	g_assert_cmpint(
		day.year * 10000 + day.month * 100 + day.day, ==, 19940201);
	g_assert_true(calendar_day_parse(bytes_of_string("31-DEC-1999"), &day));
	g_assert_false(
		calendar_day_parse(bytes_of_string("32-Dec-1999"), &day));
	g_assert_false(calendar_day_parse(bytes_of_string("1-Dec-99"), &day));
	g_assert_false(calendar_day_parse(bytes_of_string("-Dec-1999"), &day));
	g_assert_false(calendar_day_parse(bytes_of_string(""), &day));
}

/* Summer in Central Europe begins and ends at 01:00 UTC. */
static void test_zone(void)
{
	static const struct {
		const char *zone;
		gint64 seconds;
		gint minutes;
	} zones[] = {
		{ "UTC0", 1774746000, 0 },
		{ "CET-1CEST,M3.5.0,M10.5.0/3", 1774745999, 60 },
		{ "CET-1CEST,M3.5.0,M10.5.0/3", 1774746000, 120 },
		{ "CET-1CEST,M3.5.0,M10.5.0/3", 1792889999, 120 },
		{ "CET-1CEST,M3.5.0,M10.5.0/3", 1792890000, 60 },
		{ "NST3:30", 0, -210 },
		{ "NST3:30", -1, -210 },
		{ "UTC0", G_MAXINT64 / TIMESTAMP_SECOND, 0 },
	};

	for (guint i = 0; i < G_N_ELEMENTS(zones); i++) {
		g_setenv("TZ", zones[i].zone, TRUE);
		tzset();
		g_assert_cmpint(timestamp_zone_minutes(
					zones[i].seconds * TIMESTAMP_SECOND),
			==, zones[i].minutes);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/timestamp/parse", test_parse);
	g_test_add_func("/timestamp/format", test_format);
	g_test_add_func("/timestamp/calendar", test_calendar);
	g_test_add_func("/timestamp/day", test_day);
	g_test_add_func("/timestamp/zone", test_zone);
	return g_test_run();
}
