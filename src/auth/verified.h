/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Remembers for a short time which passwords were found right. */
#ifndef AUTH_VERIFIED_H
#define AUTH_VERIFIED_H

#include <glib.h>

/* A hash that is good against thieves costs tens of milliseconds of a processor
 * on purpose, and clients that log in every few seconds would pay it each
 * time.  So what was found right is remembered, as HMAC-SHA256 over user,
 * hash row and password under a random key that exists in this process's
 * memory alone: who cannot read that memory learns nothing, and an entry
 * says nothing once the process is gone.  The hash row is part of it: when
 * the row changes (a new password, a user who is locked) no entry fits any
 * more.  Only right passwords are kept, so that guessing costs what it always
 * did.  Not safe between threads by itself. */
typedef struct Verified Verified;

/* At most `max` entries, each for `lifetime` microseconds; the oldest goes
 * for a new one.  NULL where no random key is to be had. */
Verified *verified_new(guint max, gint64 lifetime) G_GNUC_WARN_UNUSED_RESULT;
/* Wipes the key. */
void verified_free(Verified **verified);

/* What stands for one user, row and password. */
#define VERIFIED_TAG_SIZE 32
typedef struct {
	guint8 bytes[VERIFIED_TAG_SIZE];
} VerifiedTag;

/* Any thread: only reads what never changes.  FALSE when OpenSSL fails. */
gboolean verified_tag(const Verified *verified, gint64 user, const char *scheme,
	const char *hash, const char *password, VerifiedTag *tag)
	G_GNUC_WARN_UNUSED_RESULT;

/* TRUE when it was found right less than a lifetime before now (which is
 * g_get_monotonic_time()'s). */
gboolean verified_has(
	const Verified *verified, const VerifiedTag *tag, gint64 now);

/* It was found right now. */
void verified_add(Verified *verified, const VerifiedTag *tag, gint64 now);

#endif
