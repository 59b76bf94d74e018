/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of deliver/ share. */
#ifndef DELIVER_DELIVER_PRIVATE_H
#define DELIVER_DELIVER_PRIVATE_H

#include <openssl/types.h>

#include "deliver/deliver.h"
#include "deliver/repeat.h"
#include "deliver/resolved.h"

struct Deliverer {
	Store *store;
	Resolved *resolved;
	Repeats *repeats;
	EVP_MD *sha256; /* fetched once: that is the dear part */
};

#endif
