/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A non-blocking socket, plain or TLS, compressed or not, beneath the buffers
 * of a stream. */
#include "net/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/address.h"
#include "net/deflate.h"

struct Channel {
	int fd;
	gboolean is_broken; /* TLS failed: not even close_notify may follow */
	SSL *ssl;           /* NULL for plain text */
	TlsContext *tls;
	Deflate *deflate; /* NULL where nothing is compressed */
	char *description;
	char *failure;
};

Channel *channel_new(int fd)
{
	Channel *channel = g_new0(Channel, 1);
	int flags = fcntl(fd, F_GETFL);
	int on = 1;

	channel->fd = fd;
	if (flags >= 0 && (flags & O_NONBLOCK) == 0)
		fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	/* Fails on what is not TCP, which needs no such thing. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return channel;
}

void channel_free(Channel **channel)
{
	Channel *old = *channel;

	if (old == NULL)
		return;
	SSL_free(old->ssl);
	tls_context_unref(&old->tls);
	deflate_free(&old->deflate);
	close(old->fd);
	g_free(old->description);
	g_free(old->failure);
	g_free(old);
	*channel = NULL;
}

int channel_fd(const Channel *channel)
{
	return channel->fd;
}

static ChannelResult failed(Channel *channel, char *why)
{
	g_free(channel->failure);
	channel->failure = why;
	return CHANNEL_FAILED;
}

/* What a failed system call means; want is what it waits for. */
static ChannelResult errno_result(Channel *channel, ChannelResult want)
{
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return want;
	if (errno == ECONNRESET || errno == EPIPE)
		return CHANNEL_EOF;
	return failed(channel, g_strdup(g_strerror(errno)));
}

static ChannelResult ssl_result(Channel *channel, int returned)
{
	int saved = errno;

	switch (SSL_get_error(channel->ssl, returned)) {
	case SSL_ERROR_WANT_READ:
		return CHANNEL_WANT_READ;
	case SSL_ERROR_WANT_WRITE:
		return CHANNEL_WANT_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		return CHANNEL_EOF;
	case SSL_ERROR_SYSCALL:
		channel->is_broken = TRUE;
		errno = saved;
		if (errno == 0)
			return CHANNEL_EOF;
		return errno_result(channel, CHANNEL_EOF);
	default:
		channel->is_broken = TRUE;
		/* A peer that just hangs up is common and no attack on a
		 * protocol that ends its own lines and literals. */
		if (ERR_GET_REASON(ERR_peek_error()) ==
			SSL_R_UNEXPECTED_EOF_WHILE_READING) {
			ERR_clear_error();
			return CHANNEL_EOF;
		}
		return failed(channel, tls_last_error());
	}
}

static ChannelResult plain_read(
	Channel *channel, char *out, gsize size, gsize *got)
{
	gssize n;

	do {
		n = recv(channel->fd, out, size, 0);
	} while (n < 0 && errno == EINTR);
	if (n == 0)
		return CHANNEL_EOF;
	if (n < 0)
		return errno_result(channel, CHANNEL_WANT_READ);
	*got = (gsize)n;
	return CHANNEL_DONE;
}

static ChannelResult wire_read(
	Channel *channel, char *out, gsize size, gsize *got)
{
	if (channel->ssl == NULL)
		return plain_read(channel, out, size, got);
	if (channel->is_broken)
		return CHANNEL_EOF;
	ERR_clear_error();
	errno = 0;
	int n = SSL_read_ex(channel->ssl, out, size, got);
	return n == 1 ? CHANNEL_DONE : ssl_result(channel, n);
}

ChannelResult channel_read(Channel *channel, char *out, gsize size, gsize *got)
{
	if (channel->deflate == NULL)
		return wire_read(channel, out, size, got);
	for (;;) {
		gsize fed = 0;
		switch (deflate_inflate(channel->deflate, out, size, got)) {
		case INFLATE_DONE:
			return CHANNEL_DONE;
		case INFLATE_END:
			return CHANNEL_EOF;
		case INFLATE_BROKEN:
			return failed(channel,
				g_strdup("what came is not compressed"));
		case INFLATE_HUNGRY:
			break;
		}
		char *room = deflate_room(channel->deflate, &fed);
		ChannelResult result = wire_read(channel, room, fed, &fed);
		if (result != CHANNEL_DONE)
			return result;
		deflate_feed(channel->deflate, fed);
	}
}

gboolean channel_has_pending(const Channel *channel)
{
	/* The buffer takes whole records, and all of it is expanded unless the
	 * reader's room was too small: nothing else can wait. */
	if (channel->deflate != NULL)
		return deflate_has_input(channel->deflate);
	return channel->ssl != NULL && SSL_pending(channel->ssl) > 0;
}

static ChannelResult plain_write(
	Channel *channel, const struct iovec *pieces, int count, gsize *sent)
{
	struct msghdr message = { .msg_iov = (struct iovec *)(gpointer)pieces,
		.msg_iovlen = (gsize)count };
	gssize n;

	do {
		n = sendmsg(channel->fd, &message, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno_result(channel, CHANNEL_WANT_WRITE);
	*sent = (gsize)n;
	return CHANNEL_DONE;
}

static ChannelResult wire_write(
	Channel *channel, const struct iovec *pieces, int count, gsize *sent)
{
	if (channel->ssl == NULL)
		return plain_write(channel, pieces, count, sent);
	if (channel->is_broken)
		return CHANNEL_EOF;
	while (count > 1 && pieces->iov_len == 0) {
		pieces++;
		count--;
	}
	ERR_clear_error();
	errno = 0;
	int n = SSL_write_ex(
		channel->ssl, pieces->iov_base, pieces->iov_len, sent);
	return n == 1 ? CHANNEL_DONE : ssl_result(channel, n);
}

/* Sends what is compressed. */
static ChannelResult send_pending(Channel *channel)
{
	Bytes pending;

	while ((pending = deflate_pending(channel->deflate)).size > 0) {
		struct iovec piece = { (gpointer)pending.data, pending.size };
		gsize sent = 0;
		ChannelResult result = wire_write(channel, &piece, 1, &sent);
		if (result != CHANNEL_DONE)
			return result;
		deflate_sent(channel->deflate, sent);
	}
	return CHANNEL_DONE;
}

ChannelResult channel_write(
	Channel *channel, const struct iovec *pieces, int count, gsize *sent)
{
	if (channel->deflate == NULL)
		return wire_write(channel, pieces, count, sent);
	ChannelResult result = send_pending(channel);
	if (result != CHANNEL_DONE)
		return result;
	while (count > 1 && pieces->iov_len == 0) {
		pieces++;
		count--;
	}
	*sent = deflate_compress(
		channel->deflate, bytes_of(pieces->iov_base, pieces->iov_len));
	return CHANNEL_DONE;
}

ChannelResult channel_flush(Channel *channel)
{
	if (channel->deflate == NULL)
		return CHANNEL_DONE;
	for (;;) {
		ChannelResult result = send_pending(channel);
		if (result != CHANNEL_DONE ||
			!deflate_is_unflushed(channel->deflate))
			return result;
		deflate_flush(channel->deflate);
	}
}

gboolean channel_is_flushed(const Channel *channel)
{
	return channel->deflate == NULL ||
		(!deflate_is_unflushed(channel->deflate) &&
			deflate_pending(channel->deflate).size == 0);
}

void channel_start_deflate(Channel *channel, Bytes read)
{
	gsize size;

	g_assert(channel->deflate == NULL);
	channel->deflate = deflate_new();
	char *room = deflate_room(channel->deflate, &size);
	/* A stream reads no more at once than fits here, unless it was sent
	 * before the client could know that it is to be compressed. */
	size = MIN(size, read.size);
	if (size > 0)
		memcpy(room, read.data, size);
	deflate_feed(channel->deflate, size);
}

void channel_stop_deflate(Channel *channel, GByteArray **left)
{
	Bytes rest = deflate_rest_of_input(channel->deflate);

	*left = g_byte_array_new();
	g_byte_array_append(*left, (const guint8 *)rest.data, (guint)rest.size);
	deflate_free(&channel->deflate);
}

gboolean channel_is_deflated(const Channel *channel)
{
	return channel->deflate != NULL;
}

static void make_ssl(Channel *channel, TlsContext *tls)
{
	g_assert(channel->ssl == NULL);
	channel->tls = tls_context_ref(tls);
	channel->ssl = SSL_new(tls_context_ssl(tls));
	g_assert(channel->ssl != NULL);
	SSL_set_fd(channel->ssl, channel->fd);
}

void channel_start_tls(Channel *channel, TlsContext *tls)
{
	make_ssl(channel, tls);
	SSL_set_accept_state(channel->ssl);
}

void channel_start_tls_client(
	Channel *channel, TlsContext *tls, const char *host)
{
	Address address;

	make_ssl(channel, tls);
	/* The name is compared where the context has certificates verified. */
	if (address_parse(bytes_of_string(host), &address)) {
		X509_VERIFY_PARAM_set1_ip_asc(
			SSL_get0_param(channel->ssl), host);
	} else {
		SSL_set_tlsext_host_name(channel->ssl, host);
		SSL_set1_host(channel->ssl, host);
	}
	SSL_set_connect_state(channel->ssl);
}

/* OpenSSL's own reason says no more than that verifying failed. */
static ChannelResult handshake_failed(Channel *channel, ChannelResult result)
{
	long verdict = SSL_get_verify_result(channel->ssl);

	if (result != CHANNEL_FAILED || verdict == X509_V_OK)
		return result;
	return failed(channel,
		g_strdup_printf("the certificate of the server: %s",
			X509_verify_cert_error_string(verdict)));
}

ChannelResult channel_handshake(Channel *channel)
{
	ERR_clear_error();
	errno = 0;
	int n = SSL_do_handshake(channel->ssl);
	if (n != 1)
		return handshake_failed(channel, ssl_result(channel, n));
	channel->description = g_strdup_printf("%s %s",
		SSL_get_version(channel->ssl), SSL_get_cipher(channel->ssl));
	return CHANNEL_DONE;
}

gboolean channel_is_tls(const Channel *channel)
{
	return channel->description != NULL;
}

const char *channel_tls_description(const Channel *channel)
{
	return channel->description;
}

gboolean channel_binding(const Channel *channel, const char *type,
	guint8 out[BINDING_MAX], gsize *size)
{
	return channel_is_tls(channel) &&
		binding_get(channel->ssl, type, out, size);
}

void channel_shutdown(Channel *channel)
{
	if (channel->description != NULL && !channel->is_broken) {
		ERR_clear_error();
		SSL_shutdown(channel->ssl);
		ERR_clear_error();
	}
	shutdown(channel->fd, SHUT_WR);
}

/* For TLS two random generators and an error queue, 5 kB. */
void channel_rest(Channel *channel)
{
	if (channel->deflate != NULL)
		deflate_rest(channel->deflate);
	if (channel->ssl != NULL)
		OPENSSL_thread_stop();
}

const char *channel_failure(const Channel *channel)
{
	return channel->failure != NULL ? channel->failure : "no error";
}
