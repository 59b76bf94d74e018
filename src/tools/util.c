/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dbmail-util: looks after the store. */
#include <getopt.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/errors.h"
#include "db/pool.h"
#include "store/migrate.h"
#include "tools/tool.h"

typedef struct {
	Tool tool;
} Util;

static const char usage[] =
	"Usage: dbmail-util [OPTION]... VERB\n"
	"\n"
	"  migrate   bring the database to this version's schema\n"
	"  test      try configuration, database and schema, change nothing\n"
	"\n"
	TOOL_OPTIONS_HELP;

static void report_migration(gint version, const char *name, gpointer data)
{
	const Util *util = data;
	tool_say(&util->tool, "applying %04d %s", version, name);
}

static int verb_migrate(Util *util)
{
	g_autoptr(GError) error = NULL;
	guint applied = 0;

	if (!tool_read_settings(&util->tool, &error))
		return tool_fail(&util->tool, &error);
	g_autoptr(DbPool) pool =
		db_pool_new(util->tool.settings->DBMAIL_dburi, util->tool.name,
			1, (guint)util->tool.settings->DBMAIL_db_wait, &error);
	if (pool == NULL ||
		!migrate_run(pool, report_migration, util, &applied, &error))
		return tool_fail(&util->tool, &error);
	tool_say(&util->tool, "schema is at version %d, %u applied",
		migrate_version(), applied);
	return EX_OK;
}

static int verb_test(Util *util)
{
	g_autoptr(GError) error = NULL;

	if (!tool_open(&util->tool, STORE_PLAIN, &error))
		return tool_fail(&util->tool, &error);
	tool_say(&util->tool,
		"configuration %s can be read, the database answers, its "
		"schema is version %d",
		settings_path(util->tool.config), migrate_version());
	return EX_OK;
}

static const struct {
	const char *name;
	int letter; /* DBMail's option for it, or 0 */
	int (*run)(Util *util);
} verbs[] = {
	{ "migrate", 0, verb_migrate },
	{ "test", 0, verb_test },
};

/* The verb that an option letter or a word stands for; -1 for none. */
static int verb_find(int letter, const char *word)
{
	for (gsize i = 0; i < G_N_ELEMENTS(verbs); i++) {
		if ((letter != 0 && verbs[i].letter == letter) ||
			(word != NULL && g_str_equal(verbs[i].name, word)))
			return (int)i;
	}
	return -1;
}

int main(int argc, char **argv)
{
	Util util = { .tool = { .name = "dbmail-util", .usage = usage } };
	int verb = -1;
	int option;

	while ((option = getopt(argc, argv, TOOL_OPTIONS )) != -1) {
		if (verb_find(option, NULL) >= 0)
			verb = verb_find(option, NULL);
		else
			tool_option(&util.tool, option, optarg);
	}
	if (verb < 0 && optind < argc)
		verb = verb_find(0, argv[optind++]);
	if (verb < 0 || optind < argc)
		tool_wrong_usage(&util.tool, "say one of migrate, test");
	int status = verbs[verb].run(&util);
	tool_close(&util.tool);
	return status;
}
