/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A source as a tree (RFC 5228 section 8.2), by recursive descent: blocks and
 * tests nest up to max_nesting deep. */
#include "sieve/parse.h"

#include "sieve/lex.h"

typedef struct {
	SieveLexer lexer;
	SieveToken token; /* the next one */
	Arena *arena;
	guint nesting;
	guint max_nesting;
	GArray *arguments; /* SieveArgument, of the nodes that are open */
	GArray *strings;   /* SieveString, of the list that is open */
} Parser;

static void step(Parser *parser)
{
	parser->token = sieve_lexer_next(&parser->lexer);
}

static gboolean is_mark(const Parser *parser, char mark)
{
	return parser->token.kind == SIEVE_TOKEN_MARK &&
		parser->token.mark == mark;
}

static gboolean is_kind(const Parser *parser, SieveTokenKind kind)
{
	return parser->token.kind == kind;
}

/* What the next token is, for an error's text; valid as long as the arena. */
static const char *token_text(Parser *parser)
{
	const SieveToken *token = &parser->token;
	switch (token->kind) {
	case SIEVE_TOKEN_END:
		return "the end of the script";
	case SIEVE_TOKEN_NUMBER:
		return "a number";
	case SIEVE_TOKEN_STRING:
		return "a string";
	case SIEVE_TOKEN_MARK:
		return arena_printf(parser->arena, "'%c'", token->mark);
	case SIEVE_TOKEN_TAG:
		return arena_printf(parser->arena, "':%.*s'",
			(int)MIN(token->text.size, 40), token->text.data);
	case SIEVE_TOKEN_IDENTIFIER:
		return arena_printf(parser->arena, "'%.*s'",
			(int)MIN(token->text.size, 40), token->text.data);
	case SIEVE_TOKEN_BAD:
		break;
	}
	return "this";
}

/* Always FALSE.  A bad token was told by the lexer. */
static gboolean expected(Parser *parser, const char *what)
{
	if (!is_kind(parser, SIEVE_TOKEN_BAD))
		sieve_report_error(parser->lexer.report, parser->lexer.script,
			parser->token.place, "%s expected, not %s", what,
			token_text(parser));
	return FALSE;
}

/* FALSE, told, where another level is too deep. */
static gboolean enter(Parser *parser)
{
	if (parser->nesting < parser->max_nesting) {
		parser->nesting++;
		return TRUE;
	}
	sieve_report_error(parser->lexer.report, parser->lexer.script,
		parser->token.place,
		"blocks and tests nest more than %u levels deep",
		parser->max_nesting);
	return FALSE;
}

static void leave(Parser *parser)
{
	parser->nesting--;
}

/* ---- Arguments ---- */

static void add_string(Parser *parser)
{
	SieveString string = { .place = parser->token.place,
		.text = parser->token.text };
	g_array_append_val(parser->strings, string);
	step(parser);
}

static gboolean parse_list(Parser *parser)
{
	step(parser);
	for (;;) {
		if (!is_kind(parser, SIEVE_TOKEN_STRING))
			return expected(parser, "a string of the list");
		add_string(parser);
		if (is_mark(parser, ']'))
			break;
		if (!is_mark(parser, ','))
			return expected(parser, "',' or ']' in a list");
		step(parser);
	}
	step(parser);
	return TRUE;
}

static void keep_strings(Parser *parser, SieveArgument *argument)
{
	argument->n_strings = parser->strings->len;
	argument->strings = arena_new_array(
		parser->arena, SieveString, argument->n_strings);
	memcpy(argument->strings, parser->strings->data,
		sizeof(SieveString) * argument->n_strings);
}

/* One argument.  *found is FALSE where there is none. */
static gboolean parse_argument(Parser *parser, gboolean *found)
{
	SieveArgument argument = { .place = parser->token.place };
	*found = TRUE;
	g_array_set_size(parser->strings, 0);
	if (is_kind(parser, SIEVE_TOKEN_NUMBER)) {
		argument.kind = SIEVE_NUMBER;
		argument.number = parser->token.number;
		step(parser);
	} else if (is_kind(parser, SIEVE_TOKEN_TAG)) {
		argument.kind = SIEVE_TAG;
		argument.tag = parser->token.text;
		step(parser);
	} else if (is_kind(parser, SIEVE_TOKEN_STRING)) {
		argument.kind = SIEVE_STRING;
		add_string(parser);
		keep_strings(parser, &argument);
	} else if (is_mark(parser, '[')) {
		argument.kind = SIEVE_STRINGS;
		if (!parse_list(parser))
			return FALSE;
		keep_strings(parser, &argument);
	} else {
		*found = FALSE;
		return TRUE;
	}
	g_array_append_val(parser->arguments, argument);
	return TRUE;
}

static gboolean parse_arguments(Parser *parser, SieveNode *node)
{
	guint first = parser->arguments->len;
	gboolean found = TRUE;
	gboolean good = TRUE;
	while (good && found)
		good = parse_argument(parser, &found);
	node->n_arguments = parser->arguments->len - first;
	if (node->n_arguments > 0) {
		node->arguments = arena_new_array(
			parser->arena, SieveArgument, node->n_arguments);
		memcpy(node->arguments,
			&g_array_index(parser->arguments, SieveArgument, first),
			sizeof(SieveArgument) * node->n_arguments);
	}
	g_array_set_size(parser->arguments, first);
	return good;
}

/* ---- Tests ---- */

static gboolean parse_node(Parser *parser, SieveNode **made);

