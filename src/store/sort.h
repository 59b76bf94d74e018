/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The order SORT asks for (RFC 5256 section 3, RFC 5957, RFC 6203 section 5). */
#ifndef STORE_SORT_H
#define STORE_SORT_H

#include <glib.h>

#include "store/view.h"

typedef enum {
	SORT_ARRIVAL,     /* INTERNALDATE */
	SORT_CC,          /* addr-mailbox of the first Cc address */
	SORT_DATE,        /* sent date; INTERNALDATE where there is none */
	SORT_DISPLAYFROM, /* display name of the first From address, or it */
	SORT_DISPLAYTO,   /* the same of To */
	SORT_FROM,        /* addr-mailbox of the first From address */
	SORT_SIZE,
	SORT_SUBJECT,  /* base subject */
	SORT_TO,       /* addr-mailbox of the first To address */
	SORT_RELEVANCY /* the best score first */
} SortField;

typedef struct {
	SortField field;
	gboolean reverse;
} SortKey;

/* Sorts message indexes of the view (GArray of guint) in place by the keys, the
 * first one first; what is equal by all of them stays in sequence order, also
 * under reverse (RFC 5256 section 3).  Texts are compared without regard to
 * case in all of Unicode, by code point.  scores: search_run_scored()'s, for
 * SORT_RELEVANCY; NULL takes all for equal.  Reads no message: what it needs
 * is in dbmail_envelope. */
gboolean sort_run(Store *store, const MailboxView *view, const SortKey *keys,
	guint count, GArray *indexes, const GArray *scores, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

#endif
