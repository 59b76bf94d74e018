/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Running a regular expression over a text: all threads side by side, so that
 * no place of the text is looked at twice. */
#include "sieve/regex.h"

#include "sieve/regex-private.h"

#define NOWHERE G_MAXUINT32
/* So many slots are as much work for a thread as its step. */
#define SLOTS_STEP 8
#define SLOTS_MAX (2 * SIEVE_REGEX_GROUPS_MAX)

/* Threads at one place of the text, the first to arrive at a step first. */
typedef struct {
	guint32 count;
	guint32 *order;  /* steps, in order of arrival */
	guint32 *places; /* of a step in order; only true if order agrees */
	guint32 *slots;  /* n_slots of each thread, by place */
} Threads;

/* Either a step to follow, or, is_slot, a slot to set back. */
typedef struct {
	gboolean is_slot;
	guint32 what;
	guint32 old;
} Entry;

typedef struct {
	const SieveRegex *regex;
	Bytes text;
	guint n_slots;
	Threads lists[2];
	const RegexStep *steps;
	Entry *stack; /* room for two of each step, and one */
	gsize depth;
	guint64 *work;
	gboolean has_match;
	guint32 best[SLOTS_MAX];
} Machine;

static gboolean is_line_begin(const Machine *m, gsize at)
{
	return at == 0 || m->text.data[at - 1] == '\n';
}

static gboolean is_line_break(Bytes text, gsize at)
{
	if (text.data[at] == '\r')
		return at + 1 < text.size && text.data[at + 1] == '\n';
	return text.data[at] == '\n';
}

static gboolean is_line_end(const Machine *m, gsize at)
{
	if (at == m->text.size)
		return TRUE;
	/* Between CR and LF there is no line end, there was one before. */
	if (at > 0 && m->text.data[at] == '\n' && m->text.data[at - 1] == '\r')
		return FALSE;
	return is_line_break(m->text, at);
}

static gboolean is_word(gunichar c)
{
	return c == '_' || (c < REGEX_BYTE && g_unichar_isalnum(c));
}

static gboolean is_word_at(Bytes text, gsize at)
{
	gsize size;
	return at < text.size && is_word(regex_character(text, at, &size));
}

/* The character that ends at the place. */
static gboolean is_word_before(Bytes text, gsize at)
{
	gsize size;
	gsize begin = at;
	while (begin > 0 && at - begin < 4) {
		begin--;
		if (((guchar)text.data[begin] & 0xc0) != 0x80)
			break;
	}
	return begin < at && is_word(regex_character(text, begin, &size)) &&
		begin + size == at;
}

static gboolean is_word_place(const Machine *m, RegexOp op, gsize at)
{
	gboolean before = is_word_before(m->text, at);
	gboolean behind = is_word_at(m->text, at);
	switch (op) {
	case REGEX_WORD_EDGE:
		return before != behind;
	case REGEX_NO_WORD_EDGE:
		return before == behind;
	case REGEX_WORD_BEGIN:
		return !before && behind;
	default:
		return before && !behind;
	}
}

static gboolean has_thread(const Threads *threads, guint32 step)
{
	guint32 place = threads->places[step];
	return place < threads->count && threads->order[place] == step;
}

static void push(Machine *m, gboolean is_slot, guint32 what, guint32 old)
{
	m->stack[m->depth++] = (Entry){ is_slot, what, old };
}

