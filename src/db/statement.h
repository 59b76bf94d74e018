/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A named SQL statement. */
#ifndef DB_STATEMENT_H
#define DB_STATEMENT_H

/* The name is unique in the program: it is also the name under which a
 * connection prepares the text, once.  Statements are constants that
 * src/db/sql.awk makes from the .sql files. */
typedef struct {
	const char *name;
	const char *text;
} DbStatement;

#endif
