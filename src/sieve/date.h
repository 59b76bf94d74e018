/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of dates and times as text (RFC 5260 section 4.2). */
#ifndef SIEVE_DATE_H
#define SIEVE_DATE_H

#include <glib.h>

#include "base/bytes.h"
#include "base/timestamp.h"

typedef struct SieveDatePart SieveDatePart;

/* "year", "julian" and so on, in any case; NULL: there is no such part. */
const SieveDatePart *sieve_date_part_find(Bytes name);

/* "+0100": minutes east of UTC, -1439 to 1439. */
gboolean sieve_zone_parse(Bytes text, gint *minutes);

/* The date that a header field has (RFC 5260 section 4): all of it, or what
 * follows its last semicolon.  FALSE where there is none, or one that no
 * calendar has. */
gboolean sieve_date_read(Bytes value, Timestamp *time, gint *zone_minutes);

/* Appends the part of the time as it is in the zone.  Years are 0001 to
 * 9999. */
void sieve_date_write(const SieveDatePart *part, Timestamp time,
	gint zone_minutes, GString *out);

#endif
