/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration file: INI, sections [DBMAIL] [LMTP] [IMAP] [POP] [SIEVE]
 * [QUEUE]. */
#ifndef BASE_SETTINGS_H
#define BASE_SETTINGS_H

#include <glib.h>
#include <stdio.h>

/* Members are SECTION_name, settings->DBMAIL_dburi and so on: section and
 * name as the rows of settings.def spell them. */
typedef struct {
#define SETTING_STRING(section, name, value, help) char *section##_##name;
#define SETTING_NUMBER(section, name, value, min, max, unit, help) \
	gint64 section##_##name;
#define SETTING_BOOL(section, name, value, help) gboolean section##_##name;
#define SETTING_WORD(section, name, value, words, help) char *section##_##name;
#include "base/settings.def"
#undef SETTING_STRING
#undef SETTING_NUMBER
#undef SETTING_BOOL
#undef SETTING_WORD
} Settings;

/* The common rows of one daemon, picked by its section. */
typedef struct {
	const char *section;
	const char *bindip;
	const char *socket;
	gint64 port;
	gint64 tls_port;
	const char *tls_cert;
	const char *tls_key;
	const char *tls_ciphers;
	const char *tls_min_version;
	gint64 max_connections;
	gint64 max_connections_per_address;
	gint64 login_timeout;
	gint64 max_errors;
	gboolean proxy_protocol;
} DaemonSettings;

/* Reads the file over the defaults.  Errors: NOT_FOUND where it cannot be
 * read; INVALID for the first line that is wrong, the text naming file, line,
 * key and what would be right.  Free with settings_free. */
Settings *settings_load(const char *path, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* The same from memory; name stands for the file in errors. */
Settings *settings_parse(const char *name, const char *text, gsize size,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

void settings_free(Settings **settings);

/* The path a program uses: its -f option, else the environment's DBMAIL_CONF,
 * else SYSCONFDIR/dbmail.conf.  The argument may be NULL. */
const char *settings_path(const char *option);

/* The common rows of [LMTP], [IMAP], [POP] or [SIEVE]; valid as long as
 * settings. */
DaemonSettings settings_daemon(const Settings *settings, const char *section);

/* The setting hostname, or what the system calls this machine; valid as long as
 * settings. */
const char *settings_hostname(const Settings *settings);

/* Writes every setting with its value and help as a configuration file. */
void settings_dump(const Settings *settings, FILE *out);

static inline void settings_auto_free(Settings *settings)
{
	settings_free(&settings);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Settings, settings_auto_free)

#endif
