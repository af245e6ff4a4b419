#!/usr/bin/env bash
# The labeler behind a real lighttpd and as plain CGI: the API's own suite through the CGI program, and clients that send or
# read slowly, which must not keep others from being answered.
. "$(dirname "$0")/../support/e2e.sh"
. "$MOTELOOP_SRC/tests/bench/labeler/server.sh"

MOTELOOP_TEST_CGI=$MOTELOOP_BIN/moteloop-labeler.cgi CK_DEFAULT_TIMEOUT=120 "$MOTELOOP_BIN/../tests/labeler/check_api" >"$T/cgi.log" ||
    { grep -E '^tests/' "$T/cgi.log" | head; fail "the API's suite through plain CGI"; }

"$MOTELOOP_BIN/../bin-test/labeler-seed" "$T/p" 24 >"$T/seed.log"
serve "$T/web" "$T/p" || fail "no web server"
PIDS+=($SERVER)
node - "$PORT" <<'JS' || fail "slow clients kept others waiting"
const net = require("net"), http = require("http"), port = Number(process.argv[2]), open = [];
const send = (text) => {
    const s = net.connect(port, "127.0.0.1", () => s.write(text));
    s.on("error", () => {});
    s.pause(); // reads nothing
    open.push(s);
};
for (let i = 0; i < 60; i++) { // more than there are workers
    send("POST /api/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{");
    send("GET /api/me HTTP/1.1\r\nHost: 127.0"); // never ends its head
    send("GET /app.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".repeat(8)); // reads nothing of what it asked for
}
const ask = () => new Promise((ok, bad) => {
    const r = http.get({ port, path: "/api/me", timeout: 10000 }, (a) => { a.resume(); a.on("end", () => ok(a.statusCode)); });
    r.on("timeout", () => bad(new Error("no answer within 10 s")));
    r.on("error", bad);
});
(async () => {
    for (let i = 0; i < 30; i++) {
        if ((await ask()) !== 200) throw new Error("not 200");
    }
    open.forEach((s) => s.destroy());
    process.exit(0);
})().catch((e) => { console.error(e.message); process.exit(1); });
JS
# What lies outside the page's files is not served, however the path is written.
for path in /../main.db /..%2fmain.db /%2e%2e/main.db /web/../moteloop.conf //etc/passwd /api/../main.db /moteloop.conf /keys/root.key; do
    body=$(curl -sS --path-as-is "http://127.0.0.1:$PORT$path")
    case $body in *SQLite*|*root:*|*'[mqtt]'*) fail "$path gives a file away" ;; esac
done
echo "web server: ok"
