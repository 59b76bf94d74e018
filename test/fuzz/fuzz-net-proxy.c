/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a connection to a proxied listener begins with. */
#include "fuzz.h"

#include "net/proxy.h"

/* Whatever stands behind a header must not change what it says, and every
 * beginning of it must ask for more, though not for more than there is. */
static void check_done(const char *data, const ProxyHeader *header)
{
	for (gsize size = 0; size < header->size; size++) {
		ProxyHeader part;
		g_assert(proxy_parse(bytes_of(data, size), &part) ==
			PROXY_INCOMPLETE);
		g_assert(part.size > size && part.size <= header->size);
	}
	ProxyHeader alone;
	g_assert(proxy_parse(bytes_of(data, header->size), &alone) ==
		PROXY_DONE);
	g_assert(alone.size == header->size);
	g_assert(address_equal(&alone.source, &header->source));
	g_assert(address_equal(&alone.destination, &header->destination));
	g_assert(alone.is_local == header->is_local);
	g_assert(alone.has_tls == header->has_tls);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[ADDRESS_PORT_TEXT_SIZE];
	ProxyHeader header;
	ProxyResult result =
		proxy_parse(bytes_of((const char *)data, size), &header);

	if (result == PROXY_INCOMPLETE)
		g_assert(header.size > size && header.size <= PROXY_HEADER_MAX);
	if (result != PROXY_DONE)
		return 0;
	g_assert(header.size <= MIN(size, PROXY_HEADER_MAX));
	check_done((const char *)data, &header);
	address_format_port(&header.source, text);
	g_assert(strlen(text) < sizeof(text));
	return 0;
}
