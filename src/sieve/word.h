/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of the language: commands, tests and their tagged arguments, as
 * rows of tables.  The checker enforces what a row says; what a row cannot say
 * its check() does. */
#ifndef SIEVE_WORD_H
#define SIEVE_WORD_H

#include <glib.h>

#include "base/bytes.h"
#include "sieve/check.h"
#include "sieve/extension.h"
#include "sieve/node.h"
#include "sieve/script.h"

typedef struct SieveRun SieveRun;
typedef struct SieveWord SieveWord;
typedef struct SieveTag SieveTag;

/* What a tag sets.  Two tags of one slot exclude each other. */
typedef enum {
	SIEVE_SLOT_COMPARATOR,
	SIEVE_SLOT_MATCH, /* :is :contains :matches :count :regex :list */
	SIEVE_SLOT_ADDRESS_PART, /* :all :localpart :domain :user :detail */
	SIEVE_SLOT_SIZE,         /* :over :under */
	SIEVE_SLOT_BODY,         /* :raw :content :text */
	SIEVE_SLOT_INDEX,
	SIEVE_SLOT_LAST,
	SIEVE_SLOT_ZONE, /* :zone :originalzone */
	SIEVE_SLOT_PERCENT,
	SIEVE_SLOT_MIME,
	SIEVE_SLOT_ANYCHILD,
	SIEVE_SLOT_MIME_PART, /* :type :subtype :contenttype :param */
	SIEVE_SLOT_COPY,
	SIEVE_SLOT_CREATE,
	SIEVE_SLOT_FLAGS,
	SIEVE_SLOT_SPECIAL_USE,
	SIEVE_SLOT_MAILBOX_ID,
	SIEVE_SLOT_FCC,
	SIEVE_SLOT_LIST, /* redirect :list */
	SIEVE_SLOT_DAYS, /* :days :seconds */
	SIEVE_SLOT_SUBJECT,
	SIEVE_SLOT_FROM,
	SIEVE_SLOT_ADDRESSES,
	SIEVE_SLOT_HANDLE,
	SIEVE_SLOT_IMPORTANCE,
	SIEVE_SLOT_OPTIONS,
	SIEVE_SLOT_MESSAGE,
	SIEVE_SLOT_HEADER, /* duplicate: :header :uniqueid; enclose :headers */
	SIEVE_SLOT_NAME,   /* foreverypart, break */
	SIEVE_SLOT_FIRST,  /* extracttext */
	SIEVE_SLOT_CASE,   /* set: :lower :upper */
	SIEVE_SLOT_FIRST_CASE,
	SIEVE_SLOT_QUOTE, /* :quotewildcard :quoteregex */
	SIEVE_SLOT_LENGTH,
	SIEVE_SLOT_ENCODE,   /* :encodeurl */
	SIEVE_SLOT_LOCATION, /* include: :personal :global */
	SIEVE_SLOT_ONCE,
	SIEVE_SLOT_OPTIONAL,
	SIEVE_SLOT_OTHER, /* and on: for words from outside the folder */
} SieveSlot;

/* What an argument must be; a single string does for a list. */
typedef enum {
	SIEVE_TYPE_NONE,
	SIEVE_TYPE_NUMBER,
	SIEVE_TYPE_STRING,
	SIEVE_TYPE_STRINGS,
} SieveType;

/* A tagged argument.  A table of them ends with a row without a name. */
struct SieveTag {
	const char *name; /* without the colon */
	guint64 needs;    /* SIEVE_BIT()s of extensions; 0: none */
	guint slot;       /* SieveSlot */
	SieveType value;
	gboolean is_constant; /* the value must have no variables */
	gint number;          /* whatever the word's code tells it by */
	/* FALSE, with a sieve_check_error(), where the value is no good; or
	 * NULL.  Called before the word's own check(). */
	gboolean (*check)(
		SieveChecker *checker, SieveNode *node, const SieveTagUse *use);
};

#define SIEVE_BIT(extension) (G_GUINT64_CONSTANT(1) << (extension))

