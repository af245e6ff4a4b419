-- blocks.db, version 1: what the collector and the importer write. Times *_ms are milliseconds since
-- 1970 (UTC) of the server, *_us device microseconds within a session.

CREATE TABLE stream (
    stream_id INTEGER PRIMARY KEY,
    device TEXT NOT NULL,         -- device id; imports use the pseudo device "import-NAME"
    name TEXT NOT NULL,
    units TEXT NOT NULL DEFAULT '',
    type INTEGER NOT NULL,        -- enum mote_sample_type
    channels INTEGER NOT NULL,
    scale REAL NOT NULL,          -- physical value = raw * scale
    interval_ns INTEGER NOT NULL,
    channel_names TEXT NOT NULL DEFAULT '', -- comma between; '' where unknown
    created_ms INTEGER NOT NULL,
    UNIQUE (device, name)
);

CREATE TABLE session ( -- one life of a device between two boots
    session_id INTEGER PRIMARY KEY,
    device TEXT NOT NULL,
    uid BLOB NOT NULL,            -- 12 bytes: boot counter and 64 random bits
    simulated INTEGER NOT NULL DEFAULT 0, -- never to be taken for field data
    first_ms INTEGER NOT NULL,    -- when its first message arrived
    offset_ms INTEGER NOT NULL,   -- server time minus device time, estimated from the earliest arrival
    UNIQUE (device, uid)
);

CREATE TABLE block ( -- append-only; bytes are the message as it came
    block_id INTEGER PRIMARY KEY,
    session_id INTEGER NOT NULL,
    stream_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    kind INTEGER NOT NULL,        -- enum mote_block_kind
    rec_no INTEGER NOT NULL,      -- recording's number within the session, 0: none
    t_us INTEGER NOT NULL,        -- device time of the first frame
    frames INTEGER NOT NULL,
    received_ms INTEGER NOT NULL,
    bytes BLOB NOT NULL
);
CREATE UNIQUE INDEX block_key ON block (session_id, stream_id, seq);

CREATE TABLE ack_state ( -- how far a stream is stored without a gap; survives the blocks' retention
    session_id INTEGER NOT NULL,
    stream_id INTEGER NOT NULL,
    next INTEGER NOT NULL,        -- every sequence number below is stored, was stored once, or was dropped
    PRIMARY KEY (session_id, stream_id)
) WITHOUT ROWID;

CREATE TABLE conflict ( -- a block with the key of a stored one and other bytes
    session_id INTEGER NOT NULL,
    stream_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    received_ms INTEGER NOT NULL,
    bytes BLOB NOT NULL
);
CREATE INDEX conflict_key ON conflict (session_id, stream_id, seq);
CREATE TABLE dropped ( -- sequence numbers that will never come, as the device said
    session_id INTEGER NOT NULL,
    stream_id INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    t_us INTEGER NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (session_id, stream_id, first, last)
) WITHOUT ROWID;

CREATE TABLE recording ( -- a bounded piece of one or more streams: what people look at and label
    rec_id INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id INTEGER NOT NULL,
    rec_no INTEGER NOT NULL,      -- within the session, from 1
    device TEXT NOT NULL,
    name TEXT NOT NULL DEFAULT '',-- file name of an import
    grp TEXT NOT NULL DEFAULT '', -- user or speaker that splits keep on one side; '' means the device
    source TEXT NOT NULL CHECK (source IN ('device', 'import')),
    start_us INTEGER NOT NULL,
    end_us INTEGER NOT NULL,      -- exclusive
    width INTEGER NOT NULL DEFAULT 0, -- of a picture
    height INTEGER NOT NULL DEFAULT 0,
    simulated INTEGER NOT NULL DEFAULT 0,
    uncertain INTEGER NOT NULL DEFAULT 0, -- a model was unsure of it
    complete INTEGER NOT NULL DEFAULT 0,  -- its last block is there and none before it is missing
    hint TEXT NOT NULL DEFAULT '',-- label asked for when it was recorded; not a label yet
    digest TEXT NOT NULL DEFAULT '', -- of an imported file, to find duplicates
    meta TEXT NOT NULL DEFAULT '{}', -- JSON object of strings
    created_ms INTEGER NOT NULL,
    UNIQUE (session_id, rec_no)
);
CREATE INDEX recording_digest ON recording (digest) WHERE digest <> '';
CREATE INDEX recording_device ON recording (device, rec_id);

