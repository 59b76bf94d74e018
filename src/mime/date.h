/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Date field (RFC 5322 section 3.3, obsolete and broken forms too). */
#ifndef MIME_DATE_H
#define MIME_DATE_H

#include <glib.h>

#include "base/bytes.h"
#include "base/timestamp.h"

/* Reads a Date value.  *zone_minutes is what it says east of UTC, -1439 to
 * 1439, 0 where it says nothing known; *time + zone_minutes * 60 s is the
 * sender's wall clock, from which SENTON takes its day.  Two-digit years,
 * missing seconds, missing or named zones, ISO 8601 and asctime forms are
 * taken, and midnight where there is no time.  FALSE, outputs untouched, when
 * there is no date in it, or digits beside it that no time can be read from. */
gboolean mime_date_parse(Bytes value, Timestamp *time, gint *zone_minutes);

#endif
