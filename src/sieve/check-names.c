/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a script's names stand for: extensions, variables, units. */
#include "sieve/check-private.h"

#include "base/text.h"
#include "sieve/run-private.h"
#include "sieve/string.h"

/* Of one unit (RFC 5229 section 6 asks for 128), and of a name. */
#define VARIABLES_MAX 255
#define NAME_MAX_SIZE 64

typedef struct {
	SievePieceKind kind; /* SIEVE_LOCAL, SIEVE_GLOBAL_SCOPE */
	guint index;
	gboolean was_set;
} Variable;

/* ---- Extensions ---- */

gboolean sieve_check_has(const SieveChecker *checker, SieveExtension extension)
{
	return (checker->enabled & SIEVE_BIT(extension)) != 0;
}

gboolean sieve_check_extensions(SieveChecker *checker, SieveNode *node,
	SievePlace place, SieveExtensions needs, const char *what)
{
	SieveExtensions missing = needs & ~checker->required;
	if (missing == 0)
		return TRUE;
	SieveExtensions there = checker->compilation->how->extensions;
	if ((missing & ~there) == 0 &&
		(checker->required & SIEVE_BIT(SIEVE_EXT_IHAVE)) != 0) {
		node->deferred |= missing;
		return TRUE;
	}
	for (guint i = 0; i < SIEVE_EXT_COUNT; i++) {
		if ((missing & SIEVE_BIT(i)) == 0)
			continue;
		if ((there & SIEVE_BIT(i)) == 0)
			sieve_check_error(checker, place,
				"%s is not available here", what);
		else
			sieve_check_error(checker, place,
				"%s needs: require \"%s\"", what,
				sieve_extension_name((SieveExtension)i));
		return FALSE;
	}
	return TRUE;
}

gboolean sieve_check_needs(SieveChecker *checker, SieveNode *node,
	SievePlace place, SieveExtension extension, const char *what)
{
	return sieve_check_extensions(
		checker, node, place, SIEVE_BIT(extension), what);
}

static gboolean is_capability(const struct SieveExtraWords *extra, Bytes name)
{
	const char *const *more = extra != NULL ? extra->capabilities : NULL;
	for (; more != NULL && *more != NULL; more++) {
		if (bytes_equal(name, bytes_of_string(*more)))
			return TRUE;
	}
	return FALSE;
}

/* Extensions that bring another with them. */
static const struct {
	SieveExtension extension;
	SieveExtension brings;
} brought[] = {
	{ SIEVE_EXT_SPAMTESTPLUS, SIEVE_EXT_SPAMTEST },     /* RFC 5235 */
	{ SIEVE_EXT_VACATION_SECONDS, SIEVE_EXT_VACATION }, /* RFC 6131 */
};

static gboolean find_available(
	SieveChecker *checker, Bytes name, SieveExtensions *found)
{
	SieveExtension extension;
	if (is_capability(checker->compilation->extra, name))
		return TRUE;
	if (!sieve_extension_find(name, &extension) ||
		(checker->compilation->how->extensions &
			SIEVE_BIT(extension)) == 0)
		return FALSE;
	*found |= SIEVE_BIT(extension);
	for (guint i = 0; i < G_N_ELEMENTS(brought); i++) {
		if (brought[i].extension == extension)
			*found |= SIEVE_BIT(brought[i].brings);
	}
	return TRUE;
}

/* Names of drafts that old scripts still ask for. */
static const struct {
	const char *old;
	const char *now;
} renamed[] = {
	{ "imapflags", "imap4flags" },
	{ "notify", "enotify" },
	{ "vnd.dovecot.duplicate", "duplicate" },
};

static void tell_no_extension(SieveChecker *checker, const SieveString *name)
{
	const char *now = NULL;
	for (guint i = 0; i < G_N_ELEMENTS(renamed); i++) {
		if (bytes_equal(name->text, bytes_of_string(renamed[i].old)))
			now = renamed[i].now;
	}
	if (now != NULL)
		sieve_check_error(checker, name->place,
			"there is no extension %s here; its successor is "
			"\"%s\"",
			sieve_quote(checker, name->text), now);
	else
		sieve_check_error(checker, name->place,
			"there is no extension %s here",
			sieve_quote(checker, name->text));
}

void sieve_check_require(SieveChecker *checker, const SieveNode *node)
{
	const SieveArgument *names = node->positional[0];
	for (guint i = 0; i < names->n_strings; i++) {
		const SieveString *name = &names->strings[i];
		if (!find_available(checker, name->text, &checker->required))
			tell_no_extension(checker, name);
	}
	checker->enabled |= checker->required;
}

/* What changes how strings are read cannot be found half way through them (RFC
 * 5463 section 4). */
#define NEVER_BY_IHAVE \
	(SIEVE_BIT(SIEVE_EXT_ENCODED_CHARACTER) | \
		SIEVE_BIT(SIEVE_EXT_VARIABLES))

