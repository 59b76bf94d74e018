/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of tables of words, and finding a word or a tag in them. */
#include "sieve/word.h"

#include "base/text.h"
#include "sieve/words.h"

static const SieveWord *const tables[] = {
	sieve_words_basic,
	sieve_words_logic,
	sieve_words_variables,
	sieve_words_include,
	sieve_words_ihave,
	sieve_words_file,
	sieve_words_reject,
	sieve_words_vacation,
	sieve_words_notify,
	sieve_words_flags,
	sieve_words_editheader,
	sieve_words_foreverypart,
	sieve_words_replace,
	sieve_words_duplicate,
	sieve_words_header,
	sieve_words_address,
	sieve_words_body,
	sieve_words_date,
	sieve_words_spam,
	sieve_words_mailbox,
	sieve_words_environment,
	sieve_words_string,
	NULL,
};

static const SieveWord *find_in(
	const SieveWord *word, SieveWordKind kind, Bytes name)
{
	for (; word != NULL && word->name != NULL; word++) {
		if (word->kind == kind && text_equal_nocase(name, word->name))
			return word;
	}
	return NULL;
}

const SieveWord *sieve_word_find(
	const struct SieveExtraWords *extra, SieveWordKind kind, Bytes name)
{
	const SieveWord *found =
		extra != NULL ? find_in(extra->words, kind, name) : NULL;
	for (guint i = 0; found == NULL && tables[i] != NULL; i++)
		found = find_in(tables[i], kind, name);
	return found;
}

static const SieveTag *tag_in(const SieveTag *tag, Bytes name)
{
	for (; tag != NULL && tag->name != NULL; tag++) {
		if (text_equal_nocase(name, tag->name))
			return tag;
	}
	return NULL;
}

static const SieveTag *tag_in_shared(guint shared, Bytes name)
{
	for (guint bit = 1; bit <= shared; bit <<= 1) {
		const SieveTag *tag = (shared & bit) != 0 ?
			tag_in(sieve_shared_tags(bit), name) :
			NULL;
		if (tag != NULL)
			return tag;
	}
	return NULL;
}

const SieveTag *sieve_word_tag(const SieveWord *word, Bytes name)
{
	const SieveTag *tag = tag_in(word->tags, name);
	return tag != NULL ? tag : tag_in_shared(word->shared, name);
}
