-- main.db, version 1: what people and programs write. Times *_ms are milliseconds since 1970 (UTC),
-- *_us are device microseconds within a session. Digests are lower-case hexadecimal SHA-256.

CREATE TABLE device ( -- provisioned devices; what they say of themselves is blocks.db's device_state
    id TEXT PRIMARY KEY,          -- [a-z0-9-]{1,32}; MQTT user and client id
    name TEXT NOT NULL DEFAULT '',-- for people
    grp TEXT NOT NULL DEFAULT '', -- group that rollouts can name
    created_ms INTEGER NOT NULL,
    removed_ms INTEGER            -- credentials revoked; data stay
) WITHOUT ROWID;

CREATE TABLE label_class ( -- the set of labels
    label_id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    hotkey TEXT NOT NULL DEFAULT '', -- one key of the keyboard
    color TEXT NOT NULL DEFAULT '',  -- #rrggbb
    guideline TEXT NOT NULL DEFAULT '', -- when to use it
    position INTEGER NOT NULL DEFAULT 0, -- order on the page
    created_ms INTEGER NOT NULL,
    retired_ms INTEGER               -- no longer offered; old labels keep it
);

CREATE TABLE label_event ( -- append-only: undo, history and blame fall out of it
    event_id INTEGER PRIMARY KEY AUTOINCREMENT,
    rec_id INTEGER NOT NULL,      -- recording in blocks.db
    region TEXT NOT NULL,         -- id that the author's program made; '' is the whole recording
    action TEXT NOT NULL CHECK (action IN ('set', 'delete')),
    label TEXT NOT NULL DEFAULT '', -- name of the label (of 'set')
    start_us INTEGER,             -- NULL: whole recording
    end_us INTEGER,               -- exclusive; equal to start_us: a point
    x REAL, y REAL, w REAL, h REAL, -- box of a picture in pixels, NULL otherwise
    author TEXT NOT NULL,         -- user name, or program
    source TEXT NOT NULL CHECK (source IN ('human', 'model', 'import', 'device')),
    model TEXT NOT NULL DEFAULT '', -- digest of the model that proposed it
    score REAL,                   -- of the proposal
    version INTEGER NOT NULL,     -- of the region after this event, from 1
    time_ms INTEGER NOT NULL
);
CREATE INDEX label_event_rec ON label_event (rec_id, event_id);

CREATE TABLE region ( -- the present state of label_event, kept in the same transaction
    rec_id INTEGER NOT NULL,
    region TEXT NOT NULL,
    label TEXT NOT NULL,
    start_us INTEGER,
    end_us INTEGER,
    x REAL, y REAL, w REAL, h REAL,
    author TEXT NOT NULL,
    source TEXT NOT NULL,
    version INTEGER NOT NULL,     -- for optimistic locking
    event_id INTEGER NOT NULL,    -- the event that made it so
    PRIMARY KEY (rec_id, region)
) WITHOUT ROWID;
CREATE INDEX region_label ON region (label, rec_id);

CREATE TABLE dataset ( -- immutable list of labelled windows
    dataset_id INTEGER PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,  -- over its items in order
    name TEXT NOT NULL,
    query TEXT NOT NULL,          -- the recipe's words that chose the items
    items INTEGER NOT NULL,
    created_ms INTEGER NOT NULL
);
CREATE TABLE dataset_item (
    dataset_id INTEGER NOT NULL,
    n INTEGER NOT NULL,           -- position, from 0
    rec_id INTEGER NOT NULL,
    stream TEXT NOT NULL,
    start_us INTEGER NOT NULL,
    end_us INTEGER NOT NULL,
    label TEXT NOT NULL,
    split TEXT NOT NULL CHECK (split IN ('train', 'validation', 'test')),
    grp TEXT NOT NULL,            -- device, user or speaker that stays on one side
    PRIMARY KEY (dataset_id, n)
) WITHOUT ROWID;

CREATE TABLE model (
    model_id INTEGER PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,  -- of the .tflite file
    name TEXT NOT NULL,           -- slot name on devices
    path TEXT NOT NULL,           -- of the .tflite within the project folder
    bytes INTEGER NOT NULL,
    arena INTEGER NOT NULL,       -- bytes the pipeline needs on the host
    dataset TEXT NOT NULL,        -- digest
    recipe TEXT NOT NULL,         -- text of the recipe
    seed INTEGER NOT NULL,
    program TEXT NOT NULL,        -- name and version of what made it
    parent TEXT NOT NULL DEFAULT '', -- digest of the model it was fine-tuned from
    float_accuracy REAL,          -- on the test split; NULL where it has none
    int8_accuracy REAL,
    metrics TEXT NOT NULL,        -- JSON: labels, confusion matrices, curves (docs/formats/metrics.md)
    created_ms INTEGER NOT NULL
);

