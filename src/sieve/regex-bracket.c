/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bracket expressions of regular expressions. */
#include "sieve/regex-private.h"

#include "base/errors.h"
#include "base/text.h"

#define RANGES_MAX 256

static gboolean is_blank(gunichar c)
{
	return c == ' ' || c == '\t';
}

static gboolean is_graph(gunichar c)
{
	return c < REGEX_BYTE && g_unichar_isgraph(c);
}

static gboolean is_print(gunichar c)
{
	return c < REGEX_BYTE && g_unichar_isprint(c);
}

/* In ASCII, POSIX's punctuation has the symbols too. */
static gboolean is_punct(gunichar c)
{
	if (c < 0x80)
		return g_ascii_ispunct((gchar)c);
	return g_unichar_ispunct(c);
}

static gboolean is_digit(gunichar c)
{
	return c >= '0' && c <= '9';
}

static gboolean is_xdigit(gunichar c)
{
	return c < 0x80 && g_ascii_isxdigit((gchar)c);
}

static gboolean is_space(gunichar c)
{
	return c == '\v' || g_unichar_isspace(c);
}

/* POSIX's, by the bits of RegexSet.classes. */
static const struct {
	const char *name;
	gboolean (*has)(gunichar c);
} classes[] = {
	{ "alnum", g_unichar_isalnum },
	{ "alpha", g_unichar_isalpha },
	{ "blank", is_blank },
	{ "cntrl", g_unichar_iscntrl },
	{ "digit", is_digit },
	{ "graph", is_graph },
	{ "lower", g_unichar_islower },
	{ "print", is_print },
	{ "punct", is_punct },
	{ "space", is_space },
	{ "upper", g_unichar_isupper },
	{ "xdigit", is_xdigit },
};

gunichar regex_fold(SieveRegexCase how, gunichar c)
{
	if (how == SIEVE_REGEX_EXACT || c >= REGEX_BYTE)
		return c;
	if (c < 0x80)
		return (gunichar)g_ascii_tolower((gchar)c);
	if (how == SIEVE_REGEX_UNICODE_NOCASE)
		return g_unichar_tolower(g_unichar_totitle(c));
	return c;
}

/* Without negation and the other case. */
static gboolean lists(const RegexSet *set, gunichar c)
{
	for (guint i = 0; i < set->n_ranges; i++) {
		if (c >= set->ranges[i].first && c <= set->ranges[i].last)
			return TRUE;
	}
	for (guint i = 0; set->classes != 0 && i < G_N_ELEMENTS(classes); i++) {
		if ((set->classes >> i & 1) != 0 && c < REGEX_BYTE &&
			classes[i].has(c))
			return TRUE;
	}
	return FALSE;
}

static gboolean lists_any_case(
	const RegexSet *set, SieveRegexCase how, gunichar c)
{
	if (lists(set, c))
		return TRUE;
	if (how == SIEVE_REGEX_EXACT || c >= REGEX_BYTE)
		return FALSE;
	if (c < 0x80 || how == SIEVE_REGEX_UNICODE_NOCASE)
		return lists(set, g_unichar_tolower(c)) ||
			lists(set, g_unichar_toupper(c));
	return FALSE;
}

gboolean regex_set_has(const RegexSet *set, SieveRegexCase how, gunichar c)
{
	if (c < 0x80)
		return (set->ascii[c >> 3] >> (c & 7) & 1) != 0;
	return lists_any_case(set, how, c) != set->is_negated;
}

/* The name in "[:name:]", "[=name=]" or "[.name.]", whose "[:" is at *at. */
static gboolean read_name(Bytes pattern, gsize *at, Bytes *name, GError **error)
{
	char mark = pattern.data[*at + 1];
	gsize begin = *at + 2;
	for (gsize end = begin; end + 1 < pattern.size; end++) {
		if (pattern.data[end] != mark || pattern.data[end + 1] != ']')
			continue;
		*name = bytes_slice(pattern, begin, end - begin);
		*at = end + 2;
		return TRUE;
	}
	regex_refuse(error, *at, "the name in the brackets has no end");
	return FALSE;
}

