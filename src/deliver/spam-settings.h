/* SPDX-License-Identifier: GPL-2.0-or-later */
/* [SIEVE]'s settings of what spam and virus filters write, as scripts' tests ask
 * for it (RFC 5235). */
#ifndef DELIVER_SPAM_SETTINGS_H
#define DELIVER_SPAM_SETTINGS_H

#include <glib.h>

#include "base/settings.h"
#include "sieve/spam.h"

typedef struct {
	SieveSpamSettings sieve; /* for SieveInput, as long as the settings */
	char **texts[2];         /* what it points into */
} SpamSettings;

/* Clear with spam_settings_clear. A setting that is wrong is as if its filter
 * were not there. */
void spam_settings_init(SpamSettings *spam, const Settings *settings);
void spam_settings_clear(SpamSettings *spam);

/* INVALID, with the setting's name and what would be right, for the first that
 * is wrong: for daemons as they start. */
gboolean spam_settings_check(const Settings *settings, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SpamSettings, spam_settings_clear)

#endif
