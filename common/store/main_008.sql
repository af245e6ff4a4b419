-- main.db, version 8: videos that play in step with a recording's signals.

CREATE TABLE video (
    rec_id INTEGER PRIMARY KEY,
    path TEXT NOT NULL,           -- within the project folder, named by its digest
    type TEXT NOT NULL,           -- media type
    bytes INTEGER NOT NULL,
    offset_us INTEGER NOT NULL DEFAULT 0, -- device time of its first picture, less the recording's start
    author TEXT NOT NULL,
    time_ms INTEGER NOT NULL
);
