/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One IMAP connection: its state, and what its client may see. */
#ifndef IMAP_SESSION_H
#define IMAP_SESSION_H

#include <glib.h>

#include "base/arena.h"
#include "base/numset.h"
#include "base/settings.h"
#include "net/server.h"
#include "net/stream.h"
#include "store/mailbox.h"
#include "store/store.h"
#include "store/user.h"
#include "store/view.h"
#include "store/watch.h"
#include "auth/auth.h"
#include "imap/command.h"

/* What ENABLE can turn on (RFC 5161), as bits of session->enabled. */
typedef enum {
	ENABLED_IMAP4REV2 = 1 << 0, /* RFC 9051 */
	ENABLED_UTF8 = 1 << 1,      /* UTF8=ACCEPT, RFC 6855 */
	ENABLED_CONDSTORE = 1 << 2, /* RFC 7162; other commands enable it too */
	ENABLED_QRESYNC = 1 << 3,   /* RFC 7162; brings CONDSTORE with it */
	ENABLED_UIDONLY = 1 << 4,   /* RFC 9586 */
} ImapEnabled;

/* What all sessions share. */
typedef struct {
	Store *store;
	Auth *auth;
	const Settings *settings; /* replaced atomically by a reload */
	/* For scripts of IMAP events (RFC 6785). */
	struct Deliverer *deliverer;
	struct EventScripts *event_scripts;
} ImapServer;

/* The mailbox a session has selected, as its client knows it. */
typedef struct {
	gint64 id;
	gint64 owner;
	char *name;
	gboolean read_only;
	gboolean is_examined; /* read_only whatever the rights */
	gboolean is_shared;   /* another user's */
	guint rights;         /* Right bits of the user */
	Watch *watch;
	/* The newest view the session took.  known is the same with those
	 * messages still in it that are gone but that the client must not be
	 * told of yet (RFC 3501 section 7.4.1): a sequence number is an index
	 * into known.messages, plus 1. */
	MailboxView *view;
	MailboxView known;
	ViewMessage *held; /* known.messages where it differs from view's */
	NumSet *recent;    /* UIDs that are \Recent in this session */
	NumSet *saved; /* UIDs that "$" stands for (RFC 5182); may be NULL */
	GPtrArray *contexts; /* searches kept up to date; NULL: none yet */
	guint recent_told;
	guint keywords_told;
	/* HIGHESTMODSEQ as the client may take it: all up to there was told
	 * (RFC 7162 section 3.2). */
	guint64 told_seq;
	gboolean has_vanished; /* VANISHED was told during this command */
} ImapSelected;

typedef struct ImapSession {
	ServerConnection *connection;
	Stream *stream;
	ImapServer *server;
	Store *store;
	const Settings *settings;

	ImapState state;
	User *user;                /* NULL until log-in */
	ImapSelected *selected;    /* NULL where no mailbox is selected */
	struct ImapNotify *notify; /* NULL before the first NOTIFY */
	guint enabled;             /* ImapEnabled bits */
	gboolean is_error; /* this command was malformed, or a failed log-in */
	guint errors;      /* how many in a row before it */
	gboolean is_over;  /* nothing more is read */

	/* The command at hand; cleared after each. */
	Arena *arena;
	Arena *parsed;       /* of its last parsing; NULL where arena has it */
	GPtrArray *sets;     /* NumSets its parser made */
	GArray *chunks;      /* ImapChunk */
	gsize chunk_bytes;   /* of lines and small literals */
	GPtrArray *messages; /* literals that are messages, and their like */
	guint64 message_bytes;    /* of them */
	Mailbox *append_to;       /* found before the message came */
	const char *progress_tag; /* of a long command that runs, or NULL */
	gint64 progress_due;      /* monotonic */
	guint64 progress_done; /* how much is done of it, where that is known */
	guint64 progress_goal; /* of how much; 0: nobody knows */
	gboolean holds_large; /* one of the store's places for large messages */
} ImapSession;

/* Speaks IMAP until the client leaves; a ServerFunc, state is an ImapServer. */
void session_serve(ServerConnection *connection, gpointer state);

/* TRUE where the client may send a password now. */
gboolean session_allows_plaintext(const ImapSession *session);

/* Becomes the user's session; takes the user. */
void session_log_in(ImapSession *session, User *user, const char *how);

/* Is nobody's session again, as after the greeting (RFC 8437): whatever a log-in
 * or a later command has set is forgotten. */
void session_log_out(ImapSession *session);

/* Writes "* BYE text"; nothing more is read. */
void session_bye(ImapSession *session, const char *text);

/* Leaves the selected mailbox, if there is one. */
void session_unselect(ImapSession *session);

/* What "*", "$" and RECENT mean in the selected mailbox or, where view is not
 * NULL, in that view's, which is not selected. */
ImapNumbers session_numbers(
	const ImapSession *session, const MailboxView *view);

/* The stored form of a mailbox's name from the wire, in the arena.  NULL with
 * the command refused (NO) where there can be no such mailbox.  A separator at
 * the end, which says that the client will create mailboxes under it, is
 * dropped. */
const char *session_mailbox_name(
	ImapSession *session, ImapCommand *command, Bytes wire);

/* The mailbox of that name, in which the user has the rights needed (Right
 * bits).  TRUE with *mailbox NULL: the command is refused.  Where they are
 * missing, a mailbox the user may not even look up does not exist (RFC 4314
 * section 6). */
gboolean session_mailbox(ImapSession *session, ImapCommand *command, Bytes wire,
	guint needed, Mailbox **mailbox, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* The same for messages to be put into: i is needed, and that it can hold
 * messages and take them. */
gboolean session_target(ImapSession *session, ImapCommand *command, Bytes wire,
	Mailbox **mailbox, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What a command gets for want of rights: NO, and TRUE, where the user may look
 * the mailbox up, else FALSE and NOT_FOUND. */
gboolean session_refuse_rights(
	ImapCommand *command, const Mailbox *mailbox, GError **error);

/* TRUE where the client has names in UTF-8: after ENABLE of UTF8=ACCEPT (RFC
 * 6855) or IMAP4rev2 (RFC 9051 section 5.1). */
gboolean session_has_utf8_names(const ImapSession *session);

/* Appends a mailbox name or pattern from the wire in UTF-8, by characters as
 * the client sent it.  FALSE, and nothing appended, where it is not in the form
 * this session's client must use. */
gboolean session_decode_name(
	const ImapSession *session, Bytes wire, GString *out);

/* Asks anew what the user may do with the selected mailbox, if there is one,
 * and tells the client where that differs (RFC 4314 section 5.1.1).  Who may
 * no longer read it is logged out. */
void session_refresh_rights(ImapSession *session);

/* Appends a mailbox name (UTF-8) as this session's client reads it: in
 * modified UTF-7, or as it is where ENABLE said so. */
void session_append_mailbox(
	const ImapSession *session, GString *out, const char *name);

#endif
