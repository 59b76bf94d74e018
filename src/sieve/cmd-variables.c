/* SPDX-License-Identifier: GPL-2.0-or-later */
/* set (RFC 5229 section 4). */
#include "sieve/modifiers.h"
#include "sieve/words.h"

/* Modifiers change the value in the order of these rows, largest precedence
 * first; those of one slot exclude each other. */
typedef enum {
	LOWER,
	UPPER,
	LOWER_FIRST,
	UPPER_FIRST,
	QUOTE_WILDCARD,
	QUOTE_REGEX,
	ENCODE_URL,
	LENGTH,
} Modifier;

/* ---- Modifiers ---- */

/* ASCII letters only (RFC 5229 section 4.1.3). */
static void make_lower(const SieveLimits *limits G_GNUC_UNUSED, GString *value)
{
	g_string_ascii_down(value);
}

static void make_upper(const SieveLimits *limits G_GNUC_UNUSED, GString *value)
{
	g_string_ascii_up(value);
}

static void make_lower_first(
	const SieveLimits *limits G_GNUC_UNUSED, GString *value)
{
	if (value->len > 0)
		value->str[0] = g_ascii_tolower(value->str[0]);
}

static void make_upper_first(
	const SieveLimits *limits G_GNUC_UNUSED, GString *value)
{
	if (value->len > 0)
		value->str[0] = g_ascii_toupper(value->str[0]);
}

/* Puts a backslash before each of the characters, as far as it fits: a backslash
 * is never kept without what it quotes. */
static void quote(
	const SieveLimits *limits, GString *value, const char *special)
{
	GString *out = g_string_sized_new(value->len);
	for (gsize i = 0; i < value->len; i++) {
		char c = value->str[i];
		gboolean is_special = c != '\0' && strchr(special, c) != NULL;
		if (out->len + 1 + (is_special ? 1 : 0) >
			limits->max_variable_size)
			break;
		if (is_special)
			g_string_append_c(out, '\\');
		g_string_append_c(out, c);
	}
	g_string_truncate(value, 0);
	g_string_append_len(value, out->str, (gssize)out->len);
	g_string_free(out, TRUE);
}

static void quote_wildcard(const SieveLimits *limits, GString *value)
{
	quote(limits, value, "*?\\");
}

/* The regex draft. */
static void quote_regex(const SieveLimits *limits, GString *value)
{
	quote(limits, value, "*+?{}[]()|^$.\\");
}

/* RFC 5435 section 6: all octets but RFC 3986's unreserved ones, as many whole
 * characters as fit. */
static void encode_url(const SieveLimits *limits, GString *value)
{
	GString *out = g_string_sized_new(value->len);
	gsize whole = 0;
	for (gsize i = 0; i < value->len; i++) {
		char c = value->str[i];
		if (((guchar)c & 0xc0) != 0x80)
			whole = out->len;
		gboolean is_plain = g_ascii_isalnum(c) ||
			(c != '\0' && strchr("-._~", c) != NULL);
		if (out->len + (is_plain ? 1 : 3) > limits->max_variable_size) {
			g_string_truncate(out, whole);
			break;
		}
		if (is_plain)
			g_string_append_c(out, c);
		else
			g_string_append_printf(out, "%%%02X", (guint8)c);
	}
	g_string_truncate(value, 0);
	g_string_append_len(value, out->str, (gssize)out->len);
	g_string_free(out, TRUE);
}

/* In characters; a byte that is no UTF-8 is one. */
static void take_length(const SieveLimits *limits G_GNUC_UNUSED, GString *value)
{
	gsize n = 0;
	const char *at = value->str;
	const char *end = at + value->len;
	for (; at < end; n++) {
		gunichar c = g_utf8_get_char_validated(at, end - at);
		at = c == (gunichar)-1 || c == (gunichar)-2 ?
			at + 1 :
			g_utf8_next_char(at);
	}
	g_string_printf(value, "%" G_GSIZE_FORMAT, n);
}

