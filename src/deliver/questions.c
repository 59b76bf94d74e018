/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a script asks of the world, answered by the store. */
#include "deliver/questions.h"

#include "base/errors.h"
#include "store/mailbox.h"
#include "store/metadata.h"
#include "store/script.h"

#define QUESTIONS_MAX 500

/* Each may take a round trip, and instructions alone would allow a script to ask
 * for minutes. */
static gboolean may_ask(Asker *asker, GError **error)
{
	if (asker->asked++ < QUESTIONS_MAX)
		return TRUE;
	dbmail_error_set(error, DBMAIL_ERROR_LIMIT,
		"too many questions about mailboxes, annotations and ids",
		"more than %d questions", QUESTIONS_MAX);
	return FALSE;
}

static gboolean mailbox_exists(
	gpointer data, const char *name, gboolean *exists, GError **error)
{
	Asker *asker = data;
	Folder folder;

	if (!may_ask(asker, error) ||
		!folders_find(asker->folders, asker->store, asker->settings,
			asker->user, name, NULL, &folder, error))
		return FALSE;
	*exists = folder.id != 0;
	return TRUE;
}

static gboolean mailbox_id_exists(
	gpointer data, const char *id, gboolean *exists, GError **error)
{
	Asker *asker = data;
	Folder folder;

	if (!may_ask(asker, error) ||
		!folder_find_id(asker->store, asker->user, id, &folder, error))
		return FALSE;
	*exists = folder.id != 0;
	return TRUE;
}

/* The mailbox of any name, NULL where there is none that the user sees. */
static gboolean find_mailbox(
	const Asker *asker, const char *name, Mailbox **mailbox, GError **error)
{
	g_autoptr(GError) failed = NULL;
	g_autofree char *normal = mailbox_name_normalise(
		name, (guint)asker->settings->IMAP_max_mailbox_depth, &failed);

	*mailbox = NULL;
	if (normal == NULL)
		return TRUE;
	if (mailbox_get(asker->store, asker->user, normal, mailbox, &failed) ||
		dbmail_error_is(failed, DBMAIL_ERROR_NOT_FOUND))
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&failed));
	return FALSE;
}

static gboolean has_uses(const char *have, const char *const *uses)
{
	for (gsize i = 0; uses[i] != NULL; i++) {
		if (!folder_has_use(have, uses[i]))
			return FALSE;
	}
	return TRUE;
}

/* No index leads to them: all mailboxes of the user are looked at, once a run. */
static gboolean know_uses(Asker *asker, GError **error)
{
	return asker->uses != NULL ||
		mailbox_list_uses(
			asker->store, asker->user, &asker->uses, error);
}

static gboolean all_uses_exist(
	Asker *asker, const char *const *uses, gboolean *exist, GError **error)
{
	*exist = TRUE;
	for (gsize i = 0; uses[i] != NULL && *exist; i++) {
		if (!may_ask(asker, error) || !know_uses(asker, error))
			return FALSE;
		*exist =
			folder_with_use(asker->uses, asker->user, uses[i]).id !=
			0;
	}
	return TRUE;
}

static gboolean special_use_exists(gpointer data, const char *name,
	const char *const *uses, gboolean *exists, GError **error)
{
	Asker *asker = data;
	g_autoptr(Mailbox) mailbox = NULL;

	if (name == NULL)
		return all_uses_exist(asker, uses, exists, error);
	if (!may_ask(asker, error) ||
		!find_mailbox(asker, name, &mailbox, error))
		return FALSE;
	*exists = mailbox != NULL && has_uses(mailbox->special_use, uses);
	return TRUE;
}

/* RFC 5464 section 3.3. */
#define RIGHTS_TO_ANNOTATIONS \
	(RIGHT_READ | RIGHT_SEEN | RIGHT_WRITE | RIGHT_INSERT | RIGHT_POST)

static gboolean may_read(const Mailbox *mailbox)
{
	return (mailbox->rights & RIGHT_LOOKUP) != 0 &&
		(mailbox->rights & RIGHTS_TO_ANNOTATIONS) != 0;
}

static gboolean metadata(gpointer data, const char *name, const char *entry,
	char **value, GError **error)
{
	Asker *asker = data;
	g_autoptr(GPtrArray) found = NULL;
	g_autoptr(Mailbox) mailbox = NULL;
	g_autoptr(GError) invalid = NULL;
	gint64 id = METADATA_SERVER;
	g_autofree char *normal = metadata_entry_normalise(
		bytes_of_string(entry), TRUE, &invalid);
	const char *entries[] = { normal, NULL };

	*value = NULL;
	if (normal == NULL)
		return TRUE;
	if (!may_ask(asker, error))
		return FALSE;
	if (name != NULL) {
		if (!find_mailbox(asker, name, &mailbox, error))
			return FALSE;
		if (mailbox == NULL || !may_read(mailbox))
			return TRUE;
		id = mailbox->id;
	}
	const MetadataQuery query = {
		.user = asker->user,
		.mailboxes = &id,
		.mailbox_count = 1,
		.entries = entries,
		.max_size = G_MAXUINT64,
	};
	if (!metadata_get(asker->store, &query, &found, error))
		return FALSE;
	if (found->len > 0) {
		const MetadataEntry *first = found->pdata[0];
		*value = g_strndup(first->value, first->size);
	}
	return TRUE;
}

static gboolean was_seen(gpointer data, const guint8 id[static 32],
	gboolean *seen, GError **error)
{
	Asker *asker = data;
	ScriptSeen asked = { .seconds = 0 };

	memcpy(asked.id, id, sizeof(asked.id));
	return may_ask(asker, error) &&
		script_was_seen(
			asker->store, asker->user, &asked, 1, seen, error);
}

static gboolean ask_list(gpointer data, const char *list, const char *value,
	gboolean *known, gboolean *has, GError **error)
{
	Asker *asker = data;

	return list_asker_has(asker->lists, list, value, known, has, error);
}

void asker_clear(Asker *asker)
{
	g_clear_pointer(&asker->uses, g_ptr_array_unref);
}

SieveQuestions questions_of(Asker *asker)
{
	return (SieveQuestions){
		.data = asker,
		.mailbox_exists = mailbox_exists,
		.mailbox_id_exists = mailbox_id_exists,
		.special_use_exists = special_use_exists,
		.metadata = metadata,
		.was_seen = was_seen,
		.list_has = ask_list,
	};
}
