-- main.db, version 7: what people say of a model's answers.

CREATE TABLE verdict ( -- a model's answer that somebody refused or marked as wrong, for the queue
    verdict_id INTEGER PRIMARY KEY AUTOINCREMENT,
    verdict TEXT NOT NULL CHECK (verdict IN ('refused', 'wrong')),
    rec_id INTEGER NOT NULL DEFAULT 0, -- recording that the answer was about; 0: of the live view
    device TEXT NOT NULL DEFAULT '',
    t_us INTEGER NOT NULL DEFAULT 0,   -- device time of the window, where rec_id is 0
    dur_us INTEGER NOT NULL DEFAULT 0,
    label TEXT NOT NULL,          -- what the model said
    model TEXT NOT NULL,          -- digest, or its beginning
    score REAL NOT NULL,
    author TEXT NOT NULL,
    time_ms INTEGER NOT NULL
);
CREATE INDEX verdict_rec ON verdict (rec_id, label) WHERE rec_id > 0;
