/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A delivery on its way from the message to the store: what is to be stored and
 * sent for whom. */
#ifndef DELIVER_PLAN_H
#define DELIVER_PLAN_H

#include <glib.h>

#include "deliver/deliver-private.h"
#include "mime/header.h"
#include "sieve/run.h"
#include "store/delivery.h"

/* One message to recipients who share what is in front of it. */
typedef struct {
	Deliverer *deliverer;
	const Settings *settings;
	const Delivery *delivery;
	Bytes trace; /* what is put in front of the message */
	Bytes raw;   /* both */
	Timestamp now;
	/* Of a message that is in a mailbox already: its flags, for copies of
	 * it where the script says none, and its date.  NULL and now at a
	 * delivery. */
	const char *const *flags;
	Timestamp date;
	Arena *arena;
	gboolean has_split_failed;
	/* Made when they are asked for. */
	MessageDraft *draft;      /* of raw */
	const MimeHeader *header; /* of the message */
	/* What puts and mails point into. */
	GPtrArray *drafts;  /* MessageDraft */
	GPtrArray *texts;   /* GString */
	GPtrArray *results; /* SieveResult */
	GPtrArray *scripts; /* UserScript */
	/* What was planned for a user already, by whatever address. */
	GHashTable *planned; /* char * -> the Plan that does it */
} PlanJob;

void plan_job_init(PlanJob *job, Deliverer *deliverer, const Settings *settings,
	const Delivery *delivery, Bytes trace, Bytes raw);
void plan_job_clear(PlanJob *job);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PlanJob, plan_job_clear)

/* The draft of the message as it came, trace fields and all. */
const MessageDraft *plan_job_draft(PlanJob *job);

/* The draft of an edited message, behind the same trace fields. */
const MessageDraft *plan_job_draft_of(PlanJob *job, Bytes message);

/* The header of the message as it came, without trace fields. */
const MimeHeader *plan_job_header(PlanJob *job);

/* That of an edited one, which must live as long as the job. */
const MimeHeader *plan_job_header_of(PlanJob *job, Bytes message);

/* A string that lives as long as the job. */
GString *plan_job_text(PlanJob *job);

/* What one address's mail, for one of the users it leads to, comes to. */
typedef struct {
	DeliveryShare share;
	GArray *puts;      /* DeliveryPut */
	GArray *mails;     /* OutboundMail */
	GArray *responses; /* DeliveryResponse */
	GArray *seen;      /* ScriptSeen */
	GString *did;      /* NULL: it was just stored */
	/* The sender is told so in the reply: ASCII, lines apart by LF; NULL:
	 * it is not refused. */
	char *refusal;
	UserScript *tells; /* whose owner is told that it fails, or NULL */
	/* Some of it is done by another plan of the job: it must be remembered
	 * under this one's token, too, lest a client that tries this address
	 * alone again has it done twice. */
	gboolean is_elsewhere;
	/* It could not be planned to its end, or one that does some of it could
	 * not: nothing of it may be carried out or remembered, lest a later try
	 * takes for done what nobody has done. */
	gboolean has_failed;
	guint number; /* of its share, from 1; 0: it has none */
} Plan;

Plan *plan_new(gint64 mailbox, gint64 user) G_GNUC_WARN_UNUSED_RESULT;
void plan_free(Plan **plan);

static inline void plan_auto_free(Plan *plan)
{
	plan_free(&plan);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Plan, plan_auto_free)

/* TRUE the first time it is said of that user in the job; else another plan does
 * it, or would have done, had it not failed: then this one has failed, too. */
gboolean plan_is_first(Plan *plan, PlanJob *job, gint64 user, const char *what);

/* Puts a draft into a mailbox, once: TRUE when it was not there yet.  keywords
 * (or NULL) must live as long as the job. */
gboolean plan_put(Plan *plan, PlanJob *job, gint64 mailbox,
	const MessageDraft *draft, Flags flags, const char *const *keywords);

/* Has a mail sent that outbound_check() has passed; its strings and bytes must
 * live as long as the job. */
void plan_mail(Plan *plan, const OutboundMail *mail);

/* Notes for the log what was done: "; " before all but the first. */
void plan_note(Plan *plan, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Puts what was gathered into plan->share; FALSE where there is nothing to be
 * stored, sent or remembered at all.  Nothing may be added after it. */
gboolean plan_finish(Plan *plan);

#endif
