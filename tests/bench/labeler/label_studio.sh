#!/usr/bin/env bash
# The labeler's tasks against Label Studio as its package installs and starts it (SQLite), with as many tasks as it takes in
# within minutes: a page of a list, one task with its annotations, saving an annotation.
# usage: label_studio.sh VENV SECONDS      MOTELOOP_BENCH_TASKS (20000) tasks
set -eu
venv=$1 seconds=$2 tasks=${MOTELOOP_BENCH_TASKS:-20000} version=1.23.2
here=$(cd "$(dirname "$0")" && pwd)
. "$here/server.sh"
if [ ! -x "$venv/bin/label-studio" ]; then
    { python3 -m venv "$venv" && "$venv/bin/pip" install -q "label-studio==$version"; } || {
        echo "SKIP: Label Studio $version does not install here"
        exit 0
    }
fi
run=$(mktemp -d)
PEER=
trap '[ -z "$PEER" ] || kill $PEER 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$run"' EXIT
port=$(free_port)
export TOKEN=0123456789abcdef0123456789abcdef01234567
env HOME="$run" LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN=true COLLECT_ANALYTICS=false LATEST_VERSION_CHECK=false DEBUG=false LOG_LEVEL=ERROR \
    "$venv/bin/label-studio" start --no-browser --data-dir "$run" --port "$port" --username bench@example.com --password benchbench1 \
    --user-token $TOKEN >"$run/log" 2>&1 &
PEER=$!
base=http://127.0.0.1:$port
for ((i = 0; ; i++)); do
    curl -fsS "$base/health" >/dev/null 2>&1 && break
    [ $i -lt 1200 ] && kill -0 $PEER 2>/dev/null || { tail -n 5 "$run/log"; echo "SKIP: Label Studio does not start here"; exit 0; }
    read -rt 0.2 <> <(:) || true
done
api() { curl -fsS -H "Authorization: Token $TOKEN" -H 'Content-Type: application/json' "$@"; }
project=$(api -d '{"title":"bench","label_config":"<View><TimeSeriesLabels name=\"label\" toName=\"ts\"><Label value=\"walk\"/><Label value=\"run\"/></TimeSeriesLabels><TimeSeries name=\"ts\" value=\"$csv\" valueType=\"json\" timeColumn=\"t\"><Channel column=\"x\"/></TimeSeries></View>"}' \
    "$base/api/projects" | grep -oE '"id":[0-9]+' | head -n 1 | cut -d: -f2) || { tail -n 5 "$run/log"; echo "SKIP: Label Studio refuses its token"; exit 0; }
# A recording of ours is 50 frames of three axes; theirs carries as many numbers.
one='{"data":{"csv":{"t":['$(seq -s, 0 49)'],"x":['$(seq -s, 0 49)'],"y":['$(seq -s, 0 49)'],"z":['$(seq -s, 0 49)']}}}'
start=$SECONDS
for ((done = 0; done < tasks; done += 2000)); do
    { printf '['; for ((i = 0; i < 1999; i++)); do printf '%s,' "$one"; done; printf '%s]' "$one"; } >"$run/batch.json"
    api --data-binary @"$run/batch.json" "$base/api/projects/$project/import" >/dev/null
done
echo "Label Studio $version, $done tasks imported in $((SECONDS - start)) s; SQLite as it starts"
first=$(api "$base/api/tasks?project=$project&page_size=1&page=1" | grep -oE '"id": ?[0-9]+' | head -n 1 | grep -oE '[0-9]+$')
export PROJECT=$project FIRST=$first COUNT=$done
hit() { TASK=$1 wrk -t "$(($2 > 2 ? 2 : 1))" -c "$2" -d "$seconds" --timeout 20s -s "$here/label_studio.lua" "$base/" | tail -n 1; }
printf '%-13s %9s %9s %9s %9s %7s\n' "Label St., 1" "a second" "p50 ms" "p99 ms" "max ms" errors
for t in list one save; do hit $t 1; done
printf '%-13s %9s %9s %9s %9s %7s\n' "Label St., 32" "a second" "p50 ms" "p99 ms" "max ms" errors
seconds=$((seconds * 3)) # so that some of 32 come back
for t in list save; do hit $t 32; done
echo "              'database is locked' in its log: $(grep -ci 'database is locked' "$run/log" || true)"
