/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sorting many things by numbers or texts, in time that grows with them. */
#ifndef STORE_ORDER_H
#define STORE_ORDER_H

#include <glib.h>

#include "store/column.h"

typedef struct {
	guint64 key;
	guint place;
} OrderItem;

/* Sorts by key, ascending; what is equal keeps its order. */
void order_items(OrderItem *items, guint count);

/* A signed number as a key. */
static inline guint64 order_key(gint64 number)
{
	return (guint64)number ^ (G_GUINT64_CONSTANT(1) << 63);
}

/* For each place the rank of its text by bytes, which for UTF-8 is the order
 * of code points: from 0 without gaps, the same for equal texts; none is as
 * the empty one.  Free with g_free. */
guint *order_text_ranks(const ColumnValues *values, guint count)
	G_GNUC_WARN_UNUSED_RESULT;

#endif
