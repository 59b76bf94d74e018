/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration file: one table of rows, one INI parser. */
#include "base/settings.h"

#include <stddef.h>

#include "base/bytes.h"
#include "base/errors.h"
#include "base/text.h"

typedef enum { TYPE_STRING, TYPE_NUMBER, TYPE_BOOL, TYPE_WORD } SettingType;

typedef struct {
	const char *section;
	const char *name;
	SettingType type;
	gsize offset;
	const char *text_default; /* of strings and words */
	gint64 number_default;    /* of numbers and booleans */
	gint64 min;
	gint64 max;
	const char *choice; /* a number's unit, a word's choices */
	const char *help;
} SettingRow;

static const SettingRow rows[] = {
#define SETTING_STRING(section, name, value, help) \
	{ #section, #name, TYPE_STRING, offsetof(Settings, section##_##name), \
		value, 0, 0, 0, NULL, help },
#define SETTING_NUMBER(section, name, value, min, max, unit, help) \
	{ #section, #name, TYPE_NUMBER, offsetof(Settings, section##_##name), \
		NULL, value, min, max, unit, help },
#define SETTING_BOOL(section, name, value, help) \
	{ #section, #name, TYPE_BOOL, offsetof(Settings, section##_##name), \
		NULL, value, 0, 1, NULL, help },
#define SETTING_WORD(section, name, value, words, help) \
	{ #section, #name, TYPE_WORD, offsetof(Settings, section##_##name), \
		value, 0, 0, 0, words, help },
#include "base/settings.def"
#undef SETTING_STRING
#undef SETTING_NUMBER
#undef SETTING_BOOL
#undef SETTING_WORD
};

/* A file being read: where we are, and which rows its own section has set. */
typedef struct {
	Settings *settings;
	const char *file;
	guint line;
	char *section;
	gboolean is_set[G_N_ELEMENTS(rows)];
} Reader;

static char **string_at(const Settings *settings, const SettingRow *row)
{
	return (char **)((char *)settings + row->offset);
}

static gint64 *number_at(const Settings *settings, const SettingRow *row)
{
	return (gint64 *)((char *)settings + row->offset);
}

static gboolean *bool_at(const Settings *settings, const SettingRow *row)
{
	return (gboolean *)((char *)settings + row->offset);
}

static gboolean is_text(const SettingRow *row)
{
	return row->type == TYPE_STRING || row->type == TYPE_WORD;
}

static Settings *settings_new(void)
{
	Settings *settings = g_new0(Settings, 1);
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		if (is_text(&rows[i]))
			*string_at(settings, &rows[i]) =
				g_strdup(rows[i].text_default);
		else if (rows[i].type == TYPE_NUMBER)
			*number_at(settings, &rows[i]) = rows[i].number_default;
		else
			*bool_at(settings, &rows[i]) =
				rows[i].number_default != 0;
	}
	return settings;
}

void settings_free(Settings **settings)
{
	if (*settings == NULL)
		return;
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		if (is_text(&rows[i]))
			g_free(*string_at(*settings, &rows[i]));
	}
	g_free(*settings);
	*settings = NULL;
}

static void line_error(GError **error, const Reader *reader, const char *key,
	const char *right)
{
	g_autofree char *text = key != NULL ?
		g_strdup_printf("%s:%u: %s: %s", reader->file, reader->line,
			key, right) :
		g_strdup_printf("%s:%u: %s", reader->file, reader->line, right);
	dbmail_error_set(error, DBMAIL_ERROR_INVALID, text, "%s", text);
}

static gboolean word_is_in(const char *words, const char *value)
{
	g_auto(GStrv) list = g_strsplit(words, "|", -1);
	return g_strv_contains((const char *const *)list, value);
}

static gboolean parse_bool(const char *value, gboolean *out)
{
	static const char *const yes[] = { "yes", "true", "on", "1" };
	static const char *const no[] = { "no", "false", "off", "0" };
	for (gsize i = 0; i < G_N_ELEMENTS(yes); i++) {
		if (g_ascii_strcasecmp(value, yes[i]) == 0 ||
			g_ascii_strcasecmp(value, no[i]) == 0) {
			*out = g_ascii_strcasecmp(value, yes[i]) == 0;
			return TRUE;
		}
	}
	return FALSE;
}

