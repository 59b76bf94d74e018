/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Something to do for a thread that waits for the database. */
#include "db/wait.h"

/* Of the thread, which is the session: through all that lies between the two
 * nobody else needs to know of it. */
static GPrivate hook_key = G_PRIVATE_INIT(NULL);
static GPrivate data_key = G_PRIVATE_INIT(NULL);

void db_wait_set_hook(DbWaitHook hook, gpointer data)
{
	g_private_set(&hook_key, (gpointer)hook);
	g_private_set(&data_key, data);
}

gboolean db_wait_has_hook(void)
{
	return g_private_get(&hook_key) != NULL;
}

void db_wait_call_hook(void)
{
	DbWaitHook hook = (DbWaitHook)g_private_get(&hook_key);

	if (hook != NULL)
		hook(g_private_get(&data_key));
}
