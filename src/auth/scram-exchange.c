/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The server's side of SCRAM's messages (RFC 5802, RFC 7677). */
#include "auth/scram-exchange.h"

#include <openssl/rand.h>
#include <string.h>

#include "auth/saslprep.h"
#include "base/text.h"

/* Bytes of a name as it is sent, and of the client's nonce. */
#define NAME_MAX_SIZE 3072
#define NONCE_MAX_SIZE 1024
/* Random bytes of the server's nonce: as base64 without padding. */
#define NONCE_BYTES 24

struct ScramExchange {
	const SaslMechanism *mechanism;
	const SaslHost *host;
	ScramSecrets secrets;

	char *gs2;        /* gs2-header */
	char *binding;    /* cb-name, NULL for none */
	char *first_bare; /* client-first-message-bare */
	char *name;       /* as it was sent; then prepared */
	char *user;
	char *authorisation;
	char *nonce; /* the server's part; then both */
	char *server_first;
	char *verifier; /* server-final-message */
};

ScramExchange *scram_exchange_new(
	const SaslMechanism *mechanism, const SaslHost *host, const char *nonce)
{
	ScramExchange *exchange = g_new0(ScramExchange, 1);

	exchange->mechanism = mechanism;
	exchange->host = host;
	exchange->nonce = g_strdup(nonce);
	return exchange;
}

void scram_exchange_free(ScramExchange **exchange)
{
	ScramExchange *old = *exchange;

	if (old == NULL)
		return;
	explicit_bzero(&old->secrets, sizeof(old->secrets));
	g_free(old->gs2);
	g_free(old->binding);
	g_free(old->first_bare);
	g_free(old->name);
	g_free(old->user);
	g_free(old->authorisation);
	g_free(old->nonce);
	g_free(old->server_first);
	g_free(old->verifier);
	g_free(old);
	*exchange = NULL;
}

/* --- the syntax (RFC 5802 section 7) ----------------------------------------- */

/* The text up to a comma, or the end; the comma is taken too. */
static Bytes field_take(Bytes *rest)
{
	const char *comma =
		rest->size > 0 ? memchr(rest->data, ',', rest->size) : NULL;
	gsize size = comma != NULL ? (gsize)(comma - rest->data) : rest->size;
	Bytes field = bytes_slice(*rest, 0, size);

	*rest = bytes_slice(*rest, size + 1, rest->size);
	return field;
}

/* The value of "k=value". */
static gboolean value_of(Bytes field, char key, Bytes *value)
{
	if (field.size < 2 || field.data[0] != key || field.data[1] != '=')
		return FALSE;
	*value = bytes_slice(field, 2, field.size);
	return value->size > 0;
}

/* An extension: a letter, "=" and a value.  "m" says that one follows which
 * must be understood, and none is. */
static gboolean is_extension(Bytes field)
{
	return field.size > 2 && g_ascii_isalpha(field.data[0]) &&
		field.data[0] != 'm' && field.data[1] == '=';
}

/* saslname: "=2C" is a comma and "=3D" an equals sign.  NULL for what is
 * none. */
static char *name_decode(Bytes name)
{
	g_autoptr(GString) out = g_string_new(NULL);

	if (name.size == 0 || name.size > NAME_MAX_SIZE ||
		!g_utf8_validate_len(name.data, name.size, NULL))
		return NULL;
	for (gsize i = 0; i < name.size; i++) {
		if (name.data[i] != '=') {
			g_string_append_c(out, name.data[i]);
			continue;
		}
		Bytes escape = bytes_slice(name, i + 1, 2);
		if (!bytes_equal(escape, bytes_of("2C", 2)) &&
			!bytes_equal(escape, bytes_of("3D", 2)))
			return NULL;
		g_string_append_c(out, escape.data[0] == '2' ? ',' : '=');
		i += 2;
	}
	return g_strdup(out->str);
}

static gboolean nonce_is_good(Bytes nonce)
{
	if (nonce.size == 0 || nonce.size > NONCE_MAX_SIZE)
		return FALSE;
	for (gsize i = 0; i < nonce.size; i++) {
		if (!g_ascii_isgraph(nonce.data[i]))
			return FALSE;
	}
	return TRUE;
}

static char *copy_of(Bytes bytes)
{
	return g_strndup(bytes.data != NULL ? bytes.data : "", bytes.size);
}

