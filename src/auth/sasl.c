/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SASL mechanisms, apart from any protocol's framing (RFC 4422). */
#include "auth/sasl.h"

#include <string.h>

#include "auth/scram-exchange.h"

/* Longest name and password.  RFC 4616 section 2 wants 255 octets of each to be
 * taken at least. */
#define FIELD_MAX 1024

typedef SaslStep (*StepFunc)(Sasl *sasl, Bytes response, Bytes *challenge);

struct Sasl {
	/* Takes the message of step 0, 1, ...; is not called after the end. */
	StepFunc take;
	guint step;
	gboolean is_over;
	char *user;
	char *password;
	char *authorisation;
	ScramExchange *scram;
};

/* A name or password: UTF-8 without NUL, of bounded size. */
static gboolean field_is_good(Bytes field)
{
	return field.size > 0 && field.size <= FIELD_MAX &&
		memchr(field.data, '\0', field.size) == NULL &&
		g_utf8_validate(field.data, (gssize)field.size, NULL);
}

/* Old passwords may be in any charset; their bytes are what was hashed. */
static gboolean password_is_good(Bytes field)
{
	return field.size > 0 && field.size <= FIELD_MAX &&
		memchr(field.data, '\0', field.size) == NULL;
}

static char *field_copy(Bytes field)
{
	return g_strndup(field.data != NULL ? field.data : "", field.size);
}

/* The bytes up to a NUL, which is taken too. */
static gboolean field_take(Bytes *rest, Bytes *field)
{
	const char *end =
		rest->size > 0 ? memchr(rest->data, '\0', rest->size) : NULL;

	if (end == NULL)
		return FALSE;
	*field = bytes_of(rest->data, (gsize)(end - rest->data));
	*rest = bytes_slice(*rest, field->size + 1, rest->size);
	return TRUE;
}

/* RFC 4616: [authzid] NUL authcid NUL passwd. */
static SaslStep plain_step(Sasl *sasl, Bytes response, Bytes *challenge)
{
	Bytes authorisation;
	Bytes user;

	if (sasl->step == 0 && response.data == NULL) {
		*challenge = bytes_of_string("");
		return SASL_CONTINUE;
	}
	if (!field_take(&response, &authorisation) ||
		!field_take(&response, &user) || !field_is_good(user) ||
		!password_is_good(response) ||
		(authorisation.size > 0 && !field_is_good(authorisation)))
		return SASL_INVALID;
	sasl->authorisation = field_copy(authorisation);
	sasl->user = field_copy(user);
	sasl->password = field_copy(response);
	return SASL_DONE;
}

/* Never a standard: the server asks for the name, then for the password; some
 * clients send the name at once. */
static SaslStep login_step(Sasl *sasl, Bytes response, Bytes *challenge)
{
	if (sasl->step == 0 && response.data == NULL) {
		*challenge = bytes_of_string("Username:");
		return SASL_CONTINUE;
	}
	if (sasl->user == NULL) {
		if (!field_is_good(response))
			return SASL_INVALID;
		sasl->user = field_copy(response);
		*challenge = bytes_of_string("Password:");
		return SASL_CONTINUE;
	}
	if (!password_is_good(response))
		return SASL_INVALID;
	sasl->password = field_copy(response);
	sasl->authorisation = g_strdup("");
	return SASL_DONE;
}

/* RFC 5802 section 5: the client begins. */
static SaslStep scram_step(Sasl *sasl, Bytes response, Bytes *challenge)
{
	if (sasl->step == 0 && response.data == NULL) {
		*challenge = bytes_of_string("");
		return SASL_CONTINUE;
	}
	if (sasl->user != NULL)
		return scram_exchange_final(sasl->scram, response);
	SaslStep step = scram_exchange_first(sasl->scram, response, challenge);
	if (step == SASL_CONTINUE) {
		sasl->user = g_strdup(scram_exchange_user(sasl->scram));
		sasl->authorisation =
			g_strdup(scram_exchange_authorisation(sasl->scram));
	}
	return step;
}

/* A mechanism, and how its messages are taken. */
typedef struct {
	SaslMechanism mechanism;
	StepFunc take;
} Row;

static const Row rows[] = {
	{ { "SCRAM-SHA-256-PLUS", TRUE, SCRAM_SHA_256, TRUE, FALSE },
		scram_step },
	{ { "SCRAM-SHA-1-PLUS", TRUE, SCRAM_SHA_1, TRUE, FALSE }, scram_step },
	{ { "SCRAM-SHA-256", TRUE, SCRAM_SHA_256, FALSE, FALSE }, scram_step },
	{ { "SCRAM-SHA-1", TRUE, SCRAM_SHA_1, FALSE, FALSE }, scram_step },
	{ { "PLAIN", FALSE, 0, FALSE, FALSE }, plain_step },
	{ { "LOGIN", FALSE, 0, FALSE, TRUE }, login_step },
};

const SaslMechanism *sasl_mechanism_at(guint index)
{
	return index < G_N_ELEMENTS(rows) ? &rows[index].mechanism : NULL;
}

static const Row *row_find(const char *name)
{
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		if (g_ascii_strcasecmp(rows[i].mechanism.name, name) == 0)
			return &rows[i];
	}
	return NULL;
}

const SaslMechanism *sasl_mechanism_find(const char *name)
{
	const Row *row = row_find(name);

	return row != NULL ? &row->mechanism : NULL;
}

Sasl *sasl_new(const SaslMechanism *mechanism, const SaslHost *host)
{
	Sasl *sasl = g_new0(Sasl, 1);

	sasl->take = row_find(mechanism->name)->take;
	if (mechanism->is_scram)
		sasl->scram = scram_exchange_new(mechanism, host, NULL);
	return sasl;
}

static void secret_free(char *secret)
{
	if (secret != NULL)
		explicit_bzero(secret, strlen(secret));
	g_free(secret);
}

void sasl_free(Sasl **sasl)
{
	Sasl *old = *sasl;

	if (old == NULL)
		return;
	secret_free(old->password);
	scram_exchange_free(&old->scram);
	g_free(old->user);
	g_free(old->authorisation);
	g_free(old);
	*sasl = NULL;
}

SaslStep sasl_step(Sasl *sasl, Bytes response, Bytes *challenge)
{
	if (sasl->is_over)
		return SASL_INVALID;
	SaslStep step = sasl->take(sasl, response, challenge);
	sasl->step++;
	sasl->is_over = step != SASL_CONTINUE;
	return step;
}

const char *sasl_user(const Sasl *sasl)
{
	return sasl->user;
}

const char *sasl_password(const Sasl *sasl)
{
	return sasl->password;
}

const char *sasl_authorisation(const Sasl *sasl)
{
	return sasl->authorisation;
}

gboolean sasl_is_proven(const Sasl *sasl)
{
	return sasl_final(sasl) != NULL;
}

const char *sasl_final(const Sasl *sasl)
{
	return sasl->scram != NULL ? scram_exchange_verifier(sasl->scram) :
				     NULL;
}
