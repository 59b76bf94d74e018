/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The arguments of LIST and LSUB (RFC 3501 section 6.3.8, RFC 5258, RFC 5819,
 * RFC 6154, RFC 8440, RFC 9590). */
#ifndef IMAP_LIST_ARGS_H
#define IMAP_LIST_ARGS_H

#include <glib.h>

#include "imap/command.h"

typedef enum {
	LIST_SUBSCRIBED = 1 << 0,
	LIST_REMOTE = 1 << 1,
	LIST_RECURSIVE = 1 << 2, /* RECURSIVEMATCH */
	LIST_SPECIAL_USE = 1 << 3,
	LIST_CHILDREN = 1 << 4,
	LIST_STATUS = 1 << 5, /* ListArgs.status */
	LIST_MYRIGHTS = 1 << 6,
	LIST_METADATA = 1 << 7, /* ListArgs.entries */
} ListOption;

#define LIST_PATTERNS_MAX 100
/* Bytes of all patterns with their references: matching takes time by them and
 * by the names there are. */
#define LIST_PATTERN_BYTES_MAX 16384

typedef struct {
	Bytes reference;
	const Bytes *patterns;
	guint count;
	guint select;               /* ListOptions before the reference */
	guint give;                 /* ListOptions after RETURN */
	guint status;               /* StatusItem bits for LIST_STATUS */
	const char *const *entries; /* for LIST_METADATA, NULL-terminated */
	gboolean is_extended;       /* any of RFC 5258's forms was used */
} ListArgs;

gboolean args_list(ImapParser *parser, ImapCommand *command);
gboolean args_lsub(ImapParser *parser, ImapCommand *command);

#endif
