/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From an address to mailboxes, or on to others outside: aliases, users,
 * folders. */
#include <string.h>

#include "base/errors.h"
#include "deliver/deliver-private.h"
#include "deliver/folder.h"
#include "deliver/recipient.h"
#include "deliver/resolved.h"
#include "store/mailbox.h"
#include "store/user.h"

/* Where the match says nothing of a folder, or there is none of that name, the
 * mail goes to INBOX. */
static gboolean choose_mailbox(Store *store, const Settings *settings,
	const RecipientNames *names, const UserTarget *target, gint64 *mailbox,
	GError **error)
{
	g_autoptr(GError) invalid = NULL;
	Folder folder = { 0 };

	*mailbox = target->inbox;
	if (names->detail == NULL || names->has_detail[target->matched] ||
		g_str_equal(settings->LMTP_subaddress_folder, "ignore"))
		return TRUE;
	g_autofree char *name = mailbox_name_normalise(names->detail,
		(guint)settings->IMAP_max_mailbox_depth, &invalid);
	if (name == NULL)
		return TRUE;
	gboolean creates =
		g_str_equal(settings->LMTP_subaddress_folder, "create");
	if (!folder_find(store, target->user, name,
		    creates ? &(const FolderMaking){ NULL } : NULL, &folder,
		    error))
		return FALSE;
	if (folder.id != 0)
		*mailbox = folder.id;
	return TRUE;
}

static gboolean unknown_user(GError **error)
{
	dbmail_error_set(
		error, DBMAIL_ERROR_NOT_FOUND, "no such user", "no such user");
	return FALSE;
}

static gboolean is_full(const UserTarget *target, GError **error)
{
	if (target->full)
		dbmail_error_set(error, DBMAIL_ERROR_OVER_QUOTA,
			"the mailbox is full", "user %" G_GINT64_FORMAT,
			target->user);
	return target->full;
}

static DeliverTarget target_of(const UserTarget *target)
{
	if (target->user == 0)
		return (DeliverTarget){
			.mailbox = -target->alias,
			.outside = g_strdup(target->address),
		};
	return (DeliverTarget){
		.mailbox = target->inbox,
		.user = target->user,
		.sieve_version = target->sieve_version,
		.global_version = target->global_version,
	};
}

static gboolean resolve_targets(Store *store, const Settings *settings,
	const RecipientNames *names, const GArray *targets,
	DeliverRecipient *recipient, GError **error)
{
	for (guint i = 0; i < targets->len; i++) {
		const UserTarget *target =
			&g_array_index(targets, UserTarget, i);
		DeliverTarget *to = &recipient->targets[i];
		if (is_full(target, error))
			return FALSE;
		*to = target_of(target);
		if (to->outside == NULL &&
			!choose_mailbox(store, settings, names, target,
				&to->mailbox, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean resolve(Store *store, const Settings *settings,
	const char *address, DeliverRecipient **recipient, GError **error)
{
	g_auto(RecipientNames) names = { 0 };
	g_autoptr(GArray) targets = NULL;

	if (!recipient_names(bytes_of_string(address),
		    settings->LMTP_recipient_delimiter,
		    settings->DBMAIL_local_domains, &names))
		return unknown_user(error);
	if (!user_resolve(
		    store, (const char *const *)names.names, &targets, error))
		return FALSE;
	if (targets->len == 0)
		return unknown_user(error);
	g_autoptr(DeliverRecipient) found =
		deliver_recipient_new(address, targets->len);
	if (!resolve_targets(store, settings, &names, targets, found, error))
		return FALSE;
	*recipient = g_steal_pointer(&found);
	return TRUE;
}

gboolean deliver_resolve(Deliverer *deliverer, const Settings *settings,
	const char *address, DeliverRecipient **recipient, GError **error)
{
	DeliverRecipient *found = resolved_find(
		deliverer->resolved, address, g_get_monotonic_time());

	if (found == NULL) {
		if (!resolve(
			    deliverer->store, settings, address, &found, error))
			return FALSE;
		resolved_add(
			deliverer->resolved, found, g_get_monotonic_time());
	}
	*recipient = found;
	return TRUE;
}

gboolean deliver_resolve_user(Deliverer *deliverer, const char *name,
	gint64 user, DeliverRecipient **recipient, GError **error)
{
	const char *const names[] = { name, NULL };
	g_autoptr(GArray) targets = NULL;

	/* An alias of the same name may lead to others as well. */
	if (!user_resolve(deliverer->store, names, &targets, error))
		return FALSE;
	for (guint i = 0; i < targets->len; i++) {
		const UserTarget *target =
			&g_array_index(targets, UserTarget, i);
		if (target->user != user)
			continue;
		if (is_full(target, error))
			return FALSE;
		*recipient = deliver_recipient_new(name, 1);
		(*recipient)->targets[0] = target_of(target);
		return TRUE;
	}
	return unknown_user(error);
}
