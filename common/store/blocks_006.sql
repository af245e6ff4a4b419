-- blocks.db, version 6: how device time maps to server time, measured by exchanges of four timestamps. Rows are only
-- added: what is labelled stays at its device time, and every version says what was believed from then on.
CREATE TABLE clock_map (
    session_id INTEGER NOT NULL,
    version INTEGER NOT NULL,      -- within the session, from 1
    device_us INTEGER NOT NULL,    -- this device time ...
    server_us INTEGER NOT NULL,    -- ... was this server time (microseconds since 1970, UTC),
    bound_us INTEGER NOT NULL,     -- or off by no more than that
    drift_ppb INTEGER NOT NULL,    -- what the server's clock gains on the device's, in 1e-9
    drift_bound_ppb INTEGER,       -- or off by no more than that; NULL: not measured yet
    since_device_us INTEGER NOT NULL, -- the first measurement since the last jump, from which the drift is taken
    since_server_us INTEGER NOT NULL,
    since_bound_us INTEGER NOT NULL,
    reason TEXT NOT NULL CHECK (reason IN ('first', 'refined', 'jump', 'rate')),
    made_ms INTEGER NOT NULL,
    PRIMARY KEY (session_id, version)
) WITHOUT ROWID;
