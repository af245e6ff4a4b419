#!/usr/bin/env bash
# Devices over TLS with a password and with a certificate; who is refused: a broker of another authority, a name that
# is not its own, a device that was removed (at once, while others keep their sessions), a device on another's topics.
. "$(dirname "$0")/../support/e2e.sh"
make_project p
P=$T/p
port() { json_value "$T/p.json" "$1"; }
moteloop device add pw-1 pw-2 --project "$P" >/dev/null || fail "add"
moteloop device add ce-1 ce-2 ce-3 ce-4 --cert --project "$P" >/dev/null || fail "add --cert"
refuses 2 "own name at the broker" moteloop device add moteloop-server --project "$P"
refuses 2 "own name at the broker" moteloop device add moteloop-server-2 --project "$P"
refuses 1 "in use already" moteloop device add ce-1 --project "$P"
up p
broker_pid=$(cat "$P/run/mosquitto.pid")

is_online() { moteloop device list --project "$P" --json | grep -oE "\"id\":\"$1\"[^}]*" | grep -q '"online":true'; }
is_offline() { ! is_online "$1"; }
run_device() { # ID CONF
    moteloop-device --config "$2" --state "$T/state-$1" 2>"$T/$1.log" &
    PIDS+=($!)
    DEVICE=$!
}
stop_device() { kill "$1" && wait "$1" || fail "a device ended badly"; }
says() { grep -q -- "$2" "$T/$1.log"; }

run_device pw-1 "$P/devices/pw-1.conf"
pw_1=$DEVICE
run_device ce-1 "$P/devices/ce-1.conf"
ce_1=$DEVICE
grep -q "^port = $(port tls_port)$" "$P/devices/pw-1.conf" || fail "a device with a password is not told the port with TLS"
grep -q "^port = $(port cert_port)$" "$P/devices/ce-1.conf" || fail "a device with a certificate is not told its port"
within 20 is_online pw-1
within 20 is_online ce-1

# The broker of another project has another authority.
make_project q
moteloop device add pw-2 --project "$T/q" >/dev/null || fail "add"
ca=$(grep '^ca = ' "$T/q/devices/pw-2.conf")
sed -E "s|^ca = .*|$ca|" "$P/devices/pw-2.conf" >"$T/wrong-ca.conf"
run_device wrong-ca "$T/wrong-ca.conf"
within 20 says wrong-ca "not by the authority"
stop_device "$DEVICE"
sed -E "s|^name = .*|name = other.moteloop|" "$P/devices/pw-2.conf" >"$T/wrong-name.conf"
run_device wrong-name "$T/wrong-name.conf"
within 20 says wrong-name "another name"
stop_device "$DEVICE"
is_offline pw-2 || fail "a device that refused its broker is there all the same"

# Any client with the files: its name is that of its certificate, whatever it says.
pub() { # ID TOPIC: exit code of a client with that device's certificate
    mosquitto_pub -q 1 -h 127.0.0.1 -p "$(port cert_port)" --cafile "$P/keys/ca.pem" --cert "$P/devices/$1.pem" \
        --key "$P/devices/$1.key" -i "$1" -t "$2" -m hello >>"$T/pub.log" 2>&1
}
pub ce-4 ml/1/d/ce-4/data/acc || fail "a good certificate is refused"
mosquitto_pub -h 127.0.0.1 -p "$(port cert_port)" --cafile "$P/keys/ca.pem" -i ce-2 -t x -m y 2>>"$T/pub.log" && fail "no certificate, and in"
cp "$P/devices/ce-2.pem" "$P/devices/ce-2.key" "$T"

