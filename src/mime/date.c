/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Date field (RFC 5322 section 3.3, obsolete and broken forms too). */
#include "mime/date.h"

#include "base/text.h"

/* No date is longer. */
#define DATE_SIZE_MAX 200
#define ZONE_MAX (23 * 60 + 59)
#define UNSET (-1)

/* What has been found so far; -1 where nothing has.  What is read is right, or
 * there is no date: a time that cannot be read must not become midnight. */
typedef struct {
	gint year;
	gint month;
	gint day;
	gint hour;
	gint minute;
	gint second;
	gint zone;
	gboolean has_zone;
	gboolean has_unread; /* digits that may have been the time */
} Found;

static const char months[12][4] = { "jan", "feb", "mar", "apr", "may", "jun",
	"jul", "aug", "sep", "oct", "nov", "dec" };

/* Minutes east of UTC of the zones that have one meaning in mail. */
static const struct {
	const char *name;
	gint minutes;
} zones[] = { { "z", 0 }, { "ut", 0 }, { "utc", 0 }, { "gmt", 0 }, { "wet", 0 },
	{ "est", -300 }, { "edt", -240 }, { "cst", -360 }, { "cdt", -300 },
	{ "mst", -420 }, { "mdt", -360 }, { "pst", -480 }, { "pdt", -420 },
	{ "bst", 60 }, { "cet", 60 }, { "met", 60 }, { "mez", 60 },
	{ "cest", 120 }, { "mest", 120 }, { "mesz", 120 }, { "eet", 120 },
	{ "eest", 180 }, { "msk", 180 }, { "jst", 540 }, { "kst", 540 } };

/* Reads at most max_digits digits at the front of *text. */
static gboolean take_number(Bytes *text, guint max_digits, gint *number)
{
	guint digits = 0;
	gint value = 0;
	while (digits < max_digits && digits < text->size &&
		g_ascii_isdigit(text->data[digits]))
		value = value * 10 + (text->data[digits++] - '0');
	if (digits == 0)
		return FALSE;
	*text = bytes_slice(*text, digits, text->size);
	*number = value;
	return TRUE;
}

static gboolean take_char(Bytes *text, char c)
{
	if (text->size == 0 || text->data[0] != c)
		return FALSE;
	*text = bytes_slice(*text, 1, text->size);
	return TRUE;
}

/* "+0100", "-05:30", "-600", "+1": up to two digits are hours. */
static gboolean read_offset(Bytes word, Found *found)
{
	gint number = 0;
	gint minutes = 0;
	if (word.size < 2 || (word.data[0] != '+' && word.data[0] != '-') ||
		!g_ascii_isdigit(word.data[1]))
		return FALSE;
	gint sign = word.data[0] == '-' ? -1 : 1;
	word = bytes_slice(word, 1, word.size);
	gsize size = word.size;
	if (!take_number(&word, 4, &number))
		return FALSE;
	gboolean is_hours = size - word.size <= 2;
	if (take_char(&word, ':') || take_char(&word, '.'))
		take_number(&word, 2, &minutes);
	gint zone = is_hours ? number * 60 + minutes :
			       number / 100 * 60 + number % 100;
	found->has_zone = TRUE;
	found->zone = zone <= ZONE_MAX ? sign * zone : 0;
	return TRUE;
}

static gboolean read_zone_name(Bytes word, Found *found)
{
	gsize letters = 0;
	while (letters < word.size && g_ascii_isalpha(word.data[letters]))
		letters++;
	/* "GMT+0200" */
	if (read_offset(bytes_slice(word, letters, word.size), found))
		return TRUE;
	for (gsize i = 0; i < G_N_ELEMENTS(zones); i++) {
		if (!text_equal_nocase(word, zones[i].name))
			continue;
		if (!found->has_zone)
			found->zone = zones[i].minutes;
		found->has_zone = TRUE;
		return TRUE;
	}
	return FALSE;
}

