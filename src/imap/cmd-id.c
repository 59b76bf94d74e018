/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ID (RFC 2971): who the client says it is goes to the log. */
#include "imap/commands.h"

#include "base/log.h"
#include "base/text.h"
#include "imap/args.h"
#include "imap/session.h"

static Bytes field_value(const IdArgs *args, const char *name)
{
	for (guint i = 0; i < args->count; i++) {
		if (text_equal_nocase(args->fields[i].name, name))
			return args->fields[i].value;
	}
	return bytes_of("", 0);
}

gboolean cmd_id(ImapSession *session, ImapCommand *command, GError **error)
{
	const IdArgs *args = command->args;

	(void)error;
	if (args->count > 0)
		log_event(LOG_LEVEL_INFO, &session->connection->log, "client",
			LOG_BYTES("name", field_value(args, "name")),
			LOG_BYTES("version", field_value(args, "version")),
			LOG_BYTES("os", field_value(args, "os")));
	stream_puts(session->stream,
		"* ID (\"name\" \"dbmail\" \"version\" \"" PACKAGE_VERSION
		"\")\r\n");
	return TRUE;
}
