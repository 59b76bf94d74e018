/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The part of the clean-up that a repair uses. */
#ifndef STORE_PURGE_PRIVATE_H
#define STORE_PURGE_PRIVATE_H

#include "store/purge.h"

/* Works off the queues of messages and parts alone, and adds to the report. */
gboolean purge_queues(Store *store, PurgeReport *report, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

#endif
