#!/usr/bin/env bash
# A peer for bench-ingest: Node-RED writes every block into SQLite (WAL, synchronous full) by its sqlite node, a thousand
# or a tenth of a second to a transaction, and sends an acknowledgement for every N blocks of a device. It decodes nothing,
# finds no repeats and acknowledges what is not committed yet: less than the collector does.
# usage: node_red.sh PORT FOLDER BLOCKS_PER_ACK; prints "ready" when it listens. Installed from npm into $NODE_RED where
# it is not there; exit 77 where that cannot be done.
set -eu
port=$1 dir=$2 per_ack=$3
home=${NODE_RED:?a folder for Node-RED}
if [ ! -e "$home/node_modules/node-red-node-sqlite" ]; then
    command -v npm >/dev/null || exit 77
    mkdir -p "$home"
    (cd "$home" && npm install --no-audit --no-fund --loglevel=error node-red@4 node-red-node-sqlite@1) >"$dir/npm.log" 2>&1 || exit 77
fi
mkdir -p "$dir/red"
ln -s "$home/node_modules" "$dir/red/node_modules"
cp "$home/package.json" "$dir/red/"
cat >"$dir/red/settings.js" <<SETTINGS
module.exports = {uiHost: "127.0.0.1", uiPort: 0, httpAdminRoot: false, httpNodeRoot: false, flowFile: "flows.json",
                  credentialSecret: false, logging: {console: {level: "info"}}};
SETTINGS
cat >"$dir/function.js" <<'CODE'
const s = context.get("s") || {rows: [], count: {}, timer: null};
context.set("s", s);
function flush() {
    clearTimeout(s.timer);
    s.timer = null;
    const sql = "BEGIN;" + s.rows.join("") + "COMMIT;";
    s.rows = [];
    node.send([{topic: sql}, null]);
}
const device = msg.topic.split("/")[3];
s.rows.push(`INSERT INTO block VALUES('${msg.topic}',${Date.now()},x'${msg.payload.toString("hex")}');`);
if (s.rows.length >= 1000) flush();
else if (!s.timer) s.timer = setTimeout(flush, 100);
const n = s.count[device] = (s.count[device] || 0) + 1;
if (n % PER_ACK === 0) {
    const at = msg.payload.indexOf(0x4c) + 1; // the session: the first byte string of twelve
    const next = n < 24 ? [n] : n < 256 ? [0x18, n] : n < 65536 ? [0x19, n >> 8, n & 255] : [0x1a, n >>> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255];
    const ack = Buffer.concat([Buffer.from([0xa1, 1, 0x81, 0xa3, 1, 0x4c]), msg.payload.subarray(at, at + 12),
                               Buffer.from([2, 0x63, 0x61, 0x63, 0x63, 3, ...next])]);
    return [null, {topic: `ml/1/d/${device}/ack`, payload: ack}];
}
return null;
CODE
node - "$dir" "$port" "$per_ack" <<'FLOW'
const fs = require("fs");
const [dir, port, perAck] = process.argv.slice(2);
const code = fs.readFileSync(`${dir}/function.js`, "utf8").replace("PER_ACK", perAck);
fs.writeFileSync(`${dir}/red/flows.json`, JSON.stringify([
    {id: "t", type: "tab", label: "ingest"},
    {id: "b", type: "mqtt-broker", broker: "127.0.0.1", port, clientid: "", usetls: false, protocolVersion: "4", keepalive: "60", cleansession: true},
    {id: "db", type: "sqlitedb", db: `${dir}/peer.db`, mode: "RWC"},
    {id: "once", type: "inject", z: "t", props: [{p: "topic", vt: "str"}], topic:
        "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;CREATE TABLE IF NOT EXISTS block(topic TEXT,t INTEGER,bytes BLOB);",
     once: true, onceDelay: 0, wires: [["sql"]]},
    {id: "in", type: "mqtt in", z: "t", topic: "ml/1/d/+/data/+", qos: "0", datatype: "buffer", broker: "b", inputs: 0, wires: [["fn"]]},
    {id: "fn", type: "function", z: "t", func: code, outputs: 2, wires: [["sql"], ["out"]]},
    {id: "sql", type: "sqlite", z: "t", mydb: "db", sqlquery: "batch", sql: "", wires: [[]]},
    {id: "out", type: "mqtt out", z: "t", topic: "", qos: "0", retain: "false", broker: "b", wires: []}]));
FLOW
node "$home/node_modules/node-red/red.js" -u "$dir/red" >"$dir/red.log" 2>&1 &
red=$!
trap 'kill $red 2>/dev/null; wait $red 2>/dev/null; exit 0' TERM
for _ in $(seq 600); do
    if grep -q "Connected to broker" "$dir/red.log"; then
        echo ready
        wait $red
        exit 1 # it should have been ended, not end
    fi
    kill -0 $red 2>/dev/null || break
    read -rt 0.1 <> <(:) || true
done
cat "$dir/red.log" >&2
exit 1
