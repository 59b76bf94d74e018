-- SPDX-License-Identifier: GPL-2.0-or-later
-- What comes before the first name is about the file.

-- name: sample_find
-- Comments, also with a "quote" or a \backslash, stay out.
SELECT 'it''s', "Column", E'a\tb'
	-- and so does this one
  FROM sample  WHERE id = $1::bigint;

-- name: sample_last

SELECT 1::bigint -- but this stays
;


