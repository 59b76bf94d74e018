/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the server can do, as one table. */
#include "imap/capability.h"

#include "auth/attempt.h"
#include "base/text.h"
#include "deliver/event.h"

typedef gboolean (*Condition)(const ImapSession *session);

static gboolean always(const ImapSession *session)
{
	return session != NULL;
}

static gboolean logged_in(const ImapSession *session)
{
	return session->user != NULL;
}

static gboolean can_start_tls(const ImapSession *session)
{
	return session->user == NULL && session->connection->tls != NULL &&
		!stream_is_tls(session->stream);
}

static gboolean can_compress(const ImapSession *session)
{
	return session->user != NULL && !stream_is_deflated(session->stream);
}

static gboolean is_login_disabled(const ImapSession *session)
{
	return session->user == NULL && !session_allows_plaintext(session);
}

static const char **mechanisms_of(const ImapSession *session)
{
	return attempt_mechanisms(session->server->auth, session->connection);
}

static gboolean can_authenticate(const ImapSession *session)
{
	if (session->user != NULL)
		return FALSE;
	g_autofree const char **mechanisms = mechanisms_of(session);
	return mechanisms[0] != NULL;
}

static const struct {
	const char *name;
	Condition condition;
	guint enable_bit; /* 0: not for ENABLE */
} capabilities[] = {
	{ "IMAP4rev1", always, 0 },                 /* RFC 3501 */
	{ "IMAP4rev2", always, ENABLED_IMAP4REV2 }, /* RFC 9051 */
	{ "LITERAL+", always, 0 },                  /* RFC 7888 */
	{ "SASL-IR", can_authenticate, 0 },         /* RFC 4959 */
	{ "ID", always, 0 },                        /* RFC 2971 */
	{ "ENABLE", always, 0 },                    /* RFC 5161 */
	{ "STARTTLS", can_start_tls, 0 },           /* RFC 3501 section 6.2.1 */
	{ "LOGINDISABLED", is_login_disabled, 0 },
	{ "IDLE", logged_in, 0 },                   /* RFC 2177 */
	{ "NAMESPACE", logged_in, 0 },              /* RFC 2342 */
	{ "UIDPLUS", logged_in, 0 },                /* RFC 4315 */
	{ "UNSELECT", logged_in, 0 },               /* RFC 3691 */
	{ "CHILDREN", logged_in, 0 },               /* RFC 3348 */
	{ "MOVE", logged_in, 0 },                   /* RFC 6851 */
	{ "UTF8=ACCEPT", logged_in, ENABLED_UTF8 }, /* RFC 6855 */

	/* Fetching. */
	{ "BINARY", logged_in, 0 },   /* RFC 3516 */
	{ "OBJECTID", logged_in, 0 }, /* RFC 8474 */
	{ "SAVEDATE", logged_in, 0 }, /* RFC 8514 */
	{ "PREVIEW", logged_in, 0 },  /* RFC 8970 */

	/* Searching. */
	{ "ESEARCH", logged_in, 0 },               /* RFC 4731 */
	{ "SEARCHRES", logged_in, 0 },             /* RFC 5182 */
	{ "MULTISEARCH", logged_in, 0 },           /* RFC 7377 */
	{ "PARTIAL", logged_in, 0 },               /* RFC 9394 */
	{ "WITHIN", logged_in, 0 },                /* RFC 5032 */
	{ "FILTERS", logged_in, 0 },               /* RFC 5466 */
	{ "SEARCH=FUZZY", logged_in, 0 },          /* RFC 6203 */
	{ "SORT", logged_in, 0 },                  /* RFC 5256 */
	{ "SORT=DISPLAY", logged_in, 0 },          /* RFC 5957 */
	{ "ESORT", logged_in, 0 },                 /* RFC 5267 */
	{ "CONTEXT=SEARCH", logged_in, 0 },        /* RFC 5267 section 4 */
	{ "CONTEXT=SORT", logged_in, 0 },          /* RFC 5267 section 4 */
	{ "THREAD=ORDEREDSUBJECT", logged_in, 0 }, /* RFC 5256 */
	{ "THREAD=REFERENCES", logged_in, 0 },     /* RFC 5256 */
	{ "THREAD=REFS", logged_in, 0 }, /* draft-ietf-morg-inthread */
	{ "I18NLEVEL=1", logged_in, 0 }, /* RFC 5255 section 4 */

	/* Sharing. */
	{ "ACL", logged_in, 0 },         /* RFC 4314 */
	{ "RIGHTS=texk", logged_in, 0 }, /* RFC 4314 section 2.2 */
	{ "QUOTA", logged_in, 0 },       /* RFC 9208, with the next four */
	{ "QUOTASET", logged_in, 0 }, { "QUOTA=RES-STORAGE", logged_in, 0 },
	{ "QUOTA=RES-MESSAGE", logged_in, 0 },
	{ "QUOTA=RES-MAILBOX", logged_in, 0 },
	{ "METADATA", logged_in, 0 },        /* RFC 5464; the server's, too */
	{ "METADATA-SERVER", logged_in, 0 }, /* RFC 5464 */

	/* LIST, STATUS and CREATE. */
	{ "SPECIAL-USE", logged_in, 0 },        /* RFC 6154 */
	{ "CREATE-SPECIAL-USE", logged_in, 0 }, /* RFC 6154 section 3 */
	{ "LIST-EXTENDED", logged_in, 0 },      /* RFC 5258 */
	{ "LIST-STATUS", logged_in, 0 },        /* RFC 5819 */
	{ "LIST-MYRIGHTS", logged_in, 0 },      /* RFC 8440 */
	{ "LIST-METADATA", logged_in, 0 },      /* RFC 9590 */
	{ "STATUS=SIZE", logged_in, 0 },        /* RFC 8438 */

	/* Bringing messages in, and the connection. */
	{ "MULTIAPPEND", logged_in, 0 },         /* RFC 3502 */
	{ "CATENATE", logged_in, 0 },            /* RFC 4469 */
	{ "REPLACE", logged_in, 0 },             /* RFC 8508 */
	{ "COMPRESS=DEFLATE", can_compress, 0 }, /* RFC 4978 */
	{ "UNAUTHENTICATE", logged_in, 0 },      /* RFC 8437 */
	{ "INPROGRESS", logged_in, 0 },          /* RFC 9585 */

	/* Synchronising. */
	{ "CONDSTORE", logged_in, ENABLED_CONDSTORE }, /* RFC 7162 */
	{ "QRESYNC", logged_in, ENABLED_QRESYNC },     /* RFC 7162 */
	{ "UIDONLY", logged_in, ENABLED_UIDONLY },     /* RFC 9586 */
	{ "NOTIFY", logged_in, 0 },                    /* RFC 5465 */
};

void capability_append(const ImapSession *session, GString *out)
{
	g_string_append(out, "CAPABILITY");
	for (gsize i = 0; i < G_N_ELEMENTS(capabilities); i++) {
		if (capabilities[i].condition(session))
			g_string_append_printf(
				out, " %s", capabilities[i].name);
	}
	/* RFC 7889 */
	if (logged_in(session))
		g_string_append_printf(out, " APPENDLIMIT=%" G_GSIZE_FORMAT,
			store_max_message_size(session->store));
	/* RFC 6785 */
	if (logged_in(session) && event_is_on(session->settings))
		g_string_append_printf(out, " IMAPSIEVE=%s",
			session->settings->IMAP_sieve_url);
	if (!can_authenticate(session))
		return;
	g_autofree const char **mechanisms = mechanisms_of(session);
	for (gsize i = 0; mechanisms[i] != NULL; i++)
		g_string_append_printf(out, " AUTH=%s", mechanisms[i]);
}

guint capability_enable_bit(Bytes name)
{
	for (gsize i = 0; i < G_N_ELEMENTS(capabilities); i++) {
		if (text_equal_nocase(name, capabilities[i].name))
			return capabilities[i].enable_bit;
	}
	return 0;
}