gboolean sieve_check_enable(SieveChecker *checker, const SieveArgument *names,
	SieveExtensions *found)
{
	SieveExtensions all = 0;
	for (guint i = 0; i < names->n_strings; i++) {
		if (!find_available(checker, names->strings[i].text, &all))
			return FALSE;
	}
	if ((all & NEVER_BY_IHAVE & ~checker->required) != 0)
		return FALSE;
	checker->enabled |= all;
	*found = all;
	return TRUE;
}

/* ---- Variables ---- */

static guint global_index(SieveChecker *checker, const char *name)
{
	SieveCompilation *compilation = checker->compilation;
	gpointer index;
	if (!g_hash_table_lookup_extended(
		    compilation->globals, name, NULL, &index)) {
		index = GUINT_TO_POINTER(compilation->script->n_globals++);
		g_hash_table_insert(
			compilation->globals, g_strdup(name), index);
	}
	return GPOINTER_TO_UINT(index);
}

/* The variable of a name, made where there is none; NULL, told, where there are
 * too many. */
static Variable *find_variable(
	SieveChecker *checker, SievePlace place, Bytes text)
{
	g_autofree char *name = g_ascii_strdown(text.data, (gssize)text.size);
	Variable *found = g_hash_table_lookup(checker->variables, name);
	if (found != NULL)
		return found;
	if (text.size > NAME_MAX_SIZE) {
		sieve_check_error(checker, place,
			"the name of a variable has %d characters at most",
			NAME_MAX_SIZE);
		return NULL;
	}
	if (checker->n_names >= VARIABLES_MAX) {
		if (checker->n_names++ == VARIABLES_MAX)
			sieve_check_error(checker, place,
				"a script has %d variables at most",
				VARIABLES_MAX);
		return NULL;
	}
	checker->n_names++;
	found = g_new0(Variable, 1);
	found->kind = SIEVE_LOCAL;
	found->index = checker->unit->n_variables++;
	g_hash_table_insert(checker->variables, g_steal_pointer(&name), found);
	return found;
}

/* A name with a namespace. */
static gboolean find_in_namespace(SieveChecker *checker, SievePlace place,
	Bytes reference, SievePiece *piece)
{
	const struct SieveExtraWords *extra = checker->compilation->extra;
	const char *constant = extra != NULL && extra->constant != NULL ?
		extra->constant(reference) :
		NULL;
	if (constant != NULL) {
		*piece = (SievePiece){ .kind = SIEVE_LITERAL,
			.literal = bytes_of_string(arena_strdup(
				sieve_check_arena(checker), constant)) };
		return TRUE;
	}
	gsize prefix = strlen("global.");
	Bytes name = bytes_slice(reference, prefix, reference.size);
	if (!text_has_prefix_nocase(reference, "global.") ||
		!sieve_check_has(checker, SIEVE_EXT_INCLUDE)) {
		sieve_check_error(checker, place,
			"%s is in no namespace that is known%s",
			sieve_quote(checker, reference),
			text_has_prefix_nocase(reference, "global.") ?
				" without: require \"include\"" :
				"");
		return FALSE;
	}
	if (!sieve_string_is_identifier(name) || name.size > NAME_MAX_SIZE) {
		sieve_check_error(checker, place,
			"%s is no variable of the namespace global",
			sieve_quote(checker, reference));
		return FALSE;
	}
	g_autofree char *folded = g_ascii_strdown(name.data, (gssize)name.size);
	piece->kind = SIEVE_GLOBAL_SCOPE;
	piece->index = global_index(checker, folded);
	return TRUE;
}

static gboolean find_reference(SieveChecker *checker, SievePlace place,
	Bytes reference, SievePiece *piece)
{
	*piece = (SievePiece){ .kind = SIEVE_MATCHED };
	if (sieve_string_is_matched(reference, &piece->index)) {
		if (piece->index < SIEVE_MATCHED_MAX)
			return TRUE;
		sieve_check_error(checker, place,
			"match variables go up to ${%d}, not to %s",
			SIEVE_MATCHED_MAX - 1, sieve_quote(checker, reference));
		return FALSE;
	}
	if (memchr(reference.data, '.', reference.size) != NULL)
		return find_in_namespace(checker, place, reference, piece);
	const Variable *variable = find_variable(checker, place, reference);
	if (variable == NULL)
		return FALSE;
	piece->kind = variable->kind;
	piece->index = variable->index;
	return TRUE;
}

static void add_literal(GArray *pieces, Bytes literal)
{
	SievePiece piece = { .kind = SIEVE_LITERAL, .literal = literal };
	if (literal.size > 0)
		g_array_append_val(pieces, piece);
}

static void find_pieces(SieveChecker *checker, SieveString *string)
{
	g_autoptr(GArray) pieces =
		g_array_new(FALSE, FALSE, sizeof(SievePiece));
	Bytes literal;
	Bytes reference;
	gsize pos = 0;
	while (sieve_string_next(string->text, &pos, &literal, &reference)) {
		SievePiece piece;
		add_literal(pieces, literal);
		if (find_reference(checker, string->place, reference, &piece))
			g_array_append_val(pieces, piece);
	}
	if (literal.size == string->text.size)
		return;
	add_literal(pieces, literal);
	SievePiece *kept = arena_new_array(
		sieve_check_arena(checker), SievePiece, MAX(pieces->len, 1));
	if (pieces->len > 0)
		memcpy(kept, pieces->data, sizeof(SievePiece) * pieces->len);
	string->pieces = kept;
	string->n_pieces = pieces->len;
}

