/* SPDX-License-Identifier: GPL-2.0-or-later */
/* COMPRESS DEFLATE (RFC 4978). */
#include "imap/commands.h"

#include "base/text.h"
#include "imap/args.h"
#include "imap/session.h"

gboolean cmd_compress(
	ImapSession *session, ImapCommand *command, GError **error)
{
	const CompressArgs *args = command->args;

	(void)error;
	if (!text_equal_nocase(args->mechanism, "DEFLATE")) {
		command_bad(command, "Unknown mechanism");
	} else if (stream_is_deflated(session->stream)) {
		command_no(command,
			"[COMPRESSIONACTIVE] DEFLATE is active already");
	} else {
		command_ok(command, "DEFLATE active");
		command_answer(session, command);
		session->is_over |=
			!stream_start_deflate(session->stream, NULL);
		return TRUE;
	}
	command_answer(session, command);
	return TRUE;
}
