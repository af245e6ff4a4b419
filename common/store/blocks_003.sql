-- blocks.db, version 3: tallies, so that no page counts a table; events by their time. Rows that come and go are counted by
-- triggers. What grows with every block (frames, lengths) is added up once a transaction (store_tally.c), because a
-- trigger on each block costs a third of what storing it does.

ALTER TABLE recording ADD COLUMN counted_us INTEGER NOT NULL DEFAULT 0;     -- of its length, in blocks_tally
ALTER TABLE recording_stream ADD COLUMN counted INTEGER NOT NULL DEFAULT 0; -- of its frames, in stream_tally
UPDATE recording SET counted_us = end_us - start_us;
UPDATE recording_stream SET counted = frames;

CREATE TABLE blocks_tally (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    recordings INTEGER NOT NULL,
    uncertain INTEGER NOT NULL,   -- recordings that a model was unsure of
    simulated INTEGER NOT NULL,
    recorded_us INTEGER NOT NULL, -- sum of the recordings' lengths
    events_uncertain INTEGER NOT NULL,
    conflicts INTEGER NOT NULL,
    dropped INTEGER NOT NULL      -- sequence numbers
);
CREATE TABLE stream_tally ( -- what recordings hold of a stream
    stream_id INTEGER PRIMARY KEY,
    recordings INTEGER NOT NULL,
    frames INTEGER NOT NULL
);
CREATE TABLE minute_tally ( -- recordings by the minute that they came in
    minute INTEGER PRIMARY KEY,   -- since 1970
    recordings INTEGER NOT NULL,
    uncertain INTEGER NOT NULL
);
INSERT INTO blocks_tally SELECT 1, count(*), coalesce(sum(uncertain), 0), coalesce(sum(simulated), 0),
    coalesce(sum(end_us - start_us), 0), (SELECT count(*) FROM event WHERE uncertain = 1), (SELECT count(*) FROM conflict),
    (SELECT coalesce(sum(last - first + 1), 0) FROM dropped) FROM recording;
INSERT INTO stream_tally SELECT stream_id, count(*), sum(frames) FROM recording_stream GROUP BY stream_id;
INSERT INTO minute_tally SELECT created_ms / 60000, count(*), sum(uncertain) FROM recording GROUP BY created_ms / 60000;

CREATE TRIGGER recording_added AFTER INSERT ON recording BEGIN
    UPDATE blocks_tally SET recordings = recordings + 1, uncertain = uncertain + new.uncertain,
        simulated = simulated + new.simulated, recorded_us = recorded_us + new.counted_us;
    INSERT INTO minute_tally VALUES (new.created_ms / 60000, 1, new.uncertain)
        ON CONFLICT (minute) DO UPDATE SET recordings = recordings + 1, uncertain = uncertain + excluded.uncertain;
END;
CREATE TRIGGER recording_removed AFTER DELETE ON recording BEGIN
    UPDATE blocks_tally SET recordings = recordings - 1, uncertain = uncertain - old.uncertain,
        simulated = simulated - old.simulated, recorded_us = recorded_us - old.counted_us;
    UPDATE minute_tally SET recordings = recordings - 1, uncertain = uncertain - old.uncertain
        WHERE minute = old.created_ms / 60000;
END;
CREATE TRIGGER recording_doubted AFTER UPDATE OF uncertain ON recording WHEN new.uncertain <> old.uncertain BEGIN
    UPDATE blocks_tally SET uncertain = uncertain + new.uncertain - old.uncertain;
    UPDATE minute_tally SET uncertain = uncertain + new.uncertain - old.uncertain WHERE minute = old.created_ms / 60000;
END;
CREATE TRIGGER recording_stream_added AFTER INSERT ON recording_stream BEGIN
    INSERT INTO stream_tally VALUES (new.stream_id, 1, new.counted)
        ON CONFLICT (stream_id) DO UPDATE SET recordings = recordings + 1, frames = frames + excluded.frames;
END;
CREATE TRIGGER recording_stream_removed AFTER DELETE ON recording_stream BEGIN
    UPDATE stream_tally SET recordings = recordings - 1, frames = frames - old.counted WHERE stream_id = old.stream_id;
END;
CREATE TRIGGER event_added AFTER INSERT ON event WHEN new.uncertain = 1 BEGIN
    UPDATE blocks_tally SET events_uncertain = events_uncertain + 1;
END;
CREATE TRIGGER event_removed AFTER DELETE ON event WHEN old.uncertain = 1 BEGIN
    UPDATE blocks_tally SET events_uncertain = events_uncertain - 1;
END;
CREATE TRIGGER conflict_added AFTER INSERT ON conflict BEGIN
    UPDATE blocks_tally SET conflicts = conflicts + 1;
END;
CREATE TRIGGER conflict_removed AFTER DELETE ON conflict BEGIN
    UPDATE blocks_tally SET conflicts = conflicts - 1;
END;
CREATE TRIGGER dropped_added AFTER INSERT ON dropped BEGIN
    UPDATE blocks_tally SET dropped = dropped + new.last - new.first + 1;
END;
CREATE TRIGGER dropped_removed AFTER DELETE ON dropped BEGIN
    UPDATE blocks_tally SET dropped = dropped - (old.last - old.first + 1);
END;
CREATE INDEX event_time ON event (session_id, t_us); -- events within a recording
