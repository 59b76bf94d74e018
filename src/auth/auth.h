/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Logging in: the policy between a protocol and the users' hashes. */
#ifndef AUTH_AUTH_H
#define AUTH_AUTH_H

#include <glib.h>

#include "base/log.h"
#include "base/settings.h"
#include "store/store.h"
#include "store/user.h"
#include "auth/scram.h"

/* One per process, shared by its sessions: counts failures per address and
 * per user, and remembers for some minutes which passwords were found right
 * (auth/verified.h says why that is safe).  settings must outlive it. */
typedef struct Auth Auth;

Auth *auth_new(Store *store, const Settings *settings)
	G_GNUC_WARN_UNUSED_RESULT;
void auth_free(Auth **auth);

/* What is allowed, and the limits, are those of these settings from now on, which
 * must outlive the auth, too; how new passwords are hashed is auth_new()'s.  Any
 * thread. */
void auth_reload(Auth *auth, const Settings *settings);

/* TRUE where passwords may be sent: over a connection nobody can listen to
 * (server_connection_is_secure()), or by the setting plaintext_without_tls; and
 * never where auth_wants_scram(). */
gboolean auth_plaintext_allowed(const Auth *auth, gboolean is_secure);

/* TRUE where nothing that sends a password is taken: scram = only. */
gboolean auth_wants_scram(const Auth *auth);

/* TRUE where SCRAM with that hash is offered: the setting scram. */
gboolean auth_scram_offered(const Auth *auth, ScramHash hash);

/* Verifies a password; names and passwords count as SASLprep (RFC 4013) makes
 * them, and as they are.  A wrong one is answered login_delay after the call,
 * and an unknown user costs about the time of a known one.  An old hash is
 * replaced, and the log-in is noted in the user's row.
 *
 * After login_failures wrong passwords in ten minutes from one address (an
 * IPv6 /64) or for one user, all log-ins from that address or for that user
 * are refused with LIMIT until the ten minutes are over.  A user who has
 * logged in from an address within a day has a count of their own there, so
 * that others' guesses lock out neither a webmail nor its users.
 *
 * Errors: AUTH_FAILED, with one text for every cause; LIMIT; TEMPORARY.
 * remote is the peer's address, as ServerConnection has it.  Logs nothing:
 * the session does. */
gboolean auth_login(Auth *auth, const char *user, const char *password,
	const char *remote, User **out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* What is stored of a user's password for SCRAM with that hash.  Where nothing
 * is - nobody has that name, or the hash is of another kind - it is made up, the
 * same each time and in each daemon of the store, and *user stays NULL: the
 * client cannot tell, nor by the time: it takes a multiple of 5 ms.  FALSE with
 * TEMPORARY where the store does not answer; what was made up then goes with no
 * password, and may be sent to get to the end. */
gboolean auth_scram_secrets(Auth *auth, const char *name, ScramHash hash,
	ScramSecrets *secrets, User **user, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* The end of that: as auth_login(), with whether the client has proved that it
 * has the password of the user, who may be NULL. */
gboolean auth_scram_login(Auth *auth, const char *name, const User *user,
	gboolean is_proven, const char *remote, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

static inline void auth_auto_free(Auth *auth)
{
	auth_free(&auth);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Auth, auth_auto_free)

#endif
