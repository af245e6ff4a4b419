-- main.db, version 4: what devices are asked to record by their retained configuration, and its progress.

ALTER TABLE command ADD COLUMN via TEXT NOT NULL DEFAULT 'cmd'; -- cmd: sent once; config: listed until it is over
ALTER TABLE command ADD COLUMN began_ms INTEGER;  -- the device said that it began
ALTER TABLE command ADD COLUMN done_ms INTEGER NOT NULL DEFAULT 0; -- recorded so far, of duration_ms
ALTER TABLE command ADD COLUMN session_id INTEGER NOT NULL DEFAULT 0; -- of the recording, in blocks.db
ALTER TABLE command ADD COLUMN rec_no INTEGER NOT NULL DEFAULT 0;     -- its number in that session
ALTER TABLE command ADD COLUMN withdrawn_ms INTEGER; -- no longer listed
CREATE INDEX command_listed ON command (device, command_id) WHERE via = 'config' AND replied_ms IS NULL AND withdrawn_ms IS NULL;

CREATE TABLE device_config ( -- the desired configuration of a device beside the recordings
    device TEXT PRIMARY KEY,
    revision INTEGER NOT NULL,    -- rises with everything that a person changes
    settings TEXT NOT NULL,       -- JSON: rates, triggers (common/ask.h)
    author TEXT NOT NULL,
    changed_ms INTEGER NOT NULL,
    stale INTEGER NOT NULL DEFAULT 0, -- a recording is over: the retained message is to be written again
    applied INTEGER NOT NULL DEFAULT 0, -- revision that the device answered last
    applied_ms INTEGER,
    status INTEGER NOT NULL DEFAULT 0,  -- of that answer, enum mote_status
    reply TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE INDEX device_config_stale ON device_config (device) WHERE stale = 1;