/* --- the first message ------------------------------------------------------- */

/* "n", "y" or "p=cb-name". */
static gboolean binding_parse(ScramExchange *exchange, Bytes flag)
{
	Bytes name;

	if (flag.size == 1)
		return flag.data[0] == 'n' || flag.data[0] == 'y';
	if (!value_of(flag, 'p', &name))
		return FALSE;
	for (gsize i = 0; i < name.size; i++) {
		if (!g_ascii_isalnum(name.data[i]) && name.data[i] != '.' &&
			name.data[i] != '-')
			return FALSE;
	}
	exchange->binding = copy_of(name);
	return TRUE;
}

/* gs2-header; *rest is what is behind it. */
static gboolean header_parse(ScramExchange *exchange, Bytes *rest)
{
	const char *begin = rest->data;
	Bytes flag = field_take(rest);

	if (rest->size == 0 || !binding_parse(exchange, flag))
		return FALSE;
	Bytes as = field_take(rest);
	if (rest->size == 0)
		return FALSE;
	exchange->gs2 = g_strndup(begin, (gsize)(rest->data - begin));
	if (as.size == 0) {
		exchange->authorisation = g_strdup("");
		return TRUE;
	}
	Bytes name;
	if (!value_of(as, 'a', &name))
		return FALSE;
	g_autofree char *text = name_decode(name);
	exchange->authorisation = text != NULL ? saslprep(text) : NULL;
	return exchange->authorisation != NULL;
}

static gboolean first_parse(
	ScramExchange *exchange, Bytes message, Bytes *nonce)
{
	Bytes name;

	if (message.size == 0 ||
		memchr(message.data, '\0', message.size) != NULL ||
		!header_parse(exchange, &message))
		return FALSE;
	exchange->first_bare = copy_of(message);
	if (!value_of(field_take(&message), 'n', &name) ||
		!value_of(field_take(&message), 'r', nonce) ||
		!nonce_is_good(*nonce))
		return FALSE;
	while (message.size > 0) {
		if (!is_extension(field_take(&message)))
			return FALSE;
	}
	exchange->name = name_decode(name);
	exchange->user =
		exchange->name != NULL ? saslprep(exchange->name) : NULL;
	return exchange->user != NULL;
}

/* RFC 5802 section 6. */
static gboolean binding_fits(const ScramExchange *exchange)
{
	guint8 bytes[SASL_BINDING_MAX];
	gsize size;

	if (exchange->mechanism->is_plus)
		return exchange->binding != NULL &&
			exchange->host->binding(exchange->host->data,
				exchange->binding, bytes, &size);
	if (exchange->binding != NULL)
		return FALSE;
	return exchange->gs2[0] == 'n' || !exchange->host->offers_plus;
}

/* The whole nonce is what the client sent and something random behind it. */
static gboolean nonce_make(ScramExchange *exchange, Bytes client)
{
	guint8 bytes[NONCE_BYTES];
	g_autofree char *own = g_steal_pointer(&exchange->nonce);

	if (own == NULL) {
		if (RAND_bytes(bytes, sizeof(bytes)) != 1)
			return FALSE;
		own = g_base64_encode(bytes, sizeof(bytes));
	}
	g_autofree char *theirs = copy_of(client);
	exchange->nonce = g_strconcat(theirs, own, NULL);
	return TRUE;
}

SaslStep scram_exchange_first(
	ScramExchange *exchange, Bytes message, Bytes *challenge)
{
	ScramSecrets *secrets = &exchange->secrets;
	Bytes nonce;

	if (!first_parse(exchange, message, &nonce))
		return SASL_INVALID;
	if (!binding_fits(exchange))
		return SASL_UNBOUND;
	if (!nonce_make(exchange, nonce))
		return SASL_INVALID;
	exchange->host->secrets(exchange->host->data, exchange->name,
		exchange->mechanism->hash, secrets);
	g_autofree char *salt =
		g_base64_encode(secrets->salt, secrets->salt_size);
	exchange->server_first = g_strdup_printf(
		"r=%s,s=%s,i=%u", exchange->nonce, salt, secrets->rounds);
	*challenge = bytes_of_string(exchange->server_first);
	return SASL_CONTINUE;
}

/* --- the final message ------------------------------------------------------- */

