/* SPDX-License-Identifier: GPL-2.0-or-later */
/* FILTER: searches that a user keeps under a name (RFC 5466). */
#include "imap/search-filter.h"

#include "base/text.h"
#include "store/metadata.h"

#define PRIVATE "/private/filters/values/"
#define SHARED "/shared/filters/values/"

struct FilterValue {
	const char *name;
	gboolean is_there;
	Bytes value;
	FilterValue *next;
};

typedef struct {
	ImapSession *session;
	SearchArgs *args;
	ImapNumbers numbers;
	Arena *arena;
	GPtrArray *sets;
	guint count;
	gsize bytes;
} Putting;

/* --- values ---------------------------------------------------------------- */

static FilterValue *find_value(const SearchArgs *args, const char *name)
{
	FilterValue *value = args->filter_values;

	while (value != NULL && g_ascii_strcasecmp(value->name, name) != 0)
		value = value->next;
	return value;
}

/* Those that are not known yet get a row each, empty. */
static GPtrArray *note_unknown(Putting *putting)
{
	Arena *arena = putting->session->arena;
	SearchArgs *args = putting->args;
	GPtrArray *entries = g_ptr_array_new_with_free_func(g_free);

	for (const SearchFilter *f = args->program.filters; f != NULL;
		f = f->next) {
		if (find_value(args, f->name) != NULL)
			continue;
		g_autofree char *name = g_ascii_strdown(f->name, -1);
		FilterValue *value = arena_new_object(arena, FilterValue);
		value->name = arena_strdup(arena, name);
		value->next = args->filter_values;
		args->filter_values = value;
		g_ptr_array_add(entries, g_strconcat(PRIVATE, name, NULL));
		g_ptr_array_add(entries, g_strconcat(SHARED, name, NULL));
	}
	return entries;
}

/* A /private one comes before a /shared one of that name, and stays. */
static void keep_value(Putting *putting, const MetadataEntry *entry)
{
	const char *name = strrchr(entry->entry, '/') + 1;
	FilterValue *value = find_value(putting->args, name);

	if (value == NULL || value->is_there || entry->value == NULL)
		return;
	value->is_there = TRUE;
	value->value = bytes_of(
		arena_copy(putting->session->arena, entry->value, entry->size),
		entry->size);
}

static gboolean read_values(Putting *putting, GError **error)
{
	static const gint64 server[] = { METADATA_SERVER };
	g_autoptr(GPtrArray) entries = note_unknown(putting);
	g_autoptr(GPtrArray) found = NULL;

	if (entries->len == 0)
		return TRUE;
	g_ptr_array_add(entries, NULL);
	MetadataQuery query = {
		.user = putting->session->user->id,
		.mailboxes = server,
		.mailbox_count = G_N_ELEMENTS(server),
		.entries = (const char *const *)entries->pdata,
		.depth = METADATA_DEPTH_0,
		.max_size = FILTER_BYTES_MAX,
	};
	if (!metadata_get(putting->session->store, &query, &found, error))
		return FALSE;
	for (guint i = 0; i < found->len; i++)
		keep_value(putting, g_ptr_array_index(found, i));
	return TRUE;
}

/* --- keys ------------------------------------------------------------------ */

/* The value as lines and literals, as if it had come from the client. */
static GArray *cut_value(Bytes value)
{
	GArray *chunks = g_array_new(FALSE, FALSE, sizeof(ImapChunk));
	ImapLiteral literal;
	gboolean more;

	do {
		const char *end = value.size == 0 ?
			NULL :
			memchr(value.data, '\n', value.size);
		gsize size =
			end == NULL ? value.size : (gsize)(end - value.data);
		ImapChunk chunk = { .line = bytes_slice(value, 0, size) };
		value = bytes_slice(value, size + 1, G_MAXSIZE);
		if (chunk.line.size > 0 &&
			chunk.line.data[chunk.line.size - 1] == '\r')
			chunk.line.size--;
		more = end != NULL && literal_at_end(chunk.line, &literal) &&
			literal.size <= value.size;
		if (more) {
			chunk.has_literal = TRUE;
			chunk.literal =
				bytes_slice(value, 0, (gsize)literal.size);
			value = bytes_slice(
				value, (gsize)literal.size, G_MAXSIZE);
		}
		g_array_append_val(chunks, chunk);
	} while (more);
	return chunks;
}

static void make_fuzzy(SearchKey *key)
{
	key->fuzzy = key->kind == SEARCH_HEADER || key->kind == SEARCH_BODY ||
		key->kind == SEARCH_TEXT;
	for (SearchKey *child = key->first_child; child != NULL;
		child = child->next)
		make_fuzzy(child);
}

/* Reads the value into the filter's key; the filters it names are hung up at
 * *next.  FALSE: it is no search. */
static gboolean put_value(Putting *putting, const SearchFilter *filter,
	Bytes value, SearchFilter ***next)
{
	g_autoptr(GArray) chunks = cut_value(value);
	SearchProgram program;
	ImapParser parser;

	parser_init(&parser, putting->arena, (const ImapChunk *)chunks->data,
		chunks->len, putting->sets);
	parser.numbers = putting->numbers;
	if (!search_key_parse(&parser, &program) || !parse_end(&parser) ||
		program.has_charset)
		return FALSE;
	if (filter->fuzzy)
		make_fuzzy(program.key);
	SearchKey *after = filter->key->next;
	*filter->key = *program.key;
	filter->key->next = after;
	putting->args->program.uses |= program.uses;
	**next = program.filters;
	for (SearchFilter *f = program.filters; f != NULL; f = f->next) {
		f->fuzzy = f->fuzzy || filter->fuzzy;
		*next = &f->next;
	}
	return TRUE;
}

/* FALSE: *undefined is the filter that is none. */
static gboolean put_all(Putting *putting, const char **undefined)
{
	SearchProgram *program = &putting->args->program;
	SearchFilter *filters = program->filters;
	SearchFilter **next = &program->filters;

	program->filters = NULL;
	for (const SearchFilter *f = filters; f != NULL; f = f->next) {
		const FilterValue *value = find_value(putting->args, f->name);
		putting->count++;
		if (value != NULL)
			putting->bytes += value->value.size;
		if (value == NULL || !value->is_there ||
			putting->count > FILTERS_MAX ||
			putting->bytes > FILTER_BYTES_MAX ||
			!put_value(putting, f, value->value, &next)) {
			*undefined = f->name;
			return FALSE;
		}
	}
	return TRUE;
}

gboolean search_filters_put(ImapSession *session, SearchArgs *args,
	ImapNumbers numbers, Arena *arena, GPtrArray *sets,
	const char **undefined, GError **error)
{
	Putting putting = { .session = session,
		.args = args,
		.numbers = numbers,
		.arena = arena,
		.sets = sets };

	*undefined = NULL;
	for (guint pass = 0; pass < FILTER_PASSES_MAX; pass++) {
		if (args->program.filters == NULL)
			return TRUE;
		if (!read_values(&putting, error))
			return FALSE;
		if (!put_all(&putting, undefined))
			return TRUE;
	}
	/* They name each other in a circle, or nearly (section 3.1). */
	if (args->program.filters != NULL)
		*undefined = args->program.filters->name;
	return TRUE;
}
