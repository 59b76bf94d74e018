/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tells the service manager how the daemon is (sd_notify(3)). */
#ifndef NET_NOTIFY_H
#define NET_NOTIFY_H

#include <glib.h>

/* Sends lines such as "READY=1\nSTATUS=...", formatted, to the socket that
 * NOTIFY_SOCKET names (a path, or "@" and an abstract name).  Without one, or
 * when that fails, nothing happens: nobody waits for the answer. */
void notify_send(const char *format, ...) G_GNUC_PRINTF(1, 2);

#endif
