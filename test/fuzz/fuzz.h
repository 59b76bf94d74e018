/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a fuzz target defines, for libFuzzer or for replay.c. */
#ifndef TEST_FUZZ_H
#define TEST_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Does its work on any bytes; aborts where something is wrong; gives 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
