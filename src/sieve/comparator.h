/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How two strings are compared (RFC 4790): the comparators of Sieve. */
#ifndef SIEVE_COMPARATOR_H
#define SIEVE_COMPARATOR_H

#include <glib.h>

#include "base/bytes.h"
#include "sieve/extension.h"

typedef struct {
	const char *name;
	/* What must be required to name it; SIEVE_EXT_BASE for those that are
	 * always there, with these required or not. */
	SieveExtension extension;
	gboolean has_substring; /* can be used with :contains and :matches */
	gboolean is_numeric;    /* counts can be compared with it */
	/* A character is one of UTF-8's and not an octet (RFC 5228 section
	 * 2.7.1: what "?" stands for). */
	gboolean has_characters;
	/* Appends the form whose octets are compared; NULL: these as they
	 * are.  Any bytes may be given. */
	void (*fold)(Bytes text, GString *out);
	/* Less than, equal to or greater than 0. */
	gint (*compare)(Bytes a, Bytes b);
} SieveComparator;

/* The comparator of that name, as :comparator says it; NULL: there is none. */
const SieveComparator *sieve_comparator_find(Bytes name);

/* i;ascii-casemap, which is used where none is named. */
const SieveComparator *sieve_comparator_default(void);

/* Equality, faster than an order where there is a way. */
gboolean sieve_comparator_equal(
	const SieveComparator *comparator, Bytes a, Bytes b);

#endif
