/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A user's script over a message: what it wants done becomes a plan. */
#ifndef DELIVER_FILTER_H
#define DELIVER_FILTER_H

#include "deliver/plan.h"

/* For whom a script runs. */
typedef struct {
	const DeliverTarget *target;
	const char *address; /* whom the message was for, detail and all */
	/* The sender can be told at once, in the reply: nobody else is behind
	 * that address. */
	gboolean may_refuse;
} FilterFor;

/* What a script is told of the job's message, for that target: all but the
 * questions it may ask, and what spam filters write.  environment: names and
 * values in pairs, which come before those of a delivery, or NULL. */
SieveInput filter_input(
	PlanJob *job, const FilterFor *whom, const char *const *environment);

/* Runs a script of the user that compiles, by the engine that it is for, with
 * the questions it may ask and what spam filters write added to the input; the
 * result is the job's.  FALSE only with TEMPORARY. */
gboolean filter_run(PlanJob *job, gint64 user, const UserScript *script,
	SieveInput *input, SieveResult **result, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* What the test environment finds at a delivery (RFC 5183 section 4.1), in
 * pairs: `first` (may be NULL), then what is known of this host.  remote is the
 * client's address, or NULL. */
const char *const *filter_environment(Arena *arena, const Settings *settings,
	const char *const *first, const char *remote);

/* Notes for the log what a run warned of. */
void filter_note_warnings(Plan *plan, const SieveResult *result);

/* Runs the script of the target's user and plans what it says; where it fails,
 * the message goes where it would without a script, and its owner is told.
 * Nothing is stored or sent yet, but for folders that had to be made.  FALSE
 * only with TEMPORARY: then the message must not be delivered, filtered or
 * not. */
gboolean filter_plan(PlanJob *job, const FilterFor *whom, Plan *plan,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
