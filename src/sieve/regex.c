/* SPDX-License-Identifier: GPL-2.0-or-later */
/* POSIX extended regular expressions: from the text to steps. */
#include "sieve/regex.h"

#include "base/errors.h"
#include "base/text.h"
#include "sieve/regex-private.h"

#define NO_MAXIMUM G_MAXUINT

typedef enum {
	NODE_STEP,   /* one step */
	NODE_CAT,    /* children, one after the other */
	NODE_ALT,    /* one of the children */
	NODE_GROUP,  /* one child */
	NODE_REPEAT, /* one child */
} NodeKind;

typedef struct Node Node;
struct Node {
	NodeKind kind;
	RegexStep step;
	guint min;
	guint max;
	guint group; /* 0: is not told */
	Node *child;
	Node *next;
};

typedef struct {
	SieveRegex *regex;
	Bytes pattern;
	gsize at;
	guint depth;
	guint groups;
	guint visits; /* of nodes, when steps are written */
	GError **error;
} Parser;

void regex_refuse(GError **error, gsize place, const char *reason)
{
	g_autofree char *text =
		g_strdup_printf("at character %" G_GSIZE_FORMAT
				" of the regular expression: %s",
			place + 1, reason);
	dbmail_error_set(error, DBMAIL_ERROR_INVALID, text, "%s", reason);
}

gunichar regex_character(Bytes text, gsize at, gsize *size)
{
	guchar byte = (guchar)text.data[at];
	*size = 1;
	if (byte < 0x80)
		return byte;
	gunichar c = g_utf8_get_char_validated(
		text.data + at, (gssize)MIN(text.size - at, 4));
	if (c >= REGEX_BYTE)
		return REGEX_BYTE + byte;
	*size = (gsize)g_utf8_skip[byte];
	return c;
}

static Node *node_new(Parser *p, NodeKind kind)
{
	Node *node = arena_new_object(p->regex->arena, Node);
	node->kind = kind;
	return node;
}

static Node *step_node(Parser *p, RegexOp op, gunichar c)
{
	Node *node = node_new(p, NODE_STEP);
	node->step.op = op;
	node->step.c = regex_fold(p->regex->how, c);
	return node;
}

static gboolean is_at(const Parser *p, char c)
{
	return p->at < p->pattern.size && p->pattern.data[p->at] == c;
}

static Node *parse_alternatives(Parser *p);

static Node *refuse(Parser *p, gsize place, const char *reason)
{
	regex_refuse(p->error, place, reason);
	return NULL;
}

static Node *parse_group(Parser *p)
{
	gsize begin = p->at - 1;
	Node *node = node_new(p, NODE_GROUP);

	if (is_at(p, '?'))
		return refuse(p, p->at, "\"(?\" is not POSIX");
	if (p->depth >= SIEVE_REGEX_DEPTH_MAX)
		return refuse(p, begin, "groups are nested too deep");
	if (p->groups < SIEVE_REGEX_GROUPS_MAX)
		node->group = p->groups++;
	p->depth++;
	node->child = parse_alternatives(p);
	p->depth--;
	if (node->child == NULL)
		return NULL;
	if (!is_at(p, ')'))
		return refuse(p, begin, "\"(\" has no \")\"");
	p->at++;
	return node;
}

/* The bracket expression of the pattern whose inside begins at *at. */
static Node *bracket_node(Parser *p, Bytes pattern, gsize *at)
{
	RegexSet *set;
	if (!regex_bracket_parse(p->regex->arena, p->regex->how, pattern, at,
		    &set, p->error))
		return NULL;
	Node *node = step_node(p, REGEX_SET, 0);
	node->step.set = set;
	return node;
}

static Node *parse_bracket(Parser *p)
{
	return bracket_node(p, p->pattern, &p->at);
}

