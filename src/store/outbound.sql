-- SPDX-License-Identifier: GPL-2.0-or-later
-- The outbound queue.  Who claimed a mail is known by its attempts: nobody else
-- counts one as long as the lease lasts.

-- name: outbound_claim
-- $1 how many, $2 bytes, $3 seconds of the lease.  What others are claiming at
-- this moment is passed over.  A planner that does not know $1 takes it for a
-- tenth of all that wait, and would read the whole queue, and all users, to join
-- so many; the array and OFFSET 0 keep it at one index look-up each.
WITH expired AS MATERIALIZED (
	SELECT id, lease_until AS due, octet_length(message) AS size
	  FROM dbmail_outbound_queue
	 WHERE status = 'sending' AND lease_until <= now()
	 ORDER BY lease_until
	 LIMIT $1::integer
	   FOR UPDATE SKIP LOCKED
), pending AS MATERIALIZED (
	SELECT id, next_attempt AS due, octet_length(message) AS size
	  FROM dbmail_outbound_queue
	 WHERE status = 'pending' AND next_attempt <= now()
	 ORDER BY next_attempt
	 LIMIT $1::integer
	   FOR UPDATE SKIP LOCKED
), chosen AS MATERIALIZED (
	SELECT id, due,
	       row_number() OVER (ORDER BY due, id) AS place,
	       sum(size) OVER (ORDER BY due, id) - size AS before
	  FROM (SELECT * FROM expired
		 UNION ALL
		SELECT * FROM pending) AS either
), claimed AS (
	UPDATE dbmail_outbound_queue q
	   SET status = 'sending',
	       attempts = q.attempts + 1,
	       last_attempt = now(),
	       lease_until = now() + $3::bigint * interval '1 second'
	 WHERE q.id = ANY (ARRAY(
		SELECT id
		  FROM chosen
		 WHERE place <= $1::integer
		   AND (place = 1 OR before < $2::bigint)))
	RETURNING q.*
)
SELECT c.id, coalesce(c.owner_idnr, 0), coalesce(u.userid, ''), c.kind,
       c.status, c.sender, c.recipient, c.attempts, c.created, c.last_attempt,
       c.next_attempt, c.last_error, c.handed_over IS NOT NULL,
       octet_length(c.message), c.message,
       floor(extract(epoch FROM now() - c.created))::bigint
  FROM claimed c
  LEFT JOIN LATERAL (
	SELECT userid
	  FROM dbmail_users
	 WHERE user_idnr = c.owner_idnr
	OFFSET 0) u ON true
 ORDER BY c.next_attempt, c.id;

-- name: outbound_next
-- When something is due, in seconds from now; NULL: nothing is queued.
SELECT ceil(extract(epoch FROM least(
		(SELECT min(next_attempt)
		   FROM dbmail_outbound_queue
		  WHERE status = 'pending'),
		(SELECT min(lease_until)
		   FROM dbmail_outbound_queue
		  WHERE status = 'sending')) - now()))::bigint;

-- name: outbound_hand_over
-- $1 mail, $2 attempts, $3 seconds of the lease.
UPDATE dbmail_outbound_queue
   SET handed_over = now(),
       lease_until = now() + $3::bigint * interval '1 second'
 WHERE id = $1::bigint AND status = 'sending' AND attempts = $2::integer;

-- name: outbound_renew
-- $1 mails, $2 their attempts, side by side, $3 seconds of the lease.
UPDATE dbmail_outbound_queue q
   SET lease_until = greatest(q.lease_until,
			      now() + $3::bigint * interval '1 second')
  FROM unnest($1::bigint[], $2::integer[]) AS mine (id, attempts)
 WHERE q.id = mine.id AND q.status = 'sending'
   AND q.attempts = mine.attempts;

-- name: outbound_settle_notice
-- $1 mail, $2 attempts, $3 user or 0, $4 kind, $5 sender, $6 recipient,
-- $7 message: queues a notice while the mail is still the caller's, which it is
-- no more when outbound_settle has run.
INSERT INTO dbmail_outbound_queue (owner_idnr, kind, sender, recipient, message)
SELECT (SELECT user_idnr FROM dbmail_users WHERE user_idnr = $3::bigint),
       $4::text, $5::text, $6::text, $7::bytea
  FROM (SELECT id
	  FROM dbmail_outbound_queue
	 WHERE id = $1::bigint AND status = 'sending'
	   AND attempts = $2::integer
	   FOR UPDATE) AS held;

