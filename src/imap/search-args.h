/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The arguments of SEARCH, SORT, THREAD and ESEARCH. */
#ifndef IMAP_SEARCH_ARGS_H
#define IMAP_SEARCH_ARGS_H

#include <glib.h>

#include "store/sort.h"
#include "store/thread.h"
#include "syntax/partial.h"
#include "syntax/search-key.h"
#include "imap/command.h"
#include "imap/fetch-item.h"
#include "imap/mailbox-filter.h"

/* What RETURN asks for, as bits. */
typedef enum {
	RETURN_MIN = 1 << 0, /* RFC 4731 */
	RETURN_MAX = 1 << 1,
	RETURN_ALL = 1 << 2,
	RETURN_COUNT = 1 << 3,
	RETURN_SAVE = 1 << 4,    /* RFC 5182 */
	RETURN_PARTIAL = 1 << 5, /* RFC 9394 */
	RETURN_CONTEXT = 1 << 6, /* RFC 5267: a hint, not taken */
	RETURN_UPDATE = 1 << 7,
	RETURN_RELEVANCY = 1 << 8, /* RFC 6203 */
} SearchReturn;

typedef struct FilterValue FilterValue;

typedef struct {
	gboolean has_return; /* the answer is ESEARCH whatever it was before */
	guint returns;       /* SearchReturn bits; of "RETURN ()" RETURN_ALL */
	PartialRange partial;
	/* UPDATE's items of messages that come in (RFC 5465 section 7), NULL for
	 * none, and where their "(" stands in the command. */
	const FetchArgs *update_fetch;
	guint update_chunk;
	gsize update_pos;
	SearchProgram program;
	const SortKey *sort; /* SORT's, in the order of their weight */
	guint sort_count;
	ThreadAlgorithm algorithm;    /* THREAD's */
	FilterValue *filter_values;   /* what FILTERs were found to stand for */
	const MailboxFilter *sources; /* ESEARCH's IN; NULL: there was none */
} SearchArgs;

/* Keys of one SORT. */
#define SORT_KEYS_MAX 32

gboolean args_search(ImapParser *parser, ImapCommand *command);
gboolean args_esearch(ImapParser *parser, ImapCommand *command);
gboolean args_sort(ImapParser *parser, ImapCommand *command);
gboolean args_thread(ImapParser *parser, ImapCommand *command);

/* Tags of commands. */
typedef struct {
	const Bytes *tags;
	guint count;
} CancelArgs;
gboolean args_cancelupdate(ImapParser *parser, ImapCommand *command);

#endif
