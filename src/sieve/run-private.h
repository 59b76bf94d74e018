/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A run as the words see it.  One thread has it; the script it runs is shared
 * and only read. */
#ifndef SIEVE_RUN_PRIVATE_H
#define SIEVE_RUN_PRIVATE_H

#include <glib.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "mime/header.h"
#include "mime/scan.h"
#include "sieve/node.h"
#include "sieve/run.h"
#include "sieve/script.h"
#include "sieve/word.h"

/* ${0} to ${32}: more is a syntax error (RFC 5229 section 6). */
#define SIEVE_MATCHED_MAX 33

/* A unit that runs: the script itself, or one that it includes. */
typedef struct SieveFrame SieveFrame;
struct SieveFrame {
	SieveFrame *parent; /* NULL: the script itself */
	guint depth;
	const SieveUnit *unit;
	GString **variables; /* unit->n_variables, NULL: not set */
	GString *matched[SIEVE_MATCHED_MAX]; /* NULL: not set */
	SieveExtensions extensions;          /* required, or found by ihave */
	guint root; /* entity that is the message to it (RFC 6609) */
};

/* Where control goes after a command that said FALSE. */
typedef enum {
	SIEVE_GOES_ON,
	SIEVE_BREAKS,  /* out of the foreverypart `loop` (RFC 5703) */
	SIEVE_RETURNS, /* out of the unit (RFC 6609) */
	SIEVE_STOPS,   /* the script is at its end */
	SIEVE_FAILS,   /* a run-time error: result->failure, or error */
} SieveFlow;

struct SieveRun {
	SieveScript *script;
	const SieveLimits *limits;
	const SieveInput *input;
	SieveResult *result;
	Arena *kept;    /* the result's: lives as long as it */
	Arena *scratch; /* cleared before each command: expanded strings */
	GError *error;  /* of a question, TEMPORARY */

	SieveFrame *frame;
	SieveFlow flow;
	const SieveNode *loop;
	guint n_loops;     /* foreverypart nested, over all units */
	GString **globals; /* as a frame's variables */
	gsize variables_size;
	guint8 *included; /* by unit number: it has been */

	gboolean is_kept; /* the implicit keep stands */
	/* The internal variable of RFC 5232: flags with a blank between, or
	 * NULL where no command has touched it. */
	char *flags;

	/* The message as it is now: see sieve/message.h. */
	GArray *fields; /* MimeField: the header's lines, bytes in kept */
	Bytes body;     /* behind the header's blank line */
	gboolean is_edited;
	gsize edited_size; /* of all edited messages */
	MimeScan *scan;    /* of messages[n - 1], made when asked for */
	GHashTable *texts; /* of it: SieveKeptText by key; NULL: none yet */
	gsize texts_size;
	guint part; /* entity that tests look at; 0: the message */
	/* RFC 5703: the part that a loop is at was replaced, and how often the
	 * message was enclosed; redirect sends the one before that. */
	gboolean is_replaced;
	guint n_enclosed;
	guint unenclosed; /* of result->messages */
};

/* ---- Running ---- */

/* A run may take one instruction more than its limit for each so many bytes of
 * the message: enough to enclose a large one, however large, in no more time than
 * it takes to store. */
#define SIEVE_RUN_MESSAGE_BYTES 128

/* How many instructions are left. */
guint64 sieve_run_left(const SieveRun *run) G_GNUC_WARN_UNUSED_RESULT;

/* Bytes that one instruction pays for. */
#define SIEVE_STEP_BYTES 256

/* Counts n instructions; FALSE, the run failed, when they are used up.  Each
 * command, test and value that is compared is one; whoever works through long
 * texts counts SIEVE_STEP_BYTES of them or so as one. */
gboolean sieve_run_step(SieveRun *run, const SieveNode *node, guint64 n)
	G_GNUC_WARN_UNUSED_RESULT;

/* A run-time error at the node's place; always FALSE, to be returned. */
gboolean sieve_run_fail(SieveRun *run, const SieveNode *node,
	const char *format, ...) G_GNUC_PRINTF(3, 4);

/* A value in quotes for the text of one of these, as sieve_quote(); until the
 * next command begins. */
const char *sieve_run_quote(SieveRun *run, Bytes value);

