/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fields a delivery puts on top of a message (RFC 5321 section 4.4). */
#ifndef DELIVER_TRACE_H
#define DELIVER_TRACE_H

#include <glib.h>

#include "base/timestamp.h"
#include "deliver/deliver.h"

/* "Return-Path: <sender>" and CRLF; control characters in the sender, which
 * no protocol of ours lets through, become "?". */
void trace_return_path(GString *out, const char *sender);

/* "Delivered-To: address" and CRLF. */
void trace_delivered_to(GString *out, const char *address);

/* "Received: from HELLO (ADDRESS) by HOST with PROTOCOL id ID for <address>;
 * DATE", folded, and CRLF. */
void trace_received(GString *out, const DeliverTrace *trace, const char *host,
	const char *address, Timestamp now);

#endif
