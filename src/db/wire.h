/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PostgreSQL's binary forms, as src/backend/utils/adt sends and receives. */
#ifndef DB_WIRE_H
#define DB_WIRE_H

#include <glib.h>
#include <string.h>

#include "base/timestamp.h"

/* Type numbers, fixed for good in pg_type.dat. */
enum {
	OID_BOOL = 16,
	OID_BYTEA = 17,
	OID_CHAR = 18,
	OID_NAME = 19,
	OID_INT8 = 20,
	OID_INT2 = 21,
	OID_INT4 = 23,
	OID_TEXT = 25,
	OID_OID = 26,
	OID_JSON = 114,
	OID_BPCHAR = 1042,
	OID_VARCHAR = 1043,
	OID_TIMESTAMP = 1114,
	OID_TIMESTAMPTZ = 1184,
	OID_BYTEA_ARRAY = 1001,
	OID_INT2_ARRAY = 1005,
	OID_INT4_ARRAY = 1007,
	OID_TEXT_ARRAY = 1009,
	OID_VARCHAR_ARRAY = 1015,
	OID_INT8_ARRAY = 1016,
};

/* A value or message is below 1 GiB. */
#define WIRE_MAX_VALUE ((gsize)0x3fffffff)
/* The length that says NULL. */
#define WIRE_NULL 0xffffffffu
/* Dimensions, flags, type; then length and lower bound per dimension. */
#define WIRE_EMPTY_ARRAY 12
#define WIRE_ARRAY_HEADER 20

/* 2000-01-01, where PostgreSQL counts from. */
#define WIRE_EPOCH (946684800 * TIMESTAMP_SECOND)

static inline void wire_put16(char *at, guint16 value)
{
	value = GUINT16_TO_BE(value);
	memcpy(at, &value, sizeof value);
}

static inline void wire_put32(char *at, guint32 value)
{
	value = GUINT32_TO_BE(value);
	memcpy(at, &value, sizeof value);
}

static inline void wire_put64(char *at, guint64 value)
{
	value = GUINT64_TO_BE(value);
	memcpy(at, &value, sizeof value);
}

static inline guint16 wire_get16(const char *at)
{
	guint16 value;
	memcpy(&value, at, sizeof value);
	return GUINT16_FROM_BE(value);
}

static inline guint32 wire_get32(const char *at)
{
	guint32 value;
	memcpy(&value, at, sizeof value);
	return GUINT32_FROM_BE(value);
}

static inline guint64 wire_get64(const char *at)
{
	guint64 value;
	memcpy(&value, at, sizeof value);
	return GUINT64_FROM_BE(value);
}

/* The ends of the range are the infinities on both sides; what would wrap is
 * kept at a value the server refuses. */
static inline gint64 wire_from_timestamp(Timestamp time)
{
	if (time == G_MAXINT64 || time == G_MININT64)
		return time;
	if (time < G_MININT64 + 1 + WIRE_EPOCH)
		return G_MININT64 + 1;
	return time - WIRE_EPOCH;
}

static inline Timestamp wire_to_timestamp(gint64 value)
{
	if (value == G_MAXINT64 || value == G_MININT64)
		return value;
	if (value > G_MAXINT64 - 1 - WIRE_EPOCH)
		return G_MAXINT64 - 1;
	return value + WIRE_EPOCH;
}

#endif