static gboolean read_half(Bytes word, Found *found)
{
	if (text_equal_nocase(word, "pm") || text_equal_nocase(word, "p.m.")) {
		if (found->hour >= 1 && found->hour < 12)
			found->hour += 12;
		return TRUE;
	}
	if (!text_equal_nocase(word, "am") && !text_equal_nocase(word, "a.m."))
		return FALSE;
	if (found->hour == 12)
		found->hour = 0;
	return TRUE;
}

/* "09:55", "09:55:06.5", what follows it being a zone at most; behind a month
 * "09.55.06" as well, which else is a date. */
static gboolean read_time(Bytes word, Found *found)
{
	gint hour = 0;
	gint minute = 0;
	gint second = 0;
	gint fraction = 0;
	if (!take_number(&word, 2, &hour))
		return FALSE;
	char mark = take_char(&word, ':') ? ':' : '.';
	if (mark == '.' && (found->month == UNSET || !take_char(&word, '.')))
		return FALSE;
	if (!take_number(&word, 2, &minute))
		return FALSE;
	if (take_char(&word, mark)) {
		if (!take_number(&word, 2, &second))
			return FALSE;
		if (take_char(&word, '.'))
			while (take_number(&word, 9, &fraction))
				;
	}
	if (word.size > 0 &&
		(g_ascii_isdigit(word.data[0]) || word.data[0] == ':' ||
			word.data[0] == '.'))
		return FALSE;
	/* A second one is a zone without its sign. */
	if (found->hour != UNSET)
		return TRUE;
	found->hour = hour;
	found->minute = minute;
	found->second = second;
	if (word.size > 0 && !read_offset(word, found) &&
		!read_half(word, found))
		read_zone_name(word, found);
	return TRUE;
}

/* "2001-02-03" and "2001-02-03T09:55:06Z" (ISO 8601). */
static gboolean read_iso(Bytes word, Found *found)
{
	gint year = 0;
	gint month = 0;
	gint day = 0;
	if (word.size < 10 || !take_number(&word, 4, &year) || year < 1000 ||
		!take_char(&word, '-') || !take_number(&word, 2, &month) ||
		!take_char(&word, '-') || !take_number(&word, 2, &day))
		return FALSE;
	found->year = year;
	found->month = month;
	found->day = day;
	if (word.size > 0 &&
		((!take_char(&word, 'T') && !take_char(&word, 't')) ||
			!read_time(word, found)))
		found->has_unread = TRUE;
	return TRUE;
}

static gboolean read_month(Bytes word, Found *found)
{
	for (gint i = 0; i < 12; i++) {
		if (!text_has_prefix_nocase(word, months[i]))
			continue;
		/* Of two, one is a weekday: "mar 2 jan". */
		gboolean is_other =
			found->month != UNSET && found->month != i + 1;
		found->month = is_other ? 0 : i + 1;
		return TRUE;
	}
	return FALSE;
}

/* A year of two digits is in 1950..2049, of three since 1900 (RFC 5322
 * section 4.3). */
static gint full_year(gint year, gsize digits)
{
	if (digits <= 2)
		return year < 50 ? year + 2000 : year + 1900;
	return digits == 3 ? year + 1900 : year;
}

static gboolean read_number(Bytes word, Found *found)
{
	guint64 number = 0;
	if (!text_to_number(word, 9999, &number))
		return FALSE;
	if (found->day == UNSET && (word.size <= 2 || word.data[0] == '0'))
		found->day = (gint)number;
	else if (found->year == UNSET)
		found->year = full_year((gint)number, word.size);
	else
		found->has_unread = TRUE;
	return TRUE;
}

/* "21-Nov-97" or "21-11-1997" as one word. */
static void read_dashed(Bytes word, Found *found)
{
	gsize pos = 0;
	for (guint i = 0; pos < word.size; i++) {
		gsize from = pos;
		guint64 month = 0;
		while (pos < word.size && word.data[pos] != '-')
			pos++;
		Bytes one = bytes_slice(word, from, pos - from);
		pos++;
		if (i == 1 && text_to_number(one, 12, &month))
			found->month = (gint)month;
		else if (!read_number(one, found) && !read_month(one, found))
			found->has_unread = TRUE;
	}
}

