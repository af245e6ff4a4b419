-- main.db, version 6: what was erased on request. Nothing of the content stays but its digest.

CREATE TABLE tombstone (
    rec_id INTEGER PRIMARY KEY,   -- never given again
    digest TEXT NOT NULL,         -- of the imported file, else SHA-256 over the blocks' bytes in order
    erased_ms INTEGER NOT NULL,
    who TEXT NOT NULL,
    why TEXT NOT NULL
);
CREATE INDEX tombstone_digest ON tombstone (digest);
ALTER TABLE dataset ADD COLUMN erased INTEGER NOT NULL DEFAULT 0; -- items that are gone; its digest is that of all
CREATE INDEX dataset_item_rec ON dataset_item (rec_id);
