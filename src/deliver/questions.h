/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a script asks of the world, answered by the store. */
#ifndef DELIVER_QUESTIONS_H
#define DELIVER_QUESTIONS_H

#include "base/settings.h"
#include "deliver/folder.h"
#include "deliver/list-asker.h"
#include "sieve/run.h"
#include "store/store.h"

/* Who asks; free what it has got with asker_clear(). */
typedef struct {
	Store *store;
	const Settings *settings;
	Folders *folders;
	gint64 user;
	ListAsker *lists;
	guint asked;     /* of a run; over 500 the next one is a LIMIT */
	GPtrArray *uses; /* mailbox_list_uses(), when it was asked for */
} Asker;

void asker_clear(Asker *asker);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Asker, asker_clear)

/* The questions with asker, which must outlive them, as their data. */
SieveQuestions questions_of(Asker *asker);

#endif
