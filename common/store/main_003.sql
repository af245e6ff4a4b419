-- main.db, version 3: counters kept by triggers, so that no page counts a table, and the index that the
-- overview's clock asks for. One row a label; regions without a class are counted too.

CREATE TABLE label_tally (
    label TEXT PRIMARY KEY,
    regions INTEGER NOT NULL,     -- that carry it
    recordings INTEGER NOT NULL   -- with at least one of them
) WITHOUT ROWID;
CREATE TABLE main_tally (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    regions INTEGER NOT NULL,
    labelled INTEGER NOT NULL     -- recordings with any region
);
INSERT INTO label_tally SELECT label, count(*), count(DISTINCT rec_id) FROM region GROUP BY label;
INSERT INTO main_tally SELECT 1, count(*), count(DISTINCT rec_id) FROM region;

-- A region is the only one of its kind where a second is not found: the two rows read are neighbours in an index.
CREATE TRIGGER region_added AFTER INSERT ON region BEGIN
    INSERT INTO label_tally (label, regions, recordings)
        SELECT new.label, 1, count(*) = 1 FROM (SELECT 1 FROM region WHERE label = new.label AND rec_id = new.rec_id LIMIT 2)
        WHERE true
        ON CONFLICT (label) DO UPDATE SET regions = regions + 1, recordings = recordings + excluded.recordings;
    UPDATE main_tally SET regions = regions + 1,
        labelled = labelled + (SELECT count(*) = 1 FROM (SELECT 1 FROM region WHERE rec_id = new.rec_id LIMIT 2));
END;
CREATE TRIGGER region_removed AFTER DELETE ON region BEGIN
    UPDATE label_tally SET regions = regions - 1,
        recordings = recordings - NOT EXISTS (SELECT 1 FROM region WHERE label = old.label AND rec_id = old.rec_id)
        WHERE label = old.label;
    UPDATE main_tally SET regions = regions - 1,
        labelled = labelled - NOT EXISTS (SELECT 1 FROM region WHERE rec_id = old.rec_id);
END;
CREATE TRIGGER region_renamed AFTER UPDATE OF label ON region WHEN new.label <> old.label BEGIN
    UPDATE label_tally SET regions = regions - 1,
        recordings = recordings - NOT EXISTS (SELECT 1 FROM region WHERE label = old.label AND rec_id = old.rec_id)
        WHERE label = old.label;
    INSERT INTO label_tally (label, regions, recordings)
        SELECT new.label, 1, count(*) = 1 FROM (SELECT 1 FROM region WHERE label = new.label AND rec_id = new.rec_id LIMIT 2)
        WHERE true
        ON CONFLICT (label) DO UPDATE SET regions = regions + 1, recordings = recordings + excluded.recordings;
END;
CREATE INDEX rollout_device_changed ON rollout_device (changed_ms);
