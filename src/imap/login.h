/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What LOGIN and AUTHENTICATE have in common. */
#ifndef IMAP_LOGIN_H
#define IMAP_LOGIN_H

#include <glib.h>

#include "imap/session.h"

/* Logs in and sets the command's answer, or fails as auth_login() does; logs
 * either.  how is the mechanism's name. */
gboolean login_with(ImapSession *session, ImapCommand *command,
	const char *name, const char *password, const char *how, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

#endif
