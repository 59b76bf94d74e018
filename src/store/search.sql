-- SPDX-License-Identifier: GPL-2.0-or-later
-- SEARCH BODY and TEXT.  OFFSET 0 keeps the planner at one index look-up each:
-- see fetch.sql.

-- name: search_rows
-- The parts of the messages $1, the bytes of headers among them, of at most $2
-- bytes each.
SELECT a.place, l.part_id, l.part_offset, p.size, p.data
  FROM unnest($1::bigint[]) WITH ORDINALITY a (id, place)
 CROSS JOIN LATERAL (
	SELECT part_id, part_offset, is_header
	  FROM dbmail_partlists WHERE physmessage_id = a.id OFFSET 0) l
 CROSS JOIN LATERAL (
	SELECT size, CASE WHEN l.is_header = 1 AND size <= $2::bigint
			  THEN data END AS data
	  FROM dbmail_mimeparts WHERE id = l.part_id OFFSET 0) p
 ORDER BY a.place, l.part_offset;

-- name: search_unknown_texts
-- Which of the parts $1 in the forms $2 are not yet texts, and their sizes.
SELECT a.place, p.size
  FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY a (id, form, place)
 CROSS JOIN LATERAL (
	SELECT size FROM dbmail_mimeparts WHERE id = a.id OFFSET 0) p
 WHERE NOT EXISTS (SELECT FROM dbmail_texts t
		    WHERE t.part_id = a.id AND t.form = a.form OFFSET 0);

-- name: search_parts
-- $1 parts.
SELECT a.place, p.data
  FROM unnest($1::bigint[]) WITH ORDINALITY a (id, place)
 CROSS JOIN LATERAL (
	SELECT data FROM dbmail_mimeparts WHERE id = a.id OFFSET 0) p;

-- name: search_keep_texts
-- $1 parts, $2 forms, $3 texts.  Parts that the clean-up took meanwhile are
-- passed over; the order is one for all, so that two searches at the same
-- messages wait for each other only in one direction.
INSERT INTO dbmail_texts (part_id, form, folded)
SELECT p.id, a.form, a.folded
  FROM unnest($1::bigint[], $2::text[], $3::text[]) a (id, form, folded)
 CROSS JOIN LATERAL (
	SELECT id FROM dbmail_mimeparts WHERE id = a.id
	OFFSET 0 FOR KEY SHARE) p
 ORDER BY p.id, a.form
    ON CONFLICT DO NOTHING;

-- name: search_keep
-- $1 messages, $2 whether they are whole, $3 headers, $4 headers of messages
-- inside; their texts: $5 places of the messages, $6 parts, $7 forms.  A
-- message one of whose texts is gone is gone, too.
WITH texts AS MATERIALIZED (
	SELECT x.place, count(*) AS wanted, count(t.id) AS known,
	       array_agg(t.id ORDER BY t.id) AS ids
	  FROM unnest($5::integer[], $6::bigint[], $7::text[])
		AS x (place, part, form)
	  LEFT JOIN LATERAL (
		SELECT id
		  FROM dbmail_texts
		 WHERE part_id = x.part AND form = x.form OFFSET 0) t ON true
	 GROUP BY x.place
)
INSERT INTO dbmail_searches (physmessage_id, whole, headers, inner_headers,
	texts)
SELECT p.id, a.whole, a.headers, a.inner_headers, coalesce(t.ids, '{}')
  FROM unnest($1::bigint[], $2::boolean[], $3::text[], $4::text[])
	WITH ORDINALITY a (id, whole, headers, inner_headers, place)
  LEFT JOIN texts t ON t.place = a.place
 CROSS JOIN LATERAL (
	SELECT id FROM dbmail_physmessage WHERE id = a.id
	OFFSET 0 FOR KEY SHARE) p
 WHERE t.wanted IS NULL OR t.wanted = t.known
 ORDER BY p.id
    ON CONFLICT DO NOTHING;

-- name: search_texts
-- Looks for $2 in the messages $1, also in their headers if $3.  Rows for
-- those where it is (1), may be in what is not kept (2), or of which nothing
-- is kept yet (3).  Each text is looked at once, however many messages have
-- it.
WITH messages AS MATERIALIZED (
	SELECT a.place, s.whole, s.texts,
	       s.physmessage_id IS NOT NULL
	       AND (strpos(s.inner_headers, $2::text) > 0
		    OR ($3::boolean AND strpos(s.headers, $2::text) > 0))
	       AS hit
	  FROM unnest($1::bigint[]) WITH ORDINALITY a (id, place)
	  LEFT JOIN LATERAL (
		SELECT physmessage_id, whole, texts, inner_headers,
		       CASE WHEN $3::boolean THEN headers END AS headers
		  FROM dbmail_searches
		 WHERE physmessage_id = a.id OFFSET 0) s ON true
), pairs AS MATERIALIZED (
	SELECT m.place, x.id
	  FROM messages m, unnest(m.texts) x (id)
	 WHERE NOT m.hit
), hits AS MATERIALIZED (
	SELECT d.id
	  FROM (SELECT DISTINCT id FROM pairs) d
	 CROSS JOIN LATERAL (
		SELECT folded FROM dbmail_texts WHERE id = d.id OFFSET 0) t
	 WHERE strpos(t.folded, $2::text) > 0
)
SELECT place, 1 AS state
  FROM messages
 WHERE hit
UNION ALL
SELECT DISTINCT p.place, 1
  FROM pairs p
  JOIN hits h ON h.id = p.id
UNION ALL
SELECT place, CASE WHEN whole IS NULL THEN 3 ELSE 2 END
  FROM messages
 WHERE NOT hit AND whole IS NOT TRUE;
