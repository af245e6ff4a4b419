#!/usr/bin/env bash
# The CBOR code of the wire beside libcbor (cbor_peer.c).
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$MOTELOOP_SRC"
if ! pkg-config --exists libcbor; then
    echo "SKIP: no libcbor (deps/install.sh conformance)"
    [ "${CI:-}" != true ]
    exit
fi
# shellcheck disable=SC2046
"${CC:-gcc}" -std=gnu11 -O1 -Wall -Wextra -I. -o "$work/cbor_peer" tests/conformance/cbor_peer.c firmware/core/wire/cbor_read.c \
    firmware/core/wire/cbor_write.c $(pkg-config --cflags --libs libcbor) -lm
"$work/cbor_peer"
