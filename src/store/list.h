/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists that scripts ask for, kept outside of them (RFC 6134). */
#ifndef STORE_LIST_H
#define STORE_LIST_H

#include <glib.h>

#include "store/store.h"

/* Lists belong to a user, or to NAME_PUBLIC_OWNER_ID (store/name.h), whose are
 * everybody's.  Names are those list_name_normalise() gave.  Values are
 * compared with ASCII letters of either case the same. */

#define LIST_NAME_MAX 500   /* bytes */
#define LIST_VALUE_MAX 1000 /* bytes */

/* A name as it is kept: an absolute URI with the scheme urn or tag; one that
 * begins with a colon is of urn:ietf:params:sieve (RFC 6134 section 2.5), and
 * those have their letters in lower case, unescaped.  INVALID for what is no
 * such URI.  Free with g_free. */
char *list_name_normalise(const char *name, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* The address book that every user has (section 2.5). */
#define LIST_DEFAULT_BOOK "urn:ietf:params:sieve:addrbook:default"

/* Whose lists are meant. */
typedef enum {
	LIST_OWN,          /* the owner's */
	LIST_AND_EVERYONES /* and everybody's of the same name, as one list */
} ListWhose;

/* Up to `max` members, in the order of their letters in lower case; free with
 * g_strfreev.  *exists FALSE: there is no such list, and none of them.  One
 * round trip. */
gboolean list_members(Store *store, gint64 owner, ListWhose whose,
	const char *name, guint max, gboolean *exists, GStrv *members,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether the owner's list or everybody's has the value.  One round trip. */
gboolean list_has(Store *store, gint64 owner, const char *name,
	const char *value, gboolean *has, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

typedef struct {
	char *name;
	guint64 members;
} ListInfo;

/* The owner's lists by name: array of ListInfo *, freed with its elements. */
gboolean list_names(Store *store, gint64 owner, GPtrArray **lists,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Makes the list where there is none and adds members, also none; *added says
 * how many were not in it.  INVALID for a value that is empty, over
 * LIST_VALUE_MAX, not UTF-8, or has a control character: then nothing is done. */
gboolean list_add(Store *store, gint64 owner, const char *name,
	const char *const *values, guint count, guint64 *added, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* *removed says how many were in it; the list stays. */
gboolean list_remove(Store *store, gint64 owner, const char *name,
	const char *const *values, guint count, guint64 *removed,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The list with all in it.  NOT_FOUND. */
gboolean list_delete(Store *store, gint64 owner, const char *name,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