typedef struct {
	Bytes binding;
	Bytes nonce;
	Bytes without_proof;
	Bytes proof;
} Final;

static gboolean final_parse(Bytes message, Final *final)
{
	Bytes rest = message;
	Bytes field;

	if (message.size == 0 ||
		memchr(message.data, '\0', message.size) != NULL ||
		!value_of(field_take(&rest), 'c', &final->binding) ||
		!value_of(field_take(&rest), 'r', &final->nonce))
		return FALSE;
	for (field = field_take(&rest); rest.size > 0;
		field = field_take(&rest)) {
		if (!is_extension(field))
			return FALSE;
	}
	/* The proof is the last of them. */
	if (!value_of(field, 'p', &final->proof))
		return FALSE;
	final->without_proof =
		bytes_slice(message, 0, (gsize)(field.data - message.data) - 1);
	return field.data + field.size == message.data + message.size;
}

/* What "c=" must be: the header that came first, and the channel's binding. */
static gboolean binding_is_right(const ScramExchange *exchange, Bytes given)
{
	g_autoptr(GByteArray) all = g_byte_array_new();
	guint8 bytes[SASL_BINDING_MAX];
	gsize size = 0;

	g_byte_array_append(all, (const guint8 *)exchange->gs2,
		(guint)strlen(exchange->gs2));
	if (exchange->mechanism->is_plus &&
		!exchange->host->binding(
			exchange->host->data, exchange->binding, bytes, &size))
		return FALSE;
	g_byte_array_append(all, bytes, (guint)size);
	g_autofree char *text = g_base64_encode(all->data, all->len);
	return text_equal_constant_time(bytes_of_string(text), given);
}

static gboolean proof_is_right(
	const ScramExchange *exchange, Bytes proof, const char *auth_message)
{
	const ScramSecrets *secrets = &exchange->secrets;
	gsize size = scram_key_size(secrets->hash);
	guint8 signature[SCRAM_KEY_MAX];
	guint8 stored[SCRAM_KEY_MAX];
	gsize given_size = 0;
	g_autofree char *text = copy_of(proof);
	g_autofree guchar *given = g_base64_decode(text, &given_size);
	g_autofree char *again = g_base64_encode(given, given_size);

	/* What GLib skips is no base64. */
	if (given_size != size || strcmp(again, text) != 0 ||
		!scram_hmac(secrets->hash, secrets->stored_key, size,
			auth_message, strlen(auth_message), signature))
		return FALSE;
	for (gsize i = 0; i < size; i++)
		given[i] ^= signature[i];
	gboolean ok = scram_digest(secrets->hash, given, size, stored) &&
		text_equal_constant_time(bytes_of((const char *)stored, size),
			bytes_of((const char *)secrets->stored_key, size));
	explicit_bzero(given, size);
	return ok;
}

static void verifier_make(ScramExchange *exchange, const char *auth_message)
{
	const ScramSecrets *secrets = &exchange->secrets;
	gsize size = scram_key_size(secrets->hash);
	guint8 signature[SCRAM_KEY_MAX];

	if (!scram_hmac(secrets->hash, secrets->server_key, size, auth_message,
		    strlen(auth_message), signature))
		return;
	g_autofree char *text = g_base64_encode(signature, size);
	exchange->verifier = g_strconcat("v=", text, NULL);
}

SaslStep scram_exchange_final(ScramExchange *exchange, Bytes message)
{
	Final final;

	if (!final_parse(message, &final))
		return SASL_INVALID;
	g_autofree char *without_proof = copy_of(final.without_proof);
	g_autofree char *auth_message = g_strjoin(",", exchange->first_bare,
		exchange->server_first, without_proof, NULL);
	/* All three always, so that they take the same time. */
	gboolean ok = proof_is_right(exchange, final.proof, auth_message);
	ok &= bytes_equal(final.nonce, bytes_of_string(exchange->nonce));
	ok &= binding_is_right(exchange, final.binding);
	if (ok)
		verifier_make(exchange, auth_message);
	return SASL_DONE;
}

const char *scram_exchange_user(const ScramExchange *exchange)
{
	return exchange->user;
}

const char *scram_exchange_authorisation(const ScramExchange *exchange)
{
	return exchange->authorisation;
}

const char *scram_exchange_verifier(const ScramExchange *exchange)
{
	return exchange->verifier;
}
