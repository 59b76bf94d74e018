/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a site's filters wrote into the header, as the numbers of RFC 5235. */
#ifndef SIEVE_SPAM_H
#define SIEVE_SPAM_H

#include <glib.h>

#include "base/bytes.h"

typedef enum {
	SIEVE_SPAM_SCORE, /* a number: 0 or less is clean, the maximum is not */
	SIEVE_SPAM_LENGTH, /* as many characters, "*****" */
	SIEVE_SPAM_TEXT,   /* words, as in `texts` */
} SieveSpamType;

#define SIEVE_SPAM_TEXTS 11

/* How one kind of filter, for spam or viruses, tells what it found.  Strings
 * outlive whatever runs with it. */
typedef struct {
	/* "Name", of which all the value counts, or "Name: REGEX" (POSIX
	 * extended, any case), of which the first group does, or the whole
	 * match where there is none.  NULL: there is no such filter. */
	const char *status;
	SieveSpamType type;
	/* For scores and lengths: where the maximum stands, in the same form
	 * (NULL: nowhere), and what it is else. */
	const char *max_status;
	gdouble max;
	/* The text that means so much, in any case; or NULL. */
	const char *texts[SIEVE_SPAM_TEXTS];
} SieveSpamFilter;

typedef struct SieveSpamSettings {
	SieveSpamFilter spam;
	SieveSpamFilter virus;
} SieveSpamSettings;

/* Gives the value of the header's first field of that name, unfolded, NULL for
 * none; it lives until the next call. */
typedef const char *(*SieveSpamHeader)(gpointer data, const char *name);

#define SIEVE_SPAM_STEPS 10 /* spamtest's scale */
#define SIEVE_VIRUS_STEPS 5 /* virustest's */

/* What the filter found, 0 for clean to 1 for certain.  FALSE: the message was
 * not tested, or that cannot be told. */
gboolean sieve_spam_value(const SieveSpamFilter *filter, guint steps,
	SieveSpamHeader header, gpointer data, gdouble *value);

/* On the scale of 1 to steps; a text's number is found again as it was set. */
guint sieve_spam_step(gdouble value, guint steps);

/* On the scale of spamtest :percent, 0 to 100. */
guint sieve_spam_percent(gdouble value);

/* FALSE, INVALID, where the regular expressions or the maximum are no good:
 * for whoever reads the settings. */
gboolean sieve_spam_check(const SieveSpamFilter *filter, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

#endif
