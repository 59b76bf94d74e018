/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What LOGIN and AUTHENTICATE have in common. */
#ifndef IMAP_LOGIN_H
#define IMAP_LOGIN_H

#include <glib.h>

#include "imap/session.h"

/* The user is in: sets the command's answer.  Takes the user; how is the
 * mechanism's name. */
gboolean login_done(ImapSession *session, ImapCommand *command, User *user,
	const char *how);

/* auth_login() refused: logs it, and passes it on.  Takes failure. */
gboolean login_failed(ImapSession *session, const char *name, const char *how,
	GError *failure, GError **error);

#endif