# Nobody writes another's leaves, and leaves that are the server's; the broker drops it, the collector never sees it.
secret=$(cat "$P/broker/server.pw")
server_pub() {
    mosquitto_pub -q 1 -h 127.0.0.1 -p "$(port broker_port)" -u moteloop-server -P "$secret" -i "$RANDOM" "$@" || fail "pub"
}
listen() { # ID
    : >"$T/sub-$1.log"
    stdbuf -oL mosquitto_sub -h 127.0.0.1 -p "$(port cert_port)" --cafile "$P/keys/ca.pem" --cert "$P/devices/$1.pem" --key "$P/devices/$1.key" \
        -i "$1" -t "ml/1/d/$1/#" -t 'ml/1/d/ce-1/#' -t 'ml/1/d/+/cmd' -q 1 -v -d >"$T/sub-$1.log" 2>&1 &
    PIDS+=($!)
    within 10 grep -q SUBACK "$T/sub-$1.log"
}
heard() { grep -q -- "$2" "$T/sub-$1.log"; }
listen ce-2
listen ce-3
for topic in d/ce-3/data/acc d/ce-3/hello d/ce-3/status d/ce-3/reported d/ce-3/cmd d/ce-2/cmd d/ce-2/desired r/00/m time server/outbox; do
    pub ce-4 "ml/1/$topic" || true # the broker's PUBACK says nothing of it
done
server_pub -t ml/1/d/ce-3/cmd -m after
within 10 heard ce-3 after
if grep -q hello "$T/sub-ce-3.log"; then fail "a device wrote into another's topics"; fi
server_pub -t ml/1/d/ce-1/cmd -m private
server_pub -t ml/1/d/ce-2/cmd -m mine
within 10 heard ce-2 mine
if heard ce-2 private; then fail "a device reads another's commands"; fi

# Removed: the open connection loses its rights at once and its certificate opens no other; the rest stays.
moteloop device remove ce-2 --project "$P" >/dev/null || fail "remove"
moteloop device remove pw-1 --project "$P" >/dev/null || fail "remove"
within 10 is_offline pw-1
cp "$T/ce-2.pem" "$T/ce-2.key" "$P/devices/"
refused() { ! pub ce-2 ml/1/d/ce-2/data/acc; }
within 10 refused
server_pub -t ml/1/d/ce-2/cmd -m secret
server_pub -t ml/1/d/ce-3/cmd -m later
within 10 heard ce-3 later
if heard ce-2 secret; then fail "an open connection of a removed device still reads"; fi
kill -0 "$pw_1" || fail "the device of a removed credential died of it"
[ "$(cat "$P/run/mosquitto.pid")" = "$broker_pid" ] || fail "the broker was started anew"
[ "$(grep -c 'New client connected.*ce-1' "$P/run/mosquitto.log")" = 1 ] || fail "another device lost its session"
rm -f "$P/devices/ce-2.pem" "$P/devices/ce-2.key"

# Its name is free again, with another certificate.
moteloop device add ce-2 --cert --project "$P" >/dev/null || fail "add again"
accepted() { pub ce-2 ml/1/d/ce-2/data/acc; }
within 10 accepted
stop_device "$ce_1"
stop_device "$pw_1"
down

# A project whose broker has no port without TLS: its own programs use it as well.
moteloop init "$T/o" --broker-port 0 --web-port 0 --tls-only --json >"$T/o.json" || fail "init --tls-only"
moteloop device add pw-9 --project "$T/o" >/dev/null || fail "add"
P=$T/o
up o
run_device pw-9 "$P/devices/pw-9.conf"
within 20 is_online pw-9
stop_device "$DEVICE"
down

# Two collectors share the store; when the first is killed the second takes over what only one does.
make_project two
sed -i 's/^collectors = 1$/collectors = 2/' "$T/two/moteloop.conf"
moteloop device add pw-7 --project "$T/two" >/dev/null || fail "add"
P=$T/two
up two
run_device pw-7 "$P/devices/pw-7.conf"
within 20 is_online pw-7
[ "$(moteloop status "$P" --json | grep -oE '"id":"collector(-2)?"' | wc -l)" = 2 ] || fail "not both collectors say that they are alive"
moteloop device record pw-7 --duration 2s --project "$P" >/dev/null || fail "record"
recorded() { [ "$(moteloop status "$P" --json | grep -oE '"recordings":[0-9]+' | cut -d: -f2)" -ge 1 ]; }
within 20 recorded
stop_device "$DEVICE"
down
