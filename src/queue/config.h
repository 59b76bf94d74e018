/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The settings of [QUEUE] in the form in which they are used. */
#ifndef QUEUE_CONFIG_H
#define QUEUE_CONFIG_H

#include <glib.h>

#include "base/settings.h"
#include "queue/smtp.h"

/* Never changed once made. */
typedef struct {
	const Settings *settings;
	char *host; /* our name */
	char *password;
	TlsContext *tls; /* NULL for smtp_tls = none */
	SmtpServer server;
} QueueConfig;

/* Reads what settings name; settings and hurry must outlive it.  INVALID where
 * smtp_ca or smtp_password_file cannot be used. */
QueueConfig *queue_config_new(const Settings *settings, StreamDrain *hurry,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
void queue_config_free(QueueConfig **config);

static inline void queue_config_auto_free(QueueConfig *config)
{
	queue_config_free(&config);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QueueConfig, queue_config_auto_free)

#endif
