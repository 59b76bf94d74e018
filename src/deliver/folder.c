/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The mailboxes a user's mail may be put into. */
#include "deliver/folder.h"

#include <string.h>

#include "base/ageing.h"
#include "base/errors.h"
#include "base/text.h"
#include "store/mailbox.h"

/* --- one ----------------------------------------------------------------------- */

static Folder folder_of(const Mailbox *mailbox, gint64 user, guint rights)
{
	Folder folder = { 0 };

	if (mailbox->no_select || mailbox->read_only ||
		(mailbox->owner != user && (mailbox->rights & rights) == 0))
		return folder;
	folder.id = mailbox->id;
	folder.rights = mailbox->owner == user ? RIGHTS_ALL : mailbox->rights;
	return folder;
}

/* Not this way. */
static gboolean is_final(const GError *error)
{
	return !dbmail_error_is(error, DBMAIL_ERROR_TEMPORARY) &&
		!dbmail_error_is(error, DBMAIL_ERROR_INTERNAL);
}

/* Somebody else may make it at this moment; a use that no mailbox here can have
 * is left out; and one that cannot be made, *mailbox is NULL then, is no reason
 * to refuse the mail. */
static gboolean make(Store *store, gint64 user, const char *name,
	const FolderMaking *making, Mailbox **mailbox, GError **error)
{
	g_autoptr(GError) failed = NULL;
	g_autoptr(GError) unsubscribed = NULL;

	if (!mailbox_create(store, user, name, making->use, mailbox, &failed) &&
		making->use != NULL &&
		dbmail_error_is(failed, DBMAIL_ERROR_INVALID)) {
		g_clear_error(&failed);
		(void)!mailbox_create(
			store, user, name, NULL, mailbox, &failed);
	}
	if (*mailbox != NULL) {
		(void)!mailbox_subscribe(store, user, name, &unsubscribed);
		return TRUE;
	}
	if (is_final(failed)) {
		g_clear_error(&failed);
		if (mailbox_get(store, user, name, mailbox, &failed) ||
			is_final(failed))
			return TRUE;
	}
	g_propagate_error(error, g_steal_pointer(&failed));
	return FALSE;
}

static gboolean find(Store *store, gint64 user, const char *name,
	const FolderMaking *making, guint rights, Folder *folder,
	GError **error)
{
	g_autoptr(GError) failed = NULL;
	g_autoptr(Mailbox) mailbox = NULL;

	*folder = (Folder){ 0 };
	if (!mailbox_get(store, user, name, &mailbox, &failed)) {
		if (!dbmail_error_is(failed, DBMAIL_ERROR_NOT_FOUND)) {
			g_propagate_error(error, g_steal_pointer(&failed));
			return FALSE;
		}
		if (making == NULL)
			return TRUE;
		if (!make(store, user, name, making, &mailbox, error))
			return FALSE;
		if (mailbox == NULL)
			return TRUE;
	}
	*folder = folder_of(mailbox, user, rights);
	return TRUE;
}

gboolean folder_find(Store *store, gint64 user, const char *name,
	const FolderMaking *making, Folder *folder, GError **error)
{
	return find(store, user, name, making, RIGHT_POST, folder, error);
}

/* --- of a user ----------------------------------------------------------------- */

/* "F123" */
static gboolean parse_id(const char *text, gint64 *id)
{
	guint64 number;

	if (text[0] != 'F' ||
		!text_to_number(bytes_of_string(text + 1), G_MAXINT64, &number))
		return FALSE;
	*id = (gint64)number;
	return TRUE;
}

gboolean folder_find_id(Store *store, gint64 user, const char *id,
	Folder *folder, GError **error)
{
	g_autoptr(Mailbox) mailbox = NULL;
	g_autoptr(GError) failed = NULL;
	gint64 wanted = 0;

	*folder = (Folder){ 0 };
	if (!parse_id(id, &wanted))
		return TRUE;
	if (mailbox_get_id(store, user, wanted, &mailbox, &failed)) {
		*folder = folder_of(mailbox, user, RIGHT_POST | RIGHT_INSERT);
		return TRUE;
	}
	if (dbmail_error_is(failed, DBMAIL_ERROR_NOT_FOUND))
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&failed));
	return FALSE;
}

