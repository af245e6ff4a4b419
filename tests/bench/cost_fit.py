#!/usr/bin/env python3
"""Fits the cost model of common/board to counted instructions.

usage: cost_fit.py FEATURES ISA=COUNTS...   (make bench-cost does it)

FEATURES: lines "NAME K KIND VALUE..." (tests/bench/cost_cases.c). COUNTS: lines "NAME K OPERATOR
INSTRUCTIONS". Prints common/board/board_cost_table.c; errors go to standard error. Each kind's coefficients are
not negative and make the sum of squared relative errors smallest.
"""
import sys

KINDS = ["conv", "conv_odd", "conv_1x1", "conv_1x1_odd", "depthwise", "depthwise_window", "depthwise_odd", "depthwise_multiplier", "fully_connected",
         "fully_connected_odd", "fully_connected_f32", "pool", "binary", "softmax", "copy", "table", "quantize", "svdf", "lstm", "other"]
BOARD_FEATURES = 16
GOLDEN = 4.0  # weight of the operators of whole models, beside the random ones
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


def solve(a, b):
    """Linear equations by elimination with pivots; singular ones are nudged."""
    n = len(b)
    m = [row[:] + [v] for row, v in zip(a, b)]
    for i in range(n):
        m[i][i] += 1e-12 * (1 + m[i][i])
    for i in range(n):
        p = max(range(i, n), key=lambda r: abs(m[r][i]))
        m[i], m[p] = m[p], m[i]
        for r in range(i + 1, n):
            q = m[r][i] / m[i][i]
            if q:
                m[r] = [x - q * y for x, y in zip(m[r], m[i])]
    x = [0.0] * n
    for i in reversed(range(n)):
        x[i] = (m[i][n] - sum(m[i][k] * x[k] for k in range(i + 1, n))) / m[i][i]
    return x


def fit(samples):
    """Non-negative least squares of relative errors (Lawson and Hanson, Solving Least Squares Problems, chapter 23):
    samples are (features, count, weight)."""
    width = len(samples[0][0])
    peak = [max(abs(f[j] / c) for f, c, _ in samples) or 1.0 for j in range(width)]
    rows = [[w * f[j] / c / peak[j] for j in range(width)] for f, c, w in samples]
    want = [w for _, _, w in samples]
    gram = [[sum(r[i] * r[j] for r in rows) for j in range(width)] for i in range(width)]
    right = [sum(r[i] * t for r, t in zip(rows, want)) for i in range(width)]
    x, free = [0.0] * width, []
    for _ in range(10 * width):
        slope = [right[i] - sum(gram[i][j] * x[j] for j in range(width)) for i in range(width)]
        best = max((i for i in range(width) if i not in free), key=lambda i: slope[i], default=None)
        if best is None or slope[best] < 1e-9 * (1 + right[best]):
            break
        free.append(best)
        while free:
            z = solve([[gram[i][j] for j in free] for i in free], [right[i] for i in free])
            if min(z) > 0:
                for i, v in zip(free, z):
                    x[i] = v
                break
            step = min(x[i] / (x[i] - v) if x[i] != v else 0.0 for i, v in zip(free, z) if v <= 0)
            for i, v in zip(free, z):
                x[i] += step * (v - x[i])
            free = [i for i in free if x[i] > 1e-12]
            x = [v if i in free else 0.0 for i, v in enumerate(x)]
    return [v / p for v, p in zip(x, peak)]


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
    off = [(abs(e), n, k, kind, e) for (n, k), (kind, f) in features.items() if n.endswith(".tflite") and (n, k) in counts
           for e in [predict(table[kind], f) / counts[n, k] - 1]]
    print(f"{isa:10s} operators of whole models: {sum(o[0] <= 0.1 for o in off)} of {len(off)} within 10 %; the others: " +
          "; ".join(f"{n.split('/')[-1]} {k} {kind} {e:+.0%}" for a, n, k, kind, e in sorted(off, reverse=True) if a > 0.1),
          file=sys.stderr)
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
            samples = [(f, counts[key], GOLDEN if key[0].endswith(".tflite") else 1.0)
                       for key, (k, f) in features.items() if k == kind and counts.get(key, 0) > 0]
            table[kind] = fit(samples) if samples else [0.0] * BOARD_FEATURES
        # Operators that were not counted: as dear as the dearest simple one, for what goes in and out.
        worst = max(table[k][1] for k in ("binary", "table"))
        table["other"] = [table["copy"][0], worst, worst] + [0.0] * (len(table["copy"]) - 3)
        report(isa, table, features, counts)
        print(f"    {{ // {isa}")
        for kind in KINDS:
            print("        {" + ", ".join(f"{v:.4g}" for v in table[kind]) + f"}}, // {kind}")
        print("    },")
    print("};")


main()
