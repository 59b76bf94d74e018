/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names an address may be known by (RFC 5321, RFC 5233). */
#ifndef DELIVER_RECIPIENT_H
#define DELIVER_RECIPIENT_H

#include <glib.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/settings.h"

/* What candidates there are at most, and a NULL. */
#define RECIPIENT_NAMES_MAX 6

/* An address taken apart: pure, no look-ups. */
typedef struct {
	/* Names to look up, the most specific first, NULL-terminated: the whole
	 * address, the same without detail, the local part, the same without
	 * detail, "@domain".  Quotes and escapes are gone, the domain has small
	 * ASCII letters. */
	char *names[RECIPIENT_NAMES_MAX];
	/* has_detail[i]: names[i] still holds the detail, or is the domain's,
	 * so that a match on it says nothing about a folder. */
	gboolean has_detail[RECIPIENT_NAMES_MAX];
	char *detail; /* what is behind the delimiter, NULL where nothing is */
} RecipientNames;

/* address is without brackets; its local part may be quoted.  delimiters:
 * characters of which the first in the local part, but not at its beginning,
 * begins the detail.  local_domains: domains, separated by blanks or commas,
 * whose local part alone may be a user's name; "*" for all; an address without
 * domain has such a one.  FALSE where the address is no address, or is not
 * valid UTF-8. */
gboolean recipient_names(Bytes address, const char *delimiters,
	const char *local_domains, RecipientNames *names)
	G_GNUC_WARN_UNUSED_RESULT;

/* A name as an address of this host's (settings_hostname()), in the arena; one
 * that is an address as it is. */
const char *recipient_at_host(
	Arena *arena, const char *name, const Settings *settings);

void recipient_names_clear(RecipientNames *names);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RecipientNames, recipient_names_clear)

#endif
