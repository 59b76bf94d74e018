/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Channel bindings: what ties a log-in to the TLS session it runs in. */
#ifndef NET_BINDING_H
#define NET_BINDING_H

#include <glib.h>

/* Bytes of one, at most. */
#define BINDING_MAX 64

/* What a TLS session's binding of a type is, for the server: "tls-exporter" with
 * TLS 1.3 (RFC 9266), "tls-unique" before it, where the session's master secret
 * is extended (RFC 7627), since else two sessions can have the same, and
 * "tls-server-end-point" (RFC 5929), where the certificate's signature names one
 * hash.  FALSE for any other. */
struct ssl_st;
gboolean binding_get(struct ssl_st *ssl, const char *type,
	guint8 out[BINDING_MAX], gsize *size) G_GNUC_WARN_UNUSED_RESULT;

#endif