/* What POSIX leaves open and other engines agree on. */
static const struct {
	char letter;
	const char *bracket; /* behind its "["; NULL: op */
	RegexOp op;
} escapes[] = {
	{ 'd', "[:digit:]]", REGEX_SET },
	{ 'D', "^[:digit:]]", REGEX_SET },
	{ 's', "[:space:]]", REGEX_SET },
	{ 'S', "^[:space:]]", REGEX_SET },
	{ 'w', "[:alnum:]_]", REGEX_SET },
	{ 'W', "^[:alnum:]_]", REGEX_SET },
	{ 'b', NULL, REGEX_WORD_EDGE },
	{ 'B', NULL, REGEX_NO_WORD_EDGE },
	{ '<', NULL, REGEX_WORD_BEGIN },
	{ '>', NULL, REGEX_WORD_END },
};

static Node *escape_node(Parser *p, char letter)
{
	for (guint i = 0; i < G_N_ELEMENTS(escapes); i++) {
		gsize at = 0;
		if (escapes[i].letter != letter)
			continue;
		if (escapes[i].bracket == NULL)
			return step_node(p, escapes[i].op, 0);
		return bracket_node(
			p, bytes_of_string(escapes[i].bracket), &at);
	}
	return NULL;
}

static Node *parse_escape(Parser *p)
{
	gsize size;
	gsize begin = p->at - 1;
	if (p->at >= p->pattern.size)
		return refuse(p, begin, "a backslash is the last character");
	char c = p->pattern.data[p->at];
	Node *node = escape_node(p, c);
	if (node != NULL) {
		p->at++;
		return node;
	}
	if (g_ascii_isalnum(c) || c == '`' || c == '\'')
		return refuse(p, begin,
			"the backslash means nothing there; it quotes "
			"punctuation, and there are \\d, \\s, \\w, \\D, \\S, "
			"\\W, \\b, \\B, \\< and \\>");
	gunichar character = regex_character(p->pattern, p->at, &size);
	p->at += size;
	return step_node(p, REGEX_CHAR, character);
}

/* One character, class, anchor or group. */
static Node *parse_atom(Parser *p)
{
	gsize size;
	gunichar c = regex_character(p->pattern, p->at, &size);

	p->at += size;
	switch (c) {
	case '(':
		return parse_group(p);
	case '[':
		return parse_bracket(p);
	case '\\':
		return parse_escape(p);
	case '.':
		return step_node(p, REGEX_ANY, 0);
	case '^':
		return step_node(p, REGEX_LINE_BEGIN, 0);
	case '$':
		return step_node(p, REGEX_LINE_END, 0);
	case '*':
	case '+':
	case '?':
	case '{':
		return refuse(p, p->at - 1, "there is nothing to repeat");
	default:
		return step_node(p, REGEX_CHAR, c);
	}
}

static gboolean read_count(Parser *p, guint *count)
{
	guint value = 0;
	gsize begin = p->at;
	while (p->at < p->pattern.size &&
		g_ascii_isdigit(p->pattern.data[p->at])) {
		value = value * 10 + (guint)(p->pattern.data[p->at++] - '0');
		if (value > SIEVE_REGEX_REPEAT_MAX)
			return FALSE;
	}
	*count = value;
	return p->at > begin;
}

/* What is between "{", which was read, and "}". */
static gboolean parse_interval(Parser *p, Node *node)
{
	gsize begin = p->at - 1;
	gboolean is_good = read_count(p, &node->min);

	node->max = node->min;
	if (is_good && is_at(p, ',')) {
		p->at++;
		node->max = NO_MAXIMUM;
		if (!is_at(p, '}'))
			is_good = read_count(p, &node->max);
	}
	if (is_good && is_at(p, '}') && node->min <= node->max) {
		p->at++;
		return TRUE;
	}
	regex_refuse(p->error, begin,
		"\"{\" wants numbers up to 255 as in {2}, {2,} or {2,5}");
	return FALSE;
}

