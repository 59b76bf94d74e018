/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Running a script: a message and what is known of it in, actions out. */
#ifndef SIEVE_RUN_H
#define SIEVE_RUN_H

#include <glib.h>

#include "base/bytes.h"
#include "base/timestamp.h"
#include "sieve/action.h"
#include "sieve/script.h"

/* What a script may ask of the world; all only read.  A NULL function means
 * that the answer is no.  Each FALSE, with error set, ends the run as a run-time
 * error, or, with TEMPORARY, as one that the delivery should be tried again
 * for. */
typedef struct {
	gpointer data;
	/* RFC 5490: it exists and mail can be put into it. */
	gboolean (*mailbox_exists)(gpointer data, const char *name,
		gboolean *exists, GError **error);
	/* RFC 9042. */
	gboolean (*mailbox_id_exists)(gpointer data, const char *id,
		gboolean *exists, GError **error);
	/* RFC 8579: the mailbox has all of these uses; with mailbox NULL: for
	 * each of them there is a personal mailbox that has it. */
	gboolean (*special_use_exists)(gpointer data, const char *mailbox,
		const char *const *uses, gboolean *exists, GError **error);
	/* RFC 5490: an annotation; mailbox NULL means the server's; *value is
	 * NULL where there is none, else g_free'd by the caller. */
	gboolean (*metadata)(gpointer data, const char *mailbox,
		const char *entry, char **value, GError **error);
	/* RFC 7352: was this id, a SHA-256 of all that tells it apart, kept by an
	 * earlier message and is not too old? */
	gboolean (*was_seen)(gpointer data, const guint8 id[static 32],
		gboolean *seen, GError **error);
	/* RFC 6134.  The list is an absolute URI, ":addrbook:default" written
	 * out.  *known FALSE: there is no such list. */
	gboolean (*list_has)(gpointer data, const char *list, const char *value,
		gboolean *known, gboolean *has, GError **error);
} SieveQuestions;

typedef struct {
	Bytes message; /* as it came, without trace fields of ours */
	/* The envelope; without brackets. */
	const char *sender;    /* "" for <>; NULL: there is no envelope */
	const char *recipient; /* whom it was for, +detail and all; or NULL */
	gboolean is_event;     /* of IMAP: the test envelope is a run-time error
	                        * (RFC 6785 section 4.6) */
	const char *delimiter; /* between local part and detail: "+" */
	/* Names and values of RFC 5183 and RFC 6785, in pairs, NULL-terminated;
	 * or NULL. */
	const char *const *environment;
	/* Flags the message has in IMAP, where it was there before (RFC 6785);
	 * NULL-terminated, or NULL. */
	const char *const *flags;
	Timestamp now;
	/* The site's zone: minutes east of UTC at a time.  NULL: it is UTC. */
	gint (*zone_minutes)(Timestamp time);
	/* What RFC 5235 tests go by; see sieve/spam.h.  NULL: none of it. */
	const struct SieveSpamSettings *spam;
	const SieveQuestions *questions; /* NULL: all are answered no */
} SieveInput;

/* An id that must be kept where the delivery succeeds (RFC 7352). */
typedef struct {
	guint8 id[32];
	gint64 seconds; /* from now */
} SieveSeen;

typedef struct SieveResult SieveResult;
struct SieveResult {
	/* SieveAction *, in the order they are to be done.  Complete: a keep that
	 * nothing cancelled is in it, nothing is twice, and a message that is to
	 * vanish has its SIEVE_DISCARD. */
	GPtrArray *actions;
	/* Bytes: [0] is the input's, the others are edited ones. */
	GArray *messages;
	GArray *seen; /* SieveSeen */
	/* A run-time error, of which the owner should be told: then actions is
	 * the implicit keep and nothing else.  NULL: none. */
	SieveError *failure;
	/* SieveError *: what the script surely meant otherwise, and what was
	 * passed over; some of them, each place once. */
	GPtrArray *warnings;
	guint64 instructions; /* what it took */
};

/* Runs a script over a message.  Nothing is done, nothing sent, nothing
 * changed.  Bounded in time and memory by the limits it was compiled with.
 * FALSE only with TEMPORARY, from one of the questions; any other failure is
 * in the result. */
gboolean sieve_run(SieveScript *script, const SieveInput *input,
	SieveResult **result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

void sieve_result_free(SieveResult **result);

/* A result that another engine made, of its actions as sieve_action_write()
 * writes them, a line each.  The message must outlive it.  NULL where one of
 * the lines cannot be read, or there is none. */
SieveResult *sieve_result_of_lines(Bytes lines, Bytes message)
	G_GNUC_WARN_UNUSED_RESULT;

/* The result of a script that failed: the implicit keep.  Takes the failure. */
SieveResult *sieve_result_of_failure(SieveError *failure, Bytes message)
	G_GNUC_WARN_UNUSED_RESULT;

static inline void sieve_result_auto_free(SieveResult *result)
{
	sieve_result_free(&result);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SieveResult, sieve_result_auto_free)

#endif
