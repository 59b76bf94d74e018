-- SPDX-License-Identifier: GPL-2.0-or-later
-- What IMAP in full needs beyond the first store.

-- Messages -----------------------------------------------------------------

ALTER TABLE dbmail_messages ADD COLUMN save_date timestamptz;
ALTER TABLE dbmail_messages ALTER COLUMN save_date SET DEFAULT now();
COMMENT ON COLUMN dbmail_messages.save_date IS 'When it came into this mailbox (RFC 8514); NULL: before this was kept.';

ALTER TABLE dbmail_messages ADD COLUMN size bigint;
UPDATE dbmail_messages m
   SET size = p.messagesize
  FROM dbmail_physmessage p
 WHERE p.id = m.physmessage_id;
ALTER TABLE dbmail_messages ALTER COLUMN size SET NOT NULL;
COMMENT ON COLUMN dbmail_messages.size IS 'messagesize of the message, so that listing a mailbox needs no other table.';

-- Going back in time ---------------------------------------------------------
-- A server that crashed, was restored or replaced by a standby that lagged may
-- lack commits that clients have seen the numbers of.  What it has lost leaves
-- no trace; but an unlogged table is empty after each of these and only then.

CREATE UNLOGGED TABLE dbmail_incarnation (
    relation oid PRIMARY KEY,
    id bigint NOT NULL
);
COMMENT ON TABLE dbmail_incarnation IS 'The one row is there for as long as the server has forgotten nothing.';
COMMENT ON COLUMN dbmail_incarnation.relation IS 'This table; a row that came out of a dump has another.';
COMMENT ON COLUMN dbmail_incarnation.id IS 'A number no incarnation had before.';

CREATE FUNCTION dbmail_incarnation() RETURNS bigint
    LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT id FROM dbmail_incarnation
             WHERE relation = 'dbmail_incarnation'::regclass::oid);
END
$$;
COMMENT ON FUNCTION dbmail_incarnation() IS 'The server''s incarnation; NULL: a new one that has written nothing yet.';

INSERT INTO dbmail_incarnation (relation, id)
VALUES ('dbmail_incarnation'::regclass::oid,
        hashtextextended(gen_random_uuid()::text, 0));

ALTER TABLE dbmail_mailboxes ADD COLUMN incarnation bigint;
UPDATE dbmail_mailboxes SET incarnation = dbmail_incarnation();
ALTER TABLE dbmail_mailboxes ALTER COLUMN incarnation SET DEFAULT dbmail_incarnation();
COMMENT ON COLUMN dbmail_mailboxes.incarnation IS 'The incarnation of the server that seq and uidnext are of; where it is not the present one both must jump ahead before they are used.';

CREATE FUNCTION dbmail_check_incarnation() RETURNS trigger
    LANGUAGE plpgsql AS $$
DECLARE
    present bigint := dbmail_incarnation();
BEGIN
    IF present IS NULL OR NEW.incarnation IS DISTINCT FROM present THEN
        RAISE EXCEPTION USING ERRCODE = 'DM600',
            MESSAGE = 'the mailbox is of an earlier incarnation of the server',
            CONSTRAINT = NEW.mailbox_idnr::text;
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION dbmail_check_incarnation() IS 'Turns away a seq that may have been used; the store then has the mailbox jump ahead and tries again.';

CREATE TRIGGER dbmail_mailboxes_incarnation
    BEFORE UPDATE OF seq ON dbmail_mailboxes
    FOR EACH ROW WHEN (NEW.seq <> OLD.seq)
    EXECUTE FUNCTION dbmail_check_incarnation();
