/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looking for one text in another, and what that costs. */
#ifndef SIEVE_FIND_H
#define SIEVE_FIND_H

#include <glib.h>

#include "base/bytes.h"

/* Bytes that are passed over for one unit of work. */
#define SIEVE_FIND_BYTES 128

/* A key, made ready: any bytes, at least one. */
typedef struct {
	Bytes text;
	gsize rarest; /* the place of the byte that texts have least */
} SieveFindKey;

SieveFindKey sieve_find_key(Bytes text);

/* The first place from *at on where the text has the key.  Takes what it did
 * from *work: a unit for SIEVE_FIND_BYTES passed over, and for each place that
 * was looked at one and the key's length by as much; gives up, as if it were
 * not there, when *work is 0. */
gboolean sieve_find(
	const SieveFindKey *key, Bytes text, guint64 *work, gsize *at);

#endif
