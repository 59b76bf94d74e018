/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which fields, and of which parts, a test looks at: header names, :index and
 * :last (RFC 5260), :mime and :anychild (RFC 5703). */
#ifndef SIEVE_SELECT_H
#define SIEVE_SELECT_H

#include <glib.h>

#include "mime/header.h"
#include "sieve/check.h"
#include "sieve/run-private.h"

/* Which piece of a field (RFC 5703 section 4.1): numbers of the tags. */
typedef enum {
	SIEVE_PIECE_TYPE = 1,
	SIEVE_PIECE_SUBTYPE,
	SIEVE_PIECE_CONTENT_TYPE,
	SIEVE_PIECE_PARAM,
} SieveFieldPiece;

/* Tells what is wrong with :index, :last, :mime and what belongs to them. */
void sieve_select_check(SieveChecker *checker, SieveNode *node);

/* Warns of constant names that no field can have.  They match nothing, and are
 * no error (RFC 5228 section 2.4.2.2). */
void sieve_select_check_names(
	SieveChecker *checker, const SieveArgument *names);

/* The fields of these names as they are in the header, or in the headers of the
 * parts that :mime says: MimeField, part after part, for each name in order.
 * NULL after a run-time error; free with g_array_unref.  Valid until the message
 * changes. */
GArray *sieve_select_fields(SieveRun *run, const SieveNode *node,
	const SieveArgument *names) G_GNUC_WARN_UNUSED_RESULT;

/* TRUE where :index leaves this one of n fields to be looked at. */
gboolean sieve_select_index(const SieveNode *node, guint index, guint n);

/* A field's value as text: unfolded, encoded words decoded, outer blanks off;
 * what it was is overwritten. */
void sieve_select_text(Bytes value, GString *text);

#endif