static gboolean add_class(RegexSet *set, Bytes name, gsize at, GError **error)
{
	for (guint i = 0; i < G_N_ELEMENTS(classes); i++) {
		if (bytes_equal(name, bytes_of_string(classes[i].name))) {
			set->classes |= (guint16)(1U << i);
			return TRUE;
		}
	}
	regex_refuse(error, at, "there is no character class of that name");
	return FALSE;
}

static gboolean add_range(
	RegexSet *set, gunichar first, gunichar last, gsize at, GError **error)
{
	if (last < first) {
		regex_refuse(error, at, "the range's ends are exchanged");
		return FALSE;
	}
	for (guint i = 0; i < set->n_ranges; i++) {
		if (set->ranges[i].first <= first &&
			set->ranges[i].last >= last)
			return TRUE;
	}
	if (set->n_ranges == RANGES_MAX) {
		dbmail_error_set(error, DBMAIL_ERROR_LIMIT,
			"too many characters in brackets",
			"more than %d ranges", RANGES_MAX);
		return FALSE;
	}
	set->ranges[set->n_ranges++] = (RegexRange){ first, last };
	return TRUE;
}

static gboolean has_mark(Bytes pattern, gsize at, const char *marks)
{
	return at + 1 < pattern.size && pattern.data[at] == '[' &&
		strchr(marks, pattern.data[at + 1]) != NULL &&
		pattern.data[at + 1] != '\0';
}

/* One end of a range: a character, or "[.x.]" or "[=x=]". */
static gboolean read_end(Bytes pattern, gsize *at, gunichar *c, GError **error)
{
	gsize size;
	gsize begin = *at;
	Bytes name;

	if (!has_mark(pattern, *at, ".=")) {
		*c = regex_character(pattern, *at, &size);
		*at += size;
		return TRUE;
	}
	if (!read_name(pattern, at, &name, error))
		return FALSE;
	if (name.size > 0) {
		*c = regex_character(name, 0, &size);
		if (size == name.size)
			return TRUE;
	}
	regex_refuse(error, begin, "only one character can be in it");
	return FALSE;
}

/* A character, range or class. */
static gboolean read_item(
	RegexSet *set, Bytes pattern, gsize *at, GError **error)
{
	gsize begin = *at;
	gunichar first;
	gunichar last;
	Bytes name;

	if (has_mark(pattern, *at, ":"))
		return read_name(pattern, at, &name, error) &&
			add_class(set, name, begin, error);
	if (!read_end(pattern, at, &first, error))
		return FALSE;
	last = first;
	if (*at + 1 < pattern.size && pattern.data[*at] == '-' &&
		pattern.data[*at + 1] != ']') {
		*at += 1;
		if (!read_end(pattern, at, &last, error))
			return FALSE;
	}
	return add_range(set, first, last, begin, error);
}

static void fill_ascii(RegexSet *set, SieveRegexCase how)
{
	for (gunichar c = 0; c < 0x80; c++) {
		if (lists_any_case(set, how, c) != set->is_negated)
			set->ascii[c >> 3] |= (guint8)(1U << (c & 7));
	}
}

gboolean regex_bracket_parse(Arena *arena, SieveRegexCase how, Bytes pattern,
	gsize *at, RegexSet **result, GError **error)
{
	RegexRange ranges[RANGES_MAX];
	RegexSet *set = arena_new_object(arena, RegexSet);
	gsize begin = *at;
	gboolean is_first = TRUE;

	set->ranges = ranges;
	if (*at < pattern.size && pattern.data[*at] == '^') {
		set->is_negated = TRUE;
		*at += 1;
	}
	while (*at < pattern.size && (is_first || pattern.data[*at] != ']')) {
		is_first = FALSE;
		if (!read_item(set, pattern, at, error))
			return FALSE;
	}
	if (*at >= pattern.size) {
		regex_refuse(error, begin, "\"[\" has no \"]\"");
		return FALSE;
	}
	*at += 1;
	set->ranges = arena_new_array(arena, RegexRange, set->n_ranges);
	if (set->n_ranges > 0)
		memcpy(set->ranges, ranges, sizeof(RegexRange) * set->n_ranges);
	fill_ascii(set, how);
	*result = set;
	return TRUE;
}
