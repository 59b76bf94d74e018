/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PROXY protocol, versions 1 and 2: who is behind the load balancer. */
#ifndef NET_PROXY_H
#define NET_PROXY_H

#include <glib.h>

#include "base/bytes.h"
#include "net/address.h"
#include "net/stream.h"

/* Longer headers are refused (version 1 has at most 107 bytes). */
#define PROXY_HEADER_MAX 4096

typedef enum {
	PROXY_DONE,       /* a whole header is there */
	PROXY_INCOMPLETE, /* the beginning of one */
	PROXY_INVALID,    /* cannot become one */
} ProxyResult;

typedef struct {
	gsize size; /* bytes of the header; what follows is the client's */
	gboolean is_local; /* the proxy speaks for itself: a health check */
	Address source;    /* NONE where the proxy does not say */
	Address destination;
	gboolean has_tls; /* the client speaks TLS with the proxy (version 2) */
} ProxyHeader;

/* Parses what a connection begins with.  Pure: no I/O, nothing kept.  For
 * INCOMPLETE, header->size is how many bytes are needed at least before it is
 * worth asking again, and there are never more of them than the header has. */
ProxyResult proxy_parse(Bytes bytes, ProxyHeader *header);

/* Reads the header a new connection must begin with, and not a byte of what
 * follows.  INVALID where it does not begin with one. */
gboolean proxy_read(Stream *stream, ProxyHeader *header, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

#endif
