/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A source as a tree (RFC 5228 section 8.2). */
#ifndef SIEVE_PARSE_H
#define SIEVE_PARSE_H

#include <glib.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "sieve/node.h"
#include "sieve/report.h"

/* The commands of a source, NULL where it has none.  What is wrong is told, and
 * reading goes on behind it; a command that is wrong has is_broken set. */
SieveNode *sieve_parse(Arena *arena, SieveReport *report,
	const SieveLimits *limits, const char *script, Bytes source);

#endif
