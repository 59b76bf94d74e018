/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IMAP commands with their literals, one after the other, in every state. */
#include "fuzz.h"

#include "imap/fetch-item.h"
#include "imap/list-match.h"
#include "imap/utf7.h"
#include "../imap/wire.h"

/* What was parsed once is parsed again from its own start with the same
 * result: the session counts on it when a literal has come. */
static void check_again(const Wire *wire, ImapState state, ImapNumbers numbers)
{
	g_autoptr(Arena) arena = arena_new();
	g_autoptr(GPtrArray) sets =
		g_ptr_array_new_with_free_func(parser_free_set);
	ImapParser parser;
	ImapCommand command;

	parser_init(&parser, arena, (const ImapChunk *)wire->chunks->data,
		wire->chunks->len, sets);
	parser.numbers = numbers;
	g_assert_cmpint(
		command_parse(&parser, state, &command), ==, wire->status);
	g_assert_true(command.row == wire->command.row);
	if (wire->status == PARSE_ERROR)
		g_assert_cmpuint(parser_column(&parser), ==,
			parser_column(&wire->parser));
}

/* A name that is taken is the one right spelling of itself. */
static void check_name(Bytes name)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GString) back = g_string_new(NULL);

	if (!utf7_decode(name, text))
		return;
	g_assert_true(g_utf8_validate(text->str, (gssize)text->len, NULL));
	utf7_encode(text->str, back);
	g_assert_true(bytes_equal(name, bytes_of(back->str, back->len)));
	g_assert_true(list_match("*", text->str));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const ImapState states[] = { IMAP_NOT_AUTHENTICATED,
		IMAP_AUTHENTICATED, IMAP_SELECTED };
	static const ViewMessage messages[] = {
		{ .uid = 10 },
		{ .uid = 20 },
		{ .uid = 30 },
	};
	static const MailboxView view = { .count = 3, .messages = messages };
	g_autoptr(NumSet) saved = numset_new();
	ImapNumbers numbers = {
		.messages = 3, .last_uid = 30, .saved = saved, .view = &view
	};

	numset_add_range(saved, 15, G_MAXUINT32);

	for (gsize i = 0; i < G_N_ELEMENTS(states); i++) {
		Bytes rest = bytes_of((const char *)data, size);
		while (rest.size > 0) {
			Wire wire;
			wire_parse(&wire, &rest, states[i], numbers);
			g_assert_true(wire.status != PARSE_OK ||
				wire.command.row != NULL);
			g_assert_true((wire.status == PARSE_ERROR) ==
				(wire.parser.error != NULL));
			check_again(&wire, states[i], numbers);
			wire_clear(&wire);
		}
	}
	check_name(bytes_of((const char *)data, size));
	return 0;
}
