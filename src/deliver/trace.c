/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fields a delivery puts on top of a message (RFC 5321 section 4.4). */
#include "deliver/trace.h"

#include <string.h>

/* What comes from outside must not begin a line of its own. */
static void append_clean(GString *out, const char *text)
{
	for (; *text != '\0'; text++)
		g_string_append_c(out,
			(guchar)*text < 0x20 || *text == 0x7f ? '?' : *text);
}

void trace_return_path(GString *out, const char *sender)
{
	g_string_append(out, "Return-Path: <");
	append_clean(out, sender);
	g_string_append(out, ">\r\n");
}

void trace_delivered_to(GString *out, const char *address)
{
	g_string_append(out, "Delivered-To: ");
	append_clean(out, address);
	g_string_append(out, "\r\n");
}

/* An address literal (RFC 5321 section 4.1.3); a unix socket has none. */
static void append_remote(GString *out, const char *remote)
{
	if (remote == NULL || strpbrk(remote, ".:") == NULL)
		return;
	g_string_append(out, " ([");
	if (strchr(remote, ':') != NULL)
		g_string_append(out, "IPv6:");
	append_clean(out, remote);
	g_string_append(out, "])");
}

void trace_received(GString *out, const DeliverTrace *trace, const char *host,
	const char *address, Timestamp now)
{
	char date[32];

	timestamp_format_rfc5322(now, date);
	g_string_append(out, "Received: from ");
	append_clean(out, trace->hello != NULL ? trace->hello : "localhost");
	append_remote(out, trace->remote);
	g_string_append(out, "\r\n\tby ");
	append_clean(out, host);
	if (trace->protocol != NULL)
		g_string_append_printf(out, " with %s", trace->protocol);
	if (trace->id != NULL)
		g_string_append_printf(out, " id %s", trace->id);
	g_string_append(out, "\r\n\tfor <");
	append_clean(out, address);
	g_string_append_printf(out, ">; %s\r\n", date);
}
