-- SPDX-License-Identifier: GPL-2.0-or-later
-- What IMAP in full needs beyond the first store.

-- Messages -----------------------------------------------------------------

ALTER TABLE dbmail_messages ADD COLUMN save_date timestamptz;
ALTER TABLE dbmail_messages ALTER COLUMN save_date SET DEFAULT now();
COMMENT ON COLUMN dbmail_messages.save_date IS 'When it came into this mailbox (RFC 8514); NULL: before this was kept.';
