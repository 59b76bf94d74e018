/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One structured line per event, to standard error or syslog. */
#include "base/log.h"

#include <errno.h>
#include <sys/random.h>
#include <syslog.h>
#include <unistd.h>

#include "base/errors.h"
#include "base/timestamp.h"

#define LOG_VALUE_MAX 256

typedef struct {
	char program[32];
	LogTarget target;
	LogFormat format;
	LogLevel level;
} Log;

/* Written at start and at a reload, read by every thread. */
static Log the_log = { "dbmail", LOG_TO_STDERR, LOG_FORMAT_KEY_VALUE,
	LOG_LEVEL_NOTICE };
static GMutex log_lock;
/* The level alone, so that a line nobody wants costs no lock. */
static gint log_level = LOG_LEVEL_NOTICE;

static const struct {
	const char *name;
	int priority;
} levels[] = {
	[LOG_LEVEL_ERROR] = { "error", LOG_ERR },
	[LOG_LEVEL_WARNING] = { "warning", LOG_WARNING },
	[LOG_LEVEL_NOTICE] = { "notice", LOG_NOTICE },
	[LOG_LEVEL_INFO] = { "info", LOG_INFO },
	[LOG_LEVEL_DEBUG] = { "debug", LOG_DEBUG },
};

void log_open(
	const char *program, LogTarget target, LogFormat format, LogLevel level)
{
	g_mutex_lock(&log_lock);
	g_strlcpy(the_log.program, program, sizeof(the_log.program));
	the_log.target = target;
	the_log.format = format;
	the_log.level = level;
	g_atomic_int_set(&log_level, (gint)level);
	if (target == LOG_TO_SYSLOG)
		openlog(the_log.program, LOG_PID | LOG_NDELAY, LOG_MAIL);
	g_mutex_unlock(&log_lock);
}

gboolean log_enabled(LogLevel level)
{
	return (gint)level <= g_atomic_int_get(&log_level);
}

void log_session_id(char out[static 13])
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmno"
				     "pqrstuvwxyz0123456789-_";
	guint8 random[12];

	/* 12 bytes are always given whole once the kernel has its seed. */
	while (getrandom(random, sizeof(random), 0) != (gssize)sizeof(random)) {
		if (errno != EINTR)
			g_error("getrandom: %s", g_strerror(errno));
	}
	for (gsize i = 0; i < sizeof(random); i++)
		out[i] = digits[random[i] & 63];
	out[12] = '\0';
}

/* Quotes where the format or the value wants it; the same escapes are valid
 * JSON. */
static void append_escaped(GString *line, Bytes value)
{
	gsize size = MIN(value.size, LOG_VALUE_MAX);

	g_string_append_c(line, '"');
	for (gsize i = 0; i < size;) {
		guchar c = (guchar)value.data[i];
		if (c == '"' || c == '\\') {
			g_string_append_c(line, '\\');
			g_string_append_c(line, (char)c);
			i++;
		} else if (c < 0x20 || c == 0x7f) {
			g_string_append_printf(line, "\\u%04x", c);
			i++;
		} else if (c < 0x80) {
			g_string_append_c(line, (char)c);
			i++;
		} else {
			gunichar u = g_utf8_get_char_validated(
				value.data + i, (gssize)(size - i));
			if (u == (gunichar)-1 || u == (gunichar)-2) {
				g_string_append(line, "\xef\xbf\xbd");
				i++;
			} else {
				g_string_append_unichar(line, u);
				i += (gsize)g_unichar_to_utf8(u, NULL);
			}
		}
	}
	if (size < value.size)
		g_string_append(line, "...");
	g_string_append_c(line, '"');
}

static gboolean is_plain(Bytes value)
{
	if (value.size == 0 || value.size > LOG_VALUE_MAX)
		return FALSE;
	for (gsize i = 0; i < value.size; i++) {
		char c = value.data[i];
		if (!g_ascii_isgraph(c) || c == '"' || c == '\\' || c == '=')
			return FALSE;
	}
	return TRUE;
}

static void append_key(GString *line, LogFormat format, const char *key)
{
	if (format == LOG_FORMAT_JSON)
		g_string_append_printf(
			line, "%s\"%s\":", line->len > 1 ? "," : "", key);
	else
		g_string_append_printf(
			line, "%s%s=", line->len > 0 ? " " : "", key);
}

static void append_bytes(
	GString *line, LogFormat format, const char *key, Bytes value)
{
	append_key(line, format, key);
	if (format == LOG_FORMAT_KEY_VALUE && is_plain(value))
		g_string_append_len(line, value.data, (gssize)value.size);
	else
		append_escaped(line, value);
}

static void append_string(
	GString *line, LogFormat format, const char *key, const char *value)
{
	if (value != NULL)
		append_bytes(line, format, key, bytes_of_string(value));
}

static void append_field(GString *line, LogFormat format, const LogField *field)
{
	switch (field->type) {
	case LOG_FIELD_STRING:
		append_string(line, format, field->key, field->value.string);
		break;
	case LOG_FIELD_BYTES:
		append_bytes(line, format, field->key, field->value.bytes);
		break;
	case LOG_FIELD_NUMBER:
		append_key(line, format, field->key);
		g_string_append_printf(
			line, "%" G_GINT64_FORMAT, field->value.number);
		break;
	case LOG_FIELD_ERROR:
		if (field->value.error == NULL)
			break;
		append_string(
			line, format, field->key, field->value.error->message);
		append_string(line, format, "detail",
			dbmail_error_detail(field->value.error));
		break;
	case LOG_FIELD_END:
		break;
	}
}

static void write_all(const char *data, gsize size)
{
	while (size > 0) {
		gssize n = write(STDERR_FILENO, data, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return; /* a log nobody reads must not stop the mail */
		data += n;
		size -= (gsize)n;
	}
}

void log_write(LogLevel level, const LogContext *context, const char *event,
	const LogField *fields)
{
	if (!log_enabled(level))
		return;
	g_mutex_lock(&log_lock);
	Log log = the_log;
	g_mutex_unlock(&log_lock);

	g_autoptr(GString) line = g_string_sized_new(256);
	if (log.format == LOG_FORMAT_JSON)
		g_string_append_c(line, '{');
	if (log.target == LOG_TO_STDERR) {
		char time[25];
		timestamp_format_iso8601(timestamp_now(), time);
		append_string(line, log.format, "time", time);
		append_string(line, log.format, "program", log.program);
	}
	append_string(line, log.format, "level", levels[level].name);
	append_string(line, log.format, "event", event);
	if (context != NULL) {
		append_string(line, log.format, "session", context->session);
		append_string(line, log.format, "remote", context->remote);
		append_string(line, log.format, "user", context->user);
	}
	for (; fields->type != LOG_FIELD_END; fields++)
		append_field(line, log.format, fields);
	if (log.format == LOG_FORMAT_JSON)
		g_string_append_c(line, '}');
	if (log.target == LOG_TO_SYSLOG) {
		syslog(levels[level].priority, "%s", line->str);
		return;
	}
	g_string_append_c(line, '\n');
	/* One write per line keeps the lines of threads apart. */
	write_all(line->str, line->len);
}
