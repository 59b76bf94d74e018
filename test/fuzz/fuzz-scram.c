/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SCRAM: two lines of a client's are its messages, a third is a stored hash; what
 * nobody proved is never found proved. */
#include "fuzz.h"

#include <string.h>

#include "auth/scram-exchange.h"

static void give_secrets(
	gpointer data, const char *user, ScramHash hash, ScramSecrets *secrets)
{
	(void)data;
	g_assert_true(user[0] != '\0' && g_utf8_validate(user, -1, NULL));
	/* Zeros are the hash of nothing that anybody knows. */
	*secrets = (ScramSecrets){ .hash = hash, .rounds = 1, .salt_size = 1 };
}

static gboolean give_binding(
	gpointer data, const char *type, guint8 *out, gsize *size)
{
	(void)data;
	memset(out, 0, SASL_BINDING_MAX);
	*size = SASL_BINDING_MAX;
	return strcmp(type, "tls-unique") == 0;
}

static Bytes take_line(Bytes *rest)
{
	const char *end =
		rest->size > 0 ? memchr(rest->data, '\n', rest->size) : NULL;
	gsize size = end != NULL ? (gsize)(end - rest->data) : rest->size;
	Bytes line = bytes_slice(*rest, 0, size);

	*rest = bytes_slice(*rest, size + 1, rest->size);
	return line;
}

static void check_exchange(guint index, Bytes first, Bytes final)
{
	const SaslHost host = { give_secrets, give_binding, (index & 1) != 0,
		NULL };
	ScramExchange *scram =
		scram_exchange_new(sasl_mechanism_at(index), &host, "nonce");
	Bytes challenge = { NULL, 0 };

	if (scram_exchange_first(scram, first, &challenge) == SASL_CONTINUE) {
		g_assert_cmpuint(challenge.size, ==, strlen(challenge.data));
		(void)scram_exchange_final(scram, final);
		g_assert_null(scram_exchange_verifier(scram));
	}
	scram_exchange_free(&scram);
}

/* What is read is what is written. */
static void check_stored(Bytes line)
{
	g_autofree char *text =
		g_strndup(line.data != NULL ? line.data : "", line.size);
	ScramSecrets secrets, again;

	for (ScramHash hash = 0; hash < SCRAM_HASHES; hash++) {
		if (!scram_parse(text, hash, &secrets))
			continue;
		g_autofree char *made = scram_format(&secrets);
		g_assert_true(scram_parse(made, hash, &again));
		g_assert_true(memcmp(&secrets, &again, sizeof(again)) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Bytes rest = bytes_of((const char *)data, size);
	Bytes first = take_line(&rest);
	Bytes final = take_line(&rest);

	for (guint i = 0; sasl_mechanism_at(i)->is_scram; i++)
		check_exchange(i, first, final);
	check_stored(rest);
	return 0;
}