static gboolean at_repetition(const Parser *p)
{
	return is_at(p, '*') || is_at(p, '+') || is_at(p, '?') || is_at(p, '{');
}

/* TRUE for a step that takes a character. */
static gboolean takes_one(RegexOp op)
{
	return op == REGEX_CHAR || op == REGEX_ANY || op == REGEX_SET;
}

static Node *parse_repeated(Parser *p)
{
	Node *atom = parse_atom(p);
	if (atom == NULL || !at_repetition(p))
		return atom;
	if (atom->kind == NODE_STEP && !takes_one(atom->step.op))
		return refuse(p, p->at, "an anchor cannot be repeated");
	Node *node = node_new(p, NODE_REPEAT);
	node->child = atom;
	char c = p->pattern.data[p->at++];
	node->min = c == '+' ? 1 : 0;
	node->max = c == '?' ? 1 : NO_MAXIMUM;
	if (c == '{' && !parse_interval(p, node))
		return NULL;
	if (is_at(p, '?'))
		return refuse(p, p->at,
			"no repetition is lazy: the longest match is taken");
	if (at_repetition(p))
		return refuse(p, p->at, "a repetition cannot be repeated");
	return node;
}

/* Up to "|", or the ")" of the group; a ")" of no group means itself. */
static Node *parse_sequence(Parser *p)
{
	Node *node = node_new(p, NODE_CAT);
	Node **last = &node->child;

	while (p->at < p->pattern.size && !is_at(p, '|') &&
		!(p->depth > 0 && is_at(p, ')'))) {
		*last = parse_repeated(p);
		if (*last == NULL)
			return NULL;
		last = &(*last)->next;
	}
	return node;
}

static Node *parse_alternatives(Parser *p)
{
	Node *node = node_new(p, NODE_ALT);
	Node **last = &node->child;

	for (;;) {
		*last = parse_sequence(p);
		if (*last == NULL)
			return NULL;
		last = &(*last)->next;
		if (!is_at(p, '|'))
			return node;
		p->at++;
	}
}

static gboolean write_node(Parser *p, const Node *node);

static guint32 steps_count(const Parser *p)
{
	return p->regex->steps->len;
}

static RegexStep *step_at(Parser *p, guint32 index)
{
	return &g_array_index(p->regex->steps, RegexStep, index);
}

static guint32 write_step(Parser *p, RegexStep step)
{
	g_array_append_val(p->regex->steps, step);
	return steps_count(p) - 1;
}

static gboolean check_size(Parser *p)
{
	p->visits++;
	if (p->regex->steps->len < SIEVE_REGEX_STEPS_MAX &&
		p->visits < 16 * SIEVE_REGEX_STEPS_MAX)
		return TRUE;
	dbmail_error_set(p->error, DBMAIL_ERROR_LIMIT,
		"the regular expression is too large", "more than %d steps",
		SIEVE_REGEX_STEPS_MAX);
	return FALSE;
}

/* a|b|c: split to a; jump to the end; split to b; ... */
static gboolean write_alternatives(Parser *p, const Node *node)
{
	guint32 last_jump = G_MAXUINT32;

	for (const Node *at = node->child; at != NULL; at = at->next) {
		guint32 split = steps_count(p);
		if (at->next != NULL)
			write_step(p,
				(RegexStep){
					.op = REGEX_SPLIT, .x = split + 1 });
		if (!write_node(p, at))
			return FALSE;
		if (at->next == NULL)
			break;
		/* Jumps to the end are chained until the end is known. */
		last_jump = write_step(
			p, (RegexStep){ .op = REGEX_JUMP, .x = last_jump });
		step_at(p, split)->y = steps_count(p);
	}
	while (last_jump != G_MAXUINT32) {
		guint32 before = step_at(p, last_jump)->x;
		step_at(p, last_jump)->x = steps_count(p);
		last_jump = before;
	}
	return TRUE;
}

