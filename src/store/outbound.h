/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mail on its way out: queued with what made it, drained by dbmail-queued. */
#ifndef STORE_OUTBOUND_H
#define STORE_OUTBOUND_H

#include <glib.h>

#include "base/bytes.h"
#include "base/timestamp.h"
#include "store/store.h"

#define OUTBOUND_ADDRESS_MAX 1000 /* bytes; RFC 5321 allows 256 */

/* A mail for one recipient. */
typedef struct {
	const char *kind; /* "redirect", "vacation", "reject", "notify", ... */
	gint64 user;      /* whose script sends it; 0: nobody's */
	const char *sender;    /* without brackets; "" for <> */
	const char *recipient; /* without brackets */
	Bytes message;         /* whole, with CRLF line ends; borrowed */
} OutboundMail;

/* Can the text stand between the brackets of MAIL and RCPT, or among a program's
 * arguments?  INVALID where it is empty, over OUTBOUND_ADDRESS_MAX, not UTF-8,
 * or has controls anywhere, or blanks or angle brackets outside of quotes. */
gboolean outbound_check_address(const char *address, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* INVALID for a kind that is no word, and for such an address, but that a
 * sender may be empty; a delivery with such a mail fails as a whole, so look
 * first. */
gboolean outbound_check(const OutboundMail *mail, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* watch_new(store, OUTBOUND_WATCH) (store/watch.h) is woken when something was
 * queued, in this process or another.  It is a hint that can get lost: look
 * also when outbound_next() says, and every minute. */
#define OUTBOUND_WATCH G_GINT64_CONSTANT(-2)

typedef enum {
	OUTBOUND_PENDING,
	OUTBOUND_SENDING,
	OUTBOUND_SENT,
	OUTBOUND_FAILED,
} OutboundStatus;

/* "pending", "sending", "sent", "failed", as the table has it. */
const char *outbound_status_name(OutboundStatus status);

/* A row of the queue.  No string is NULL but where it says so. */
typedef struct {
	gint64 id;
	gint64 user;     /* 0: nobody's, or gone */
	char *user_name; /* "" where user is 0 */
	char *kind;
	OutboundStatus status;
	char *sender;
	char *recipient;
	gint attempts; /* the present one is counted */
	Timestamp created;
	/* Seconds since then when it was read, by the database's clock, which
	 * `created` is of as well: this host's may be another. */
	gint64 age;
	Timestamp last_attempt; /* 0: none yet */
	Timestamp next_attempt;
	char *last_error; /* what was said of it last, if sent too; or NULL */
	/* The attempt before this one gave the message away whole, and nobody
	 * knows what became of it. */
	gboolean was_handed_over;
	gsize size;
	char *message; /* size bytes; NULL in a listing */
} OutboundEntry;

void outbound_entry_free(OutboundEntry *entry);

/* Takes up to `max` mails that are due, oldest first, and no more of them than
 * make max_bytes together (but always one): array of OutboundEntry *, freed
 * with its elements.  They are SENDING, an attempt is counted, and they are
 * this caller's for lease_seconds; several daemons may call at once and never
 * get the same.  Mails whose lease ran out are due again, with
 * was_handed_over as their last holder left it. */
gboolean outbound_claim(Store *store, guint max, gsize max_bytes,
	guint lease_seconds, GPtrArray **entries, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* Seconds until something is due or a lease runs out, rounded up, 0 for now;
 * -1: nothing is queued. */
gboolean outbound_next(Store *store, gint64 *seconds, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* Has the leases of claimed mails, by their ids and attempts, last for
 * lease_seconds from now on; one that lasts longer stays. */
gboolean outbound_renew(Store *store, const gint64 *ids, const gint32 *attempts,
	guint count, guint lease_seconds, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* Notes, on disk when it returns, that the message is about to be given away
 * whole: from here on a crash leaves the outcome open.  Call before the end of
 * DATA.  *still_mine FALSE, nothing noted: the lease ran out and another has
 * it, or it was deleted; break the attempt off.  The lease begins anew. */
gboolean outbound_hand_over(Store *store, const OutboundEntry *entry,
	guint lease_seconds, gboolean *still_mine, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

typedef enum {
	OUTBOUND_DONE,    /* sent */
	OUTBOUND_RETRY,   /* again after attempts * attempts minutes */
	OUTBOUND_GIVE_UP, /* failed for good */
} OutboundOutcome;

/* What became of an attempt; reason (may be NULL) is made valid UTF-8 and cut.
 * keeps_sent: a mail that was sent stays as "sent" until outbound_trim(), else
 * it is deleted.  notice (may be NULL) is queued in the same transaction: the
 * word to the sender of a mail that has failed.  Nothing happens where the mail
 * is no longer this caller's; but one that was sent is done with whoever has it
 * by now, so that the other's outbound_hand_over() says no. */
gboolean outbound_settle(Store *store, const OutboundEntry *entry,
	OutboundOutcome outcome, const char *reason, gboolean keeps_sent,
	const OutboundMail *notice, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Gives a mail back untried (a daemon that stops): the attempt is not
 * counted, it is due at once. */
gboolean outbound_release(Store *store, const OutboundEntry *entry,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* --- for tools ------------------------------------------------------------- */

typedef struct {
	guint64 count[OUTBOUND_FAILED + 1]; /* by OutboundStatus */
	guint64 bytes;    /* of what is pending and being sent */
	Timestamp oldest; /* of these; 0: none */
} OutboundTotals;

gboolean outbound_totals(Store *store, OutboundTotals *totals, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* Up to `max` mails with ids above `after`, by id, without their messages:
 * array of OutboundEntry *. */
gboolean outbound_list(Store *store, gint64 after, guint max,
	GPtrArray **entries, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* One with its message.  NOT_FOUND. */
gboolean outbound_get(Store *store, gint64 id, OutboundEntry **entry,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Makes mails that are pending or failed due now (ids NULL: all of them);
 * *count says how many. */
gboolean outbound_retry(Store *store, const gint64 *ids, guint n_ids,
	guint64 *count, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Deletes mails, whatever became of them; *count says how many. */
gboolean outbound_delete(Store *store, const gint64 *ids, guint n_ids,
	guint64 *count, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Deletes what was sent or failed more than that many days ago, OUTBOUND_TRIMMED
 * mails at most, so that nobody waits for long: *count says how many, and as
 * many as that means call again.  Several may at once. */
#define OUTBOUND_TRIMMED 1000
gboolean outbound_trim(Store *store, guint sent_days, guint failed_days,
	guint64 *count, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
