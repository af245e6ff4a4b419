-- blocks.db, version 2: what the page's queue looks for.
CREATE INDEX event_recording ON event (session_id, rec_no) WHERE rec_no > 0;
CREATE INDEX recording_uncertain ON recording (rec_id) WHERE uncertain = 1;