/* A string of nothing but constants of namespaces is a constant. */
static void join_constants(SieveChecker *checker, SieveString *string)
{
	g_autoptr(GString) joined = g_string_new(NULL);
	for (guint i = 0; i < string->n_pieces; i++) {
		const SievePiece *piece = &string->pieces[i];
		if (piece->kind != SIEVE_LITERAL)
			return;
		g_string_append_len(joined, piece->literal.data,
			(gssize)piece->literal.size);
	}
	string->text = bytes_of(arena_copy(sieve_check_arena(checker),
					joined->str, joined->len),
		joined->len);
	string->pieces = NULL;
	string->n_pieces = 0;
}

void sieve_check_string(SieveChecker *checker, SieveString *string)
{
	if (sieve_check_has(checker, SIEVE_EXT_ENCODED_CHARACTER) &&
		!sieve_string_decode(sieve_check_arena(checker), string->text,
			&string->text))
		sieve_check_error(checker, string->place,
			"${unicode:} takes characters up to 10FFFF that are "
			"no surrogates");
	if (!sieve_check_has(checker, SIEVE_EXT_VARIABLES))
		return;
	find_pieces(checker, string);
	if (string->n_pieces > 0)
		join_constants(checker, string);
}

gboolean sieve_check_constant(
	SieveChecker *checker, const SieveString *string, const char *what)
{
	if (sieve_string_is_constant(string))
		return TRUE;
	sieve_check_error(checker, string->place,
		"%s must have no variables in it", what);
	return FALSE;
}

gboolean sieve_check_variable(
	SieveChecker *checker, const SieveString *name, SievePiece *variable)
{
	guint number;
	if (!sieve_check_constant(checker, name, "the name of a variable"))
		return FALSE;
	*variable = (SievePiece){ .kind = SIEVE_LOCAL };
	if (name->text.size > 0 &&
		memchr(name->text.data, '.', name->text.size) != NULL) {
		if (!find_in_namespace(
			    checker, name->place, name->text, variable))
			return FALSE;
		if (variable->kind != SIEVE_LITERAL)
			return TRUE;
		sieve_check_error(checker, name->place, "%s cannot be set",
			sieve_quote(checker, name->text));
		return FALSE;
	}
	if (sieve_string_is_matched(name->text, &number)) {
		sieve_check_error(checker, name->place,
			"%s is a match variable, which has what a test found "
			"and nothing else",
			sieve_quote(checker, name->text));
		return FALSE;
	}
	if (!sieve_string_is_identifier(name->text)) {
		sieve_check_error(checker, name->place,
			"%s cannot be the name of a variable: one has letters, "
			"digits and \"_\", and begins with no digit",
			sieve_quote(checker, name->text));
		return FALSE;
	}
	Variable *found = find_variable(checker, name->place, name->text);
	if (found == NULL)
		return FALSE;
	found->was_set = TRUE;
	variable->kind = found->kind;
	variable->index = found->index;
	return TRUE;
}

gboolean sieve_check_global(SieveChecker *checker, const SieveString *name)
{
	if (!sieve_check_constant(checker, name, "the name of a variable"))
		return FALSE;
	if (!sieve_string_is_identifier(name->text)) {
		sieve_check_error(checker, name->place,
			"%s cannot be the name of a global variable",
			sieve_quote(checker, name->text));
		return FALSE;
	}
	Variable *found = find_variable(checker, name->place, name->text);
	if (found == NULL)
		return FALSE;
	if (found->kind == SIEVE_LOCAL && found->was_set) {
		sieve_check_error(checker, name->place,
			"%s was set before it is declared global",
			sieve_quote(checker, name->text));
		return FALSE;
	}
	g_autofree char *folded =
		g_ascii_strdown(name->text.data, (gssize)name->text.size);
	found->kind = SIEVE_GLOBAL_SCOPE;
	found->index = global_index(checker, folded);
	return TRUE;
}

/* ---- Units ---- */

const SieveUnit *sieve_check_unit(SieveChecker *checker, SievePlace place,
	SieveLocation location, const char *name)
{
	SieveScript *script = checker->compilation->script;
	checker->is_uncertain = TRUE; /* by a stop in it */
	for (guint i = 0; i < script->units->len; i++) {
		const SieveUnit *unit = g_ptr_array_index(script->units, i);
		if (unit->location == location && strcmp(unit->name, name) == 0)
			return unit;
	}
	if (script->units->len >= script->limits->max_includes) {
		sieve_check_error(checker, place,
			"more than %u scripts are included",
			script->limits->max_includes);
		return NULL;
	}
	SieveUnit *unit = arena_new_object(script->arena, SieveUnit);
	unit->name = arena_strdup(script->arena, name);
	unit->location = location;
	unit->number = script->units->len;
	g_ptr_array_add(script->units, unit);
	return unit;
}
