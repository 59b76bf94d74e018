-- SPDX-License-Identifier: GPL-2.0-or-later

-- name: migrate_version
-- The version of the database's schema, 0 before the first migration.
SELECT coalesce(max(version), 0)
  FROM dbmail_schema;

-- name: migrate_note
-- $1 version, $2 name of a migration that was applied.
INSERT INTO dbmail_schema (version, name)
VALUES ($1::integer, $2::text);
