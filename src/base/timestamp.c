/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Points in time: the calendar and its text forms. */
#include "base/timestamp.h"

#include <time.h>

#include "base/text.h"

static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
	"Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
static const char weekdays[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri",
	"Sat" };

#define SECONDS_PER_DAY 86400

Timestamp timestamp_now(void)
{
	return g_get_real_time();
}

gint64 calendar_day_number(CalendarDay day)
{
	/* March is month 0, so that a leap day is the last of its year. */
	gint64 year = day.month <= 2 ? day.year - 1 : day.year;
	gint64 month = (day.month + 9) % 12;
	gint64 era = (year >= 0 ? year : year - 399) / 400;
	gint64 year_of_era = year - era * 400;
	gint64 day_of_year = (153 * month + 2) / 5 + day.day - 1;
	gint64 day_of_era = year_of_era * 365 + year_of_era / 4 -
		year_of_era / 100 + day_of_year;
	return era * 146097 + day_of_era - 719468;
}

static CalendarDay day_of_number(gint64 number)
{
	number += 719468;
	gint64 era = (number >= 0 ? number : number - 146096) / 146097;
	gint64 day_of_era = number - era * 146097;
	gint64 year_of_era = (day_of_era - day_of_era / 1460 +
				     day_of_era / 36524 - day_of_era / 146096) /
		365;
	gint64 day_of_year = day_of_era -
		(365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	gint64 month = (5 * day_of_year + 2) / 153;
	gint64 year = year_of_era + era * 400 + (month >= 10 ? 1 : 0);
	return (CalendarDay){
		.year = (gint16)CLAMP(year, 0, 9999),
		.month = (gint8)(month < 10 ? month + 3 : month - 9),
		.day = (gint8)(day_of_year - (153 * month + 2) / 5 + 1),
	};
}

static gint64 floor_divide(gint64 a, gint64 b)
{
	return a / b - (a % b < 0 ? 1 : 0);
}

/* GLib would read the zone's file again each time it is the only user. */
gint timestamp_zone_minutes(Timestamp time)
{
	time_t seconds = (time_t)floor_divide(time, TIMESTAMP_SECOND);
	struct tm local;

	if (localtime_r(&seconds, &local) == NULL)
		return 0;
	return (gint)(local.tm_gmtoff / 60);
}

CalendarDay timestamp_day(Timestamp time)
{
	return day_of_number(
		floor_divide(time, TIMESTAMP_SECOND * SECONDS_PER_DAY));
}

static int second_of_day(Timestamp time)
{
	gint64 seconds = floor_divide(time, TIMESTAMP_SECOND);
	return (int)(seconds -
		floor_divide(seconds, SECONDS_PER_DAY) * SECONDS_PER_DAY);
}

void timestamp_format_imap(Timestamp time, char out[static 27])
{
	CalendarDay day = timestamp_day(time);
	int second = second_of_day(time);
	g_snprintf(out, 27, "%2d-%s-%04d %02d:%02d:%02d +0000", day.day,
		months[day.month - 1], day.year, second / 3600,
		second / 60 % 60, second % 60);
}

void timestamp_format_rfc5322(Timestamp time, char out[static 32])
{
	CalendarDay day = timestamp_day(time);
	int second = second_of_day(time);
	gint64 number = calendar_day_number(day);
	int weekday = (int)((number % 7 + 7 + 4) % 7);
	g_snprintf(out, 32, "%s, %02d %s %04d %02d:%02d:%02d +0000",
		weekdays[weekday], day.day, months[day.month - 1], day.year,
		second / 3600, second / 60 % 60, second % 60);
}

void timestamp_format_iso8601(Timestamp time, char out[static 25])
{
	CalendarDay day = timestamp_day(time);
	int second = second_of_day(time);
	int milli = (int)((time -
				  floor_divide(time, TIMESTAMP_SECOND) *
					  TIMESTAMP_SECOND) /
		1000);
	g_snprintf(out, 25, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", day.year,
		day.month, day.day, second / 3600, second / 60 % 60,
		second % 60, milli);
}

static int month_of(Bytes text)
{
	for (int i = 0; i < 12; i++) {
		if (text_equal_nocase(text, months[i]))
			return i + 1;
	}
	return 0;
}

static gboolean is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static gboolean day_is_valid(int year, int month, int day)
{
	static const int days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31,
		30, 31 };
	if (year < 1 || month < 1 || month > 12 || day < 1)
		return FALSE;
	return day <= days[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
}

gboolean calendar_day_parse(Bytes text, CalendarDay *out)
{
	gsize dash = text.size > 1 && text.data[1] == '-' ? 1 : 2;
	guint64 day, year;

	if (text.size != dash + 9 || text.data[dash] != '-' ||
		text.data[dash + 4] != '-')
		return FALSE;
	int month = month_of(bytes_slice(text, dash + 1, 3));
	if (!text_to_number(bytes_slice(text, 0, dash), 31, &day) ||
		!text_to_number(bytes_slice(text, dash + 5, 4), 9999, &year) ||
		!day_is_valid((int)year, month, (int)day))
		return FALSE;
	*out = (CalendarDay){ (gint16)year, (gint8)month, (gint8)day };
	return TRUE;
}

gboolean timestamp_parse_imap(Bytes text, Timestamp *time)
{
	CalendarDay day;
	guint64 hour, minute, second, zone_hour, zone_minute;

	if (text.size == 26 && text.data[0] == ' ')
		text = bytes_slice(text, 1, 25);
	gsize space = text.size < 25 ? 0 : text.size - 15;
	if (space < 10 || space > 11 || text.data[space] != ' ' ||
		text.data[space + 3] != ':' || text.data[space + 6] != ':' ||
		text.data[space + 9] != ' ')
		return FALSE;
	char sign = text.data[space + 10];
	if ((sign != '+' && sign != '-') ||
		!calendar_day_parse(bytes_slice(text, 0, space), &day) ||
		!text_to_number(bytes_slice(text, space + 1, 2), 23, &hour) ||
		!text_to_number(bytes_slice(text, space + 4, 2), 59, &minute) ||
		!text_to_number(bytes_slice(text, space + 7, 2), 60, &second) ||
		!text_to_number(
			bytes_slice(text, space + 11, 2), 23, &zone_hour) ||
		!text_to_number(
			bytes_slice(text, space + 13, 2), 59, &zone_minute))
		return FALSE;
	gint64 zone = (gint64)(zone_hour * 3600 + zone_minute * 60);
	gint64 seconds = calendar_day_number(day) * SECONDS_PER_DAY +
		(gint64)(hour * 3600 + minute * 60 + second);
	seconds -= sign == '-' ? -zone : zone;
	*time = seconds * TIMESTAMP_SECOND;
	return TRUE;
}