-- name: outbound_settle
-- $1 mail, $2 attempts, $3 its status from now on, $4 last error.
UPDATE dbmail_outbound_queue
   SET status = $3::text,
       lease_until = NULL,
       handed_over = NULL,
       next_attempt = now() + attempts * attempts * interval '1 minute',
       last_error = $4::text
 WHERE id = $1::bigint AND status = 'sending' AND attempts = $2::integer;

-- name: outbound_settle_sent
-- $1 mail, $2 attempts: it was sent in this one, and whoever has it by now need
-- not send it again.
DELETE FROM dbmail_outbound_queue
 WHERE id = $1::bigint AND status IN ('pending', 'sending')
   AND attempts >= $2::integer;

-- name: outbound_settle_kept
-- The same where it stays; $3 what the server said.
UPDATE dbmail_outbound_queue
   SET status = 'sent', lease_until = NULL, last_error = $3::text
 WHERE id = $1::bigint AND status IN ('pending', 'sending')
   AND attempts >= $2::integer;

-- name: outbound_release
-- $1 mail, $2 attempts.
UPDATE dbmail_outbound_queue
   SET status = 'pending',
       attempts = attempts - 1,
       lease_until = NULL,
       next_attempt = now()
 WHERE id = $1::bigint AND status = 'sending' AND attempts = $2::integer;

-- name: outbound_totals
SELECT count(*) FILTER (WHERE status = 'pending'),
       count(*) FILTER (WHERE status = 'sending'),
       count(*) FILTER (WHERE status = 'sent'),
       count(*) FILTER (WHERE status = 'failed'),
       coalesce(sum(octet_length(message))
		FILTER (WHERE status IN ('pending', 'sending')), 0)::bigint,
       min(created) FILTER (WHERE status IN ('pending', 'sending'))
  FROM dbmail_outbound_queue;

-- name: outbound_list
-- $1 behind which, $2 how many.
SELECT q.id, coalesce(q.owner_idnr, 0), coalesce(u.userid, ''), q.kind,
       q.status, q.sender, q.recipient, q.attempts, q.created, q.last_attempt,
       q.next_attempt, q.last_error, q.handed_over IS NOT NULL,
       octet_length(q.message), NULL::bytea,
       floor(extract(epoch FROM now() - q.created))::bigint
  FROM dbmail_outbound_queue q
  LEFT JOIN dbmail_users u ON u.user_idnr = q.owner_idnr
 WHERE q.id > $1::bigint
 ORDER BY q.id
 LIMIT $2::integer;

-- name: outbound_get
-- $1 mail.
SELECT q.id, coalesce(q.owner_idnr, 0), coalesce(u.userid, ''), q.kind,
       q.status, q.sender, q.recipient, q.attempts, q.created, q.last_attempt,
       q.next_attempt, q.last_error, q.handed_over IS NOT NULL,
       octet_length(q.message), q.message,
       floor(extract(epoch FROM now() - q.created))::bigint
  FROM dbmail_outbound_queue q
  LEFT JOIN dbmail_users u ON u.user_idnr = q.owner_idnr
 WHERE q.id = $1::bigint;

-- name: outbound_retry
-- $1 mails.
UPDATE dbmail_outbound_queue
   SET status = 'pending', next_attempt = now()
 WHERE id = ANY ($1::bigint[]) AND status IN ('pending', 'failed');

-- name: outbound_retry_all
UPDATE dbmail_outbound_queue
   SET status = 'pending', next_attempt = now()
 WHERE status IN ('pending', 'failed');

-- name: outbound_delete
-- $1 mails.
DELETE FROM dbmail_outbound_queue
 WHERE id = ANY ($1::bigint[]);

-- name: outbound_trim
-- $1 days for what was sent, $2 for what failed, $3 how many.  The first bound
-- is one the index can be asked for; who else trims takes others.
DELETE FROM dbmail_outbound_queue
 WHERE id = ANY (ARRAY(
	SELECT id
	  FROM dbmail_outbound_queue
	 WHERE status IN ('sent', 'failed')
	   AND last_attempt < now() - least($1::integer, $2::integer)
				    * interval '1 day'
	   AND last_attempt < now() - CASE WHEN status = 'sent'
					   THEN $1::integer ELSE $2::integer
				       END * interval '1 day'
	 ORDER BY last_attempt
	 LIMIT $3::integer
	   FOR UPDATE SKIP LOCKED));
