/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of deliver/ share. */
#ifndef DELIVER_DELIVER_PRIVATE_H
#define DELIVER_DELIVER_PRIVATE_H

#include <openssl/types.h>

#include "deliver/deliver.h"
#include "deliver/folder.h"
#include "deliver/repeat.h"
#include "deliver/resolved.h"
#include "deliver/scripts.h"

struct Deliverer {
	Store *store;
	Resolved *resolved;
	Repeats *repeats;
	Scripts *scripts;
	Folders *folders;
	EVP_MD *sha256; /* fetched once: that is the dear part */
};

#endif
