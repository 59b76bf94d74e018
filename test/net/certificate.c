/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Self-signed certificates and TLS clients for the tests. */
#include "certificate.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <unistd.h>

static X509 *certificate_new(const char *name, EVP_PKEY *key)
{
	X509 *x509 = X509_new();
	X509_NAME *subject = X509_get_subject_name(x509);

	X509_set_version(x509, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
	X509_gmtime_adj(X509_getm_notBefore(x509), -3600);
	X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
	X509_set_pubkey(x509, key);
	X509_NAME_add_entry_by_txt(
		subject, "CN", MBSTRING_ASC, (const guchar *)name, -1, -1, 0);
	X509_set_issuer_name(x509, subject);
	g_assert_cmpint(X509_sign(x509, key, EVP_sha256()), >, 0);
	return x509;
}

void certificate_write(
	const char *name, const char *cert_file, const char *key_file)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x509 = certificate_new(name, key);
	FILE *out;

	if (cert_file != NULL) {
		out = fopen(cert_file, "we");
		g_assert_nonnull(out);
		g_assert_cmpint(PEM_write_X509(out, x509), ==, 1);
		fclose(out);
	}
	if (key_file != NULL) {
		out = fopen(key_file,
			g_strcmp0(key_file, cert_file) == 0 ? "ae" : "we");
		g_assert_nonnull(out);
		g_assert_cmpint(PEM_write_PrivateKey(
					out, key, NULL, NULL, 0, NULL, NULL),
			==, 1);
		fclose(out);
	}
	X509_free(x509);
	EVP_PKEY_free(key);
}

SSL *client_new(int fd)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	SSL *ssl = SSL_new(context);

	SSL_CTX_free(context);
	SSL_set_fd(ssl, fd);
	if (SSL_connect(ssl) == 1)
		return ssl;
	client_free(ssl);
	return NULL;
}

void client_free(SSL *ssl)
{
	int fd = SSL_get_fd(ssl);

	SSL_free(ssl);
	close(fd);
}
