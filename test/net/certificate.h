/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Self-signed certificates and TLS clients for the tests. */
#ifndef TEST_NET_CERTIFICATE_H
#define TEST_NET_CERTIFICATE_H

#include <glib.h>
#include <openssl/ssl.h>

/* Writes a new key and its certificate for the name, in PEM, to the two files;
 * NULL for one that is not wanted. */
void certificate_write(
	const char *name, const char *cert_file, const char *key_file);

/* Shakes hands as a client over the blocking descriptor, trusting anybody; NULL
 * when that fails.  Free with client_free, which closes fd. */
SSL *client_new(int fd);
void client_free(SSL *ssl);

#endif
