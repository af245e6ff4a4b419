-- main.db, version 2: several people at one set of recordings, and what the project states about itself.

CREATE TABLE task ( -- a batch of recordings that people are asked to label
    task_id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    note TEXT NOT NULL DEFAULT '', -- what to look for
    each INTEGER NOT NULL,         -- people who judge every recording; nobody sees another's answer
    review INTEGER NOT NULL,       -- 1: answers become labels when a reviewer accepts them
    filter TEXT NOT NULL,          -- JSON: what chose its recordings
    author TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    closed_ms INTEGER
);
CREATE TABLE task_item ( -- who is to judge what, and how far that is
    task_id INTEGER NOT NULL,
    rec_id INTEGER NOT NULL,
    person TEXT NOT NULL,
    n INTEGER NOT NULL,           -- order of work
    state TEXT NOT NULL CHECK (state IN ('open', 'done', 'accepted', 'returned', 'settled')),
    gold INTEGER NOT NULL DEFAULT 0, -- its answer is known: asked to see how well people answer
    note TEXT NOT NULL DEFAULT '',-- why a reviewer returned it
    reviewer TEXT NOT NULL DEFAULT '',
    took_ms INTEGER NOT NULL DEFAULT 0, -- time that the person looked at it
    done_ms INTEGER,
    PRIMARY KEY (task_id, rec_id, person)
) WITHOUT ROWID;
CREATE INDEX task_item_person ON task_item (person, state, task_id, n);
CREATE TABLE answer ( -- append-only: a person's answer is the rows of its greatest round
    answer_id INTEGER PRIMARY KEY AUTOINCREMENT,
    task_id INTEGER NOT NULL,
    rec_id INTEGER NOT NULL,
    person TEXT NOT NULL,
    round INTEGER NOT NULL,       -- rises with every change that the person saved
    label TEXT NOT NULL,          -- '' with start_us NULL: nothing is marked
    start_us INTEGER,             -- NULL: the whole recording
    end_us INTEGER,
    x REAL, y REAL, w REAL, h REAL, -- box of a picture
    time_ms INTEGER NOT NULL
);
CREATE INDEX answer_item ON answer (task_id, rec_id, person, round);
CREATE TABLE gold ( -- recordings whose label is known
    rec_id INTEGER PRIMARY KEY,
    label TEXT NOT NULL,
    author TEXT NOT NULL,
    time_ms INTEGER NOT NULL
);
CREATE TABLE setting ( -- what people state about the project on the page
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL,          -- JSON
    author TEXT NOT NULL,
    time_ms INTEGER NOT NULL
) WITHOUT ROWID;
ALTER TABLE label_class ADD COLUMN grp TEXT NOT NULL DEFAULT ''; -- heading it stands under on the page
CREATE TABLE label_example ( -- recordings that show what a label is meant for
    label TEXT NOT NULL,
    rec_id INTEGER NOT NULL,
    note TEXT NOT NULL DEFAULT '',
    author TEXT NOT NULL,
    time_ms INTEGER NOT NULL,
    PRIMARY KEY (label, rec_id)
) WITHOUT ROWID;
