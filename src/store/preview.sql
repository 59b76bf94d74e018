-- SPDX-License-Identifier: GPL-2.0-or-later
-- Previews.  They belong to a part, and go with it.

-- name: preview_find
-- $1 messages, $2 where the text begins in each, $3 its form.  No row where no
-- part begins there (a message that was kept whole).
SELECT a.place, l.part_id, p.preview
  FROM unnest($1::bigint[], $2::bigint[], $3::text[])
       WITH ORDINALITY a (id, first, form, place)
 CROSS JOIN LATERAL (
	SELECT part_id
	  FROM dbmail_partlists
	 WHERE physmessage_id = a.id AND part_offset = a.first
	   AND is_header = 0
	OFFSET 0) l
  LEFT JOIN LATERAL (
	SELECT preview
	  FROM dbmail_previews
	 WHERE part_id = l.part_id AND form = a.form
	OFFSET 0) p ON true;

-- name: preview_keep
-- $1 parts, $2 forms, $3 previews.  Parts that the clean-up took meanwhile are
-- passed over; the order is one for all, so that two sessions at the same
-- messages wait for each other only in one direction.
INSERT INTO dbmail_previews (part_id, form, preview)
SELECT p.id, a.form, a.preview
  FROM unnest($1::bigint[], $2::text[], $3::text[]) a (id, form, preview)
 CROSS JOIN LATERAL (
	SELECT id FROM dbmail_mimeparts WHERE id = a.id
	OFFSET 0 FOR KEY SHARE) p
 ORDER BY p.id, a.form
    ON CONFLICT DO NOTHING;
