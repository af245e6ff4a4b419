#!/usr/bin/env python3
"""Fits the cost model of common/board to counted instructions.

usage: cost_fit.py FEATURES ISA=COUNTS...   (make bench-cost does it)

FEATURES: lines "NAME K KIND VALUE..." (tests/bench/cost_cases.c). COUNTS: lines "NAME K OPERATOR
INSTRUCTIONS". Prints common/board/board_cost_table.c; errors go to standard error. Each kind's coefficients are
not negative and make the sum of squared relative errors smallest: coordinate descent, which has one minimum.
"""
import sys

KINDS = ["conv", "conv_odd", "conv_1x1", "conv_1x1_odd", "depthwise", "depthwise_window", "depthwise_odd", "depthwise_multiplier", "fully_connected",
         "fully_connected_odd", "pool", "binary", "softmax", "copy", "table", "other"]
ISAS = ["armv6-m", "armv7-m", "armv7e-m", "cortex-m7"]


def read_features(path):
    rows = {}
    for line in open(path):
        name, k, kind, *f = line.split()
        rows[name, k] = (kind, [float(v) for v in f])
    return rows


def read_counts(path):
    rows = {}
    for line in open(path):
        name, k, _, count, *rest = line.split()
        if k == "BAD":
            sys.exit(f"{path}: {line.strip()}")
        rows[name, k] = float(count)
    return rows


def fit(samples):
    """Non-negative least squares of relative errors: samples are (features, count)."""
    width = len(samples[0][0])
    rows = [[v / count for v in f] for f, count in samples]
    x = [0.0] * width
    residual = [-1.0] * len(rows)
    norms = [sum(r[j] ** 2 for r in rows) for j in range(width)]
    for _ in range(20000):
        moved = 0.0
        for j in range(width):
            if norms[j] == 0:
                continue
            slope = sum(r[j] * e for r, e in zip(rows, residual))
            new = max(0.0, x[j] - slope / norms[j])
            delta = new - x[j]
            if delta:
                residual = [e + delta * r[j] for e, r in zip(residual, rows)]
                moved = max(moved, abs(delta) / (abs(new) + 1e-9))
                x[j] = new
        if moved < 1e-6:
            break
    return x


def predict(x, f):
    return sum(a * b for a, b in zip(x, f))


def report(isa, table, features, counts):
    for kind in KINDS:
        errors = sorted(abs(predict(table[kind], f) / counts[key] - 1)
                        for key, (k, f) in features.items() if k == kind and key in counts)
        if errors:
            n = len(errors)
            print(f"{isa:10s} {kind:20s} {n:4d} operators: error median {errors[n // 2]:.1%}, "
                  f"90th {errors[n * 9 // 10]:.1%}, largest {errors[-1]:.1%}", file=sys.stderr)
    models = {}
    for (name, k), (kind, f) in features.items():
        if (name, k) in counts and name.endswith(".tflite"):
            total = models.setdefault(name, [0.0, 0.0])
            total[0] += predict(table[kind], f)
            total[1] += counts[name, k]
    for name, (p, c) in models.items():
        print(f"{isa:10s} {name.split('/')[-1]:32s} estimated {p / 1e6:8.3f} M, counted {c / 1e6:8.3f} M, "
              f"{p / c - 1:+.1%}", file=sys.stderr)


def main():
    features = read_features(sys.argv[1])
    given = dict(a.split("=", 1) for a in sys.argv[2:])
    print("// Made by `make bench-cost` (tests/bench/cost_fit.py): instructions a feature, one row a kind of operator.")
    print('#include "common/board/board_priv.h"\n')
    print("const double board_cost_table[BOARD_ISAS][BOARD_KINDS][BOARD_FEATURES] = {")
    for isa in ISAS:
        counts = read_counts(given[isa])
        table = {}
        for kind in KINDS:
            samples = [(f, counts[key]) for key, (k, f) in features.items() if k == kind and key in counts and counts[key] > 0]
            table[kind] = fit(samples) if samples else None
        # Operators that were not counted: as dear as the dearest simple one, for what goes in and out.
        worst = max(table[k][1] for k in ("binary", "table") if table[k])
        table["other"] = [table["copy"][0], worst, worst] + [0.0] * (len(table["copy"]) - 3)
        report(isa, table, features, counts)
        print(f"    {{ // {isa}")
        for kind in KINDS:
            print("        {" + ", ".join(f"{v:.4g}" for v in table[kind]) + f"}}, // {kind}")
        print("    },")
    print("};")


main()
