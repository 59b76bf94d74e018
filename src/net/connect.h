/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A connection to a server elsewhere, for daemons that are clients as well. */
#ifndef NET_CONNECT_H
#define NET_CONNECT_H

#include <glib.h>

#include "net/stream.h"

/* Connects to host, a name or an address, trying each of a name's addresses in
 * turn, for at most `seconds` each.  Looking a name up takes as long as the
 * system's resolver does.  Errors: TEMPORARY, whose text names host and port
 * and the reason of the last address. */
Stream *stream_connect(const char *host, guint16 port, guint seconds,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
