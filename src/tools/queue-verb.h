/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dbmail-util queue: looks at mail on its way out, and helps it along. */
#ifndef TOOLS_QUEUE_VERB_H
#define TOOLS_QUEUE_VERB_H

#include "tools/tool.h"

/* Does what the words behind "queue" say: nothing or "list", "show ID", "retry
 * ID... | all", "remove ID...".  The store is open.  Returns the exit
 * status. */
int queue_verb(const Tool *tool, char *const *words, guint count);

#endif
