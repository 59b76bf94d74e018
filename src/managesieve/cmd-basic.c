/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CAPABILITY, NOOP and LOGOUT (RFC 5804 sections 2.3, 2.4 and 2.13). */
#include "managesieve/session.h"

#include "managesieve/reply.h"

void manage_cmd_capability(
	ManageSession *session, const ManageInput *input G_GNUC_UNUSED)
{
	manage_capabilities_write(session);
	reply_ok(session, NULL, NULL);
}

/* The tag may be any octets, and comes back as it was. */
void manage_cmd_noop(ManageSession *session, const ManageInput *input)
{
	g_autoptr(GString) tag = g_string_new("OK (TAG ");

	if (input->count == 0) {
		reply_ok(session, NULL, "Done");
		return;
	}
	reply_string(tag, input->arguments[0].text);
	g_string_append(tag, ") \"Done\"\r\n");
	stream_write(session->stream, tag->str, tag->len);
	session->errors = 0;
}

void manage_cmd_logout(
	ManageSession *session, const ManageInput *input G_GNUC_UNUSED)
{
	reply_ok(session, NULL, "Goodbye");
	session->is_over = TRUE;
}
