/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network addresses: parsing, formatting, loopback, keys for limits. */
#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "base/errors.h"

#define ADDRESS_LIST_MAX 64

static const guint8 mapped_prefix[12] = { [10] = 0xff, [11] = 0xff };

static gsize family_size(AddressFamily family)
{
	return family == ADDRESS_V4 ? 4 : family == ADDRESS_V6 ? 16 : 0;
}

Address address_of_bytes(
	AddressFamily family, const guint8 *bytes, guint16 port)
{
	Address address = { .family = family, .port = port };

	if (family == ADDRESS_V6 &&
		memcmp(bytes, mapped_prefix, sizeof(mapped_prefix)) == 0) {
		address.family = ADDRESS_V4;
		memcpy(address.bytes, bytes + sizeof(mapped_prefix), 4);
	} else if (family_size(family) > 0) {
		memcpy(address.bytes, bytes, family_size(family));
	}
	return address;
}

/* The sockaddr is copied out, for its alignment is not known. */
Address address_of_sockaddr(const struct sockaddr *sa, socklen_t size)
{
	Address none = { .family = ADDRESS_NONE };
	sa_family_t family;

	if (size < sizeof(family))
		return none;
	memcpy(&family, &sa->sa_family, sizeof(family));
	if (family == AF_INET && size >= sizeof(struct sockaddr_in)) {
		struct sockaddr_in in;
		memcpy(&in, sa, sizeof(in));
		return address_of_bytes(ADDRESS_V4,
			(const guint8 *)&in.sin_addr, ntohs(in.sin_port));
	}
	if (family == AF_INET6 && size >= sizeof(struct sockaddr_in6)) {
		struct sockaddr_in6 in6;
		memcpy(&in6, sa, sizeof(in6));
		return address_of_bytes(ADDRESS_V6, in6.sin6_addr.s6_addr,
			ntohs(in6.sin6_port));
	}
	if (family == AF_UNIX)
		none.family = ADDRESS_UNIX;
	return none;
}

Address address_of_peer(int fd)
{
	struct sockaddr_storage sa = { 0 };
	socklen_t size = sizeof(sa);

	if (getpeername(fd, (struct sockaddr *)&sa, &size) != 0)
		size = 0;
	return address_of_sockaddr((struct sockaddr *)&sa, size);
}

Address address_of_socket(int fd)
{
	struct sockaddr_storage sa = { 0 };
	socklen_t size = sizeof(sa);

	if (getsockname(fd, (struct sockaddr *)&sa, &size) != 0)
		size = 0;
	return address_of_sockaddr((struct sockaddr *)&sa, size);
}

socklen_t address_to_sockaddr(
	const Address *address, struct sockaddr_storage *sa)
{
	*sa = (struct sockaddr_storage){ 0 };
	if (address->family == ADDRESS_V4) {
		struct sockaddr_in in = { .sin_family = AF_INET,
			.sin_port = htons(address->port) };
		memcpy(&in.sin_addr, address->bytes, 4);
		memcpy(sa, &in, sizeof(in));
		return sizeof(in);
	}
	g_assert(address->family == ADDRESS_V6);
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
		.sin6_port = htons(address->port) };
	memcpy(&in6.sin6_addr, address->bytes, 16);
	memcpy(sa, &in6, sizeof(in6));
	return sizeof(in6);
}

void address_format(const Address *address, char out[static ADDRESS_TEXT_SIZE])
{
	if (address->family == ADDRESS_V4)
		inet_ntop(AF_INET, address->bytes, out, ADDRESS_TEXT_SIZE);
	else if (address->family == ADDRESS_V6)
		inet_ntop(AF_INET6, address->bytes, out, ADDRESS_TEXT_SIZE);
	else
		g_strlcpy(out,
			address->family == ADDRESS_UNIX ? "unix" : "unknown",
			ADDRESS_TEXT_SIZE);
}

