/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Channel bindings: what ties a log-in to the TLS session it runs in. */
#include "net/binding.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <string.h>

#define EXPORTER_SIZE 32

static gboolean exporter(SSL *ssl, guint8 *out, gsize *size)
{
	static const char label[] = "EXPORTER-Channel-Binding";

	if (SSL_version(ssl) < TLS1_3_VERSION)
		return FALSE;
	*size = EXPORTER_SIZE;
	return SSL_export_keying_material(ssl, out, EXPORTER_SIZE, label,
		       sizeof(label) - 1, NULL, 0, 0) == 1;
}

/* The first Finished of the handshake: the client's, but where a session was
 * taken up again. */
static gboolean unique(SSL *ssl, guint8 *out, gsize *size)
{
	if (SSL_version(ssl) >= TLS1_3_VERSION || !SSL_get_extms_support(ssl))
		return FALSE;
	*size = SSL_session_reused(ssl) ?
		SSL_get_finished(ssl, out, BINDING_MAX) :
		SSL_get_peer_finished(ssl, out, BINDING_MAX);
	return *size > 0 && *size <= BINDING_MAX;
}

/* The hash of our certificate, by the one its signature is made with; what is
 * weaker than SHA-256 is replaced by that. */
static gboolean end_point(SSL *ssl, guint8 *out, gsize *size)
{
	X509 *certificate = SSL_get_certificate(ssl);
	int digest = NID_undef;
	unsigned int made = 0;

	if (certificate == NULL ||
		X509_get_signature_info(
			certificate, &digest, NULL, NULL, NULL) != 1)
		return FALSE;
	if (digest == NID_md5 || digest == NID_sha1)
		digest = NID_sha256;
	const EVP_MD *hash = EVP_get_digestbynid(digest);
	if (hash == NULL || EVP_MD_get_size(hash) > BINDING_MAX ||
		X509_digest(certificate, hash, out, &made) != 1)
		return FALSE;
	*size = made;
	return TRUE;
}

gboolean binding_get(
	SSL *ssl, const char *type, guint8 out[BINDING_MAX], gsize *size)
{
	static const struct {
		const char *type;
		gboolean (*get)(SSL *ssl, guint8 *out, gsize *size);
	} bindings[] = {
		{ "tls-exporter", exporter },
		{ "tls-unique", unique },
		{ "tls-server-end-point", end_point },
	};
	gboolean ok = FALSE;

	for (gsize i = 0; i < G_N_ELEMENTS(bindings); i++) {
		if (strcmp(bindings[i].type, type) == 0)
			ok = bindings[i].get(ssl, out, size);
	}
	ERR_clear_error();
	return ok;
}
