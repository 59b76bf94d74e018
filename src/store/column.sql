-- SPDX-License-Identifier: GPL-2.0-or-later
-- One value of many messages: what searches compare, SORT sorts by and THREAD
-- links.  $1 and $2: first and last of ranges of physical messages.  What is
-- delivered together is side by side, so a mailbox is few ranges and each is
-- one walk along the index; a message alone is a range of one.  OFFSET 0 keeps
-- the planner at that: see fetch.sql.

-- name: column_arrival
SELECT p.id, p.internal_date
  FROM unnest($1::bigint[], $2::bigint[]) r (low, high)
 CROSS JOIN LATERAL (
	SELECT id, internal_date
	  FROM dbmail_physmessage
	 WHERE id BETWEEN r.low AND r.high OFFSET 0) p;

-- name: column_saved
-- When each came into the mailbox $3, by ranges of UIDs; INTERNALDATE where
-- that was not kept yet.
SELECT m.uid,
       coalesce(m.save_date, (SELECT internal_date
		FROM dbmail_physmessage WHERE id = m.physmessage_id))
  FROM unnest($1::bigint[], $2::bigint[]) r (low, high)
 CROSS JOIN LATERAL (
	SELECT uid, save_date, physmessage_id
	  FROM dbmail_messages
	 WHERE mailbox_idnr = $3::bigint
	   AND uid BETWEEN r.low AND r.high OFFSET 0) m;

-- name: column_date
-- The sent date of RFC 5256 section 2.2.
SELECT e.physmessage_id,
       coalesce(e.sent_date, (SELECT internal_date
		FROM dbmail_physmessage WHERE id = e.physmessage_id))
  FROM unnest($1::bigint[], $2::bigint[]) r (low, high)
 CROSS JOIN LATERAL (
	SELECT physmessage_id, sent_date
	  FROM dbmail_envelope
	 WHERE physmessage_id BETWEEN r.low AND r.high OFFSET 0) e;

-- name: column_sent
SELECT e.physmessage_id, e.sent_date, e.sent_zone
  FROM unnest($1::bigint[], $2::bigint[]) r (low, high)
 CROSS JOIN LATERAL (
	SELECT physmessage_id, sent_date, sent_zone
	  FROM dbmail_envelope
	 WHERE physmessage_id BETWEEN r.low AND r.high OFFSET 0) e;

-- name: column_field
-- Which field: $3; at most $4 characters of it, and whether it may have more.
SELECT e.physmessage_id, left(e.field, $4::integer),
       e.truncated OR length(e.field) > $4::integer
  FROM unnest($1::bigint[], $2::bigint[]) r (low, high)
 CROSS JOIN LATERAL (
	SELECT physmessage_id, CASE $3::integer
	       WHEN 0 THEN subject WHEN 1 THEN from_field
	       WHEN 2 THEN to_field WHEN 3 THEN cc_field
	       WHEN 4 THEN bcc_field ELSE message_id END AS field, truncated
	  FROM dbmail_envelope
	 WHERE physmessage_id BETWEEN r.low AND r.high OFFSET 0) e;

-- name: column_base_subject
-- At most $3 characters of the base subject; the subject where they differ.
SELECT e.physmessage_id, left(e.base_subject, $3::integer),
       CASE WHEN e.subject <> e.base_subject THEN e.subject END
  FROM unnest($1::bigint[], $2::bigint[]) r (low, high)
 CROSS JOIN LATERAL (
	SELECT physmessage_id, subject, base_subject
	  FROM dbmail_envelope
	 WHERE physmessage_id BETWEEN r.low AND r.high OFFSET 0) e;

-- name: column_envelope
SELECT e.physmessage_id, e.envelope
  FROM unnest($1::bigint[], $2::bigint[]) r (low, high)
 CROSS JOIN LATERAL (
	SELECT physmessage_id, envelope
	  FROM dbmail_envelope
	 WHERE physmessage_id BETWEEN r.low AND r.high OFFSET 0) e;

-- name: column_links
SELECT e.physmessage_id, e.message_id, e.in_reply_to, e.references_field
  FROM unnest($1::bigint[], $2::bigint[]) r (low, high)
 CROSS JOIN LATERAL (
	SELECT physmessage_id, message_id, in_reply_to, references_field
	  FROM dbmail_envelope
	 WHERE physmessage_id BETWEEN r.low AND r.high OFFSET 0) e;

-- name: column_thread_id
-- As mime_thread_id() has it.
SELECT e.physmessage_id,
       'T' || left(encode(sha256(convert_to(coalesce(
		nullif(split_part(e.references_field, ' ', 1), ''),
		nullif(split_part(e.in_reply_to, ' ', 1), ''),
		nullif(split_part(e.message_id, ' ', 1), ''),
		'M' || e.physmessage_id), 'UTF8')), 'hex'), 32)
  FROM unnest($1::bigint[], $2::bigint[]) r (low, high)
 CROSS JOIN LATERAL (
	SELECT physmessage_id, message_id, in_reply_to, references_field
	  FROM dbmail_envelope
	 WHERE physmessage_id BETWEEN r.low AND r.high OFFSET 0) e;
