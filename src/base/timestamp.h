/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Points in time as microseconds since 1970-01-01 00:00 UTC. */
#ifndef BASE_TIMESTAMP_H
#define BASE_TIMESTAMP_H

#include <glib.h>

#include "base/bytes.h"

typedef gint64 Timestamp;

#define TIMESTAMP_SECOND G_GINT64_CONSTANT(1000000)

/* The wall clock. */
Timestamp timestamp_now(void);

/* Minutes east of UTC that the site's zone (TZ, or /etc/localtime) is at a
 * time; 0 where that cannot be told. */
gint timestamp_zone_minutes(Timestamp time);

/* A calendar day, as searches compare them (RFC 3501 section 6.4.4). */
typedef struct {
	gint16 year; /* 1..9999 */
	gint8 month; /* 1..12 */
	gint8 day;   /* 1..31 */
} CalendarDay;

/* Days since 1970-01-01 of a proleptic Gregorian date. */
gint64 calendar_day_number(CalendarDay day);

/* The day in UTC. */
CalendarDay timestamp_day(Timestamp time);

/* "17-Jul-1996 02:44:25 +0000", the date-time of RFC 3501, always 26 bytes
 * and a NUL, in UTC.  Years outside 0..9999 are clamped. */
void timestamp_format_imap(Timestamp time, char out[static 27]);

/* The same read back; a space-padded day is taken.  FALSE when it is not a
 * valid date-time. */
gboolean timestamp_parse_imap(Bytes text, Timestamp *time);

/* "1-Jan-2026" (RFC 3501 date-text). */
gboolean calendar_day_parse(Bytes text, CalendarDay *day);

/* "Fri, 21 Nov 2026 10:00:00 +0000" (RFC 5322), 31 bytes and a NUL, UTC. */
void timestamp_format_rfc5322(Timestamp time, char out[static 32]);

/* "2026-11-21T10:00:00.000Z", 24 bytes and a NUL, for logs. */
void timestamp_format_iso8601(Timestamp time, char out[static 25]);

#endif
