/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of deliver/questions: what a run is told of a user's mailboxes. */
#include "deliver/questions.h"

#include "../store/fixture.h"
#include "store/mailbox.h"

static Store *store;

static void create(gint64 user, const char *name, const char *uses)
{
	g_autoptr(Mailbox) mailbox = NULL;
	GError *error = NULL;

	if (!mailbox_create(store, user, name, uses, &mailbox, &error))
		database_check(error);
}

static gboolean has_use(Asker *asker, const char *mailbox, const char *use)
{
	const SieveQuestions questions = questions_of(asker);
	const char *const uses[] = { use, NULL };
	gboolean exists = FALSE;
	GError *error = NULL;

	if (!questions.special_use_exists(
		    questions.data, mailbox, uses, &exists, &error))
		database_check(error);
	return exists;
}

/* Which mailbox has which use is looked up once a run: with each question all
 * mailboxes of the user would be. */
static void test_uses(void)
{
	g_autoptr(Settings) settings = fixture_settings(NULL);
	const gint64 user = fixture_user(store, "questions-uses", 0);
	g_auto(Asker)
		first = { .store = store, .settings = settings, .user = user };
	g_auto(Asker) second = first;

	create(user, "Spam", "\\Junk");
	g_assert_true(has_use(&first, NULL, "\\junk"));
	g_assert_false(has_use(&first, NULL, "\\Archive"));
	create(user, "Out", "\\Archive");
	g_assert_false(has_use(&first, NULL, "\\Archive"));
	g_assert_true(has_use(&first, NULL, "\\Junk"));
	g_assert_true(has_use(&second, NULL, "\\Archive"));
	/* A name says where to look. */
	g_assert_true(has_use(&first, "Out", "\\Archive"));
	g_assert_false(has_use(&first, "Spam", "\\Archive"));
	g_assert_cmpuint(first.asked, ==, 6);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	DATABASE_OR_SKIP();
	store = fixture_store("default_folders =");
	g_test_add_func("/questions/uses", test_uses);
	int status = g_test_run();
	store_close(&store);
	return status;
}