static void read_word(Bytes word, Found *found)
{
	if (read_offset(word, found))
		return;
	if (g_ascii_isdigit(word.data[0])) {
		if (!read_number(word, found) && !read_iso(word, found) &&
			!read_time(word, found))
			read_dashed(word, found);
		return;
	}
	if ((found->month == UNSET || found->hour == UNSET) &&
		read_month(word, found))
		return;
	if (!read_half(word, found) && !found->has_zone)
		read_zone_name(word, found);
}

/* Less the day of the week, which in French is "mar," too. */
static Bytes skip_weekday(Bytes text)
{
	for (gsize i = 0; i < text.size; i++) {
		if (text.data[i] == ',')
			return bytes_slice(text, i + 1, text.size);
		if (g_ascii_isdigit(text.data[i]) || text.data[i] == '(')
			break;
	}
	return text;
}

/* Behind the comment at pos. */
static gsize comment_end(Bytes text, gsize pos)
{
	gsize depth = 0;
	for (; pos < text.size; pos++) {
		if (text.data[pos] == '\\')
			pos++;
		else if (text.data[pos] == '(')
			depth++;
		else if (text.data[pos] == ')' && --depth == 0)
			return pos + 1;
	}
	return text.size;
}

/* Writes the words of text apart by single blanks, without comments, commas
 * and the blanks that may stand around a time's colons. */
static gsize normalise(Bytes text, char out[DATE_SIZE_MAX])
{
	gboolean apart = FALSE;
	gsize size = 0;
	gsize pos = 0;

	while (pos < text.size) {
		char c = text.data[pos];
		if (c == '(') {
			pos = comment_end(text, pos);
			apart = TRUE;
			continue;
		}
		pos++;
		if ((guchar)c <= ' ' || c == ',' || c == ')') {
			apart = TRUE;
			continue;
		}
		/* A separator stood here before: there is room for it. */
		if (apart && size > 0 && c != ':' && out[size - 1] != ':')
			out[size++] = ' ';
		apart = FALSE;
		out[size++] = c;
	}
	return size;
}

static void read_words(Bytes text, Found *found)
{
	gsize from = 0;
	for (gsize pos = 0; pos <= text.size; pos++) {
		if (pos < text.size && text.data[pos] != ' ')
			continue;
		if (pos > from)
			read_word(bytes_slice(text, from, pos - from), found);
		from = pos + 1;
	}
}

static gboolean is_real(const Found *found)
{
	static const gint8 days[12] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31,
		30, 31 };
	gint year = found->year;
	gboolean leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	if (year < 1 || year > 9999 || found->month < 1 || found->month > 12)
		return FALSE;
	if (found->day < 1 || found->day > days[found->month - 1] ||
		(found->month == 2 && found->day == 29 && !leap))
		return FALSE;
	if (found->hour == UNSET && found->has_unread)
		return FALSE;
	return found->hour < 24 && found->minute < 60 && found->second <= 60;
}

gboolean mime_date_parse(Bytes value, Timestamp *time, gint *zone_minutes)
{
	Found found = {
		.year = UNSET, .month = UNSET, .day = UNSET, .hour = UNSET
	};
	Bytes text = skip_weekday(text_trim(value));
	char words[DATE_SIZE_MAX];

	if (text.size > DATE_SIZE_MAX)
		return FALSE;
	read_words(bytes_of(words, normalise(text, words)), &found);
	if (!is_real(&found))
		return FALSE;
	CalendarDay day = { .year = (gint16)found.year,
		.month = (gint8)found.month,
		.day = (gint8)found.day };
	gint64 minutes = calendar_day_number(day) * 1440 +
		MAX(found.hour, 0) * 60 + found.minute - found.zone;
	*time = (minutes * 60 + MIN(found.second, 59)) * TIMESTAMP_SECOND;
	*zone_minutes = found.zone;
	return TRUE;
}
