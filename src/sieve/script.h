/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A Sieve script (RFC 5228), compiled: what is wrong with it, or what can be
 * run. */
#ifndef SIEVE_SCRIPT_H
#define SIEVE_SCRIPT_H

#include <glib.h>

#include "base/bytes.h"

/* Compiled, with the scripts it includes.  Never changes; its references are
 * counted, and threads may run it side by side. */
typedef struct SieveScript SieveScript;

/* What is wrong, or looks wrong, at a place in a script. */
typedef struct {
	char *script; /* name it was compiled under; an included one's own */
	guint line;   /* from 1 */
	guint column; /* from 1, in characters */
	gboolean is_warning;
	char *text; /* a sentence without full stop, valid UTF-8 */
} SieveError;

/* Free with sieve_error_free; g_ptr_array_unref does it for an array. */
void sieve_error_free(SieveError *error);

/* Where RFC 6609 looks for an included script. */
typedef enum {
	SIEVE_PERSONAL,
	SIEVE_GLOBAL,
} SieveLocation;

/* Finds an included script's source.  FALSE with *error NULL: there is none of
 * that name; the caller frees *source with g_free. */
typedef gboolean (*SieveLoader)(gpointer data, SieveLocation location,
	const char *name, char **source, gsize *size, GError **error);

/* Bounds on scripts.  SIEVE_LIMITS_DEFAULT is what the settings default to. */
typedef struct {
	gsize max_script_size; /* bytes of one source */
	guint max_nesting;     /* of blocks and tests */
	guint max_errors;      /* told of one script, and as many warnings */
	guint max_includes;    /* scripts in one, itself included */
	guint max_include_depth;
	guint64 max_instructions; /* of one run: commands and tests, and each
	                           * value compared; large messages add some */
	gsize max_variable_size;  /* bytes of one value */
	gsize max_variables_size; /* bytes of all values of a run */
	guint max_actions;        /* of one run */
	guint max_redirects;
	guint max_notifies;
	gsize max_message_size; /* bytes of an edited message */
	/* Between two answers, where vacation names no time (RFC 5230 section
	 * 4.1). */
	guint vacation_seconds;
	/* The longest the test duplicate has an id remembered (RFC 7352 section
	 * 3.3). */
	guint duplicate_seconds;
} SieveLimits;

#define SIEVE_LIMITS_DEFAULT \
	((SieveLimits){ 1048576, 32, 100, 100, 10, 200000, 65536, 1048576, 64, \
		5, 5, 67108864, 604800, 7776000 })

/* What a script may use: bits 1 << SieveExtension (sieve/extension.h). */
typedef guint64 SieveExtensions;

typedef struct {
	SieveExtensions extensions;
	const SieveLimits *limits; /* must outlive the script */
	SieveLoader loader; /* NULL: nothing can be included yet; a script
	                            * that includes others compiles, and each of
	                            * them is missing when it runs */
	gpointer loader_data;
} SieveCompile;

/* Compiles a source in UTF-8, found under `name`.  NULL where there is an
 * error.  errors receives all of them, and the warnings, up to max_errors of
 * each: array of SieveError *, in the order of the source; never NULL, to be
 * freed with g_ptr_array_unref.  GError is only for a loader that failed: NULL
 * without an error in errors. */
SieveScript *sieve_compile(const SieveCompile *how, const char *name,
	Bytes source, GPtrArray **errors, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

SieveScript *sieve_script_ref(SieveScript *script);
void sieve_script_free(SieveScript **script);

/* Bytes it takes in memory, more or less: for caches. */
gsize sieve_script_size(const SieveScript *script);

static inline void sieve_script_auto_free(SieveScript *script)
{
	sieve_script_free(&script);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SieveScript, sieve_script_auto_free)

#endif
