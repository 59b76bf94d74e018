/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A script over messages that are in a mailbox already: what refilter and IMAP
 * events share. */
#ifndef DELIVER_STORED_H
#define DELIVER_STORED_H

#include "deliver/filter.h"
#include "store/view.h"

/* In a plan, the mailbox where a message stays as it is: nothing else has that
 * number, so that a fileinto of its own mailbox is another thing. */
#define STORED_PLACE G_GINT64_CONSTANT(-1)

/* A script and the mailbox it runs over. */
typedef struct {
	Deliverer *deliverer;
	const Settings *settings;
	UserScript *script;
	const MailboxView *view;
	DeliverTarget target;
	FilterFor whom;
	/* Whom mail is from that the script sends on; NULL: what the message's
	 * own Return-Path says. */
	const char *sender;
} StoredRun;

/* The address that a user's mail is for and comes from, where nobody says
 * another: the name, where it is one, an alias that has it for its local part,
 * any alias, the name at this host.  It lives as long as arena and arguments. */
const char *stored_user_address(Arena *arena, const char *name,
	const char *const *addresses, const Settings *settings);

/* That of the script's owner. */
const char *stored_owner_address(
	Arena *arena, const UserScript *script, const Settings *settings);

/* Fills it in for a mailbox of the script's user; address is whom its mail is
 * for.  The strings and the view must outlive the run, which must not be moved.
 * Puts of what stays go to `place`. */
void stored_run_init(StoredRun *run, Deliverer *deliverer,
	const Settings *settings, UserScript *script, const MailboxView *view,
	gint64 place, const char *address);

/* One message of it. */
typedef struct {
	StoredRun *run;
	const ViewMessage *message;
	PlanJob job; /* with its flags and internal date */
	Delivery delivery;
	char *sender; /* of its Return-Path; NULL: it has none */
} Stored;

/* Reads these messages of the run's view (const ViewMessage *) in batches, in
 * their order, and gives each to take; those that are gone are passed over.
 * FALSE ends it. */
gboolean stored_each(StoredRun *run, const GPtrArray *messages,
	gboolean (*take)(Stored *stored, gpointer data, GError **error),
	gpointer data, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Runs the script.  environment: names and values besides those of a delivery,
 * or in the place of them; or NULL.  The result belongs to the job. */
gboolean stored_run(Stored *stored, const char *const *environment,
	gboolean is_event, SieveResult **result, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* The names of a message's flags, NULL-terminated: its keywords and, with
 * is_all, its system flags before them. */
const char *const *stored_flag_names(Arena *arena, const MailboxView *view,
	const ViewMessage *message, gboolean is_all);

/* What a plan leaves of the message where it is. */
typedef struct {
	gboolean stays;
	gboolean has_flags; /* the script said some */
	Flags flags;
	const char *const *keywords;
} StoredRest;

/* Takes what only says that the message stays out of the plan.  any_draft: an
 * edited message that is kept counts, too, as itself unedited. */
StoredRest stored_take_rest(Stored *stored, Plan *plan, gboolean any_draft);

/* Changes the message's flags. */
gboolean stored_set_flags(Stored *stored, FlagAction action, Flags flags,
	const char *const *keywords, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Stores and sends what the plan has.  key (may be NULL) as delivery_store()
 * has it.  Errors: OVER_QUOTA; TEMPORARY, also where a mailbox went away. */
gboolean stored_store(Stored *stored, Plan *plan, const DeliveryKey *key,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
