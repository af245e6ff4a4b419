"""Moteloop's runtime on this machine beside TensorFlow Lite with one thread: the golden models, turn by turn.

usage: host_litert.py HOST-NN GOLDEN
Prints the fastest inference of each in microseconds of processor time, and Moteloop's over TensorFlow Lite's: with XNNPACK
(its default), with its own optimized kernels, and with its reference kernels.
"""
import os
import subprocess
import sys
import time

import numpy as np
from ai_edge_litert import interpreter as lite

ROUNDS, SECONDS = 5, 0.1
MODELS = ["pretrainedResnet_quant", "kws_ref_model", "vww_96_int8", "ad01_int8", "micro_speech_quantized", "hello_world_int8",
          "hello_world_float", "keyword_scrambled_8bit", "trained_lstm_int8"]
KINDS = {"xnnpack": lite.OpResolverType.AUTO, "builtin": lite.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES, "reference": lite.OpResolverType.BUILTIN_REF}


def runs(path, data, kind):
    """Whether it runs there at all, tried in a process of its own: some models make the interpreter abort."""
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        os._exit(0 if theirs(path, data, kind) is not None else 1)
    return os.waitpid(child, 0)[1] == 0


def theirs(path, data, kind):
    try:
        i = lite.Interpreter(model_path=path, num_threads=1, experimental_op_resolver_type=KINDS[kind])
        i.allocate_tensors()
        d = i.get_input_details()[0]
        i.set_tensor(d["index"], np.frombuffer(data, d["dtype"]).reshape(d["shape"]))
        i.invoke()
        return i
    except (RuntimeError, ValueError):
        return None


def fastest(i):
    best, batch, end = float("inf"), 1, time.process_time() + SECONDS
    while time.process_time() < end:
        t = time.process_time_ns()
        for _ in range(batch):
            i.invoke()
        took = (time.process_time_ns() - t) / 1000
        if took < 50:
            batch *= 2
        else:
            best = min(best, took / batch)
    return best


def ours(program, path, raw):
    return float(subprocess.run([program, path, raw, str(SECONDS)], check=True, capture_output=True, text=True).stdout)


def main():
    program, golden = sys.argv[1:3]
    print(f"{'model':24s} {'ours us':>9s}" + "".join(f" {k:>10s} {'ratio':>6s}" for k in KINDS))
    for name in MODELS:
        path, raw = os.path.join(golden, name + ".tflite"), os.path.join(golden, name + ".s0.in")
        with open(raw, "rb") as f:
            data = f.read()
        peers = {k: theirs(path, data, k) if runs(path, data, k) else None for k in KINDS}
        best = {k: float("inf") for k in KINDS}
        mine = float("inf")
        for _ in range(ROUNDS):
            mine = min(mine, ours(program, path, raw))
            for k, i in peers.items():
                if i is not None:
                    best[k] = min(best[k], fastest(i))
        print(f"{name:24s} {mine:9.1f}" + "".join(f" {best[k]:10.1f} {mine / best[k]:6.2f}" if peers[k] else f" {'-':>10s} {'-':>6s}" for k in KINDS), flush=True)


if __name__ == "__main__":
    main()
