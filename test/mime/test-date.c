/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Date values, right and wrong. */
#include "mime/date.h"

/* 1997-11-21 15:55:06 UTC. */
#define THEN G_GINT64_CONSTANT(880127706)
#define NONE G_MININT64

static const struct {
	const char *value;
	gint64 seconds;
	gint zone;
} vectors[] = {
	{ "Fri, 21 Nov 1997 09:55:06 -0600", THEN, -360 },
	{ " Fri, 21 Nov 1997\r\n 09:55:06 -0600 ", THEN, -360 },
	{ "21 Nov 1997 09:55:06 -0600", THEN, -360 },
	{ "Fri,21 Nov 1997 09:55:06 -0600 (CST)", THEN, -360 },
	{ "Fri, 21 Nov 1997 09:55:06 -600", THEN, -360 },
	{ "Fri, 21 Nov 1997 09:55:06 -6", THEN, -360 },
	/* RFC 5322 appendix A.6.3 */
	{ "Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", THEN, -360 },
	{ "Fri (x), 21 (a(b)) Nov 97 09(\\)):55:06 CST", THEN, -360 },
	{ "Fri, 21 Nov 97 09:55:06 CST", THEN, -360 },
	{ "Fri, 21 Nov 097 09:55:06 CST", THEN, -360 },
	{ "Fri, 21 Nov 1997 15:55:06 GMT", THEN, 0 },
	{ "Fri, 21 Nov 1997 15:55:06 UT", THEN, 0 },
	{ "Fri, 21 Nov 1997 15:55:06 Z", THEN, 0 },
	{ "Fri, 21 Nov 1997 15:55:06", THEN, 0 },
	{ "Fri, 21 Nov 1997 15:55:06 NONSENSE", THEN, 0 },
	{ "Fri, 21 Nov 1997 15:55:06 -0000", THEN, 0 },
	{ "Fri, 21 Nov 1997 17:55:06 +02:00", THEN, 120 },
	{ "Fri, 21 Nov 1997 17:55:06 GMT+0200", THEN, 120 },
	{ "Fri, 21 Nov 1997 17:55:06 GMT +0200", THEN, 120 },
	{ "Fri, 21 Nov 1997 21:25:06 +0530", THEN, 330 },
	{ "Fri, 21 Nov 1997 17:55 +0200", THEN - 6, 120 },
	{ "Fri, 21 November 1997 15:55:06 GMT", THEN, 0 },
	{ "Friday, 21-Nov-97 15:55:06 GMT", THEN, 0 },
	{ "21-11-1997 15:55:06", THEN, 0 },
	{ "Fri, 021 Nov 1997 15:55:06 +0000", THEN, 0 },
	{ "Fri Nov 21 15:55:06 1997", THEN, 0 },
	{ "Fri Nov 21 09:55:06 CST 1997", THEN, -360 },
	{ "Nov 21, 1997 3:55:06 PM", THEN, 0 },
	{ "1997-11-21T15:55:06Z", THEN, 0 },
	{ "1997-11-21 15:55:06.123 +0000", THEN, 0 },
	{ "1997-11-21T17:55:06+02:00", THEN, 120 },
	{ "Thu, 1 Jan 1970 00:00:00 +0000", 0, 0 },
	{ "Wed, 31 Dec 1969 23:59:59 +0000", -1, 0 },
	{ "Tue, 29 Feb 2000 00:00:00 +0000", 951782400, 0 },
	{ "Sat, 1 Jan 49 00:00:00 +0000", 2493072000, 0 },
	{ "Sat, 31 Dec 2005 23:59:60 +0000", 1136073599, 0 },
	{ "21 Nov 1997", 880070400, 0 },
	{ "21 Nov 1997 -0600", 880070400 + 21600, -360 },
	{ "21 Nov 1997 -0600 09:55:06", THEN, -360 },
	{ "21 Nov 1997 CST 09:55:06", THEN, -360 },
	/* Dots, as some wrote them. */
	{ "Fri, 21 Nov 1997 09.55.06 -0600", THEN, -360 },
	{ "Fri, 21 Nov 1997 09.55 -0600", THEN - 6, -360 },
	{ "Fri, 21 Nov 1997 15.55.06.5", THEN, 0 },
	{ "Fri, 21 Nov 1997 16:25:06 +0030", THEN, 30 },
	{ "Fri, 21 Nov 1997 15:10:06 -0045", THEN, -45 },
	{ "Fri, 21 Nov 1997 21:25:06 +05.30", THEN, 330 },
	{ "Nov 21, 1997 3:55:06PM", THEN, 0 },
	{ "Nov 21, 1997 3:55:06 p.m.", THEN, 0 },
	{ "Nov 21, 1997 9:55:06PM +0600", THEN, 360 },
	{ "Fri, 21 Nov 1997 15:55:06 02:00", THEN, 0 },
	{ "1997-11-21t15:55:06z", THEN, 0 },
	{ "ven, 21 Nov 1997 15:55:06", THEN, 0 },
	{ "mar., 25 nov. 1997 15:55:06", THEN + 4 * 86400, 0 },
	{ "Fri, 21 Nov 1997 15:55:06 +9999", THEN, 0 },
	{ "Tue, 29 Feb 2001 00:00:00 +0000", NONE, 0 },
	{ "Fri, 32 Nov 1997 09:55:06 -0600", NONE, 0 },
	{ "Fri, 21 Nov 1997 25:55:06 -0600", NONE, 0 },
	{ "Fri, 21 Nov 1997 09:60:06 -0600", NONE, 0 },
	{ "Fri, 0 Nov 1997 09:50:06 -0600", NONE, 0 },
	{ "", NONE, 0 },
	{ "yesterday", NONE, 0 },
	{ "12:00:00", NONE, 0 },
	{ "Nov", NONE, 0 },
	{ "((((", NONE, 0 },
	{ "1 Jan", NONE, 0 },
	{ "99999999999999999999 Jan 2001", NONE, 0 },
	/* A time that cannot be read is not midnight. */
	{ "Fri, 21 Nov 1997 10h30 +0200", NONE, 0 },
	{ "Fri, 21 Nov 1997 10 30 +0200", NONE, 0 },
	{ "Fri, 21 Nov 1997 100:30:00 +0200", NONE, 0 },
	{ "Fri, 21 Nov 1997 10: +0200", NONE, 0 },
	{ "Fri, 21 Nov 1997 10:30:15:20 +0200", NONE, 0 },
	{ "Fri, 21 Nov 1997 10:300 +0200", NONE, 0 },
	{ "21-Nov-1997-10:30", NONE, 0 },
	{ "1997-11-21T1030Z", NONE, 0 },
	{ "1997-11-21/10:30", NONE, 0 },
	{ "21.11.1997 10:30", NONE, 0 },
	{ "mar, 2 ene 2024 10:00:00 +0000", NONE, 0 },
	{ "mar 2 janv. 2024 10:00:00 +0000", NONE, 0 },
};

static void test_vectors(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(vectors); i++) {
		Timestamp time = NONE;
		gint zone = 0;
		gboolean parsed = mime_date_parse(
			bytes_of_string(vectors[i].value), &time, &zone);
		g_test_message("%s", vectors[i].value);
		g_assert_cmpint(parsed, ==, vectors[i].seconds != NONE);
		if (parsed)
			time /= TIMESTAMP_SECOND;
		g_assert_cmpint(time, ==, vectors[i].seconds);
		g_assert_cmpint(zone, ==, vectors[i].zone);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/mime/date/vectors", test_vectors);
	return g_test_run();
}
