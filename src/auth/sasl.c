/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SASL mechanisms, apart from any protocol's framing (RFC 4422). */
#include "auth/sasl.h"

#include <string.h>

/* Longest name and password.  RFC 4616 section 2 wants 255 octets of each to be
 * taken at least. */
#define FIELD_MAX 1024

typedef struct Mechanism Mechanism;

struct Sasl {
	const Mechanism *mechanism;
	guint step;
	gboolean is_over;
	char *user;
	char *password;
	char *authorisation;
};

struct Mechanism {
	const char *name;
	/* Takes the message of step 0, 1, ...; is not called after the end. */
	SaslStep (*step)(Sasl *sasl, Bytes response, Bytes *challenge);
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

static const Mechanism mechanisms[] = {
	{ "PLAIN", plain_step },
	{ "LOGIN", login_step },
};

static const char *const mechanism_names[] = { "PLAIN", "LOGIN", NULL };
G_STATIC_ASSERT(G_N_ELEMENTS(mechanisms) + 1 == G_N_ELEMENTS(mechanism_names));

Sasl *sasl_new(const char *mechanism)
{
	for (gsize i = 0; i < G_N_ELEMENTS(mechanisms); i++) {
		if (g_ascii_strcasecmp(mechanisms[i].name, mechanism) != 0)
			continue;
		Sasl *sasl = g_new0(Sasl, 1);
		sasl->mechanism = &mechanisms[i];
		return sasl;
	}
	return NULL;
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
	g_free(old->user);
	g_free(old->authorisation);
	g_free(old);
	*sasl = NULL;
}

const char *const *sasl_mechanisms(void)
{
	return mechanism_names;
}

SaslStep sasl_step(Sasl *sasl, Bytes response, Bytes *challenge)
{
	if (sasl->is_over)
		return SASL_INVALID;
	SaslStep step = sasl->mechanism->step(sasl, response, challenge);
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
