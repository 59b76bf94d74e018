/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network addresses: whose a connection is, and where to listen. */
#ifndef NET_ADDRESS_H
#define NET_ADDRESS_H

#include <glib.h>
#include <sys/socket.h>

#include "base/bytes.h"

typedef enum {
	ADDRESS_NONE, /* unknown */
	ADDRESS_UNIX, /* a unix socket on this machine */
	ADDRESS_V4,
	ADDRESS_V6,
} AddressFamily;

/* IPv4 uses the first 4 bytes; unused bytes are 0.  ::ffff:a.b.c.d is always
 * kept as IPv4.  port is in host order. */
typedef struct {
	AddressFamily family;
	guint8 bytes[16];
	guint16 port;
} Address;

Address address_of_bytes(
	AddressFamily family, const guint8 *bytes, guint16 port);

/* NONE where the family is none of ours. */
Address address_of_sockaddr(const struct sockaddr *sa, socklen_t size);

/* The other end, or this end, of a socket. */
Address address_of_peer(int fd);
Address address_of_socket(int fd);

/* The sockaddr of an IPv4 or IPv6 address; returns its size. */
socklen_t address_to_sockaddr(
	const Address *address, struct sockaddr_storage *sa);

/* "192.0.2.1", "2001:db8::1", "unix", "unknown"; without the port. */
#define ADDRESS_TEXT_SIZE 46
void address_format(const Address *address, char out[static ADDRESS_TEXT_SIZE]);

/* "192.0.2.1:143", "[2001:db8::1]:143", "unix", "unknown". */
#define ADDRESS_PORT_TEXT_SIZE (ADDRESS_TEXT_SIZE + 8)
void address_format_port(
	const Address *address, char out[static ADDRESS_PORT_TEXT_SIZE]);

/* A numeric IPv4 or IPv6 address, and nothing else, with port 0. */
gboolean address_parse(Bytes text, Address *address);

/* 127.0.0.0/8, ::1, or a unix socket: nobody can listen in between. */
gboolean address_is_loopback(const Address *address);

/* What counts as one for limits: an IPv4 address, an IPv6 /64 (a single
 * subscriber has all of it); port 0. */
Address address_limit_key(const Address *address);

/* For GHashTable: family, bytes and port. */
guint address_hash(gconstpointer address);
gboolean address_equal(gconstpointer a, gconstpointer b);

/* The addresses of a bindip setting, separated by blanks or commas; "*" is
 * 0.0.0.0 and ::, "localhost" 127.0.0.1 and ::1.  An array of Address with
 * port 0, to be freed with g_array_unref.  INVALID, naming the word that is
 * wrong; at most 64 addresses (LIMIT). */
gboolean address_list_parse(const char *text, GArray **addresses,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
