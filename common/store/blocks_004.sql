-- blocks.db, version 4: a recording may be slower than its stream (rates asked for).
ALTER TABLE recording_stream ADD COLUMN interval_ns INTEGER; -- of its frames; NULL: the stream's
