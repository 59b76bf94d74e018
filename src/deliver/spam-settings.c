/* SPDX-License-Identifier: GPL-2.0-or-later */
/* [SIEVE]'s settings of what spam and virus filters write. */
#include "deliver/spam-settings.h"

#include "base/errors.h"
#include "base/text.h"

/* The settings of one filter. */
typedef struct {
	const char *name; /* for errors */
	const char *status;
	const char *type;
	const char *max;
	const char *max_status;
	const char *texts;
	guint steps;
} Rows;

static Rows spam_rows(const Settings *settings)
{
	return (Rows){ .name = "spam",
		.status = settings->SIEVE_spam_header,
		.type = settings->SIEVE_spam_type,
		.max = settings->SIEVE_spam_max,
		.max_status = settings->SIEVE_spam_max_header,
		.texts = settings->SIEVE_spam_texts,
		.steps = SIEVE_SPAM_STEPS };
}

static Rows virus_rows(const Settings *settings)
{
	return (Rows){ .name = "virus",
		.status = settings->SIEVE_virus_header,
		.type = settings->SIEVE_virus_type,
		.max = settings->SIEVE_virus_max,
		.max_status = settings->SIEVE_virus_max_header,
		.texts = settings->SIEVE_virus_texts,
		.steps = SIEVE_VIRUS_STEPS };
}

static const char *or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

/* "1=No", from which the number is taken off. */
static gboolean read_text(SieveSpamFilter *filter, guint steps, char *text)
{
	guint64 number;
	char *equals = strchr(text, '=');

	if (equals == NULL ||
		!text_to_number(
			text_trim(bytes_of(text, (gsize)(equals - text))),
			steps, &number) ||
		number == 0)
		return FALSE;
	filter->texts[number] = g_strstrip(equals + 1);
	return TRUE;
}

/* The filter, without a status where a setting is wrong; *pieces is what its
 * texts point into.  The name of what is wrong, or NULL. */
static const char *read_rows(
	const Rows *rows, SieveSpamFilter *filter, char ***pieces)
{
	static const char *const types[] = { "score", "length", "text" };
	const char *wrong = NULL;
	char *end;

	*filter = (SieveSpamFilter){ .status = or_null(rows->status),
		.max_status = or_null(rows->max_status) };
	*pieces = g_strsplit(rows->texts, ",", -1);
	for (guint i = 0; i < G_N_ELEMENTS(types); i++) {
		if (g_ascii_strcasecmp(rows->type, types[i]) == 0)
			filter->type = (SieveSpamType)i;
	}
	filter->max = g_ascii_strtod(rows->max, &end);
	if (*end != '\0')
		wrong = "max";
	for (guint i = 0; rows->texts[0] != '\0' && (*pieces)[i] != NULL; i++) {
		if (!read_text(filter, rows->steps, (*pieces)[i]))
			wrong = "texts";
	}
	if (wrong == NULL && !sieve_spam_check(filter, NULL))
		wrong = "header";
	if (wrong != NULL)
		filter->status = NULL;
	return wrong;
}

void spam_settings_init(SpamSettings *spam, const Settings *settings)
{
	Rows rows = spam_rows(settings);
	read_rows(&rows, &spam->sieve.spam, &spam->texts[0]);
	rows = virus_rows(settings);
	read_rows(&rows, &spam->sieve.virus, &spam->texts[1]);
}

void spam_settings_clear(SpamSettings *spam)
{
	g_clear_pointer(&spam->texts[0], g_strfreev);
	g_clear_pointer(&spam->texts[1], g_strfreev);
}

static gboolean check_rows(Rows rows, GError **error)
{
	SieveSpamFilter filter;
	g_auto(GStrv) pieces = NULL;
	const char *wrong = read_rows(&rows, &filter, &pieces);

	if (wrong == NULL)
		return TRUE;
	g_autofree char *text = g_strdup_printf(
		"[SIEVE] %s_%s: a header is Name or Name: REGEX, a score has "
		"a maximum over 0, texts are as \"1=No, %u=Yes\"",
		rows.name, wrong, rows.steps);
	dbmail_error_set(
		error, DBMAIL_ERROR_INVALID, text, "%s_%s", rows.name, wrong);
	return FALSE;
}

gboolean spam_settings_check(const Settings *settings, GError **error)
{
	return check_rows(spam_rows(settings), error) &&
		check_rows(virus_rows(settings), error);
}
