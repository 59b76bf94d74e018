/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The settings of [QUEUE] in the form in which they are used. */
#include "queue/config.h"

#include "base/errors.h"
#include "base/text.h"

static const struct {
	const char *word;
	SmtpTls tls;
} words[] = {
	{ "none", SMTP_TLS_NONE },
	{ "offered", SMTP_TLS_OFFERED },
	{ "required", SMTP_TLS_REQUIRED },
	{ "implicit", SMTP_TLS_IMPLICIT },
};

static SmtpTls tls_of_word(const char *word)
{
	for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
		if (g_str_equal(words[i].word, word))
			return words[i].tls;
	}
	g_assert_not_reached();
}

static gboolean password_wrong(
	const Settings *settings, const char *why, GError **error)
{
	g_autofree char *text =
		g_strdup_printf("[QUEUE] smtp_password_file = %s: %s",
			settings->QUEUE_smtp_password_file, why);

	dbmail_error_set(error, DBMAIL_ERROR_INVALID, text, "%s", text);
	return FALSE;
}

static gboolean read_password(QueueConfig *config, GError **error)
{
	const Settings *settings = config->settings;
	g_autoptr(GError) failure = NULL;
	g_autofree char *text = NULL;
	gsize size = 0;

	if (settings->QUEUE_smtp_user[0] == '\0') {
		config->password = g_strdup("");
		return TRUE;
	}
	if (!g_file_get_contents(
		    settings->QUEUE_smtp_password_file, &text, &size, &failure))
		return password_wrong(settings, failure->message, error);
	size = strcspn(text, "\r\n");
	if (size == 0)
		return password_wrong(
			settings, "its first line is empty", error);
	config->password = g_strndup(text, size);
	return TRUE;
}

static gboolean make_tls(QueueConfig *config, SmtpTls tls, GError **error)
{
	if (tls == SMTP_TLS_NONE)
		return TRUE;
	return tls_context_new_client("[QUEUE] smtp_ca",
		config->settings->QUEUE_smtp_ca, tls != SMTP_TLS_OFFERED,
		&config->tls, error);
}

QueueConfig *queue_config_new(
	const Settings *settings, StreamDrain *hurry, GError **error)
{
	g_autoptr(QueueConfig) config = g_new0(QueueConfig, 1);
	SmtpTls tls = tls_of_word(settings->QUEUE_smtp_tls);

	config->settings = settings;
	config->host = g_strdup(settings_hostname(settings));
	if (!read_password(config, error) || !make_tls(config, tls, error))
		return NULL;
	config->server = (SmtpServer){
		.host = settings->QUEUE_smtp_host,
		.port = (guint16)settings->QUEUE_smtp_port,
		.tls = tls,
		.context = config->tls,
		.user = settings->QUEUE_smtp_user,
		.password = config->password,
		.hello = settings->QUEUE_hello[0] != '\0' ?
			settings->QUEUE_hello :
			config->host,
		.timeout = (guint)settings->QUEUE_smtp_timeout,
		.hurry = hurry,
	};
	return g_steal_pointer(&config);
}

void queue_config_free(QueueConfig **config)
{
	QueueConfig *old = g_steal_pointer(config);

	if (old == NULL)
		return;
	if (old->password != NULL)
		explicit_bzero(old->password, strlen(old->password));
	g_free(old->password);
	g_free(old->host);
	tls_context_unref(&old->tls);
	g_free(old);
}
