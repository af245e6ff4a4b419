-- blocks.db, version 7: what changed that the coverage of labels depends on, by chunks of 1,024 recordings, so that
-- main.db (version 9) counts again what changed and nothing else. A recording's length counts once a transaction.

CREATE TABLE recording_chunk (
    chunk INTEGER PRIMARY KEY,    -- rec_id / 1024
    changes INTEGER NOT NULL      -- rises with every change; a chunk without a row had none
);
CREATE TRIGGER recording_changed AFTER UPDATE OF counted_us, device, grp, meta ON recording
    WHEN new.counted_us <> old.counted_us OR new.device <> old.device OR new.grp <> old.grp OR new.meta <> old.meta BEGIN
    INSERT INTO recording_chunk VALUES (new.rec_id / 1024, 1) ON CONFLICT (chunk) DO UPDATE SET changes = changes + 1;
END;
CREATE TRIGGER recording_gone AFTER DELETE ON recording BEGIN
    INSERT INTO recording_chunk VALUES (old.rec_id / 1024, 1) ON CONFLICT (chunk) DO UPDATE SET changes = changes + 1;
END;
CREATE TRIGGER recording_stream_joined AFTER INSERT ON recording_stream BEGIN
    INSERT INTO recording_chunk VALUES (new.rec_id / 1024, 1) ON CONFLICT (chunk) DO UPDATE SET changes = changes + 1;
END;
CREATE TRIGGER recording_stream_left AFTER DELETE ON recording_stream BEGIN
    INSERT INTO recording_chunk VALUES (old.rec_id / 1024, 1) ON CONFLICT (chunk) DO UPDATE SET changes = changes + 1;
END;