/* Adds one thread, or what it leads to without taking a character. */
static void follow(
	Machine *m, Threads *threads, guint32 index, gsize at, guint32 *slots)
{
	if (has_thread(threads, index))
		return;
	const RegexStep *step = &m->steps[index];
	guint32 place = threads->count++;
	threads->order[place] = index;
	threads->places[index] = place;
	switch (step->op) {
	case REGEX_SPLIT:
		push(m, FALSE, step->y, 0);
		push(m, FALSE, step->x, 0);
		break;
	case REGEX_JUMP:
		push(m, FALSE, step->x, 0);
		break;
	case REGEX_LINE_BEGIN:
		if (is_line_begin(m, at))
			push(m, FALSE, index + 1, 0);
		break;
	case REGEX_LINE_END:
		if (is_line_end(m, at))
			push(m, FALSE, index + 1, 0);
		break;
	case REGEX_WORD_EDGE:
	case REGEX_NO_WORD_EDGE:
	case REGEX_WORD_BEGIN:
	case REGEX_WORD_END:
		if (is_word_place(m, step->op, at))
			push(m, FALSE, index + 1, 0);
		break;
	case REGEX_SAVE:
		if (step->x < m->n_slots) {
			push(m, TRUE, step->x, slots[step->x]);
			slots[step->x] = (guint32)at;
		}
		push(m, FALSE, index + 1, 0);
		break;
	case REGEX_CHAR:
	case REGEX_ANY:
	case REGEX_SET:
	case REGEX_MATCH:
		memcpy(threads->slots + (gsize)place * m->n_slots, slots,
			sizeof(guint32) * m->n_slots);
		break;
	}
}

static void add(
	Machine *m, Threads *threads, guint32 index, gsize at, guint32 *slots)
{
	m->depth = 0;
	push(m, FALSE, index, 0);
	while (m->depth > 0) {
		Entry entry = m->stack[--m->depth];
		if (entry.is_slot)
			slots[entry.what] = entry.old;
		else
			follow(m, threads, entry.what, at, slots);
	}
}

/* Leftmost, then longest, then first. */
static void note_match(Machine *m, const guint32 *slots)
{
	if (m->has_match &&
		(slots[0] > m->best[0] ||
			(slots[0] == m->best[0] && slots[1] <= m->best[1])))
		return;
	m->has_match = TRUE;
	memcpy(m->best, slots, sizeof(guint32) * m->n_slots);
}

static gboolean takes(const Machine *m, const RegexStep *step, gunichar c,
	gunichar folded, gboolean is_break)
{
	switch (step->op) {
	case REGEX_CHAR:
		return step->c == folded;
	case REGEX_ANY:
		return !is_break;
	case REGEX_SET:
		return regex_set_has(step->set, m->regex->how, c);
	default:
		return FALSE;
	}
}

/* All threads over one character. */
static void advance(
	Machine *m, Threads *now, Threads *then, gsize at, gsize *size)
{
	gunichar c = regex_character(m->text, at, size);
	gunichar folded = regex_fold(m->regex->how, c);
	gboolean is_break = is_line_break(m->text, at);

	for (guint32 i = 0; i < now->count; i++) {
		const RegexStep *step = &m->steps[now->order[i]];
		guint32 *slots = now->slots + (gsize)i * m->n_slots;
		if (!takes(m, step, c, folded, is_break))
			continue;
		if (m->has_match && slots[0] > m->best[0])
			continue;
		add(m, then, now->order[i] + 1, at + *size, slots);
	}
}

static void note_matches(Machine *m, const Threads *threads)
{
	for (guint32 i = 0; i < threads->count; i++) {
		if (m->steps[threads->order[i]].op == REGEX_MATCH)
			note_match(m, threads->slots + (gsize)i * m->n_slots);
	}
}

/* The next place where a match may begin. */
static gsize skip(const Machine *m, gsize at)
{
	const SieveRegex *regex = m->regex;
	if (regex->is_anywhere)
		return at;
	while (at < m->text.size && regex->first[(guchar)m->text.data[at]] == 0)
		at++;
	return at;
}

static gboolean spend(guint64 *work, guint64 cost)
{
	if (*work < cost) {
		*work = 0;
		return FALSE;
	}
	*work -= cost;
	return TRUE;
}

static SieveRegexAnswer run(Machine *m, gboolean wants_groups)
{
	Threads *now = &m->lists[0];
	Threads *then = &m->lists[1];
	guint32 none[SLOTS_MAX];
	gsize at = 0;
	gsize size = 0;

	memset(none, 0xff, sizeof(none));
	for (;;) {
		if (now->count == 0) {
			gsize from = at;
			if (m->has_match)
				return SIEVE_REGEX_YES;
			at = skip(m, at);
			if (!spend(m->work, (at - from) / 8))
				return SIEVE_REGEX_STOPPED;
		}
		if (!m->has_match)
			add(m, now, 0, at, none);
		note_matches(m, now);
		if (m->has_match && !wants_groups)
			return SIEVE_REGEX_YES;
		if (!spend(m->work,
			    (1 + (guint64)now->count) *
				    (1 + m->n_slots / SLOTS_STEP)))
			return SIEVE_REGEX_STOPPED;
		if (at >= m->text.size)
			break;
		then->count = 0;
		advance(m, now, then, at, &size);
		at += size;
		Threads *swap = now;
		now = then;
		then = swap;
	}
	return m->has_match ? SIEVE_REGEX_YES : SIEVE_REGEX_NO;
}

