/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of deliver/scripts: which script a delivery gets, and how long one is
 * kept. */
#include "deliver/scripts.h"

#include <string.h>

#include "../store/fixture.h"
#include "base/errors.h"
#include "store/name.h"
#include "store/script.h"

#define LONG_LIFE ((gint64)3600 * G_USEC_PER_SEC)

static Store *store;

static Settings *settings_of(const char *lines)
{
	g_autofree char *text = g_strdup_printf("[SIEVE]\n%s\n", lines);
	g_autoptr(GError) error = NULL;
	Settings *settings = settings_parse("test", text, strlen(text), &error);

	g_assert_no_error(error);
	return settings;
}

static void put(gint64 user, const char *name, const char *source)
{
	const ScriptLimits none = { 0 };
	g_autoptr(GError) error = NULL;

	if (!script_put(
		    store, user, name, bytes_of_string(source), &none, &error))
		database_check(error);
}

static void activate(gint64 user, const char *name)
{
	g_autoptr(GError) error = NULL;

	if (!script_activate(store, user, name, &error))
		database_check(error);
}

static gint64 user_with(const char *name, const char *source)
{
	gint64 user = fixture_user(store, name, 0);

	put(user, "mine", source);
	activate(user, "mine");
	return user;
}

/* As an address leads there now. */
static DeliverTarget target_of(gint64 user)
{
	g_autoptr(ScriptSet) set = NULL;
	g_autoptr(GError) error = NULL;

	if (!script_load(store, user, &set, &error))
		database_check(error);
	return (DeliverTarget){ .user = user,
		.sieve_version = set->active != NULL ? set->version : 0,
		.global_version = set->global_version };
}

static UserScript *get_for(
	Scripts *scripts, const Settings *settings, const DeliverTarget *target)
{
	g_autoptr(GError) error = NULL;
	UserScript *script = NULL;

	if (!scripts_get(scripts, store, settings, target, &script, &error))
		database_check(error);
	g_assert_cmpint(script->user, ==, target->user);
	return script;
}

static UserScript *get(Scripts *scripts, const Settings *settings, gint64 user)
{
	const DeliverTarget target = target_of(user);

	return get_for(scripts, settings, &target);
}

/* What is loaded anew is another object while the first is held. */
static void test_version(void)
{
	g_autoptr(Settings) settings = settings_of("");
	Scripts *scripts = scripts_new(LONG_LIFE);
	gint64 user = user_with("scripts-version", "keep;");
	const DeliverTarget old = target_of(user);
	g_autoptr(UserScript) first = get(scripts, settings, user);

	g_assert_nonnull(first->script);
	g_assert_null(first->wrong);
	g_assert_cmpstr(first->name, ==, "mine");
	g_assert_cmpstr(first->user_name, ==, "scripts-version");
	g_assert_false(first->is_default);
	g_autoptr(UserScript) again = get(scripts, settings, user);
	g_assert_true(again == first);

	put(user, "mine", "discard;");
	/* Who was found before the change may have the script of then. */
	g_autoptr(UserScript) late = get_for(scripts, settings, &old);
	g_assert_true(late == first);
	g_autoptr(UserScript) second = get(scripts, settings, user);
	g_assert_true(second != first);
	g_assert_cmpint(second->version, >, first->version);
	/* And not go back to it, once the new one is there. */
	g_autoptr(UserScript) later = get_for(scripts, settings, &old);
	g_assert_true(later == second);

	put(NAME_PUBLIC_OWNER_ID, "for-all", "keep;");
	g_autoptr(UserScript) third = get(scripts, settings, user);
	g_assert_true(third != second);
	g_assert_cmpint(third->global_version, >, second->global_version);
	scripts_free(&scripts);
	g_assert_null(scripts);
	/* A delivery may outlast what is kept. */
	g_assert_nonnull(third->script);
}

static void test_lifetime(void)
{
	g_autoptr(Settings) settings = settings_of("");
	Scripts *scripts = scripts_new(0);
	gint64 user = user_with("scripts-lifetime", "keep;");
	g_autoptr(UserScript) first = get(scripts, settings, user);
	g_autoptr(UserScript) second = get(scripts, settings, user);

	g_assert_true(first != second);
	scripts_free(&scripts);
	scripts_free(&scripts);
}

