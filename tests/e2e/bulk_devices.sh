#!/usr/bin/env bash
# Ten thousand devices from a list, in less than a minute; again what was cut off; a thousand with certificates; away.
. "$(dirname "$0")/../support/e2e.sh"
moteloop init "$T/p" --broker-port 0 --web-port 0 --devices 20000 --json >"$T/p.json" || fail "init"
P=$T/p
seq -f 'bulk-%g' 10000 >"$T/ids"
start=$SECONDS
moteloop device add --list "$T/ids" --group many --project "$P" >"$T/out" || fail "add --list"
took=$((SECONDS - start))
[ $took -lt 60 ] || fail "ten thousand devices took $took s"
grep -q '^10000 devices' "$T/out" || fail "it does not say how many"
[ "$(find "$P/devices" -name '*.conf' | wc -l)" = 10000 ] || fail "credentials are missing"
[ "$(grep -c '^bulk-' "$P/broker/passwd")" = 10000 ] || fail "the broker does not know them all"
[ "$(moteloop device list --project "$P" --json | grep -o '"group":"many"' | wc -l)" = 10000 ] || fail "the store does not know them all"
before=$(sha256sum "$P/devices/bulk-77.conf" "$P/broker/passwd")
{ cat "$T/ids"; echo bulk-10001; } >"$T/more"
moteloop device add --list "$T/more" --project "$P" >"$T/out" || fail "a list with devices in use"
grep -q '^10000 were in use already' "$T/out" || fail "it does not say what was left out"
[ "$(sha256sum "$P/devices/bulk-77.conf")" = "$(head -n 1 <<<"$before")" ] || fail "a device in use got another credential"

seq -f 'cert-%g' 1000 >"$T/certs"
moteloop device add --list "$T/certs" --cert --project "$P" >/dev/null || fail "add --cert --list"
openssl verify -CAfile "$P/keys/ca.pem" "$P/devices/cert-1.pem" "$P/devices/cert-1000.pem" >/dev/null || fail "certificates of another authority"
head -n 500 "$T/certs" >"$T/gone"
moteloop device remove --list "$T/gone" --project "$P" >/dev/null || fail "remove --list"
openssl crl -in "$P/broker/crl.pem" -noout -text >"$T/crl"
[ "$(grep -c 'Serial Number' "$T/crl")" = 500 ] || fail "not every removed certificate is void"
openssl verify -crl_check -CAfile "$P/keys/ca.pem" -CRLfile "$P/broker/crl.pem" "$P/devices/cert-1000.pem" >/dev/null || fail "one that stays is void"
[ ! -e "$P/devices/cert-1.pem" ] || fail "a removed credential is still there"
moteloop doctor "$P" | grep -q '^bad' && { moteloop doctor "$P"; fail "doctor finds something bad"; }
echo "10000 devices in about $took s"
