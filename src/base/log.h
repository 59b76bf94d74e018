/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One structured line per event, to standard error or syslog. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <glib.h>

#include "base/bytes.h"

typedef enum {
	LOG_LEVEL_ERROR,   /* somebody must look */
	LOG_LEVEL_WARNING, /* something is wrong and was survived */
	LOG_LEVEL_NOTICE,  /* logins, deliveries, starts and stops */
	LOG_LEVEL_INFO,    /* connections, commands that failed */
	LOG_LEVEL_DEBUG,   /* every command */
} LogLevel;

typedef enum {
	LOG_FORMAT_KEY_VALUE, /* time=... level=... event=... key="a b" */
	LOG_FORMAT_JSON,      /* {"time":"...","level":"...",...} */
} LogFormat;

typedef enum {
	LOG_TO_STDERR,
	LOG_TO_SYSLOG,
} LogTarget;

/* Sets up the process's log; may be called again (a reload).  program is
 * copied.  Until the first call: stderr, key=value, up to NOTICE. */
void log_open(const char *program, LogTarget target, LogFormat format,
	LogLevel level);

/* TRUE when a line of that level would be written. */
gboolean log_enabled(LogLevel level);

/* What is said of whom: written on every line of a session.  Any member may
 * be NULL and is then left out.  The strings belong to the session. */
typedef struct {
	const char *session; /* unique id of the session, as log_session_id() */
	const char *remote;  /* peer's address */
	const char *user;    /* user id once known */
} LogContext;

/* A new session id, 12 characters and a NUL, unique over hosts and starts. */
void log_session_id(char out[static 13]);

typedef enum {
	LOG_FIELD_END,
	LOG_FIELD_STRING,
	LOG_FIELD_BYTES,
	LOG_FIELD_NUMBER,
	LOG_FIELD_ERROR,
} LogFieldType;

typedef struct {
	LogFieldType type;
	const char *key;
	union {
		const char *string;
		Bytes bytes;
		gint64 number;
		const GError *error;
	} value;
} LogField;

/* Fields of a line; values are escaped, so they may come from a peer, but
 * must never be secrets.  A NULL string is left out; bytes are cut at 256. */
#define LOG_STRING(k, v) \
	{ \
		.type = LOG_FIELD_STRING, .key = (k), .value.string = (v) \
	}
#define LOG_BYTES(k, v) \
	{ \
		.type = LOG_FIELD_BYTES, .key = (k), .value.bytes = (v) \
	}
#define LOG_NUMBER(k, v) \
	{ \
		.type = LOG_FIELD_NUMBER, .key = (k), \
		.value.number = (gint64)(v) \
	}
/* error="text" detail="detail" of a GError. */
#define LOG_GERROR(e) \
	{ \
		.type = LOG_FIELD_ERROR, .key = "error", .value.error = (e) \
	}

/* Writes a line; context may be NULL; fields end with LOG_FIELD_END. */
void log_write(LogLevel level, const LogContext *context, const char *event,
	const LogField *fields);

/* log_event(LOG_LEVEL_NOTICE, &session->log, "login", LOG_STRING("how", s)).
 * event is a constant word of lower-case letters and dashes. */
#define log_event(level, context, event, ...) \
	log_write((level), (context), (event), \
		(const LogField[]){ \
			__VA_ARGS__ __VA_OPT__(, ){ .type = LOG_FIELD_END } })

#endif
