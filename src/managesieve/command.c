/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of commands. */
#include "managesieve/session.h"

#include "base/text.h"

/* RFC 5804 section 2. */
static const ManageCommand commands[] = {
	{ "AUTHENTICATE", MANAGE_STRANGER, 1, "TB", manage_cmd_authenticate },
	{ "STARTTLS", MANAGE_STRANGER, 0, "", manage_cmd_starttls },
	{ "LOGOUT", MANAGE_ANY, 0, "", manage_cmd_logout },
	{ "CAPABILITY", MANAGE_ANY, 0, "", manage_cmd_capability },
	{ "HAVESPACE", MANAGE_LOGGED_IN, 2, "N#", manage_cmd_havespace },
	{ "PUTSCRIPT", MANAGE_LOGGED_IN, 2, "NS", manage_cmd_putscript },
	{ "LISTSCRIPTS", MANAGE_LOGGED_IN, 0, "", manage_cmd_listscripts },
	{ "SETACTIVE", MANAGE_LOGGED_IN, 1, "N", manage_cmd_setactive },
	{ "GETSCRIPT", MANAGE_LOGGED_IN, 1, "N", manage_cmd_getscript },
	{ "DELETESCRIPT", MANAGE_LOGGED_IN, 1, "N", manage_cmd_deletescript },
	{ "RENAMESCRIPT", MANAGE_LOGGED_IN, 2, "NN", manage_cmd_renamescript },
	{ "CHECKSCRIPT", MANAGE_LOGGED_IN, 1, "C", manage_cmd_checkscript },
	{ "NOOP", MANAGE_ANY, 0, "T", manage_cmd_noop },
	{ "UNAUTHENTICATE", MANAGE_LOGGED_IN, 0, "",
		manage_cmd_unauthenticate },
};

const ManageCommand *manage_command_find(Bytes keyword)
{
	for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
		if (text_equal_nocase(keyword, commands[i].keyword))
			return &commands[i];
	}
	return NULL;
}