static gboolean row_set(Reader *reader, const SettingRow *row,
	const char *value, GError **error)
{
	guint64 number;

	switch (row->type) {
	case TYPE_WORD:
		if (!word_is_in(row->choice, value)) {
			g_autofree char *right = g_strdup_printf(
				"must be one of %s", row->choice);
			line_error(error, reader, row->name, right);
			return FALSE;
		}
		G_GNUC_FALLTHROUGH;
	case TYPE_STRING:
		g_free(*string_at(reader->settings, row));
		*string_at(reader->settings, row) = g_strdup(value);
		return TRUE;
	case TYPE_BOOL:
		if (parse_bool(value, bool_at(reader->settings, row)))
			return TRUE;
		line_error(error, reader, row->name, "must be yes or no");
		return FALSE;
	case TYPE_NUMBER:
		if (text_to_number(bytes_of_string(value), (guint64)row->max,
			    &number) &&
			(gint64)number >= row->min) {
			*number_at(reader->settings, row) = (gint64)number;
			return TRUE;
		}
		break;
	}
	g_autofree char *right =
		g_strdup_printf("must be a number of %s from %" G_GINT64_FORMAT
				" to %" G_GINT64_FORMAT,
			row->choice, row->min, row->max);
	line_error(error, reader, row->name, right);
	return FALSE;
}

/* A key in [DBMAIL] that is none of its own stands for every daemon whose
 * section has it and does not set it itself. */
static gboolean key_set(
	Reader *reader, const char *key, const char *value, GError **error)
{
	gboolean found = FALSE;
	gboolean is_global = g_ascii_strcasecmp(reader->section, "DBMAIL") == 0;

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		gboolean is_own = g_ascii_strcasecmp(reader->section,
					  rows[i].section) == 0;
		if (g_ascii_strcasecmp(key, rows[i].name) != 0 ||
			(!is_own && !is_global))
			continue;
		found = TRUE;
		if (!is_own && reader->is_set[i])
			continue;
		if (!row_set(reader, &rows[i], value, error))
			return FALSE;
		reader->is_set[i] |= is_own;
	}
	if (!found) {
		g_autofree char *right = g_strdup_printf(
			"no such setting in [%s]; dbmail.conf(5) lists them",
			reader->section);
		line_error(error, reader, key, right);
	}
	return found;
}

static gboolean section_set(Reader *reader, Bytes line, GError **error)
{
	static const char *const sections[] = { "DBMAIL", "LMTP", "IMAP", "POP",
		"SIEVE", "QUEUE" };
	Bytes name = text_trim(bytes_slice(line, 1, line.size - 2));

	for (gsize i = 0; i < G_N_ELEMENTS(sections); i++) {
		if (line.data[line.size - 1] == ']' &&
			text_equal_nocase(name, sections[i])) {
			g_free(reader->section);
			reader->section = g_strdup(sections[i]);
			return TRUE;
		}
	}
	line_error(error, reader, NULL,
		"no such section; there are [DBMAIL] [LMTP] [IMAP] [POP] "
		"[SIEVE] [QUEUE]");
	return FALSE;
}

static gboolean line_set(Reader *reader, Bytes line, GError **error)
{
	line = text_trim(line);
	if (line.size == 0 || line.data[0] == '#' || line.data[0] == ';')
		return TRUE;
	if (line.data[0] == '[' && line.size >= 2)
		return section_set(reader, line, error);
	const char *equals = memchr(line.data, '=', line.size);
	if (equals == NULL || memchr(line.data, '\0', line.size) != NULL) {
		line_error(error, reader, NULL,
			"must be [SECTION], KEY = VALUE or a # comment");
		return FALSE;
	}
	gsize at = (gsize)(equals - line.data);
	Bytes key = text_trim(bytes_slice(line, 0, at));
	Bytes value = text_trim(bytes_slice(line, at + 1, line.size));
	if (value.size >= 2 && value.data[0] == '"' &&
		value.data[value.size - 1] == '"')
		value = bytes_slice(value, 1, value.size - 2);
	g_autofree char *key_text = g_strndup(key.data, key.size);
	g_autofree char *value_text =
		g_strndup(value.data != NULL ? value.data : "", value.size);
	if (reader->section == NULL) {
		line_error(error, reader, key_text,
			"must stand in a section; write [DBMAIL] above it");
		return FALSE;
	}
	return key_set(reader, key_text, value_text, error);
}