static void threads_init(Threads *threads, gsize n_steps, gsize n_slots)
{
	threads->order = g_new0(guint32, n_steps);
	threads->places = g_new0(guint32, n_steps);
	threads->slots = g_new(guint32, n_steps * n_slots);
}

static void threads_clear(Threads *threads)
{
	g_free(threads->order);
	g_free(threads->places);
	g_free(threads->slots);
}

SieveRegexAnswer sieve_regex_match(
	const SieveRegex *regex, Bytes text, guint64 *work, Bytes *groups)
{
	guint n_slots = groups != NULL ? 2 * regex->groups : 2;
	Machine m = { .regex = regex,
		.text = text,
		.n_slots = n_slots,
		.work = work,
		.steps = (const RegexStep *)(gconstpointer)regex->steps->data };
	gsize n_steps = regex->steps->len;

	if (text.size >= NOWHERE || !spend(work, n_steps))
		return SIEVE_REGEX_STOPPED;
	threads_init(&m.lists[0], n_steps, n_slots);
	threads_init(&m.lists[1], n_steps, n_slots);
	m.stack = g_new(Entry, 2 * n_steps + 1);
	SieveRegexAnswer answer = run(&m, groups != NULL);
	g_free(m.stack);
	threads_clear(&m.lists[0]);
	threads_clear(&m.lists[1]);
	if (answer != SIEVE_REGEX_YES || groups == NULL)
		return answer;
	for (guint i = 0; i < regex->groups; i++) {
		guint32 begin = m.best[2 * i];
		guint32 end = m.best[2 * i + 1];
		groups[i] = (Bytes){ NULL, 0 };
		if (begin != NOWHERE && end != NOWHERE && begin <= end)
			groups[i] = (Bytes){ text.data + begin, end - begin };
	}
	return answer;
}

/* Marks the bytes that the step takes; TRUE where it takes none. */
static gboolean mark(SieveRegex *regex, const RegexStep *step)
{
	if (step->op != REGEX_CHAR && step->op != REGEX_SET &&
		step->op != REGEX_ANY)
		return TRUE;
	memset(regex->first + 0x80, 1, 0x80);
	for (guint c = 0; c < 0x80; c++) {
		gboolean has = step->op == REGEX_ANY ||
			(step->op == REGEX_SET &&
				regex_set_has(step->set, regex->how, c)) ||
			(step->op == REGEX_CHAR &&
				regex_fold(regex->how, c) == step->c);
		regex->first[c] = regex->first[c] || has;
	}
	return FALSE;
}

void regex_find_first(SieveRegex *regex)
{
	gsize n = regex->steps->len;
	g_autofree guint8 *seen = g_new0(guint8, n);
	g_autoptr(GArray) queue = g_array_new(FALSE, FALSE, sizeof(guint32));
	guint32 next = 0;

	g_array_append_val(queue, next);
	while (queue->len > 0) {
		guint32 index = g_array_index(queue, guint32, queue->len - 1);
		g_array_set_size(queue, queue->len - 1);
		const RegexStep *step =
			&g_array_index(regex->steps, RegexStep, index);
		if (seen[index] || !mark(regex, step))
			continue;
		seen[index] = 1;
		if (step->op == REGEX_MATCH || step->op == REGEX_LINE_END)
			regex->is_anywhere = TRUE;
		if (step->op == REGEX_MATCH)
			continue;
		next = index + 1;
		if (step->op == REGEX_SPLIT || step->op == REGEX_JUMP)
			next = step->x;
		g_array_append_val(queue, next);
		if (step->op == REGEX_SPLIT)
			g_array_append_val(queue, step->y);
	}
}
