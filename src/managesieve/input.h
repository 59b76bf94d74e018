/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a client sends: lines and literals, put together to commands. */
#ifndef MANAGESIEVE_INPUT_H
#define MANAGESIEVE_INPUT_H

#include <glib.h>

#include "managesieve/session.h"

/* Reads a whole command whose row allows it now, with the arguments that the
 * row wants, into the session's arena.  FALSE where there is none to run: it
 * was answered, behind all that the client sent of it, or the session is
 * over. */
gboolean input_read(ManageSession *session, ManageInput *input,
	const ManageCommand **command) G_GNUC_WARN_UNUSED_RESULT;

/* The name of a script that an argument is, as script_name_normalise() has it;
 * free with g_free.  NULL: it is none, and the client was answered. */
char *input_take_name(ManageSession *session, const ManageInput *input,
	guint index) G_GNUC_WARN_UNUSED_RESULT;

typedef enum {
	INPUT_STRING,
	INPUT_TOO_LONG, /* and read past */
	INPUT_WRONG,    /* no string */
	INPUT_ENDED,    /* the session is over */
} InputString;

/* Reads a line that is one string, into the session's arena; answers
 * nothing. */
InputString input_read_string(ManageSession *session, Bytes *string)
	G_GNUC_WARN_UNUSED_RESULT;

#endif
