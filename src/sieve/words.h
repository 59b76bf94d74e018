/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables of words that there are: each cmd-*.c and test-*.c exports what it
 * adds here, and word.c lists it. */
#ifndef SIEVE_WORDS_H
#define SIEVE_WORDS_H

#include "sieve/word.h"

/* Control structures. */
extern const SieveWord sieve_words_basic[];
extern const SieveWord sieve_words_variables[];
extern const SieveWord sieve_words_include[];
extern const SieveWord sieve_words_ihave[];

/* Actions. */
extern const SieveWord sieve_words_file[];
extern const SieveWord sieve_words_reject[];
extern const SieveWord sieve_words_vacation[];
extern const SieveWord sieve_words_notify[];
extern const SieveWord sieve_words_flags[];
extern const SieveWord sieve_words_editheader[];
extern const SieveWord sieve_words_foreverypart[];
extern const SieveWord sieve_words_replace[];

/* Tests. */
extern const SieveWord sieve_words_logic[];
extern const SieveWord sieve_words_header[];
extern const SieveWord sieve_words_address[];
extern const SieveWord sieve_words_body[];
extern const SieveWord sieve_words_date[];
extern const SieveWord sieve_words_spam[];
extern const SieveWord sieve_words_mailbox[];
extern const SieveWord sieve_words_environment[];
extern const SieveWord sieve_words_string[];
extern const SieveWord sieve_words_duplicate[];

#endif
