/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What actions have in common: addresses, values of tags, and where a copy is
 * filed. */
#ifndef SIEVE_FILE_H
#define SIEVE_FILE_H

#include <glib.h>

#include "sieve/check.h"
#include "sieve/run-private.h"

/* For sieve_check_each(): one address. */
gboolean sieve_check_address(SieveChecker *checker, const SieveString *string);

/* A tag's check: addresses, as From has them. */
gboolean sieve_check_mailboxes(
	SieveChecker *checker, SieveNode *node, const SieveTagUse *use);

/* The value of the slot's tag as sieve_run_text() gives it; NULL where the tag
 * was not given. */
gboolean sieve_tag_text(SieveRun *run, const SieveNode *node, guint slot,
	const char **text) G_GNUC_WARN_UNUSED_RESULT;

/* The same of a list of strings, NULL-terminated. */
gboolean sieve_tag_list(SieveRun *run, const SieveNode *node, guint slot,
	const char *const **list) G_GNUC_WARN_UNUSED_RESULT;

/* Warns of constants that are no flags, which are passed over (RFC 5232 section
 * 2), and of keywords that look like a system flag without its backslash. */
void sieve_check_flags(SieveChecker *checker, const SieveArgument *flags);

/* The same as a tag's check. */
gboolean sieve_check_flags_tag(
	SieveChecker *checker, SieveNode *node, const SieveTagUse *use);

/* TRUE for a backslash and an atom (RFC 6154 section 6). */
gboolean sieve_special_use_is_valid(Bytes use);

/* Checks the mailbox and the tags of SIEVE_TAGS_FILE as far as they are
 * constants; mailbox is an argument of one string. */
void sieve_file_check(
	SieveChecker *checker, SieveNode *node, const SieveArgument *mailbox);

/* Fills in *file from them; flags are those of :flags, else the internal
 * variable's (RFC 5232 section 3). */
gboolean sieve_file_read(SieveRun *run, const SieveNode *node,
	const SieveArgument *mailbox, SieveFile *file)
	G_GNUC_WARN_UNUSED_RESULT;

/* The flags alone. */
gboolean sieve_file_read_flags(SieveRun *run, const SieveNode *node,
	SieveFile *file) G_GNUC_WARN_UNUSED_RESULT;

/* Fills in text, from the first argument, and what the tags of SIEVE_TAGS_MAIL
 * say; a :from that is no address is a run-time error. */
gboolean sieve_mail_read(SieveRun *run, const SieveNode *node,
	SieveAction *action) G_GNUC_WARN_UNUSED_RESULT;

/* :fcc and what is filed there (RFC 8580). */
void sieve_fcc_check(SieveChecker *checker, SieveNode *node);
gboolean sieve_fcc_read(SieveRun *run, const SieveNode *node,
	SieveAction *action) G_GNUC_WARN_UNUSED_RESULT;

#endif
