-- SPDX-License-Identifier: GPL-2.0-or-later
-- One value of many messages: what searches compare, SORT sorts by and THREAD
-- links.  $1: the physical messages; `place`, from 1, says which of them a row
-- is for.  OFFSET 0 keeps the planner at one index look-up each: see
-- fetch.sql.

-- name: column_arrival
SELECT a.place, p.internal_date
  FROM unnest($1::bigint[]) WITH ORDINALITY a (id, place)
 CROSS JOIN LATERAL (
	SELECT internal_date
	  FROM dbmail_physmessage WHERE id = a.id OFFSET 0) p;

-- name: column_saved
-- When each came into the mailbox $2 under the UID $3; INTERNALDATE where that
-- was not kept yet.
SELECT a.place, coalesce(m.save_date, p.internal_date)
  FROM unnest($1::bigint[], $3::bigint[]) WITH ORDINALITY a (id, uid, place)
 CROSS JOIN LATERAL (
	SELECT save_date
	  FROM dbmail_messages
	 WHERE mailbox_idnr = $2::bigint AND uid = a.uid OFFSET 0) m
 CROSS JOIN LATERAL (
	SELECT internal_date
	  FROM dbmail_physmessage WHERE id = a.id OFFSET 0) p;

-- name: column_date
-- The sent date of RFC 5256 section 2.2.
SELECT a.place,
       coalesce(e.sent_date, (SELECT internal_date
		FROM dbmail_physmessage WHERE id = a.id))
  FROM unnest($1::bigint[]) WITH ORDINALITY a (id, place)
 CROSS JOIN LATERAL (
	SELECT sent_date
	  FROM dbmail_envelope WHERE physmessage_id = a.id OFFSET 0) e;

-- name: column_sent
SELECT a.place, e.sent_date, e.sent_zone
  FROM unnest($1::bigint[]) WITH ORDINALITY a (id, place)
 CROSS JOIN LATERAL (
	SELECT sent_date, sent_zone
	  FROM dbmail_envelope WHERE physmessage_id = a.id OFFSET 0) e;

-- name: column_field
-- Which field: $2; at most $3 characters of it, and whether it may have more.
SELECT a.place, left(e.field, $3::integer),
       e.truncated OR length(e.field) > $3::integer
  FROM unnest($1::bigint[]) WITH ORDINALITY a (id, place)
 CROSS JOIN LATERAL (
	SELECT CASE $2::integer
	       WHEN 0 THEN subject WHEN 1 THEN from_field
	       WHEN 2 THEN to_field WHEN 3 THEN cc_field
	       WHEN 4 THEN bcc_field ELSE message_id END AS field, truncated
	  FROM dbmail_envelope WHERE physmessage_id = a.id OFFSET 0) e;

-- name: column_base_subject
-- At most $2 characters of the base subject; the subject where they differ.
SELECT a.place, left(e.base_subject, $2::integer),
       CASE WHEN e.subject <> e.base_subject THEN e.subject END
  FROM unnest($1::bigint[]) WITH ORDINALITY a (id, place)
 CROSS JOIN LATERAL (
	SELECT subject, base_subject
	  FROM dbmail_envelope WHERE physmessage_id = a.id OFFSET 0) e;

-- name: column_envelope
SELECT a.place, e.envelope
  FROM unnest($1::bigint[]) WITH ORDINALITY a (id, place)
 CROSS JOIN LATERAL (
	SELECT envelope
	  FROM dbmail_envelope WHERE physmessage_id = a.id OFFSET 0) e;

-- name: column_links
SELECT a.place, e.message_id, e.in_reply_to, e.references_field
  FROM unnest($1::bigint[]) WITH ORDINALITY a (id, place)
 CROSS JOIN LATERAL (
	SELECT message_id, in_reply_to, references_field
	  FROM dbmail_envelope WHERE physmessage_id = a.id OFFSET 0) e;

-- name: column_thread_id
-- As mime_thread_id() has it.
SELECT a.place,
       'T' || left(encode(sha256(convert_to(coalesce(
		nullif(split_part(e.references_field, ' ', 1), ''),
		nullif(split_part(e.in_reply_to, ' ', 1), ''),
		nullif(split_part(e.message_id, ' ', 1), ''),
		'M' || a.id), 'UTF8')), 'hex'), 32)
  FROM unnest($1::bigint[]) WITH ORDINALITY a (id, place)
 CROSS JOIN LATERAL (
	SELECT message_id, in_reply_to, references_field
	  FROM dbmail_envelope WHERE physmessage_id = a.id OFFSET 0) e;