CREATE TABLE release (
    release_id INTEGER PRIMARY KEY,
    seq INTEGER NOT NULL,         -- rises per name
    name TEXT NOT NULL,           -- slot name
    manifest_digest TEXT NOT NULL UNIQUE, -- of the signed manifest; names the topics
    model TEXT NOT NULL,          -- digest
    payload_digest TEXT NOT NULL,
    payload_bytes INTEGER NOT NULL,
    manifest BLOB NOT NULL,       -- as signed
    min_class INTEGER NOT NULL,
    arena INTEGER NOT NULL,
    ops TEXT NOT NULL,
    stream TEXT NOT NULL,
    dsp_variant TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    swept_ms INTEGER,             -- its retained messages were withdrawn
    UNIQUE (name, seq)
);

CREATE TABLE rollout (
    rollout_id INTEGER PRIMARY KEY,
    release_id INTEGER NOT NULL REFERENCES release,
    state TEXT NOT NULL CHECK (state IN ('running', 'paused', 'done', 'aborted')),
    stage INTEGER NOT NULL,       -- present stage, from 0
    policy TEXT NOT NULL,         -- JSON: stages, waits, thresholds, canaries
    reason TEXT NOT NULL DEFAULT '', -- why it is paused or aborted
    created_ms INTEGER NOT NULL,
    changed_ms INTEGER NOT NULL
);
CREATE TABLE rollout_device (
    rollout_id INTEGER NOT NULL,
    device TEXT NOT NULL,
    stage INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'offered', 'active', 'refused', 'rolled-back', 'timeout', 'unfit')),
    reason TEXT NOT NULL DEFAULT '',
    offered_ms INTEGER,
    changed_ms INTEGER NOT NULL,
    PRIMARY KEY (rollout_id, device)
) WITHOUT ROWID;

CREATE TABLE outbox ( -- what the collector is to publish
    msg_id INTEGER PRIMARY KEY AUTOINCREMENT,
    topic TEXT NOT NULL,          -- below the prefix, such as d/DEV/cmd
    payload BLOB NOT NULL,        -- empty and retained: withdraws
    retain INTEGER NOT NULL,      -- a newer retained message of the same topic replaces it
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER,           -- not published afterwards
    sent_ms INTEGER               -- acknowledged by the broker
);
CREATE INDEX outbox_pending ON outbox (msg_id) WHERE sent_ms IS NULL;
CREATE INDEX outbox_topic ON outbox (topic) WHERE retain = 1;

CREATE TABLE command ( -- what was asked of a device, and its reply
    command_id INTEGER PRIMARY KEY AUTOINCREMENT,
    device TEXT NOT NULL,
    kind TEXT NOT NULL,           -- record, stop, classify, reboot, hello
    stream TEXT NOT NULL DEFAULT '',
    label TEXT NOT NULL DEFAULT '',
    duration_ms INTEGER NOT NULL DEFAULT 0,
    author TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER,
    replied_ms INTEGER,
    status INTEGER,               -- of the reply, enum mote_status
    reply TEXT NOT NULL DEFAULT ''
);

CREATE TABLE user (
    user_id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    password TEXT NOT NULL,       -- argon2id string of libsodium
    role TEXT NOT NULL CHECK (role IN ('admin', 'reviewer', 'annotator', 'viewer')),
    created_ms INTEGER NOT NULL,
    disabled_ms INTEGER
);
CREATE TABLE login ( -- sessions of the page
    token TEXT PRIMARY KEY,       -- digest of the cookie's value
    user_id INTEGER NOT NULL,
    csrf TEXT NOT NULL,           -- must come back in a header of every writing request
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE api_token (
    token TEXT PRIMARY KEY,       -- digest of the secret
    name TEXT NOT NULL,
    scope TEXT NOT NULL,          -- ingest, read, label, admin
    author TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER
) WITHOUT ROWID;
CREATE TABLE setup_link ( -- one-time links that make the first administrator
    token TEXT PRIMARY KEY,       -- digest of the secret
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    used_ms INTEGER
) WITHOUT ROWID;
CREATE TABLE audit (
    audit_id INTEGER PRIMARY KEY AUTOINCREMENT,
    time_ms INTEGER NOT NULL,
    who TEXT NOT NULL,
    what TEXT NOT NULL            -- one line
);
