-- main.db, version 5: all windows in a plane, each with what a model says of it.

CREATE TABLE projection (
    projection_id INTEGER PRIMARY KEY AUTOINCREMENT,
    method TEXT NOT NULL,         -- pca or tsne
    stream TEXT NOT NULL,
    model TEXT NOT NULL DEFAULT '', -- digest; '': no model, plain statistics of the signal were projected
    state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed')),
    note TEXT NOT NULL DEFAULT '',-- what went wrong, or what the axes are
    windows INTEGER NOT NULL DEFAULT 0,
    done INTEGER NOT NULL DEFAULT 0, -- of 1000
    window_limit INTEGER NOT NULL,
    seed INTEGER NOT NULL,
    author TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    changed_ms INTEGER NOT NULL
);
CREATE TABLE projection_window (
    projection_id INTEGER NOT NULL,
    n INTEGER NOT NULL,           -- from 0
    rec_id INTEGER NOT NULL,
    start_us INTEGER NOT NULL,
    end_us INTEGER NOT NULL,
    x REAL NOT NULL,              -- from -1 to 1
    y REAL NOT NULL,
    said TEXT NOT NULL,           -- what the model says; '' without one
    score REAL NOT NULL,
    novelty REAL NOT NULL,
    PRIMARY KEY (projection_id, n)
) WITHOUT ROWID;
CREATE INDEX projection_window_rec ON projection_window (projection_id, rec_id);