static gboolean write_group(Parser *p, const Node *node)
{
	if (node->group > 0)
		write_step(p,
			(RegexStep){ .op = REGEX_SAVE, .x = 2 * node->group });
	if (!write_node(p, node->child))
		return FALSE;
	if (node->group > 0)
		write_step(p,
			(RegexStep){
				.op = REGEX_SAVE, .x = 2 * node->group + 1 });
	return TRUE;
}

static gboolean write_repeat(Parser *p, const Node *node)
{
	guint32 first_split = G_MAXUINT32;

	for (guint i = 0; i < node->min; i++) {
		if (!write_node(p, node->child))
			return FALSE;
	}
	if (node->max == NO_MAXIMUM) {
		guint32 split = steps_count(p);
		write_step(p, (RegexStep){ .op = REGEX_SPLIT, .x = split + 1 });
		if (!write_node(p, node->child))
			return FALSE;
		write_step(p, (RegexStep){ .op = REGEX_JUMP, .x = split });
		step_at(p, split)->y = steps_count(p);
		return TRUE;
	}
	for (guint i = node->min; i < node->max; i++) {
		guint32 split = steps_count(p);
		write_step(p,
			(RegexStep){ .op = REGEX_SPLIT,
				.x = split + 1,
				.y = first_split });
		first_split = split;
		if (!write_node(p, node->child))
			return FALSE;
	}
	while (first_split != G_MAXUINT32) {
		guint32 before = step_at(p, first_split)->y;
		step_at(p, first_split)->y = steps_count(p);
		first_split = before;
	}
	return TRUE;
}

static gboolean write_sequence(Parser *p, const Node *node)
{
	for (const Node *at = node->child; at != NULL; at = at->next) {
		if (!write_node(p, at))
			return FALSE;
	}
	return TRUE;
}

static gboolean write_node(Parser *p, const Node *node)
{
	if (!check_size(p))
		return FALSE;
	switch (node->kind) {
	case NODE_STEP:
		write_step(p, node->step);
		return TRUE;
	case NODE_CAT:
		return write_sequence(p, node);
	case NODE_ALT:
		return write_alternatives(p, node);
	case NODE_GROUP:
		return write_group(p, node);
	case NODE_REPEAT:
		return write_repeat(p, node);
	}
	return TRUE;
}

SieveRegex *sieve_regex_new(Bytes pattern, SieveRegexCase how, GError **error)
{
	g_autoptr(SieveRegex) regex = g_new0(SieveRegex, 1);
	Parser p = {
		.regex = regex, .pattern = pattern, .groups = 1, .error = error
	};

	regex->arena = arena_new();
	regex->how = how;
	regex->steps = g_array_new(FALSE, FALSE, sizeof(RegexStep));
	Node *root = parse_alternatives(&p);
	if (root == NULL)
		return NULL;
	write_step(&p, (RegexStep){ .op = REGEX_SAVE, .x = 0 });
	if (!write_node(&p, root))
		return NULL;
	write_step(&p, (RegexStep){ .op = REGEX_SAVE, .x = 1 });
	write_step(&p, (RegexStep){ .op = REGEX_MATCH });
	regex->groups = p.groups;
	regex_find_first(regex);
	return g_steal_pointer(&regex);
}

void sieve_regex_free(SieveRegex **regex)
{
	if (*regex == NULL)
		return;
	if ((*regex)->steps != NULL)
		g_array_unref((*regex)->steps);
	arena_free(&(*regex)->arena);
	g_clear_pointer(regex, g_free);
}

/* An arena's first block is there even for a short one. */
#define ARENA_LEAST 4096

gsize sieve_regex_size(const SieveRegex *regex)
{
	return sizeof(*regex) + regex->steps->len * sizeof(RegexStep) +
		MAX(arena_used(regex->arena), ARENA_LEAST);
}

guint sieve_regex_groups(const SieveRegex *regex)
{
	return regex->groups;
}