/* Room for two: the one that was not used for longest goes. */
static void test_bound(void)
{
	g_autoptr(GString) source = g_string_new(NULL);
	Scripts *scripts = scripts_new(LONG_LIFE);
	gint64 users[3];

	for (guint i = 0; i < 200; i++)
		g_string_append(source, "if size :over 1M { discard; }\n");
	users[0] = user_with("scripts-bound-a", source->str);
	users[1] = user_with("scripts-bound-b", source->str);
	users[2] = user_with("scripts-bound-c", source->str);
	g_autoptr(Settings) any = settings_of("");
	g_autoptr(UserScript) a = get(scripts, any, users[0]);
	g_autofree char *line =
		g_strdup_printf("max_script_cache = %" G_GSIZE_FORMAT,
			sieve_script_size(a->script) * 5 / 2);
	g_autoptr(Settings) settings = settings_of(line);
	g_autoptr(UserScript) b = get(scripts, settings, users[1]);
	g_autoptr(UserScript) a2 = get(scripts, settings, users[0]);
	g_assert_true(a2 == a);
	g_autoptr(UserScript) c = get(scripts, settings, users[2]);
	g_autoptr(UserScript) a3 = get(scripts, settings, users[0]);
	g_autoptr(UserScript) c2 = get(scripts, settings, users[2]);
	g_assert_true(a3 == a);
	g_assert_true(c2 == c);
	/* It is found while somebody has it, and loaded anew after that. */
	g_autoptr(UserScript) b2 = get(scripts, settings, users[1]);
	g_assert_true(b2 == b);
	user_script_told(b);
	g_assert_cmpint(b->told_version, !=, 0);
	user_script_free(&b);
	user_script_free(&b2);
	b = get(scripts, settings, users[1]);
	g_assert_cmpint(b->told_version, ==, 0);
	/* One larger than all the room leaves the others there. */
	for (guint i = 0; i < 4; i++)
		g_string_append(source, source->str);
	gint64 large = user_with("scripts-bound-large", source->str);
	g_autoptr(UserScript) d = get(scripts, settings, large);
	g_assert_cmpuint(sieve_script_size(d->script), >,
		(guint64)settings->SIEVE_max_script_cache);
	user_script_told(b);
	user_script_free(&b);
	b = get(scripts, settings, users[1]);
	g_assert_cmpint(b->told_version, !=, 0);
	scripts_free(&scripts);
}

#define THREADS 8

typedef struct {
	Scripts *scripts;
	const Settings *settings;
	DeliverTarget target;
	UserScript *script; /* what it got */
	GError *error;
} Getter;

static gpointer get_one(gpointer data)
{
	Getter *getter = data;

	(void)!scripts_get(getter->scripts, store, getter->settings,
		&getter->target, &getter->script, &getter->error);
	return NULL;
}

/* All at once; what they got is the caller's. */
static void get_all(Getter getters[static THREADS])
{
	GThread *threads[THREADS];

	for (guint i = 0; i < THREADS; i++)
		threads[i] = g_thread_new("get", get_one, &getters[i]);
	for (guint i = 0; i < THREADS; i++)
		g_thread_join(threads[i]);
}

/* Of more than what is compiled one at a time. */
static char *large_source(void)
{
	g_autoptr(GString) source = g_string_new(NULL);

	while (source->len < 200000)
		g_string_append(source, "if size :over 1M { discard; }\n");
	return g_strdup(source->str);
}

/* Deliveries at once to one user have one script, though none is kept; those to
 * several have theirs, one after another. */
static void test_parallel(void)
{
	g_autoptr(Settings) settings = settings_of("max_script_cache = 0");
	g_autofree char *source = large_source();
	gint64 users[THREADS];

	for (guint i = 0; i < THREADS; i++) {
		g_autofree char *name =
			g_strdup_printf("scripts-parallel-%u", i);
		users[i] = user_with(name, source);
	}
	for (guint apart = 0; apart < 2; apart++) {
		Scripts *scripts = scripts_new(LONG_LIFE);
		Getter getters[THREADS];
		for (guint i = 0; i < THREADS; i++)
			getters[i] = (Getter){ .scripts = scripts,
				.settings = settings,
				.target =
					target_of(users[apart == 1 ? i : 0]) };
		get_all(getters);
		for (guint i = 0; i < THREADS; i++) {
			database_check(getters[i].error);
			g_assert_nonnull(getters[i].script->script);
			g_assert_cmpint(getters[i].script->user, ==,
				getters[i].target.user);
			g_assert_cmpint(getters[i].script == getters[0].script,
				==, apart == 0 || i == 0);
		}
		for (guint i = 0; i < THREADS; i++)
			user_script_free(&getters[i].script);
		scripts_free(&scripts);
	}
}

