/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a script wants done with a message. */
#ifndef SIEVE_ACTION_H
#define SIEVE_ACTION_H

#include <glib.h>

#include "base/arena.h"
#include "base/bytes.h"

typedef enum {
	SIEVE_KEEP, /* into the mailbox the mail was for */
	SIEVE_FILEINTO,
	SIEVE_REDIRECT,
	SIEVE_DISCARD,
	SIEVE_REJECT, /* RFC 5429 */
	SIEVE_EREJECT,
	SIEVE_VACATION, /* RFC 5230 */
	SIEVE_NOTIFY,   /* RFC 5435 */
	/* Done already, in the messages of the result; told for the one who
	 * wants to see what a script does. */
	SIEVE_ADDHEADER, /* RFC 5293 */
	SIEVE_DELETEHEADER,
	SIEVE_REPLACE, /* RFC 5703 */
	SIEVE_ENCLOSE,
} SieveActionKind;

/* A copy that is filed: fileinto's mailbox, and :fcc's (RFC 8580). */
typedef struct {
	const char *mailbox;     /* UTF-8; NULL: none, or the one for keep */
	const char *mailbox_id;  /* RFC 9042, or NULL: before the name */
	const char *special_use; /* RFC 8579, or NULL: before the name */
	gboolean creates;        /* RFC 5490's :create */
	/* IMAP flags and keywords (RFC 5232), NULL-terminated; NULL: none are
	 * said, which for a keep out of IMAP means: as they are. */
	const char *const *flags;
} SieveFile;

/* Members that an action of that kind does not have are NULL or 0.  Strings are
 * UTF-8 and belong to the result. */
typedef struct {
	SieveActionKind kind;
	gboolean is_implicit; /* SIEVE_KEEP that no command asked for */
	guint line;           /* of the command, 0 for the implicit keep */
	guint message;        /* which of the result's messages is meant */
	SieveFile file;       /* keep, fileinto; vacation's and notify's fcc */
	gboolean has_fcc;
	gboolean is_copy;    /* :copy was said (RFC 3894) */
	const char *address; /* redirect: whom to */
	const char *list;    /* redirect :list (RFC 6134): address is NULL */
	const char *text;    /* reject, ereject, vacation: reason; notify:
	                       * :message; addheader: value; replace, enclose:
	                       * the text */
	const char *subject; /* vacation, replace, enclose */
	const char *from;    /* vacation, notify, replace */
	gboolean is_mime;    /* vacation, replace: text is a MIME entity */
	/* vacation */
	const char *const *addresses; /* :addresses, NULL-terminated */
	const char *handle;           /* never NULL: :handle, or one made of
	                               * what RFC 5230 section 4.2 says */
	gint64 seconds;               /* between two answers; 0: each time */
	/* notify */
	const char *method;         /* URI */
	const char *importance;     /* "1", "2" or "3" */
	const char *const *options; /* NULL-terminated */
	/* addheader, deleteheader; replace and enclose have none */
	const char *field;
	gint index;       /* deleteheader's :index, negative with :last */
	gboolean is_last; /* addheader :last */
	const char *const *headers; /* enclose */
} SieveAction;

/* Appends the action on one line, without line end, as dbmail-sievecmd -t
 * prints it (dbmail-sievecmd(1)): the word, what it is done with or to, then
 * the tagged arguments, in one order and with the script's own words.  Strings are
 * quoted; in them line feeds are \n, carriage returns \r, other controls but
 * TAB \xHH, backslashes and quotes have a backslash.  Not told: line, message
 * and is_implicit. */
void sieve_action_write(const SieveAction *action, GString *out);

/* Reads such a line back; all of it is in the arena.  INVALID, and *action
 * untouched. */
gboolean sieve_action_parse(Bytes line, Arena *arena, SieveAction *action,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
