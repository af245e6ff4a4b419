#!/usr/bin/env bash
# Videos in a project's media folder: a backup holds them, a restore brings them back, erasing takes away what no
# recording shows any more.
set -eu
PATH=${MOTELOOP_BIN:?}:$PATH
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
fail() { echo "FAIL: $*"; exit 1; }

moteloop init "$T/p" --broker-port 0 --web-port 0 >/dev/null
mkdir "$T/files"
printf 'time,x\n0,1\n10,2\n20,3\n30,4\n' >"$T/files/walk.csv"
moteloop import "$T/files" --project "$T/p" >/dev/null 2>"$T/import.err" || fail "import: $(cat "$T/import.err")"
moteloop backup "$T/without" --project "$T/p" >/dev/null || fail "a project without media cannot be backed up"
mkdir "$T/p/media"
echo video >"$T/p/media/clip.webm"
moteloop backup "$T/with" --project "$T/p" >/dev/null || fail "backup"
cmp -s "$T/p/media/clip.webm" "$T/with/media/clip.webm" || fail "the backup lacks the video"
moteloop restore "$T/with" "$T/again" >/dev/null || fail "restore"
cmp -s "$T/p/media/clip.webm" "$T/again/media/clip.webm" || fail "the restored project lacks the video"
moteloop erase --recording 1 --yes --project "$T/p" >/dev/null 2>&1 || fail "erase"
[ ! -e "$T/p/media/clip.webm" ] || fail "a video that no recording shows was left behind"