/* Who knows of a newer script does not get the one that is being loaded, and
 * all are told where there is none. */
static void test_parallel_change(void)
{
	g_autoptr(Settings) settings = settings_of("max_script_cache = 0");
	Scripts *scripts = scripts_new(LONG_LIFE);
	gint64 user = user_with("scripts-parallel-change", "keep;");
	Getter getters[THREADS];

	for (guint round = 0; round < 20; round++) {
		for (guint i = 0; i < THREADS; i++) {
			if (i % 2 == 0)
				put(user, "mine", "keep;");
			getters[i] = (Getter){ .scripts = scripts,
				.settings = settings,
				.target = target_of(user) };
		}
		get_all(getters);
		for (guint i = 0; i < THREADS; i++) {
			database_check(getters[i].error);
			g_assert_cmpint(getters[i].script->version, >=,
				getters[i].target.sieve_version);
			user_script_free(&getters[i].script);
		}
	}
	for (guint i = 0; i < THREADS; i++)
		getters[i] = (Getter){ .scripts = scripts,
			.settings = settings,
			.target = { .user = user + 1000, .sieve_version = 1 } };
	get_all(getters);
	for (guint i = 0; i < THREADS; i++) {
		g_assert_true(dbmail_error_is(
			getters[i].error, DBMAIL_ERROR_TEMPORARY));
		g_assert_null(getters[i].script);
		g_clear_error(&getters[i].error);
	}
	scripts_free(&scripts);
}

/* One that does not compile is kept as well, with what is wrong. */
static void test_wrong(void)
{
	g_autoptr(Settings) settings = settings_of("");
	Scripts *scripts = scripts_new(LONG_LIFE);
	gint64 user = user_with("scripts-wrong", "keep;\nfileinto \"x\";");
	g_autoptr(UserScript) script = get(scripts, settings, user);
	g_autoptr(UserScript) again = get(scripts, settings, user);

	g_assert_true(script == again);
	g_assert_null(script->script);
	g_assert_cmpstr(script->name, ==, "mine");
	g_assert_cmpstr(script->wrong->script, ==, "mine");
	g_assert_cmpuint(script->wrong->line, ==, 2);
	g_assert_cmpuint(script->wrong->column, ==, 1);
	g_assert_nonnull(strstr(script->wrong->text, "fileinto"));
	scripts_free(&scripts);
}

/* What the settings take away does not compile. */
static void test_extensions(void)
{
	g_autoptr(Settings) settings = settings_of("extensions = -fileinto");
	Scripts *scripts = scripts_new(LONG_LIFE);
	gint64 user = user_with("scripts-extensions", "require \"fileinto\";");
	g_autoptr(UserScript) script = get(scripts, settings, user);

	g_assert_null(script->script);
	g_assert_nonnull(script->wrong);
	scripts_free(&scripts);
}

static void expect_default(Scripts *scripts, const Settings *settings,
	gint64 user, gboolean is_default, const char *name)
{
	const DeliverTarget target = target_of(user);
	g_autoptr(UserScript) script = get_for(scripts, settings, &target);

	g_assert_true(scripts_has(settings, &target));
	g_assert_cmpint(script->is_default, ==, is_default);
	g_assert_cmpstr(script->name, ==, name);
}

static void test_default(void)
{
	g_autoptr(Settings) settings = settings_of("default_script = fallback");
	g_autoptr(Settings) without = settings_of("");
	Scripts *scripts = scripts_new(LONG_LIFE);
	gint64 user = fixture_user(store, "scripts-default", 0);

	put(NAME_PUBLIC_OWNER_ID, "unlike", "keep;");
	const DeliverTarget target = target_of(user);
	g_assert_false(scripts_has(without, &target));
	/* Named, and not there. */
	expect_default(scripts, settings, user, TRUE, NULL);
	put(NAME_PUBLIC_OWNER_ID, "fallback", "keep;");
	expect_default(scripts, settings, user, TRUE, "fallback");
	put(user, "mine", "keep;");
	expect_default(scripts, settings, user, TRUE, "fallback");
	activate(user, "mine");
	expect_default(scripts, settings, user, FALSE, "mine");
	activate(user, NULL);
	expect_default(scripts, settings, user, TRUE, "fallback");
	scripts_free(&scripts);
}

