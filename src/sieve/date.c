/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of dates and times as text (RFC 5260 section 4.2). */
#include "sieve/date.h"

#include "base/text.h"
#include "mime/date.h"

#define MINUTE (60 * TIMESTAMP_SECOND)
#define DAY (1440 * MINUTE)
/* Days from 17 November 1858, where Modified Julian Days begin, to 1970. */
#define JULIAN_EPOCH 40587

/* The wall clock in some zone. */
typedef struct {
	CalendarDay day;
	gint64 number; /* days since 1970 */
	gint hour;
	gint minute;
	gint second;
	gint zone;
} Clock;

struct SieveDatePart {
	const char *name;
	void (*write)(const Clock *clock, GString *out);
};

static void write_year(const Clock *clock, GString *out)
{
	g_string_append_printf(out, "%04d", clock->day.year);
}

static void write_month(const Clock *clock, GString *out)
{
	g_string_append_printf(out, "%02d", clock->day.month);
}

static void write_day(const Clock *clock, GString *out)
{
	g_string_append_printf(out, "%02d", clock->day.day);
}

static void write_date(const Clock *clock, GString *out)
{
	g_string_append_printf(out, "%04d-%02d-%02d", clock->day.year,
		clock->day.month, clock->day.day);
}

static void write_julian(const Clock *clock, GString *out)
{
	g_string_append_printf(
		out, "%" G_GINT64_FORMAT, clock->number + JULIAN_EPOCH);
}

static void write_hour(const Clock *clock, GString *out)
{
	g_string_append_printf(out, "%02d", clock->hour);
}

static void write_minute(const Clock *clock, GString *out)
{
	g_string_append_printf(out, "%02d", clock->minute);
}

static void write_second(const Clock *clock, GString *out)
{
	g_string_append_printf(out, "%02d", clock->second);
}

static void write_time(const Clock *clock, GString *out)
{
	g_string_append_printf(out, "%02d:%02d:%02d", clock->hour,
		clock->minute, clock->second);
}

static void write_offset(const Clock *clock, const char *colon, GString *out)
{
	gint minutes = ABS(clock->zone);
	g_string_append_printf(out, "%c%02d%s%02d", clock->zone < 0 ? '-' : '+',
		minutes / 60, colon, minutes % 60);
}

static void write_zone(const Clock *clock, GString *out)
{
	write_offset(clock, "", out);
}

static void write_iso8601(const Clock *clock, GString *out)
{
	write_date(clock, out);
	g_string_append_c(out, 'T');
	write_time(clock, out);
	if (clock->zone == 0)
		g_string_append_c(out, 'Z');
	else
		write_offset(clock, ":", out);
}

static gint weekday_of(const Clock *clock)
{
	return (gint)((clock->number % 7 + 7 + 4) % 7);
}

static void write_std11(const Clock *clock, GString *out)
{
	static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May",
		"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	static const char weekdays[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu",
		"Fri", "Sat" };
	g_string_append_printf(out, "%s, %02d %s %04d ",
		weekdays[weekday_of(clock)], clock->day.day,
		months[clock->day.month - 1], clock->day.year);
	write_time(clock, out);
	g_string_append_c(out, ' ');
	write_zone(clock, out);
}

static void write_weekday(const Clock *clock, GString *out)
{
	g_string_append_printf(out, "%d", weekday_of(clock));
}

static const SieveDatePart parts[] = {
	{ "year", write_year },
	{ "month", write_month },
	{ "day", write_day },
	{ "date", write_date },
	{ "julian", write_julian },
	{ "hour", write_hour },
	{ "minute", write_minute },
	{ "second", write_second },
	{ "time", write_time },
	{ "iso8601", write_iso8601 },
	{ "std11", write_std11 },
	{ "zone", write_zone },
	{ "weekday", write_weekday },
};

const SieveDatePart *sieve_date_part_find(Bytes name)
{
	for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
		if (text_equal_nocase(name, parts[i].name))
			return &parts[i];
	}
	return NULL;
}

gboolean sieve_zone_parse(Bytes text, gint *minutes)
{
	guint64 number;
	if (text.size != 5 || (text.data[0] != '+' && text.data[0] != '-') ||
		!text_to_number(bytes_slice(text, 1, 4), 2359, &number) ||
		number % 100 > 59)
		return FALSE;
	gint value = (gint)(number / 100 * 60 + number % 100);
	*minutes = text.data[0] == '-' ? -value : value;
	return TRUE;
}

gboolean sieve_date_read(Bytes value, Timestamp *time, gint *zone_minutes)
{
	const char *semicolon =
		value.size > 0 ? memrchr(value.data, ';', value.size) : NULL;
	if (semicolon != NULL) {
		gsize at = (gsize)(semicolon - value.data) + 1;
		if (mime_date_parse(bytes_slice(value, at, value.size), time,
			    zone_minutes))
			return TRUE;
	}
	return mime_date_parse(value, time, zone_minutes);
}

void sieve_date_write(const SieveDatePart *part, Timestamp time,
	gint zone_minutes, GString *out)
{
	Timestamp local = time + zone_minutes * MINUTE;
	gint64 minute = local / MINUTE - (local % MINUTE < 0);
	gint64 number = local / DAY - (local % DAY < 0);
	gint minute_of_day = (gint)(minute - number * 1440);
	Clock clock = { .day = timestamp_day(local),
		.number = number,
		.hour = minute_of_day / 60,
		.minute = minute_of_day % 60,
		.second = (gint)((local - minute * MINUTE) / TIMESTAMP_SECOND),
		.zone = zone_minutes };
	part->write(&clock, out);
}
