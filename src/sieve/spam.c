/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a site's filters wrote into the header, as the numbers of RFC 5235. */
#include "sieve/spam.h"

#include "base/errors.h"
#include "base/text.h"
#include "sieve/edit.h"
#include "sieve/regex.h"

/* Steps that a site's regular expression may take over one field. */
#define WORK_MAX 1000000
/* So that 0.29 is 29 percent. */
#define EPSILON 1e-9

/* "Name: REGEX" in two.  FALSE where the name is none. */
static gboolean split(const char *rule, char **name, Bytes *pattern)
{
	const char *colon = strchr(rule, ':');
	gsize size = colon != NULL ? (gsize)(colon - rule) : strlen(rule);
	Bytes word = text_trim(bytes_of(rule, size));

	if (!sieve_field_name_is_valid(word))
		return FALSE;
	*name = g_strndup(word.data, word.size);
	*pattern = bytes_of_string(colon != NULL ? colon + 1 : "");
	while (pattern->size > 0 && g_ascii_isspace(pattern->data[0]))
		*pattern = bytes_slice(*pattern, 1, pattern->size);
	return TRUE;
}

/* What the rule finds in the header; NULL: nothing. */
static char *find(const char *rule, SieveSpamHeader header, gpointer data)
{
	g_autofree char *name = NULL;
	g_autoptr(SieveRegex) regex = NULL;
	Bytes groups[SIEVE_REGEX_GROUPS_MAX];
	Bytes pattern;
	guint64 work = WORK_MAX;

	if (rule == NULL || !split(rule, &name, &pattern))
		return NULL;
	const char *value = header(data, name);
	if (value == NULL)
		return NULL;
	if (pattern.size == 0)
		return g_strdup(value);
	regex = sieve_regex_new(pattern, SIEVE_REGEX_ASCII_NOCASE, NULL);
	if (regex == NULL ||
		sieve_regex_match(regex, bytes_of_string(value), &work,
			groups) != SIEVE_REGEX_YES)
		return NULL;
	Bytes found = groups[sieve_regex_groups(regex) > 1 ? 1 : 0];
	return found.data != NULL ? g_strndup(found.data, found.size) : NULL;
}

/* "-1.6", ".5"; the number may have blanks around it and nothing else. */
static gboolean read_number(const char *text, gdouble *number)
{
	char *end;
	gdouble value = g_ascii_strtod(text, &end);
	while (g_ascii_isspace(*end))
		end++;
	if (end == text || *end != '\0' || value != value)
		return FALSE;
	*number = value;
	return TRUE;
}

static gboolean text_value(const SieveSpamFilter *filter, guint steps,
	const char *status, gdouble *value)
{
	Bytes text = text_trim(bytes_of_string(status));
	for (guint i = 1; i <= steps && i < SIEVE_SPAM_TEXTS; i++) {
		if (filter->texts[i] == NULL ||
			!text_equal_nocase(text, filter->texts[i]))
			continue;
		*value = (i - 1) / (gdouble)(steps - 1);
		return TRUE;
	}
	return FALSE;
}

gboolean sieve_spam_value(const SieveSpamFilter *filter, guint steps,
	SieveSpamHeader header, gpointer data, gdouble *value)
{
	g_autofree char *status = find(filter->status, header, data);
	gdouble max = filter->max;
	gdouble score;

	if (status == NULL)
		return FALSE;
	if (filter->type == SIEVE_SPAM_TEXT)
		return text_value(filter, steps, status, value);
	if (filter->max_status != NULL) {
		g_autofree char *text = find(filter->max_status, header, data);
		if (text != NULL)
			read_number(text, &max);
	}
	if (!(max > 0))
		return FALSE;
	if (filter->type == SIEVE_SPAM_LENGTH)
		score = (gdouble)text_trim(bytes_of_string(status)).size;
	else if (!read_number(status, &score))
		return FALSE;
	*value = CLAMP(score / max, 0, 1);
	return TRUE;
}

guint sieve_spam_step(gdouble value, guint steps)
{
	if (value >= 1)
		return steps;
	return 1 + (guint)(value * (steps - 1) + EPSILON);
}

guint sieve_spam_percent(gdouble value)
{
	if (value >= 1)
		return 100;
	return MIN((guint)(value * 100 + 0.5), 99);
}

static gboolean check_rule(const char *rule, GError **error)
{
	g_autofree char *name = NULL;
	Bytes pattern;

	if (rule == NULL)
		return TRUE;
	if (!split(rule, &name, &pattern)) {
		dbmail_error_set(error, DBMAIL_ERROR_INVALID,
			"This begins with no name of a header field", "\"%s\"",
			rule);
		return FALSE;
	}
	g_autoptr(SieveRegex) regex =
		sieve_regex_new(pattern, SIEVE_REGEX_ASCII_NOCASE, error);
	return regex != NULL;
}

gboolean sieve_spam_check(const SieveSpamFilter *filter, GError **error)
{
	if (!check_rule(filter->status, error) ||
		!check_rule(filter->max_status, error))
		return FALSE;
	if (filter->status == NULL || filter->type == SIEVE_SPAM_TEXT ||
		filter->max > 0 || filter->max_status != NULL)
		return TRUE;
	dbmail_error_set(error, DBMAIL_ERROR_INVALID,
		"A score needs its maximum, which must be over 0", "%g",
		filter->max);
	return FALSE;
}
