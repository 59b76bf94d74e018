-- SPDX-License-Identifier: GPL-2.0-or-later
-- What a delivery does besides putting messages into mailboxes.  message_put
-- leaves the tokens it took in the setting dbmail.taken; message_put_one, for
-- one put and so for one token, does not, but leaves dbmail.put empty where it
-- was not taken.

-- name: delivery_lock_users
-- $1 users whose responses are looked at.  As a rule they own the mailboxes that
-- store_lock has locked, and nothing is waited for; where one does not, this
-- may be out of order and is tried again.
SELECT user_idnr
  FROM dbmail_users
 WHERE user_idnr = ANY ($1::bigint[])
 ORDER BY user_idnr
   FOR NO KEY UPDATE;

-- name: delivery_due
-- Which responses may be sent, as their numbers in the setting dbmail.due, under
-- the locks of their users.  $1 users, $2 handles, $3 addresses, $4 seconds; of
-- the same user, handle and address the first.
SELECT set_config('dbmail.due', coalesce(array_agg(n), '{}')::text, true)
  FROM (SELECT DISTINCT ON (k.user_idnr, k.handle, k.address) k.*
	  FROM unnest($1::bigint[], $2::bytea[], $3::text[], $4::bigint[])
		WITH ORDINALITY AS k (user_idnr, handle, address, seconds, n)
	 ORDER BY k.user_idnr, k.handle, k.address, k.n) k
 WHERE k.seconds = 0
    OR NOT EXISTS (SELECT FROM dbmail_vacation_responses r
		    WHERE r.user_idnr = k.user_idnr
		      AND r.handle = k.handle
		      AND r.address = k.address COLLATE "C"
		      AND r.last_reply > now() - k.seconds
					* interval '1 second'
		   OFFSET 0);

-- name: delivery_answer
-- Notes and queues responses that are due and whose token was taken.  $1 to $4
-- as delivery_due's; $5 tokens, $6 kinds, $7 senders, $8 recipients, $9
-- messages.  Gives their numbers.
WITH due AS MATERIALIZED (
	SELECT k.*
	  FROM unnest($1::bigint[], $2::bytea[], $3::text[], $4::bigint[],
		$5::bigint[], $6::text[], $7::text[], $8::text[], $9::bytea[])
		WITH ORDINALITY AS k (user_idnr, handle, address, seconds,
				      token, kind, sender, recipient, message, n)
	 WHERE k.n = ANY (current_setting('dbmail.due')::bigint[])
	   AND CASE WHEN coalesce(current_setting('dbmail.taken', true), '') <> ''
	    THEN k.token = ANY (current_setting('dbmail.taken')::bigint[])
	    ELSE coalesce(current_setting('dbmail.put', true), '')
			NOT IN ('', '{}') END
), noted AS (
	INSERT INTO dbmail_vacation_responses (user_idnr, handle, address,
		seconds)
	SELECT user_idnr, handle, address, seconds
	  FROM due
	 ORDER BY user_idnr, handle, address
	    ON CONFLICT (user_idnr, handle, address)
	    DO UPDATE SET last_reply = now(), seconds = EXCLUDED.seconds
), queued AS (
	INSERT INTO dbmail_outbound_queue (owner_idnr, kind, sender, recipient,
		message)
	SELECT user_idnr, kind, sender, recipient, message
	  FROM due
	 ORDER BY n
)
SELECT n
  FROM due;

-- name: delivery_mail
-- Queues one message for recipients whose token was taken; $1 the message, $2
-- tokens, $3 users or 0, $4 kinds, $5 senders, $6 recipients.
INSERT INTO dbmail_outbound_queue (owner_idnr, kind, sender, recipient, message)
SELECT nullif(k.user_idnr, 0), k.kind, k.sender, k.recipient, $1::bytea
  FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[])
	WITH ORDINALITY AS k (token, user_idnr, kind, sender, recipient, n)
 WHERE CASE WHEN coalesce(current_setting('dbmail.taken', true), '') <> ''
	    THEN k.token = ANY (current_setting('dbmail.taken')::bigint[])
	    ELSE coalesce(current_setting('dbmail.put', true), '')
			NOT IN ('', '{}') END
 ORDER BY k.n;

-- name: delivery_seen
-- Remembers ids for the test duplicate where their token was taken; $1 tokens, $2
-- users, $3 ids, $4 seconds.
INSERT INTO dbmail_sieve_seen (user_idnr, id, until)
SELECT k.user_idnr, k.id, now() + max(k.seconds) * interval '1 second'
  FROM unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bigint[])
	AS k (token, user_idnr, id, seconds)
 WHERE CASE WHEN coalesce(current_setting('dbmail.taken', true), '') <> ''
	    THEN k.token = ANY (current_setting('dbmail.taken')::bigint[])
	    ELSE coalesce(current_setting('dbmail.put', true), '')
			NOT IN ('', '{}') END
 GROUP BY k.user_idnr, k.id
 ORDER BY k.user_idnr, k.id
    ON CONFLICT (user_idnr, id) DO UPDATE SET until = EXCLUDED.until;
