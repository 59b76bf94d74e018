/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a script asks of the world, answered by the store. */
#ifndef DELIVER_QUESTIONS_H
#define DELIVER_QUESTIONS_H

#include "base/settings.h"
#include "deliver/folder.h"
#include "deliver/list-asker.h"
#include "sieve/run.h"
#include "store/store.h"

/* Who asks. */
typedef struct {
	Store *store;
	const Settings *settings;
	Folders *folders;
	gint64 user;
	ListAsker *lists;
	guint asked; /* of a run; over 500 the next one is a LIMIT */
} Asker;

/* The questions with asker, which must outlive them, as their data. */
SieveQuestions questions_of(Asker *asker);

#endif
