#!/usr/bin/env python3
"""Writes wire-1.txt: bytes of every wire body, made from docs/formats/ alone (no code is shared with the encoders).

Run it only to add lines: what is there stays as it is, because devices in the field speak it.
usage: tests/golden/make_wire.py > tests/golden/wire-1.txt
"""
import struct


def head(major, n):
    if n < 24:
        return bytes([major << 5 | n])
    for info, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if n < 1 << 8 * size:
            return bytes([major << 5 | info]) + n.to_bytes(size, "big")
    raise ValueError(n)


class Tag:
    def __init__(self, number, item):
        self.number, self.item = number, item


def cbor(v):
    if v is True or v is False:
        return b"\xf5" if v else b"\xf4"
    if isinstance(v, int):
        return head(0, v) if v >= 0 else head(1, -1 - v)
    if isinstance(v, float):
        for code, fmt in ((b"\xf9", ">e"), (b"\xfa", ">f")):
            try:
                packed = struct.pack(fmt, v)
            except OverflowError:
                continue
            if struct.unpack(fmt, packed)[0] == v:
                return code + packed
        return b"\xfb" + struct.pack(">d", v)
    if isinstance(v, bytes):
        return head(2, len(v)) + v
    if isinstance(v, str):
        b = v.encode()
        return head(3, len(b)) + b
    if isinstance(v, list):
        return head(4, len(v)) + b"".join(map(cbor, v))
    if isinstance(v, dict):
        return head(5, len(v)) + b"".join(cbor(k) + cbor(v[k]) for k in sorted(v))
    if isinstance(v, Tag):
        return head(6, v.number) + cbor(v.item)
    raise TypeError(v)


def f32(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


session = bytes([0, 0, 0, 7]) + bytes(range(0xA0, 0xA8))
digest = bytes(range(32))
other = bytes(range(0x40, 0x60))
acc = struct.pack("<6h", 1, -2, 300, -400, 32767, -32768)
body_event = {1: [{1: 1000000, 2: 500000, 3: "knock", 4: 2, 5: f32(0.75), 6: f32(1.3), 7: True, 8: 4, 9: "fan",
                   10: digest[:8]}, {1: 1500000, 2: 500000, 3: "idle", 5: 1.0, 6: 0.0}]}
lines = {
    "block_samples": {1: session, 2: 70000, 3: 123456789012, 5: 3, 6: 10000000, 7: 3, 8: f32(0.0098), 11: 4,
                      12: "knock", 13: Tag(77, acc)},
    "block_picture": {1: session, 2: 0, 3: 5, 7: 3, 8: 1.0, 9: 2, 10: 1, 13: Tag(64, bytes([1, 2, 3, 4, 5, 6]))},
    "block_f32": {1: session, 2: 1, 3: 6, 6: 62500, 7: 1, 8: 1.0, 13: Tag(85, struct.pack("<2f", 1.5, -0.1))},
    "block_i8": {1: session, 2: 2, 3: 7, 6: 62500, 7: 1, 8: 0.5, 13: Tag(72, b"\xff\x01")},
    "block_i32": {1: session, 2: 3, 3: 8, 6: 62500, 7: 1, 8: 0.5, 13: Tag(78, struct.pack("<i", -70000))},
    "block_event": {1: session, 2: 9, 3: 1000000, 4: 1, 13: cbor(body_event)},
    "block_dropped": {1: session, 2: 10, 3: 2000000, 4: 4,
                      13: cbor({1: 10, 2: 4000000000, 3: 2000000, 4: "overflow"})},
    "events": body_event,
    "health": {1: 86400000000, 2: 100000, 3: 12, 4: 3, 5: 1834, 6: 65536, 7: 1048576, 8: [5, 0, 70000], 9: 42},
    "reply": {1: 17, 2: -4, 3: "no stream 'mic'"},
    "reply_going": {1: 18, 2: 0, 3: "recording 4", 4: True, 5: 5000, 6: 4},
    "reply_config": {1: 0, 2: 0, 3: "configured", 7: 1790000000123},
    "dropped": {1: 10, 2: 4000000000, 3: 2000000, 4: "overflow"},
    "acks": {1: [{1: session, 2: "acc", 3: 70001, 4: [70003, 70003, 70010, 70064]},
                 {1: session, 2: "event", 3: 0}]},
    "hello": {1: session, 2: "nucleo-h743", 3: "armv7e-m", 4: "dsp fpv5", 5: "0.1.0", 6: 524288, 7: 131072, 8: 2,
              9: 262144, 10: "CONV_2D FULLY_CONNECTED", 11: "f32-1", 12: 1,
              13: [{1: "acc", 2: "m/s2", 3: 2, 4: 3, 5: f32(0.0098), 6: 10000000}, {1: "temp", 3: 4, 4: 1, 5: 1.0}],
              14: "fan", 15: digest, 16: 42, 17: True},
    "status": {1: True, 2: 7, 3: "connected"},
    "status_will": {1: False, 2: 7, 3: "lost"},
    "cmd": {1: 17, 2: 1790000000, 3: 0, 4: "acc", 5: "knock", 6: 5000, 7: 60000},
    "cmd_classify": {1: 18, 3: 2, 6: 2**64 - 1},
    "cmd_live": {1: 19, 3: 6, 4: "acc", 6: 30000},
    "config": {1: 1790000000123, 2: [{1: 18, 2: 1790600000, 3: "acc", 4: "knock", 5: 5000}, {1: 20, 5: 60000}],
               3: [{1: "acc", 2: 20000000}],
               4: [{1: 0, 2: "acc", 4: 12.5, 5: "shock", 6: 3000, 7: 60000}, {1: 1, 3: "knock", 4: 0.75, 6: 2000}]},
    "config_empty": {1: 7},
    "desired": {1: 43, 2: digest},
    "reported": {1: 5, 2: 43, 3: digest, 4: -13, 5: "golden window 1 differs", 6: 42, 7: other, 8: 8192, 9: 20000},
    "reported_idle": {1: 0, 2: 0, 6: 0},
    "manifest": {1: 43, 2: "fan", 3: digest, 4: 18288, 7: digest, 8: 18288, 9: 1024, 10: "CONV_2D SOFTMAX", 11: 9000,
                 12: "f32-1", 13: other, 14: "acc", 15: 1, 16: 1790000000, 17: 600000000, 18: other,
                 19: [{1: acc, 2: digest, 3: b"\x80\x7f", 4: 2, 5: f32(0.0098)},
                      {1: b"", 2: other, 3: b"\x01", 4: 0, 5: 1.0, 6: 4711}]},
    "manifest_delta": {1: 44, 2: "fan", 3: digest, 4: 18288, 5: 2, 6: other, 7: other, 8: 700, 9: 256, 11: 9000},
    "keyset": {1: 3, 2: [{1: 1, 2: b"\x04" + bytes(range(64))}, {1: 2, 2: b"\x04" + bytes(range(64, 128))}]},
    "beacon": {1: 1790000000123},
}
for name, value in lines.items():
    print(name, cbor(value).hex())