static void (*const modifiers[])(const SieveLimits *limits, GString *value) = {
	[LOWER] = make_lower,
	[UPPER] = make_upper,
	[LOWER_FIRST] = make_lower_first,
	[UPPER_FIRST] = make_upper_first,
	[QUOTE_WILDCARD] = quote_wildcard,
	[QUOTE_REGEX] = quote_regex,
	[ENCODE_URL] = encode_url,
	[LENGTH] = take_length,
};

const SieveTag sieve_modifier_tags[] = {
	{ .name = "lower", .slot = SIEVE_SLOT_CASE, .number = LOWER },
	{ .name = "upper", .slot = SIEVE_SLOT_CASE, .number = UPPER },
	{ .name = "lowerfirst",
		.slot = SIEVE_SLOT_FIRST_CASE,
		.number = LOWER_FIRST },
	{ .name = "upperfirst",
		.slot = SIEVE_SLOT_FIRST_CASE,
		.number = UPPER_FIRST },
	{ .name = "quotewildcard",
		.slot = SIEVE_SLOT_QUOTE,
		.number = QUOTE_WILDCARD },
	{ .name = "quoteregex",
		.slot = SIEVE_SLOT_QUOTE,
		.needs = SIEVE_BIT(SIEVE_EXT_REGEX),
		.number = QUOTE_REGEX },
	{ .name = "encodeurl",
		.slot = SIEVE_SLOT_ENCODE,
		.needs = SIEVE_BIT(SIEVE_EXT_ENOTIFY),
		.number = ENCODE_URL },
	{ .name = "length", .slot = SIEVE_SLOT_LENGTH, .number = LENGTH },
	{ .name = NULL },
};

gboolean sieve_modify(SieveRun *run, const SieveNode *node, GString *value)
{
	gsize size = value->len;
	guint given = 0;
	for (guint i = 0; i < node->n_tags; i++) {
		const SieveTag *tag = node->tags[i].tag;
		if (tag >= sieve_modifier_tags &&
			tag < sieve_modifier_tags +
					G_N_ELEMENTS(sieve_modifier_tags))
			given |= 1u << tag->number;
	}
	for (guint i = 0; i < G_N_ELEMENTS(modifiers); i++) {
		if ((given >> i & 1) != 0)
			modifiers[i](run->limits, value);
	}
	return given == 0 || sieve_run_step(run, node, size / SIEVE_STEP_BYTES);
}

/* ---- The command ---- */

static void check_set(SieveChecker *checker, SieveNode *node)
{
	SievePiece *variable =
		arena_new_object(sieve_check_arena(checker), SievePiece);
	const SieveString *value = &node->positional[1]->strings[0];
	gsize limit = sieve_check_limits(checker)->max_variable_size;
	node->data = variable;
	sieve_check_variable(
		checker, &node->positional[0]->strings[0], variable);
	/* RFC 5229 section 6: an error where it is known now. */
	if (sieve_string_is_constant(value) && value->text.size > limit &&
		sieve_node_tag(node, SIEVE_SLOT_LENGTH) == NULL)
		sieve_check_error(checker, value->place,
			"a variable holds %" G_GSIZE_FORMAT
			" bytes, this text has %" G_GSIZE_FORMAT,
			limit, value->text.size);
}

static gboolean run_set(SieveRun *run, const SieveNode *node)
{
	Bytes value;
	if (!sieve_run_string(
		    run, node, &node->positional[1]->strings[0], &value))
		return FALSE;
	if (node->n_tags == 0) {
		sieve_run_set(run, node->data, value);
		return TRUE;
	}
	g_autoptr(GString) changed =
		g_string_new_len(value.data, (gssize)value.size);
	if (!sieve_modify(run, node, changed))
		return FALSE;
	sieve_run_set(run, node->data, bytes_of(changed->str, changed->len));
	return TRUE;
}

const SieveWord sieve_words_variables[] = {
	{ .name = "set",
		.needs = SIEVE_BIT(SIEVE_EXT_VARIABLES),
		.arguments = { SIEVE_TYPE_STRING, SIEVE_TYPE_STRING },
		.called = "variable, value",
		.shared = SIEVE_TAGS_MODIFIERS,
		.check = check_set,
		.run = run_set },
	{ .name = NULL },
};
