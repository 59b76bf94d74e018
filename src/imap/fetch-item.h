/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What FETCH can be asked for: the table of items (RFC 3501 section 6.4.5). */
#ifndef IMAP_FETCH_ITEM_H
#define IMAP_FETCH_ITEM_H

#include <glib.h>

#include "mime/section.h"
#include "syntax/partial.h"
#include "imap/command.h"

typedef struct FetchItem FetchItem;
typedef struct FetchRow FetchRow;

/* What an item is made from. */
typedef enum {
	NEED_VIEW = 0,      /* the mailbox's view is enough */
	NEED_META = 1 << 0, /* dates */
	NEED_ENVELOPE = 1 << 1,
	NEED_STRUCTURE = 1 << 2,
	NEED_SECTION = 1 << 3,   /* bytes: item->section says which */
	NEED_SETS_SEEN = 1 << 4, /* sets \Seen (RFC 3501 section 6.4.5) */
	NEED_DECODED = 1 << 5,   /* with NEED_SECTION: less its encoding */
	NEED_THREAD = 1 << 6,
	NEED_SAVE_DATE = 1 << 7,
	NEED_CONDSTORE = 1 << 8, /* enables CONDSTORE (RFC 7162) */
	NEED_PREVIEW = 1 << 9,
} FetchNeed;

typedef struct {
	const char *name;
	guint needs;
	/* Writes the item's name and value; the message's data are there. */
	void (*write)(FetchRow *row, const FetchItem *item);
	MimeSectionWhat section; /* of RFC822 and its like */
} FetchItemRow;

struct FetchItem {
	const FetchItemRow *row;
	MimeSection section; /* of NEED_SECTION items */
	const char *label;   /* "BODY[...]<0> " of items with a section, for
	                      * replies */
	gboolean is_lazy;    /* PREVIEW (LAZY) */
	gboolean has_partial;
	guint64 offset;
	guint64 size;     /* G_MAXUINT64 without partial */
	gboolean implied; /* the UID of UID FETCH, which nobody named */
};

typedef struct {
	const NumSet *set;
	const FetchItem *items;
	guint count;
	guint needs; /* of all together */
	/* Which of the messages named are meant (RFC 9394 section 3.3); all of
	 * them without that modifier. */
	PartialRange partial;
	gboolean tells_uid;
	gboolean tells_modseq;
	/* Modifiers (RFC 7162 sections 3.1.4.1 and 3.2.6). */
	gboolean has_changed_since;
	guint64 changed_since;
	gboolean vanished;
	/* A PREVIEW must be there now: RFC 8970's LAZY was not said. */
	gboolean wants_preview;
} FetchArgs;

#define FETCH_ITEMS_MAX 1000

/* The arguments of FETCH and UID FETCH; the latter always have a UID item.
 * Modifiers behind the items (RFC 4466 section 2.4) are a table. */
gboolean args_fetch(ImapParser *parser, ImapCommand *command);

/* "(UID FLAGS)", for messages named otherwise: FETCH's parenthesised list. */
gboolean args_fetch_items(ImapParser *parser, const FetchArgs **args);

#endif
