/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the TLS sessions of a daemon share: certificate, key, rules. */
#include "net/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/errors.h"

struct TlsContext {
	gatomicrefcount references;
	SSL_CTX *ssl;
};

char *tls_last_error(void)
{
	unsigned long code = ERR_get_error();
	const char *reason = ERR_reason_error_string(code);
	char *text = reason != NULL ?
		g_strdup(reason) :
		ERR_SYSTEM_ERROR(code) ?
		g_strdup(g_strerror(ERR_GET_REASON(code))) :
		g_strdup("unknown error");

	ERR_clear_error();
	return text;
}

/* what says what was asked of the value; OpenSSL's reason alone can be as
 * little help as "unsupported". */
static gboolean setting_wrong(const DaemonSettings *settings, const char *name,
	const char *value, const char *what, GError **error)
{
	g_autofree char *why = tls_last_error();
	g_autofree char *text = g_strdup_printf("[%s] %s = %s: %s: %s",
		settings->section, name, value, what, why);

	dbmail_error_set(error, DBMAIL_ERROR_INVALID, text, "%s", text);
	return FALSE;
}

static gboolean load_certificate(
	SSL_CTX *ssl, const DaemonSettings *settings, GError **error)
{
	const char *cert = settings->tls_cert;
	const char *key = settings->tls_key;

	ERR_clear_error();
	if (SSL_CTX_use_certificate_chain_file(ssl, cert) != 1)
		return setting_wrong(settings, "tls_cert", cert,
			"no certificate in PEM can be read from it", error);
	if (key == NULL || key[0] == '\0') {
		if (SSL_CTX_use_PrivateKey_file(ssl, cert, SSL_FILETYPE_PEM) ==
			1)
			return TRUE;
		return setting_wrong(settings, "tls_cert", cert,
			"tls_key is not set, and this file has no key that "
			"belongs to its certificate",
			error);
	}
	/* Also compares the key with the certificate. */
	if (SSL_CTX_use_PrivateKey_file(ssl, key, SSL_FILETYPE_PEM) != 1)
		return setting_wrong(settings, "tls_key", key,
			"no key in PEM that belongs to tls_cert can be read "
			"from it",
			error);
	return TRUE;
}

/* An idle session then keeps no record buffers (14 kB, not 23), and a write
 * may go on from another address. */
static void set_modes(SSL_CTX *ssl)
{
	SSL_CTX_set_options(
		ssl, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_mode(ssl,
		SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
			SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

static gboolean set_rules(
	SSL_CTX *ssl, const DaemonSettings *settings, GError **error)
{
	static const guint8 session_context[] = "dbmail";
	int oldest = g_strcmp0(settings->tls_min_version, "1.3") == 0 ?
		TLS1_3_VERSION :
		TLS1_2_VERSION;

	SSL_CTX_set_min_proto_version(ssl, oldest);
	SSL_CTX_set_options(ssl,
		SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
	set_modes(ssl);
	/* Tickets resume sessions on this process; a cache would only grow. */
	SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_session_id_context(
		ssl, session_context, sizeof(session_context) - 1);
	if (settings->tls_ciphers != NULL && settings->tls_ciphers[0] != '\0' &&
		SSL_CTX_set_cipher_list(ssl, settings->tls_ciphers) != 1)
		return setting_wrong(settings, "tls_ciphers",
			settings->tls_ciphers, "no cipher list", error);
	return TRUE;
}

gboolean tls_context_new(
	const DaemonSettings *settings, TlsContext **tls, GError **error)
{
	if (settings->tls_cert == NULL || settings->tls_cert[0] == '\0') {
		*tls = NULL;
		return TRUE;
	}
	g_autoptr(TlsContext) made = g_new0(TlsContext, 1);
	g_atomic_ref_count_init(&made->references);
	made->ssl = SSL_CTX_new(TLS_server_method());
	g_assert(made->ssl != NULL);
	if (!set_rules(made->ssl, settings, error) ||
		!load_certificate(made->ssl, settings, error))
		return FALSE;
	*tls = g_steal_pointer(&made);
	return TRUE;
}

gboolean tls_context_new_client(const char *setting, const char *ca_file,
	gboolean verify, TlsContext **tls, GError **error)
{
	g_autoptr(TlsContext) made = g_new0(TlsContext, 1);
	gboolean is_named = ca_file != NULL && ca_file[0] != '\0';

	g_atomic_ref_count_init(&made->references);
	made->ssl = SSL_CTX_new(TLS_client_method());
	g_assert(made->ssl != NULL);
	SSL_CTX_set_min_proto_version(made->ssl, TLS1_2_VERSION);
	set_modes(made->ssl);
	SSL_CTX_set_session_cache_mode(made->ssl, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_verify(
		made->ssl, verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
	ERR_clear_error();
	int is_loaded = is_named ?
		SSL_CTX_load_verify_file(made->ssl, ca_file) :
		SSL_CTX_set_default_verify_paths(made->ssl);
	if (is_loaded != 1) {
		g_autofree char *why = tls_last_error();
		g_autofree char *text =
			g_strdup_printf("%s = %s: no certificate in PEM can be "
					"read from it: %s",
				setting, is_named ? ca_file : "", why);
		dbmail_error_set(error, DBMAIL_ERROR_INVALID, text, "%s", text);
		return FALSE;
	}
	*tls = g_steal_pointer(&made);
	return TRUE;
}

TlsContext *tls_context_ref(TlsContext *tls)
{
	if (tls != NULL)
		g_atomic_ref_count_inc(&tls->references);
	return tls;
}

void tls_context_unref(TlsContext **tls)
{
	TlsContext *old = *tls;

	*tls = NULL;
	if (old == NULL || !g_atomic_ref_count_dec(&old->references))
		return;
	SSL_CTX_free(old->ssl);
	g_free(old);
}

struct ssl_ctx_st *tls_context_ssl(TlsContext *tls)
{
	return tls->ssl;
}