void address_format_port(
	const Address *address, char out[static ADDRESS_PORT_TEXT_SIZE])
{
	char text[ADDRESS_TEXT_SIZE];

	address_format(address, text);
	if (address->family == ADDRESS_V4)
		g_snprintf(out, ADDRESS_PORT_TEXT_SIZE, "%s:%u", text,
			address->port);
	else if (address->family == ADDRESS_V6)
		g_snprintf(out, ADDRESS_PORT_TEXT_SIZE, "[%s]:%u", text,
			address->port);
	else
		g_strlcpy(out, text, ADDRESS_PORT_TEXT_SIZE);
}

gboolean address_parse(Bytes text, Address *address)
{
	char copy[ADDRESS_TEXT_SIZE];
	guint8 bytes[16];

	if (text.size == 0 || text.size >= sizeof(copy) ||
		memchr(text.data, '\0', text.size) != NULL)
		return FALSE;
	memcpy(copy, text.data, text.size);
	copy[text.size] = '\0';
	if (inet_pton(AF_INET, copy, bytes) == 1)
		*address = address_of_bytes(ADDRESS_V4, bytes, 0);
	else if (inet_pton(AF_INET6, copy, bytes) == 1)
		*address = address_of_bytes(ADDRESS_V6, bytes, 0);
	else
		return FALSE;
	return TRUE;
}

gboolean address_is_loopback(const Address *address)
{
	static const guint8 v6[16] = { [15] = 1 };

	switch (address->family) {
	case ADDRESS_UNIX:
		return TRUE;
	case ADDRESS_V4:
		return address->bytes[0] == 127;
	case ADDRESS_V6:
		return memcmp(address->bytes, v6, sizeof(v6)) == 0;
	case ADDRESS_NONE:
		break;
	}
	return FALSE;
}

Address address_limit_key(const Address *address)
{
	Address key = *address;

	key.port = 0;
	if (key.family == ADDRESS_V6)
		memset(key.bytes + 8, 0, 8);
	return key;
}

guint address_hash(gconstpointer address)
{
	const Address *a = address;
	guint hash = (guint)a->family * 31 + a->port;

	for (gsize i = 0; i < sizeof(a->bytes); i++)
		hash = hash * 33 + a->bytes[i];
	return hash;
}

gboolean address_equal(gconstpointer a, gconstpointer b)
{
	const Address *x = a, *y = b;

	return x->family == y->family && x->port == y->port &&
		memcmp(x->bytes, y->bytes, sizeof(x->bytes)) == 0;
}

/* One word of the list; some words stand for two addresses. */
static gboolean word_parse(const char *word, GArray *list)
{
	static const struct {
		const char *word;
		const char *addresses[2];
	} names[] = {
		{ "*", { "0.0.0.0", "::" } },
		{ "localhost", { "127.0.0.1", "::1" } },
	};
	Address address;

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		if (g_ascii_strcasecmp(word, names[i].word) != 0)
			continue;
		return word_parse(names[i].addresses[0], list) &&
			word_parse(names[i].addresses[1], list);
	}
	if (!address_parse(bytes_of_string(word), &address))
		return FALSE;
	g_array_append_val(list, address);
	return TRUE;
}

gboolean address_list_parse(
	const char *text, GArray **addresses, GError **error)
{
	g_auto(GStrv) words = g_strsplit_set(text, " \t,", -1);
	g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(Address));

	for (gsize i = 0; words[i] != NULL; i++) {
		if (words[i][0] == '\0')
			continue;
		if (!word_parse(words[i], list)) {
			g_autofree char *shown =
				g_strdup_printf("bindip: \"%s\" must be an "
						"IPv4 or IPv6 address, "
						"localhost or *",
					words[i]);
			dbmail_error_set(error, DBMAIL_ERROR_INVALID, shown,
				"%s", shown);
			return FALSE;
		}
		if (list->len > ADDRESS_LIST_MAX) {
			dbmail_error_set(error, DBMAIL_ERROR_LIMIT,
				"bindip: more than 64 addresses", "%s", text);
			return FALSE;
		}
	}
	*addresses = g_steal_pointer(&list);
	return TRUE;
}
