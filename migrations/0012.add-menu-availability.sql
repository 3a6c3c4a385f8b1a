-- A menu can be sold out; without this state people write "(품절)" into the name.
-- depends: 0011.protect-history

ALTER TABLE menus ADD COLUMN is_available boolean NOT NULL DEFAULT true;
