-- main.db, version 9: the coverage of labels, kept by chunks of 1,024 recordings. Derived: a chunk that changed here or in
-- blocks.db is counted again when somebody looks (store_survey.c), and its difference goes into the sums. Triggers
-- cannot add to the sums themselves: a recording's group and length stand in the other file.

CREATE TABLE coverage_chunk ( -- of recordings with labels
    chunk INTEGER PRIMARY KEY,    -- rec_id / 1024
    changes INTEGER NOT NULL,     -- rises with every change of a region
    counted INTEGER NOT NULL,     -- changes that coverage_part knows of; -1: to be counted again
    blocks_counted INTEGER NOT NULL -- likewise of recording_chunk.changes
);
CREATE TABLE coverage_kind ( -- what recordings can be grouped by, once each
    kind_id INTEGER PRIMARY KEY,
    device TEXT NOT NULL,
    grp TEXT NOT NULL,
    meta TEXT NOT NULL,
    streams TEXT NOT NULL,        -- JSON: names, in order
    UNIQUE (device, grp, meta, streams)
);
CREATE TABLE coverage_part (
    chunk INTEGER NOT NULL,
    kind_id INTEGER NOT NULL,
    label TEXT NOT NULL,
    recordings INTEGER NOT NULL,  -- that carry it
    labelled_us INTEGER NOT NULL, -- time that carries it
    PRIMARY KEY (chunk, kind_id, label)
) WITHOUT ROWID;
CREATE TABLE coverage_sum ( -- of coverage_part, over the chunks
    kind_id INTEGER NOT NULL,
    label TEXT NOT NULL,
    recordings INTEGER NOT NULL,
    labelled_us INTEGER NOT NULL,
    PRIMARY KEY (kind_id, label)
) WITHOUT ROWID;
INSERT INTO coverage_chunk SELECT DISTINCT rec_id / 1024, 1, 0, 0 FROM region;

CREATE TRIGGER coverage_part_added AFTER INSERT ON coverage_part BEGIN
    INSERT INTO coverage_sum VALUES (new.kind_id, new.label, new.recordings, new.labelled_us)
        ON CONFLICT (kind_id, label) DO UPDATE SET recordings = recordings + excluded.recordings,
        labelled_us = labelled_us + excluded.labelled_us;
END;
CREATE TRIGGER coverage_part_removed AFTER DELETE ON coverage_part BEGIN
    UPDATE coverage_sum SET recordings = recordings - old.recordings, labelled_us = labelled_us - old.labelled_us
        WHERE kind_id = old.kind_id AND label = old.label;
    DELETE FROM coverage_sum WHERE kind_id = old.kind_id AND label = old.label AND recordings = 0;
    -- A group that nothing belongs to any longer may be a person's name.
    DELETE FROM coverage_kind WHERE kind_id = old.kind_id AND NOT EXISTS (SELECT 1 FROM coverage_sum WHERE kind_id = old.kind_id);
END;
CREATE TRIGGER coverage_region_added AFTER INSERT ON region BEGIN
    INSERT INTO coverage_chunk VALUES (new.rec_id / 1024, 1, 0, 0) ON CONFLICT (chunk) DO UPDATE SET changes = changes + 1;
END;
CREATE TRIGGER coverage_region_removed AFTER DELETE ON region BEGIN
    UPDATE coverage_chunk SET changes = changes + 1 WHERE chunk = old.rec_id / 1024;
END;
CREATE TRIGGER coverage_region_changed AFTER UPDATE OF label, start_us, end_us ON region
    WHEN new.label <> old.label OR new.start_us IS NOT old.start_us OR new.end_us IS NOT old.end_us BEGIN
    UPDATE coverage_chunk SET changes = changes + 1 WHERE chunk = old.rec_id / 1024;
END;
