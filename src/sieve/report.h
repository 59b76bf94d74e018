/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The errors and warnings of a compilation, as they are found. */
#ifndef SIEVE_REPORT_H
#define SIEVE_REPORT_H

#include <glib.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "sieve/node.h"
#include "sieve/script.h"

typedef struct {
	GPtrArray *errors; /* SieveError *, warnings among them */
	guint n_errors;    /* without warnings */
	guint max;         /* of both, each */
	guint n_warnings;
} SieveReport;

/* Adds an error; from the max-th on they are only counted. */
void sieve_report_error(SieveReport *report, const char *script,
	SievePlace place, const char *format, ...) G_GNUC_PRINTF(4, 5);

/* The same with its arguments in a list, or a warning. */
void sieve_report_list(SieveReport *report, const char *script,
	SievePlace place, gboolean is_warning, const char *format, va_list list)
	G_GNUC_PRINTF(5, 0);

/* Puts those from number `from` on, all of one script, in its order. */
void sieve_report_sort(SieveReport *report, guint from);

/* The value in quotes for an error's text, shortened and made printable; in the
 * arena. */
const char *sieve_report_quote(Arena *arena, Bytes value);

/* An error by itself. */
SieveError *sieve_error_new(const char *script, SievePlace place,
	gboolean is_warning, const char *format, va_list list)
	G_GNUC_PRINTF(4, 0);

#endif
