-- blocks.db, version 5: imported files are found by their names, for labels that come in files of other programs.
CREATE INDEX recording_name ON recording (name) WHERE name <> '';
