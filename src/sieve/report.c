/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The errors and warnings of a compilation, as they are found. */
#include "sieve/report.h"

#include <stdarg.h>

#include "base/text.h"

SieveError *sieve_error_new(const char *script, SievePlace place,
	gboolean is_warning, const char *format, va_list list)
{
	g_autofree char *text = g_strdup_vprintf(format, list);
	SieveError *made = g_new0(SieveError, 1);
	made->script = g_strdup(script);
	made->line = place.line;
	made->column = place.column;
	made->is_warning = is_warning;
	made->text = text_make_valid(bytes_of_string(text));
	return made;
}

#define QUOTED_MAX 60

const char *sieve_report_quote(Arena *arena, Bytes value)
{
	gsize size = MIN(value.size, QUOTED_MAX);

	while (size > 0 && size < value.size &&
		((guchar)value.data[size] & 0xc0) == 0x80)
		size--;
	g_autofree char *valid = text_make_valid(bytes_slice(value, 0, size));
	return arena_printf(
		arena, "\"%s%s\"", valid, size < value.size ? "..." : "");
}

void sieve_error_free(SieveError *error)
{
	if (error == NULL)
		return;
	g_free(error->script);
	g_free(error->text);
	g_free(error);
}

void sieve_report_list(SieveReport *report, const char *script,
	SievePlace place, gboolean is_warning, const char *format, va_list list)
{
	guint *count = is_warning ? &report->n_warnings : &report->n_errors;
	if ((*count)++ < report->max)
		g_ptr_array_add(report->errors,
			sieve_error_new(
				script, place, is_warning, format, list));
}

void sieve_report_error(SieveReport *report, const char *script,
	SievePlace place, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	sieve_report_list(report, script, place, FALSE, format, list);
	va_end(list);
}

static gint compare_places(gconstpointer a, gconstpointer b)
{
	const SieveError *one = *(SieveError *const *)a;
	const SieveError *other = *(SieveError *const *)b;
	if (one->line != other->line)
		return one->line < other->line ? -1 : 1;
	return (one->column > other->column) - (one->column < other->column);
}

void sieve_report_sort(SieveReport *report, guint from)
{
	if (report->errors->len > from)
		qsort(&report->errors->pdata[from], report->errors->len - from,
			sizeof(gpointer), compare_places);
}