static gboolean parse_test_list(Parser *parser, SieveNode *node)
{
	SieveNode **tail = &node->tests;
	node->is_test_list = TRUE;
	do {
		step(parser);
		if (!is_kind(parser, SIEVE_TOKEN_IDENTIFIER))
			return expected(parser, "a test");
		if (!parse_node(parser, tail))
			return FALSE;
		tail = &(*tail)->next;
		node->n_tests++;
	} while (is_mark(parser, ','));
	if (!is_mark(parser, ')'))
		return expected(parser, "',' or ')' behind a test");
	step(parser);
	return TRUE;
}

static gboolean parse_tests(Parser *parser, SieveNode *node)
{
	gboolean is_list = is_mark(parser, '(');
	if (!is_list && !is_kind(parser, SIEVE_TOKEN_IDENTIFIER))
		return TRUE;
	if (!enter(parser))
		return FALSE;
	node->n_tests = is_list ? 0 : 1;
	gboolean good = is_list ? parse_test_list(parser, node) :
				  parse_node(parser, &node->tests);
	leave(parser);
	return good;
}

/* Name, arguments and tests of a command or a test. */
static gboolean parse_node(Parser *parser, SieveNode **made)
{
	SieveNode *node = arena_new_object(parser->arena, SieveNode);
	*made = node;
	node->place = parser->token.place;
	node->name = parser->token.text;
	step(parser);
	node->is_broken =
		!parse_arguments(parser, node) || !parse_tests(parser, node);
	return !node->is_broken;
}

/* ---- Commands ---- */

/* What is left of a block too deep, or of one that belongs to nothing. */
static void skip_block(Parser *parser)
{
	guint open = 0;
	do {
		if (is_mark(parser, '{'))
			open++;
		else if (is_mark(parser, '}'))
			open--;
		step(parser);
	} while (open > 0 && !is_kind(parser, SIEVE_TOKEN_END));
}

/* To where a command that is wrong ends, or its block begins. */
static void recover(Parser *parser)
{
	while (!is_kind(parser, SIEVE_TOKEN_END) && !is_mark(parser, ';') &&
		!is_mark(parser, '{') && !is_mark(parser, '}'))
		step(parser);
}

static SieveNode *parse_commands(Parser *parser, gboolean in_block);

static void parse_block(Parser *parser, SieveNode *node)
{
	SievePlace open = parser->token.place;
	gboolean was_told =
		node->is_broken && parser->nesting >= parser->max_nesting;
	node->has_block = TRUE;
	if (was_told || !enter(parser)) {
		node->is_broken = TRUE;
		skip_block(parser);
		return;
	}
	step(parser);
	node->block = parse_commands(parser, TRUE);
	leave(parser);
	if (is_mark(parser, '}'))
		step(parser);
	else
		sieve_report_error(parser->lexer.report, parser->lexer.script,
			open, "this block has no '}' at its end");
}

static void tell_no_semicolon(Parser *parser, SieveNode *node)
{
	node->is_broken = TRUE;
	if (is_kind(parser, SIEVE_TOKEN_BAD))
		return;
	gboolean is_list = node->tests != NULL && is_mark(parser, ',');
	sieve_report_error(parser->lexer.report, parser->lexer.script,
		parser->lexer.end,
		"'%c' expected behind the command '%.*s', not %s%s",
		node->tests != NULL ? '{' : ';', (int)MIN(node->name.size, 40),
		node->name.data, token_text(parser),
		is_list ? "; tests in a list stand in the parentheses of "
			  "allof or anyof" :
			  "");
}

static void parse_command(Parser *parser, SieveNode **made)
{
	gboolean good = parse_node(parser, made);
	if (good && !is_mark(parser, ';') && !is_mark(parser, '{'))
		tell_no_semicolon(parser, *made);
	if ((*made)->is_broken)
		recover(parser);
	if (is_mark(parser, '{'))
		parse_block(parser, *made);
	else if (is_mark(parser, ';'))
		step(parser);
}

/* Something that begins no command. */
static void parse_nonsense(Parser *parser)
{
	expected(parser, "a command");
	do {
		step(parser);
	} while (is_kind(parser, SIEVE_TOKEN_BAD));
	recover(parser);
	if (is_mark(parser, '{'))
		skip_block(parser);
	else if (is_mark(parser, ';'))
		step(parser);
}

static SieveNode *parse_commands(Parser *parser, gboolean in_block)
{
	SieveNode *first = NULL;
	SieveNode **tail = &first;
	while (!is_kind(parser, SIEVE_TOKEN_END)) {
		if (is_mark(parser, '}') && in_block)
			break;
		if (is_kind(parser, SIEVE_TOKEN_IDENTIFIER)) {
			parse_command(parser, tail);
			tail = &(*tail)->next;
		} else if (is_mark(parser, '}')) {
			sieve_report_error(parser->lexer.report,
				parser->lexer.script, parser->token.place,
				"this '}' closes no block");
			step(parser);
		} else {
			parse_nonsense(parser);
		}
	}
	return first;
}

SieveNode *sieve_parse(Arena *arena, SieveReport *report,
	const SieveLimits *limits, const char *script, Bytes source)
{
	Parser parser = {
		.arena = arena,
		.max_nesting = limits->max_nesting,
		.arguments = g_array_new(FALSE, FALSE, sizeof(SieveArgument)),
		.strings = g_array_new(FALSE, FALSE, sizeof(SieveString)),
	};
	sieve_lexer_init(&parser.lexer, arena, report, script, source);
	step(&parser);
	SieveNode *first = parse_commands(&parser, FALSE);
	sieve_lexer_clear(&parser.lexer);
	g_array_unref(parser.arguments);
	g_array_unref(parser.strings);
	return first;
}
