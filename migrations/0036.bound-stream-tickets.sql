-- Whose a ticket is: of a session, or (null) of the store's admins. Each may have so many at a time.
-- depends: 0035.narrow-owners-functions

ALTER TABLE stream_tickets ADD COLUMN session_id uuid;
