"""Writes tests/golden/classic.h: what scikit-learn finds on a small set that tests/trainer/check_classic.c makes as well.

usage: classic.py > classic.h      (with scikit-learn installed)
       classic.py --check classic.h: exit code 1 where scikit-learn now gives other figures
"""
import sys

import numpy as np
from sklearn import __version__ as version
from sklearn.cluster import KMeans
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.mixture import GaussianMixture
from sklearn.svm import LinearSVC

N, D, K, PENALTY = 600, 6, 4, 0.5


def data():
    state, rows = 12345, []
    for i in range(N):
        row = []
        for j in range(D):
            total = 0
            for _ in range(4):
                state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
                total += state >> 16
            row.append(np.float32((np.float32(total) / 65536 - 2) * 2 + np.float32((i % K) * 7 * (j + 1) % 11) * np.float32(0.25)))
        rows.append(row)
    return np.array(rows, dtype=np.float32).astype(np.float64), np.arange(N) % K


def matrix(name, m):
    lines = ",\n".join("    {" + ", ".join(f"{v:.6f}f" for v in r) + "}" for r in m)
    return f"static const float {name}[{len(m)}][{len(m[0])}] = {{\n{lines}}};\n"


def figures():
    x, y = data()
    logistic = LogisticRegression(C=PENALTY, tol=1e-8, max_iter=5000).fit(x, y)
    w, b = [], []
    for p in range(K):
        for q in range(p + 1, K):
            m = (y == p) | (y == q)
            svm = LinearSVC(C=PENALTY, loss="hinge", dual=True, intercept_scaling=10, tol=1e-7, max_iter=1000000, random_state=0)
            svm.fit(x[m], (y[m] == p).astype(int))
            w.append(svm.coef_[0])
            b.append(svm.intercept_[0])
    inertia = KMeans(n_clusters=K, n_init=20, random_state=0).fit(x).inertia_
    likely = GaussianMixture(K, covariance_type="diag", n_init=10, random_state=0).fit(x).score(x)
    forest = np.mean([RandomForestClassifier(32, max_depth=8, min_samples_leaf=2, random_state=s).fit(x[: N // 2], y[: N // 2])
                      .score(x[N // 2:], y[N // 2:]) for s in range(10)])
    return logistic.coef_, logistic.intercept_ - np.mean(logistic.intercept_), np.array(w), np.array(b), inertia, likely, forest


def main():
    lw, lb, sw, sb, inertia, likely, forest = figures()
    text = (f"// Figures of scikit-learn {version} for the set of tests/trainer/check_classic.c; written by classic.py.\n"
            f"#define GOLDEN_N {N}\n#define GOLDEN_D {D}\n#define GOLDEN_K {K}\n#define GOLDEN_PAIRS {K * (K - 1) // 2}\n"
            f"#define GOLDEN_PENALTY {PENALTY}\n#define GOLDEN_KMEANS_INERTIA {inertia:.4f}\n"
            f"#define GOLDEN_GMM_LOGLIKELIHOOD ({likely:.4f})\n#define GOLDEN_FOREST_ACCURACY {forest:.4f}\n"
            + matrix("golden_logistic_w", lw) + "static const float golden_logistic_b[] = {" + ", ".join(f"{v:.6f}f" for v in lb) + "};\n"
            + matrix("golden_svm_w", sw) + "static const float golden_svm_b[] = {" + ", ".join(f"{v:.6f}f" for v in sb) + "};\n")
    if len(sys.argv) != 3 or sys.argv[1] != "--check":
        sys.stdout.write(text)
        return 0
    import re
    number = r"-?\d+\.\d+"
    kept, now = (np.array([float(v) for v in re.findall(number, t.split("\n", 1)[1])]) for t in (open(sys.argv[2]).read(), text))
    worst = float(np.max(np.abs(kept - now) / np.maximum(1, np.abs(kept)))) if len(kept) == len(now) else float("inf")
    print(f"scikit-learn {version}: largest difference from the kept figures {worst:.2g}")
    return 0 if worst < 0.02 else 1


if __name__ == "__main__":
    sys.exit(main())