static UserScript *get_event(Scripts *scripts, const Settings *settings,
	gint64 user, const char *name, gboolean is_global)
{
	g_autoptr(GError) error = NULL;
	UserScript *script = NULL;

	if (!scripts_get_event(scripts, store, settings, user, name, is_global,
		    &script, &error))
		database_check(error);
	g_assert_cmpint(script->user, ==, user);
	g_assert_cmpstr(script->name, ==, name);
	return script;
}

/* Scripts of events are kept beside that of deliveries, each by its name, and a
 * change counts at once. */
static void test_event(void)
{
	g_autoptr(Settings) settings = settings_of("");
	Scripts *scripts = scripts_new(LONG_LIFE);
	gint64 user = user_with("scripts-event", "keep;");
	gint64 other = fixture_user(store, "scripts-event-other", 0);
	g_autoptr(UserScript) none = NULL;
	g_autoptr(GError) error = NULL;

	put(user, "on-copy", "discard;");
	put(NAME_PUBLIC_OWNER_ID, "mine", "stop;");
	g_autoptr(UserScript) delivery = get(scripts, settings, user);
	g_autoptr(UserScript) copy =
		get_event(scripts, settings, user, "on-copy", FALSE);
	g_autoptr(UserScript) own =
		get_event(scripts, settings, user, "mine", FALSE);
	g_autoptr(UserScript) global =
		get_event(scripts, settings, user, "mine", TRUE);
	g_autoptr(UserScript) others =
		get_event(scripts, settings, other, "mine", TRUE);
	g_assert_true(delivery != own && own != global && global != others);
	for (guint i = 0; i < 2; i++) {
		g_autoptr(UserScript) again =
			get_event(scripts, settings, user, "on-copy", FALSE);
		g_autoptr(UserScript) again_global =
			get_event(scripts, settings, user, "mine", TRUE);
		g_autoptr(UserScript) again_delivery =
			get(scripts, settings, user);
		g_assert_true(again == copy && again_global == global &&
			again_delivery == delivery);
	}
	put(user, "on-copy", "nonsense");
	g_autoptr(UserScript) changed =
		get_event(scripts, settings, user, "on-copy", FALSE);
	g_assert_true(changed != copy);
	g_assert_nonnull(changed->wrong);
	put(NAME_PUBLIC_OWNER_ID, "mine", "keep;");
	g_autoptr(UserScript) changed_global =
		get_event(scripts, settings, other, "mine", TRUE);
	g_assert_true(changed_global != others);
	g_assert_false(scripts_get_event(
		scripts, store, settings, other, "mine", FALSE, &none, &error));
	g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_NOT_FOUND));
	g_assert_null(none);
	scripts_free(&scripts);
}

static void test_missing(void)
{
	g_autoptr(Settings) settings = settings_of("");
	Scripts *scripts = scripts_new(LONG_LIFE);
	gint64 user = user_with("scripts-missing", "keep;");
	const DeliverTarget gone = { .user = user + 1000, .sieve_version = 1 };
	g_autoptr(UserScript) script = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(GError) unknown = NULL;

	g_assert_false(
		scripts_get(scripts, store, settings, &gone, &script, &error));
	g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_TEMPORARY));
	g_assert_false(user_script_load(
		store, settings, user, "none", &script, &unknown));
	g_assert_true(dbmail_error_is(unknown, DBMAIL_ERROR_NOT_FOUND));
	g_assert_null(script);
	scripts_free(&scripts);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	DATABASE_OR_SKIP();
	store = fixture_store("");
	g_test_add_func("/scripts/version", test_version);
	g_test_add_func("/scripts/lifetime", test_lifetime);
	g_test_add_func("/scripts/bound", test_bound);
	g_test_add_func("/scripts/parallel", test_parallel);
	g_test_add_func("/scripts/parallel-change", test_parallel_change);
	g_test_add_func("/scripts/wrong", test_wrong);
	g_test_add_func("/scripts/extensions", test_extensions);
	g_test_add_func("/scripts/default", test_default);
	g_test_add_func("/scripts/event", test_event);
	g_test_add_func("/scripts/missing", test_missing);
	int status = g_test_run();
	store_close(&store);
	return status;
}