CREATE TABLE recording_stream ( -- which blocks of which stream a recording holds
    rec_id INTEGER NOT NULL,
    stream_id INTEGER NOT NULL,
    first_seq INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    blocks INTEGER NOT NULL,      -- stored so far, of last_seq - first_seq + 1
    frames INTEGER NOT NULL,
    start_us INTEGER NOT NULL,
    end_us INTEGER NOT NULL,
    ended INTEGER NOT NULL,       -- the block that ends it was seen
    PRIMARY KEY (rec_id, stream_id)
) WITHOUT ROWID;

CREATE TABLE event ( -- classified windows that devices reported
    event_id INTEGER PRIMARY KEY,
    session_id INTEGER NOT NULL,
    device TEXT NOT NULL,
    t_us INTEGER NOT NULL,
    dur_us INTEGER NOT NULL,
    label TEXT NOT NULL,
    score REAL NOT NULL,
    novelty REAL NOT NULL,
    uncertain INTEGER NOT NULL,
    rec_no INTEGER NOT NULL,      -- recording that holds the window, 0: not kept
    model TEXT NOT NULL,          -- name
    model_digest TEXT NOT NULL,   -- first 16 hex digits
    received_ms INTEGER NOT NULL
);
CREATE INDEX event_device ON event (device, event_id);

CREATE TABLE health ( -- reports of devices, latest last
    health_id INTEGER PRIMARY KEY,
    device TEXT NOT NULL,
    received_ms INTEGER NOT NULL,
    body TEXT NOT NULL            -- JSON of struct mote_health
);
CREATE INDEX health_device ON health (device, health_id);

CREATE TABLE device_state ( -- the last word of each device
    device TEXT PRIMARY KEY,
    hello_ms INTEGER,             -- NULL: no descriptor yet
    board TEXT NOT NULL DEFAULT '',
    isa TEXT NOT NULL DEFAULT '',
    runtime TEXT NOT NULL DEFAULT '',
    ram INTEGER NOT NULL DEFAULT 0,
    arena INTEGER NOT NULL DEFAULT 0,
    slots INTEGER NOT NULL DEFAULT 0,
    slot_bytes INTEGER NOT NULL DEFAULT 0,
    ops TEXT NOT NULL DEFAULT '',
    dsp_variant TEXT NOT NULL DEFAULT '',
    class INTEGER NOT NULL DEFAULT 0, -- capability class
    simulated INTEGER NOT NULL DEFAULT 0,
    model TEXT NOT NULL DEFAULT '',
    model_digest TEXT NOT NULL DEFAULT '',
    online INTEGER NOT NULL DEFAULT 0,
    status_ms INTEGER,
    boot_count INTEGER NOT NULL DEFAULT 0,
    status_reason TEXT NOT NULL DEFAULT '',
    rel_state TEXT NOT NULL DEFAULT '', -- idle, fetching, verifying, trial, active, refused, rolled-back
    rel_seq INTEGER NOT NULL DEFAULT 0,
    rel_manifest TEXT NOT NULL DEFAULT '', -- digest that rel_state is about
    rel_reason TEXT NOT NULL DEFAULT '',
    active_seq INTEGER NOT NULL DEFAULT 0,
    active_model TEXT NOT NULL DEFAULT '', -- digest
    fetched INTEGER NOT NULL DEFAULT 0,
    total INTEGER NOT NULL DEFAULT 0,
    reported_ms INTEGER,
    last_data_ms INTEGER          -- last block that was stored
) WITHOUT ROWID;

CREATE TABLE collector ( -- one row a collector: is it alive, what did it do
    collector_id TEXT PRIMARY KEY,
    pid INTEGER NOT NULL,
    started_ms INTEGER NOT NULL,
    alive_ms INTEGER NOT NULL,
    blocks INTEGER NOT NULL DEFAULT 0,
    repeats INTEGER NOT NULL DEFAULT 0,
    conflicts INTEGER NOT NULL DEFAULT 0,
    refused INTEGER NOT NULL DEFAULT 0, -- messages that were not what they should be
    last_error TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