Settings *settings_parse(
	const char *name, const char *text, gsize size, GError **error)
{
	g_autoptr(Settings) settings = settings_new();
	Reader reader = { .settings = settings, .file = name };
	Bytes rest = bytes_of(text, size);
	gboolean ok = TRUE;

	while (ok && rest.size > 0) {
		const char *end = memchr(rest.data, '\n', rest.size);
		gsize length =
			end != NULL ? (gsize)(end - rest.data) : rest.size;
		reader.line++;
		ok = line_set(&reader, bytes_slice(rest, 0, length), error);
		rest = bytes_slice(rest, length + 1, rest.size);
	}
	g_free(reader.section);
	return ok ? g_steal_pointer(&settings) : NULL;
}

Settings *settings_load(const char *path, GError **error)
{
	g_autoptr(GError) failed = NULL;
	g_autofree char *text = NULL;
	gsize size;

	if (!g_file_get_contents(path, &text, &size, &failed)) {
		g_autofree char *shown = g_strdup_printf(
			"cannot read the configuration: %s", failed->message);
		dbmail_error_set(error, DBMAIL_ERROR_NOT_FOUND, shown,
			"name another file with -f or DBMAIL_CONF");
		return NULL;
	}
	return settings_parse(path, text, size, error);
}

const char *settings_path(const char *option)
{
	if (option != NULL)
		return option;
	const char *environment = g_getenv("DBMAIL_CONF");
	if (environment != NULL && environment[0] != '\0')
		return environment;
	return SYSCONFDIR "/dbmail.conf";
}

#define DAEMON_PICK(settings, section_name) \
	(DaemonSettings) \
	{ \
		.section = #section_name, \
		.bindip = (settings)->section_name##_bindip, \
		.socket = (settings)->section_name##_socket, \
		.port = (settings)->section_name##_port, \
		.tls_port = (settings)->section_name##_tls_port, \
		.tls_cert = (settings)->section_name##_tls_cert, \
		.tls_key = (settings)->section_name##_tls_key, \
		.tls_ciphers = (settings)->section_name##_tls_ciphers, \
		.tls_min_version = (settings)->section_name##_tls_min_version, \
		.max_connections = (settings)->section_name##_max_connections, \
		.max_connections_per_address = \
			(settings) \
				->section_name##_max_connections_per_address, \
		.login_timeout = (settings)->section_name##_login_timeout, \
		.max_errors = (settings)->section_name##_max_errors, \
		.proxy_protocol = (settings)->section_name##_proxy_protocol, \
	}

DaemonSettings settings_daemon(const Settings *settings, const char *section)
{
	if (g_str_equal(section, "LMTP"))
		return DAEMON_PICK(settings, LMTP);
	if (g_str_equal(section, "IMAP"))
		return DAEMON_PICK(settings, IMAP);
	if (g_str_equal(section, "POP"))
		return DAEMON_PICK(settings, POP);
	g_assert(g_str_equal(section, "SIEVE"));
	return DAEMON_PICK(settings, SIEVE);
}

const char *settings_hostname(const Settings *settings)
{
	return settings->DBMAIL_hostname[0] != '\0' ?
		settings->DBMAIL_hostname :
		g_get_host_name();
}

static void row_dump(const Settings *settings, const SettingRow *row, FILE *out)
{
	fprintf(out, "\n# %s", row->help);
	switch (row->type) {
	case TYPE_NUMBER:
		fprintf(out,
			"\n# %s, %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT "\n"
			"%s = %" G_GINT64_FORMAT "\n",
			row->choice, row->min, row->max, row->name,
			*number_at(settings, row));
		break;
	case TYPE_BOOL:
		fprintf(out, "\n# yes or no\n%s = %s\n", row->name,
			*bool_at(settings, row) ? "yes" : "no");
		break;
	case TYPE_WORD:
		fprintf(out, "\n# one of %s\n%s = %s\n", row->choice, row->name,
			*string_at(settings, row));
		break;
	case TYPE_STRING:
		fprintf(out, "\n%s = %s\n", row->name,
			*string_at(settings, row));
		break;
	}
}

void settings_dump(const Settings *settings, FILE *out)
{
	const char *section = "";
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		if (!g_str_equal(section, rows[i].section)) {
			fprintf(out, "%s[%s]\n", i > 0 ? "\n" : "",
				rows[i].section);
			section = rows[i].section;
		}
		row_dump(settings, &rows[i], out);
	}
}
