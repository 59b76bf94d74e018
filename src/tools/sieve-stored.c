/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A user's script over the mail of a mailbox, message by message. */
#include "tools/sieve-stored.h"

#include "base/errors.h"
#include "store/mailbox.h"
#include "store/script.h"
#include "deliver/refilter.h"
#include "tools/sieve-try.h"

static void tell(gpointer data, guint32 uid, const SieveResult *result)
{
	g_autofree char *before = g_strdup_printf("%u\t", uid);

	(void)data;
	sieve_try_print(result, before, "script");
}

static void say_counts(
	const Tool *tool, gboolean applies, const RefilterCounts *counts)
{
	const char *s = counts->messages == 1 ? "" : "s";

	if (applies)
		tool_say(tool,
			"%u message%s: %u moved away, %u edited, %u marked "
			"\\Deleted, %u that the script failed with.",
			counts->messages, s, counts->moved, counts->edited,
			counts->deleted, counts->failed);
	else
		tool_say(tool,
			"%u message%s, %u that the script failed with; nothing "
			"was changed, which -x does.",
			counts->messages, s, counts->failed);
}

static gboolean filter(const Tool *tool, const SieveStored *stored,
	gint64 mailbox, GError **error)
{
	g_autoptr(Deliverer) deliverer = deliverer_new(tool->store);
	g_autofree char *script = NULL;
	RefilterCounts counts;

	if (stored->script != NULL) {
		script = script_name_normalise(
			bytes_of_string(stored->script), error);
		if (script == NULL)
			return FALSE;
	}
	const Refilter what = {
		.deliverer = deliverer,
		.settings = tool->settings,
		.user = stored->user,
		.script = script,
		.address = stored->recipient,
		.mailbox = mailbox,
		.applies = stored->applies,
		.tell = tell,
	};
	if (!refilter_run(&what, &counts, error))
		return FALSE;
	say_counts(tool, stored->applies, &counts);
	return TRUE;
}

gboolean sieve_stored(
	const Tool *tool, const SieveStored *stored, GError **error)
{
	const guint depth = (guint)tool->settings->IMAP_max_mailbox_depth;
	g_autoptr(Mailbox) mailbox = NULL;
	g_autofree char *name =
		mailbox_name_normalise(stored->mailbox, depth, error);

	if (name == NULL ||
		!mailbox_get(tool->store, stored->user, name, &mailbox, error))
		return FALSE;
	if (mailbox->owner != stored->user) {
		dbmail_error_set(error, DBMAIL_ERROR_NO_PERMISSION,
			"the mailbox is another user's", "%s", name);
		return FALSE;
	}
	return filter(tool, stored, mailbox->id, error);
}