/* Tags that many words share (tags.c): bits of SieveWord.shared. */
typedef enum {
	SIEVE_TAGS_COMPARATOR = 1 << 0,   /* :comparator */
	SIEVE_TAGS_MATCH = 1 << 1,        /* :is and so on */
	SIEVE_TAGS_ADDRESS_PART = 1 << 2, /* :all and so on */
	SIEVE_TAGS_INDEX = 1 << 3,        /* :index, :last (RFC 5260) */
	SIEVE_TAGS_MIME = 1 << 4,         /* :mime, :anychild (RFC 5703) */
	SIEVE_TAGS_MIME_PART = 1 << 5,    /* :type and so on */
	SIEVE_TAGS_ZONE = 1 << 6,         /* :zone */
	SIEVE_TAGS_FILE = 1 << 7,         /* :flags, :create, :specialuse,
	                                   * :mailboxid: of what is filed */
	SIEVE_TAGS_COPY = 1 << 8,
	SIEVE_TAGS_FCC = 1 << 9,        /* :fcc, and what is filed there */
	SIEVE_TAGS_MODIFIERS = 1 << 10, /* :lower and so on (modifiers.h) */
	SIEVE_TAGS_MAIL = 1 << 11,      /* :subject, :from, :mime: of a mail */
} SieveSharedTags;

typedef enum {
	SIEVE_COMMAND,
	SIEVE_TEST,
} SieveWordKind;

typedef enum {
	SIEVE_NO_TESTS,
	SIEVE_ONE_TEST,
	SIEVE_TEST_LIST, /* one or more, in parentheses */
} SieveTests;

/* What the checker must know of a word beyond its arguments. */
typedef enum {
	SIEVE_ROLE_NONE,
	SIEVE_ROLE_REQUIRE,
	SIEVE_ROLE_IF,
	SIEVE_ROLE_ELSIF,
	SIEVE_ROLE_ELSE,
	SIEVE_ROLE_ENDS, /* nothing behind it in its block is reached */
	SIEVE_ROLE_ALLOF,
	SIEVE_ROLE_ANYOF,
	SIEVE_ROLE_NOT,
} SieveRole;

/* A command or a test.  A table of them ends with a row without a name. */
struct SieveWord {
	const char *name;
	SieveWordKind kind;
	guint64 needs; /* SIEVE_BIT()s of all extensions it needs; 0: none */
	SieveType arguments[SIEVE_POSITIONAL_MAX]; /* up to SIEVE_TYPE_NONE */
	const char *called; /* what they are, for errors: "part, keys" */
	gboolean first_is_optional; /* of the arguments */
	gboolean last_is_optional;
	SieveTests tests;
	gboolean has_block;
	SieveRole role;
	guint shared;         /* SieveSharedTags */
	const SieveTag *tags; /* its own, or NULL */
	/* Called when the node is filled in and what the row says holds; makes
	 * node->data and node->match, and tells what is wrong.  Tests and block
	 * are checked later.  Or NULL. */
	void (*check)(SieveChecker *checker, SieveNode *node);
	/* A command.  FALSE where what follows must not run: it calls
	 * sieve_run_fail() or sieve_run_leave() then.  NULL: nothing to do. */
	gboolean (*run)(SieveRun *run, const SieveNode *node);
	/* A test: its answer in *result; FALSE only after sieve_run_fail(). */
	gboolean (*test)(
		SieveRun *run, const SieveNode *node, gboolean *result);
};

/* Words from outside the folder: for tools that test scripts. */
struct SieveExtraWords {
	const SieveWord *words;
	/* Names that require takes besides extensions; NULL-terminated. */
	const char *const *capabilities;
	/* What a reference to a namespace that is not ours ("tst.path") stands
	 * for, as a constant; NULL: nothing.  Or NULL. */
	const char *(*constant)(Bytes reference);
};

/* The row of a name, in any case; NULL where there is none. */
const SieveWord *sieve_word_find(
	const struct SieveExtraWords *extra, SieveWordKind kind, Bytes name);

/* The row of a tag for the word, in any case; NULL where there is none. */
const SieveTag *sieve_word_tag(const SieveWord *word, Bytes name);

/* A shared set's rows (one bit of SieveSharedTags): tags.c. */
const SieveTag *sieve_shared_tags(guint bit);

#endif
