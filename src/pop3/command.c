/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of commands. */
#include "pop3/session.h"

#include "base/text.h"

static const Pop3Command commands[] = {
	/* RFC 1939 */
	{ "USER", POP3_AUTHORIZATION, 1, G_MAXUINT, pop3_cmd_user },
	{ "PASS", POP3_AUTHORIZATION, 1, G_MAXUINT, pop3_cmd_pass },
	{ "STAT", POP3_TRANSACTION, 0, 0, pop3_cmd_stat },
	{ "LIST", POP3_TRANSACTION, 0, 1, pop3_cmd_list },
	{ "RETR", POP3_TRANSACTION, 1, 1, pop3_cmd_retr },
	{ "DELE", POP3_TRANSACTION, 1, 1, pop3_cmd_dele },
	{ "NOOP", POP3_TRANSACTION, 0, 0, pop3_cmd_noop },
	{ "RSET", POP3_TRANSACTION, 0, 0, pop3_cmd_rset },
	{ "TOP", POP3_TRANSACTION, 2, 2, pop3_cmd_top },
	{ "UIDL", POP3_TRANSACTION, 0, 1, pop3_cmd_uidl },
	{ "QUIT", POP3_ANY, 0, 0, pop3_cmd_quit },
	/* RFC 2449, 2595, 5034, 6856 */
	{ "CAPA", POP3_ANY, 0, 0, pop3_cmd_capa },
	{ "STLS", POP3_AUTHORIZATION, 0, 0, pop3_cmd_stls },
	{ "AUTH", POP3_AUTHORIZATION, 0, 2, pop3_cmd_auth },
	{ "UTF8", POP3_AUTHORIZATION, 0, 0, pop3_cmd_utf8 },
	{ "LANG", POP3_ANY, 0, 1, pop3_cmd_lang },
};

const Pop3Command *pop3_command_find(Bytes keyword)
{
	for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
		if (text_equal_nocase(keyword, commands[i].keyword))
			return &commands[i];
	}
	return NULL;
}
