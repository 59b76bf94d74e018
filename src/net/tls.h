/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the TLS sessions of a daemon share: certificate, key, rules. */
#ifndef NET_TLS_H
#define NET_TLS_H

#include <glib.h>

#include "base/settings.h"

/* Counted references, safe between threads; never changed once made: a reload
 * makes a new one, and sessions keep the one they began with. */
typedef struct TlsContext TlsContext;

/* The context for tls_cert, tls_key, tls_ciphers and tls_min_version; *tls is
 * NULL where tls_cert is empty, which means no TLS.  INVALID, with a text that
 * names section, setting and file, when one of them cannot be used. */
gboolean tls_context_new(const DaemonSettings *settings, TlsContext **tls,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The context of a client (stream_start_tls_client).  With verify, a server has
 * to prove its name by a certificate that an authority of ca_file vouches for, in
 * PEM; where that is empty or NULL, of the system's.  Without, anybody is
 * believed: that keeps out those who only listen.  INVALID, with a text that
 * begins with setting and file, where ca_file cannot be used. */
gboolean tls_context_new_client(const char *setting, const char *ca_file,
	gboolean verify, TlsContext **tls, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* NULL gives NULL. */
TlsContext *tls_context_ref(TlsContext *tls);
/* Accepts the address of NULL; leaves NULL. */
void tls_context_unref(TlsContext **tls);

/* OpenSSL's object, for net/channel.c. */
struct ssl_ctx_st;
struct ssl_ctx_st *tls_context_ssl(TlsContext *tls);

/* Why OpenSSL's last call of this thread failed; empties its queue.  Free with
 * g_free. */
char *tls_last_error(void) G_GNUC_WARN_UNUSED_RESULT;

static inline void tls_context_auto_unref(TlsContext *tls)
{
	tls_context_unref(&tls);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TlsContext, tls_context_auto_unref)

#endif
