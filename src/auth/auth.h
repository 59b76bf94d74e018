/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Logging in: the policy between a protocol and the users' hashes. */
#ifndef AUTH_AUTH_H
#define AUTH_AUTH_H

#include <glib.h>

#include "base/log.h"
#include "base/settings.h"
#include "store/store.h"
#include "store/user.h"

/* One per process: counts failures per address and per user. */
typedef struct Auth Auth;

Auth *auth_new(Store *store, const Settings *settings);
void auth_free(Auth **auth);

/* TRUE where passwords may be sent: under TLS, from loopback, or by the
 * setting plaintext_without_tls. */
gboolean auth_plaintext_allowed(const Auth *auth, gboolean is_tls,
	gboolean is_loopback);

/* Verifies a password; a wrong one is answered after login_delay, and an
 * unknown user costs the time of a known one.  An old hash is replaced.
 * Errors: AUTH_FAILED; LIMIT after too many failures; TEMPORARY.  remote is
 * the peer's address.  Logs nothing: the session does. */
gboolean auth_login(Auth *auth, const char *user, const char *password,
	const char *remote, User **out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

#endif
