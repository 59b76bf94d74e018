/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a script wants done, made into puts and mails. */
#ifndef DELIVER_ACT_H
#define DELIVER_ACT_H

#include "deliver/compose.h"
#include "deliver/filter.h"

/* One run of a script. */
typedef struct {
	PlanJob *job;
	const FilterFor *whom;
	UserScript *script;
	const SieveResult *result; /* NULL: nothing ran */
	Plan *plan;
	/* By number of the result's messages, made when they are asked for. */
	const MessageDraft **drafts;
	const GString **sent_on;
	/* For what is sent; made by act_init(). */
	const char *owner; /* the address it is from */
	const char *mark;  /* of guard_mark() */
	gboolean is_told;  /* the owner has a notice already */
} Act;

void act_init(Act *act, PlanJob *job, const FilterFor *whom, UserScript *script,
	const SieveResult *result, Plan *plan);

/* Does one action.  FALSE with TEMPORARY alone. */
gboolean act_do(Act *act, const SieveAction *action, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* Does all actions of the result.  FALSE with TEMPORARY alone. */
gboolean act_all(Act *act, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Keeps the message as it came, where it would go without a script. */
void act_keep(Act *act);

/* Tells the owner in INBOX that the script failed, and where; once for each
 * version of it, and only where notify_owner is on and the script is the
 * owner's own. */
gboolean act_tell(Act *act, const char *script, guint line, const char *why,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* --- act-mail.c: what is sent --- */

/* What compose functions need to know, with an id of its own. */
ComposeAbout act_about(Act *act);

gboolean act_redirect(Act *act, const SieveAction *action, GError **error);
gboolean act_reject(Act *act, const SieveAction *action, GError **error);
gboolean act_vacation(Act *act, const SieveAction *action, GError **error);
gboolean act_notify(Act *act, const SieveAction *action, GError **error);

/* --- act.c, for it --- */

/* Files a message into what the script named.  *put (may be NULL) is the index
 * of the put + 1, 0 where it was there already. */
gboolean act_file(Act *act, const SieveAction *action,
	const MessageDraft *draft, guint *put, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

#endif
