/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What may be done to a value before a variable gets it (RFC 5229 section 4.1):
 * for set and extracttext. */
#ifndef SIEVE_MODIFIERS_H
#define SIEVE_MODIFIERS_H

#include <glib.h>

#include "sieve/run-private.h"
#include "sieve/word.h"

/* The rows of SIEVE_TAGS_MODIFIERS. */
extern const SieveTag sieve_modifier_tags[];

/* Changes the value as the node's modifiers say, in their order. */
gboolean sieve_modify(SieveRun *run, const SieveNode *node, GString *value)
	G_GNUC_WARN_UNUSED_RESULT;

#endif
