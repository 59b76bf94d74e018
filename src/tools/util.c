/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dbmail-util: looks after the store. */
#include <getopt.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/errors.h"
#include "db/pool.h"
#include "store/check.h"
#include "store/migrate.h"
#include "store/outbound.h"
#include "store/purge.h"
#include "store/search.h"
#include "tools/queue-verb.h"
#include "tools/tool.h"

#define STATUS_PROBLEMS 1 /* check: something is wrong and stays so */
#define STATUS_REPAIRED 2 /* check: something was wrong and is repaired */

typedef struct {
	Tool tool;
	gboolean repair;
	guint keep_days;
	char **words; /* behind the verb */
	guint n_words;
} Util;

static const char usage[] =
	"Usage: dbmail-util [OPTION]... VERB\n"
	"\n"
	"  migrate   bring the database to this version's schema\n"
	"  check     verify that the store is whole; with -y repair it\n"
	"  purge     remove what no mailbox holds any more\n"
	"  index     prepare messages for SEARCH BODY and TEXT\n"
	"  queue     list the mail that goes out; show ID, retry ID... or "
	"all,\n"
	"            remove ID...\n"
	"  test      try configuration, database and schema, change nothing\n"
	"\n"
	"  -a, -t    the same as check\n"
	"  -p        the same as purge\n"
	"  -y        check: repair what can be repaired\n"
	"  -n        check: change nothing (default)\n"
	"  -k DAYS   purge: keep that much of the change log (default "
	"14)\n" TOOL_OPTIONS_HELP "\n"
	"check ends with 0 where all is well, 1 where something is wrong, 2\n"
	"where everything that was wrong has been repaired.\n";

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

static void report_finding(const CheckFinding *finding, gpointer data)
{
	const Util *util = data;
	tool_progress_end(&util->tool);
	/* Also with -q: a finding is what monitoring waits for. */
	printf("%s\t%s\t%s\n", finding->repaired ? "repaired" : "problem",
		finding->name, finding->detail);
}

static void report_progress(
	const char *name, guint64 done, guint64 total, gpointer data)
{
	const Util *util = data;
	tool_progress(&util->tool,
		"%s: %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT, name, done,
		total);
}

static int verb_check(Util *util)
{
	g_autoptr(GError) error = NULL;
	guint64 problems = 0;
	guint64 repaired = 0;

	if (!tool_open(&util->tool, STORE_PLAIN, &error) ||
		!check_run(util->tool.store, util->repair, report_finding,
			report_progress, util, &problems, &repaired, &error))
		return tool_fail(&util->tool, &error);
	tool_progress_end(&util->tool);
	tool_say(&util->tool,
		"%" G_GUINT64_FORMAT " problems, %" G_GUINT64_FORMAT
		" repaired",
		problems, repaired);
	if (problems > repaired)
		return STATUS_PROBLEMS;
	return repaired > 0 ? STATUS_REPAIRED : EX_OK;
}

/* For sites where no dbmail-queued runs at the moment. */
static gboolean trim_queue(const Tool *tool, guint64 *count, GError **error)
{
	const Settings *settings = tool->settings;
	guint64 now;

	*count = 0;
	do {
		if (!outbound_trim(tool->store,
			    (guint)settings->QUEUE_keep_sent_days,
			    (guint)settings->QUEUE_keep_failed_days, &now,
			    error))
			return FALSE;
		*count += now;
	} while (now == OUTBOUND_TRIMMED);
	return TRUE;
}

static int verb_purge(Util *util)
{
	g_autoptr(GError) error = NULL;
	PurgeReport report = { 0 };
	guint64 mails = 0;

	if (!tool_open(&util->tool, STORE_PLAIN, &error) ||
		!purge_run(
			util->tool.store, util->keep_days, &report, &error) ||
		!trim_queue(&util->tool, &mails, &error))
		return tool_fail(&util->tool, &error);
	tool_say(&util->tool,
		"removed %" G_GUINT64_FORMAT " messages, %" G_GUINT64_FORMAT
		" parts of %" G_GUINT64_FORMAT " bytes, %" G_GUINT64_FORMAT
		" rows of the change log, %" G_GUINT64_FORMAT
		" delivery keys, %" G_GUINT64_FORMAT
		" memories of scripts, %" G_GUINT64_FORMAT
		" mails that had gone out or failed",
		report.messages, report.parts, report.bytes, report.changes,
		report.deliveries, report.memories, mails);
	return EX_OK;
}

static int verb_index(Util *util)
{
	g_autoptr(GError) error = NULL;
	guint64 count = 0;

	if (!tool_open(&util->tool, STORE_PLAIN, &error) ||
		!search_keep_all(util->tool.store, &count, &error))
		return tool_fail(&util->tool, &error);
	tool_say(&util->tool,
		"%" G_GUINT64_FORMAT " messages prepared for searches", count);
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

static int verb_queue(Util *util)
{
	g_autoptr(GError) error = NULL;

	if (!tool_open(&util->tool, STORE_NOTIFY, &error))
		return tool_fail(&util->tool, &error);
	return queue_verb(&util->tool, util->words, util->n_words);
}

static const struct {
	const char *name;
	int letter; /* DBMail's option for it, or 0 */
	int (*run)(Util *util);
	gboolean takes_words;
} verbs[] = {
	{ "migrate", 0, verb_migrate, FALSE },
	{ "check", 'a', verb_check, FALSE },
	{ "check", 't', verb_check, FALSE },
	{ "purge", 'p', verb_purge, FALSE },
	{ "index", 0, verb_index, FALSE },
	{ "queue", 0, verb_queue, TRUE },
	{ "test", 0, verb_test, FALSE },
};

static guint parse_days(const Util *util, const char *text)
{
	guint64 days;
	if (!g_ascii_string_to_unsigned(text, 10, 0, 36500, &days, NULL))
		tool_wrong_usage(&util->tool, "-k takes a number of days");
	return (guint)days;
}

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
	Util util = { .tool = { .name = "dbmail-util", .usage = usage },
		.keep_days = 14 };
	int verb = -1;
	int option;

	while ((option = tool_getopt(argc, argv, TOOL_OPTIONS "atpynk:")) !=
		-1) {
		if (option == 'y')
			util.repair = TRUE;
		else if (option == 'n')
			util.repair = FALSE;
		else if (option == 'k')
			util.keep_days = parse_days(&util, optarg);
		else if (verb_find(option, NULL) >= 0)
			verb = verb_find(option, NULL);
		else
			tool_option(&util.tool, option, optarg);
	}
	if (verb < 0 && optind < argc)
		verb = verb_find(0, argv[optind++]);
	util.words = argv + optind;
	util.n_words = (guint)(argc - optind);
	if (verb < 0 || (util.n_words > 0 && !verbs[verb].takes_words))
		tool_wrong_usage(&util.tool,
			"say one of migrate, check, purge, index, queue, test");
	int status = verbs[verb].run(&util);
	tool_close(&util.tool);
	return status;
}