gboolean folder_has_use(const char *uses, const char *use)
{
	if (uses == NULL)
		return FALSE;
	g_auto(GStrv) list = g_strsplit(uses, " ", -1);
	for (gsize i = 0; list[i] != NULL; i++) {
		if (g_ascii_strcasecmp(list[i], use) == 0)
			return TRUE;
	}
	return FALSE;
}

Folder folder_with_use(const GPtrArray *uses, gint64 user, const char *use)
{
	Folder folder = { 0 };

	for (guint i = 0; i < uses->len && folder.id == 0; i++) {
		const Mailbox *mailbox = uses->pdata[i];
		if (folder_has_use(mailbox->special_use, use))
			folder = folder_of(mailbox, user, RIGHT_POST);
	}
	return folder;
}

gboolean folder_find_use(Store *store, gint64 user, const char *use,
	Folder *folder, GError **error)
{
	g_autoptr(GPtrArray) uses = NULL;

	if (!mailbox_list_uses(store, user, &uses, error))
		return FALSE;
	*folder = folder_with_use(uses, user, use);
	return TRUE;
}

/* --- remembered ---------------------------------------------------------------- */

typedef struct {
	char *key; /* user and name */
	Folder folder;
} Known;

struct Folders {
	GMutex lock;
	Ageing *known; /* of Known */
	Ageing *gone;  /* gint64: mailboxes not to be believed in any more */
};

static void known_free(gpointer data)
{
	Known *known = data;

	g_free(known->key);
	g_free(known);
}

Folders *folders_new(guint max, gint64 lifetime)
{
	Folders *folders = g_new0(Folders, 1);

	g_mutex_init(&folders->lock);
	folders->known =
		ageing_new(max, lifetime, g_str_hash, g_str_equal, known_free);
	folders->gone =
		ageing_new(max, lifetime, g_int64_hash, g_int64_equal, g_free);
	return folders;
}

void folders_free(Folders **folders)
{
	Folders *old = g_steal_pointer(folders);

	if (old == NULL)
		return;
	ageing_free(&old->known);
	ageing_free(&old->gone);
	g_mutex_clear(&old->lock);
	g_free(old);
}

/* Numbers of mailboxes are never used again. */
void folders_forget(Folders *folders, gint64 mailbox)
{
	gint64 *key = g_memdup2(&mailbox, sizeof(mailbox));

	g_mutex_lock(&folders->lock);
	ageing_put(folders->gone, key, key, g_get_monotonic_time());
	g_mutex_unlock(&folders->lock);
}

static gboolean look_up(
	Folders *folders, const char *key, gint64 now, Folder *folder)
{
	g_mutex_lock(&folders->lock);
	const Known *known = ageing_find(folders->known, key, now);
	gboolean found = known != NULL &&
		ageing_find(folders->gone, &known->folder.id, now) == NULL;
	if (found)
		*folder = known->folder;
	g_mutex_unlock(&folders->lock);
	return found;
}

static void remember(
	Folders *folders, char *key, const Folder *folder, gint64 now)
{
	Known *known = g_new0(Known, 1);

	known->key = key;
	known->folder = *folder;
	g_mutex_lock(&folders->lock);
	ageing_put(folders->known, known->key, known, now);
	g_mutex_unlock(&folders->lock);
}

gboolean folders_find(Folders *folders, Store *store, const Settings *settings,
	gint64 user, const char *name, const FolderMaking *making,
	Folder *folder, GError **error)
{
	gint64 now = g_get_monotonic_time();
	g_autoptr(GError) invalid = NULL;
	g_autofree char *normal = mailbox_name_normalise(
		name, (guint)settings->IMAP_max_mailbox_depth, &invalid);

	*folder = (Folder){ 0 };
	if (normal == NULL)
		return TRUE;
	g_autofree char *key =
		g_strdup_printf("%" G_GINT64_FORMAT " %s", user, normal);
	if (look_up(folders, key, now, folder))
		return TRUE;
	if (!find(store, user, normal, making, RIGHT_POST | RIGHT_INSERT,
		    folder, error))
		return FALSE;
	if (folder->id != 0)
		remember(folders, g_steal_pointer(&key), folder, now);
	return TRUE;
}