/* A run-time warning at the node's place, of which the owner may be told. */
void sieve_run_warn(SieveRun *run, const SieveNode *node, const char *format,
	...) G_GNUC_PRINTF(3, 4);

/* What a question answered with: takes *error, which becomes a run-time error
 * or, with TEMPORARY, the run's.  Always FALSE. */
gboolean sieve_run_fail_error(
	SieveRun *run, const SieveNode *node, GError **error);

/* Leaves the loop, the unit or the script; always FALSE. */
gboolean sieve_run_leave(SieveRun *run, SieveFlow flow);

/* Runs commands one after another; FALSE where one of them left. */
gboolean sieve_run_commands(SieveRun *run, const SieveNode *first);

/* Evaluates a test; FALSE only after a run-time error. */
gboolean sieve_run_test(SieveRun *run, const SieveNode *test, gboolean *result);

/* Runs a unit in a frame of its own, until it ends or returns. */
gboolean sieve_run_unit(
	SieveRun *run, const SieveNode *node, const SieveUnit *unit);

/* TRUE where the unit has the extension. */
gboolean sieve_run_has(const SieveRun *run, SieveExtension extension);

/* ---- Values ---- */

/* The string with its variables expanded.  The bytes have a NUL behind them and
 * live until the next command begins (or as long as the script).  They may be
 * no UTF-8, and have NULs, by ${hex:}.  FALSE: too much for one command. */
gboolean sieve_run_string(SieveRun *run, const SieveNode *node,
	const SieveString *string, Bytes *value) G_GNUC_WARN_UNUSED_RESULT;

/* The same as valid UTF-8 without NUL that lives as long as the result: for
 * actions. */
gboolean sieve_run_text(SieveRun *run, const SieveNode *node,
	const SieveString *string, const char **text) G_GNUC_WARN_UNUSED_RESULT;

/* Sets a variable, cut at max_variable_size between characters. */
void sieve_run_set(SieveRun *run, const SievePiece *variable, Bytes value);

/* What a variable holds: no bytes where it is not set. */
Bytes sieve_run_get(const SieveRun *run, const SievePiece *variable);

/* TRUE where a successful match sets match variables: variables is there. */
gboolean sieve_run_wants_matched(const SieveRun *run);

/* Sets them: ${0} and on; those from n on are not set.  n over
 * SIEVE_MATCHED_MAX is cut. */
void sieve_run_set_matched(SieveRun *run, const Bytes *values, guint n);

/* ---- Actions ---- */

/* A new action of that kind, of the node's line and, but for those that change
 * the message, of the message as it is now; all else empty.  It lies in the
 * run's kept memory, and is not in the result yet.  NULL after a run-time
 * error. */
SieveAction *sieve_run_action(
	SieveRun *run, const SieveNode *node, SieveActionKind kind);

/* Has the action be about the message inside, where it was enclosed. */
void sieve_run_unenclose(const SieveRun *run, SieveAction *action);

/* Puts it into the result, where it conflicts with none that is there and no
 * limit is reached; one that is there already is not put in twice, but what the
 * later one says of flags and message counts.  Cancels the implicit keep where
 * an action of that kind does (result.c's table). */
gboolean sieve_result_add(SieveRun *run, const SieveNode *node,
	SieveAction *action) G_GNUC_WARN_UNUSED_RESULT;

/* ---- From outside ---- */

/* A run that has not begun.  The script gets a reference; the input must
 * outlive the run. */
SieveRun *sieve_run_new(SieveScript *script, const SieveInput *input);

/* Another message, envelope and all, and an empty result, as if the script
 * began here: variables stay. */
void sieve_run_restart(SieveRun *run, const SieveInput *input);

/* The implicit keep and what belongs to the end of a run, or what stands in for
 * all actions where it failed.  The result goes to the caller. */
SieveResult *sieve_run_finish(SieveRun *run);

void sieve_run_free(SieveRun **run);

/* The units of a script, the script itself first. */
const SieveUnit *sieve_script_unit(const SieveScript *script, guint number);

/* As sieve_compile(), with words of others. */
SieveScript *sieve_compile_with(const SieveCompile *how,
	const struct SieveExtraWords *extra, const char *name, Bytes source,
	GPtrArray **errors, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
