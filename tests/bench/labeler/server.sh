#!/usr/bin/env bash
# Sourced by bench_labeler.sh and by tests: a real lighttpd in front of the labeler, FastCGI at / and plain CGI below
# /moteloop-labeler.cgi, with the limits of `moteloop up`.
#
# serve FOLDER PROJECT: starts it with its files in FOLDER, sets PORT and SERVER (its process).
free_port() {
    node -e 'const s = require("net").createServer(); s.listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })'
}
serve() {
    local folder=$1 project=$2
    PORT=$(free_port)
    mkdir -p "$folder/web"
    ln -sf "$MOTELOOP_BIN/moteloop-labeler.cgi" "$folder/web/moteloop-labeler.cgi"
    cat >"$folder/lighttpd.conf" <<CONF
server.bind = "127.0.0.1"
server.port = $PORT
server.document-root = "$folder/web"
server.errorlog = "$folder/lighttpd.log"
server.upload-dirs = ( "$folder" )
server.modules = ( "mod_setenv", "mod_cgi", "mod_fastcgi" )
server.max-request-size = 262144
server.max-read-idle = 30
server.max-write-idle = 60
server.stream-request-body = 0
server.stream-response-body = 1
\$HTTP["url"] =~ "^/moteloop-labeler.cgi" {
    setenv.add-environment = ( "MOTELOOP_PROJECT" => "$project" )
    cgi.assign = ( ".cgi" => "" )
}
else \$HTTP["url"] =~ "" {
    fastcgi.server = ( "/" => (( "socket" => "$folder/labeler.sock", "bin-path" => "$MOTELOOP_BIN/moteloop-labeler.fcgi",
        "bin-environment" => ( "MOTELOOP_PROJECT" => "$project" ), "max-procs" => 1, "check-local" => "disable",
        "fix-root-scriptname" => "enable" )))
}
CONF
    lighttpd -D -f "$folder/lighttpd.conf" 2>"$folder/lighttpd.err" &
    SERVER=$!
    for _ in $(seq 200); do
        curl -fsS "http://127.0.0.1:$PORT/api/me" >/dev/null 2>&1 && return 0
        read -rt 0.05 <> <(:) || true
    done
    cat "$folder"/lighttpd.{err,log}
    return 1
}
