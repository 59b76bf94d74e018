/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tests date and currentdate (RFC 5260). */
#include "sieve/date.h"
#include "sieve/select.h"
#include "sieve/testing.h"
#include "sieve/words.h"

static const SieveTag date_tags[] = {
	{ .name = "originalzone", .slot = SIEVE_SLOT_ZONE },
	{ .name = NULL },
};

static void check_zone(SieveChecker *checker, const SieveNode *node)
{
	const SieveTagUse *use = sieve_node_tag(node, SIEVE_SLOT_ZONE);
	gint minutes;
	if (use == NULL || use->value == NULL)
		return;
	const SieveString *zone = &use->value->strings[0];
	if (sieve_string_is_constant(zone) &&
		!sieve_zone_parse(zone->text, &minutes))
		sieve_check_error(checker, zone->place,
			"%s is no time zone: \"+0100\" is one",
			sieve_quote(checker, zone->text));
}

static gboolean check_part(SieveChecker *checker, const SieveString *part)
{
	if (sieve_date_part_find(part->text) != NULL)
		return TRUE;
	sieve_check_error(checker, part->place,
		"%s is no part of a date: there are year, month, day, date, "
		"julian, hour, minute, second, time, iso8601, std11, zone and "
		"weekday",
		sieve_quote(checker, part->text));
	return FALSE;
}

static void check_date(SieveChecker *checker, SieveNode *node)
{
	sieve_testing_check(checker, node, 2);
	sieve_select_check(checker, node);
	sieve_select_check_names(checker, node->positional[0]);
	check_zone(checker, node);
	(void)sieve_check_each(checker, node->positional[1], check_part);
}

static void check_currentdate(SieveChecker *checker, SieveNode *node)
{
	sieve_testing_check(checker, node, 1);
	check_zone(checker, node);
	(void)sieve_check_each(checker, node->positional[0], check_part);
}

static gboolean read_part(SieveRun *run, const SieveNode *node,
	const SieveArgument *argument, const SieveDatePart **part)
{
	Bytes name;
	if (!sieve_run_string(run, node, &argument->strings[0], &name))
		return FALSE;
	*part = sieve_date_part_find(name);
	return *part != NULL ||
		sieve_run_fail(run, node,
			"%s is no part of a date, such as \"year\"",
			sieve_run_quote(run, name));
}

/* As clocks on the wall were set then, in summer and in winter. */
static gint site_zone(const SieveRun *run, Timestamp time)
{
	return run->input->zone_minutes != NULL ?
		run->input->zone_minutes(time) :
		0;
}

/* The zone to tell a time in; `original` is its own. */
static gboolean read_zone(SieveRun *run, const SieveNode *node, Timestamp time,
	gint original, gint *zone)
{
	const SieveTagUse *use = sieve_node_tag(node, SIEVE_SLOT_ZONE);
	Bytes text;

	if (use == NULL) {
		*zone = site_zone(run, time);
		return TRUE;
	}
	if (use->value == NULL) {
		*zone = original;
		return TRUE;
	}
	if (!sieve_run_string(run, node, &use->value->strings[0], &text))
		return FALSE;
	return sieve_zone_parse(text, zone) ||
		sieve_run_fail(run, node,
			"%s is no time zone: \"+0100\" is one",
			sieve_run_quote(run, text));
}

static gboolean add_time(SieveTesting *testing, const SieveDatePart *part,
	Timestamp time, gint original)
{
	g_autoptr(GString) text = g_string_new(NULL);
	gint zone;
	if (!read_zone(testing->run, testing->node, time, original, &zone))
		return FALSE;
	sieve_date_write(part, time, zone, text);
	return sieve_testing_add(testing, bytes_of(text->str, text->len));
}

/* The first field of that name, or the one that :index says. */
static const MimeField *choose(const SieveNode *node, const GArray *fields)
{
	for (guint i = 0; i < fields->len; i++) {
		if (sieve_select_index(node, i, fields->len))
			return &g_array_index(fields, MimeField, i);
	}
	return NULL;
}

static gboolean test_date(
	SieveRun *run, const SieveNode *node, gboolean *result)
{
	g_autoptr(GArray) fields =
		sieve_select_fields(run, node, node->positional[0]);
	const SieveDatePart *part;
	SieveTesting testing;
	Timestamp time;
	gint zone;

	if (fields == NULL || !read_part(run, node, node->positional[1], &part))
		return FALSE;
	gboolean good =
		sieve_testing_begin(&testing, run, node, node->positional[2]);
	const MimeField *field = choose(node, fields);
	if (good && field != NULL &&
		sieve_date_read(field->value, &time, &zone))
		good = add_time(&testing, part, time, zone);
	return sieve_testing_end(&testing, good, result);
}

static gboolean test_currentdate(
	SieveRun *run, const SieveNode *node, gboolean *result)
{
	const SieveDatePart *part;
	SieveTesting testing;

	if (!read_part(run, node, node->positional[0], &part))
		return FALSE;
	gboolean good =
		sieve_testing_begin(&testing, run, node, node->positional[1]);
	good = good && add_time(&testing, part, run->input->now, 0);
	return sieve_testing_end(&testing, good, result);
}

const SieveWord sieve_words_date[] = {
	{ .name = "date",
		.kind = SIEVE_TEST,
		.needs = SIEVE_BIT(SIEVE_EXT_DATE),
		.arguments = { SIEVE_TYPE_STRING, SIEVE_TYPE_STRING,
			SIEVE_TYPE_STRINGS },
		.called = "field name, part, keys",
		.shared = SIEVE_TAGS_COMPARATOR | SIEVE_TAGS_MATCH |
			SIEVE_TAGS_INDEX | SIEVE_TAGS_ZONE,
		.tags = date_tags,
		.check = check_date,
		.test = test_date },
	{ .name = "currentdate",
		.kind = SIEVE_TEST,
		.needs = SIEVE_BIT(SIEVE_EXT_DATE),
		.arguments = { SIEVE_TYPE_STRING, SIEVE_TYPE_STRINGS },
		.called = "part, keys",
		.shared = SIEVE_TAGS_COMPARATOR | SIEVE_TAGS_MATCH |
			SIEVE_TAGS_ZONE,
		.check = check_currentdate,
		.test = test_currentdate },
	{ .name = NULL },
};
