"""Runs one model through another interpreter and compares the output bytes with Moteloop's.

usage: compare.py micro|reference|xnnpack MOTELOOP FOLDER MODEL
Prints one line. Exit code 1 where bytes differ from TensorFlow Lite Micro's reference kernels. The other two are
reported: TensorFlow Lite's own builds do not round as its Micro edition does everywhere.
"""
import os
import subprocess
import sys

import numpy as np

INPUTS = 20


def ours(moteloop, folder, model, data, like):
    raw_in, raw_out = os.path.join(folder, "in.raw"), os.path.join(folder, "out.raw")
    data.tofile(raw_in)
    subprocess.run([moteloop, "infer", model, "--raw-in", raw_in, "--raw-out", raw_out], check=True, stdout=subprocess.DEVNULL)
    return np.fromfile(raw_out, dtype=like.dtype).reshape(like.shape)


def micro():
    from tflite_micro.python.tflite_micro import runtime

    def details(model):
        d = runtime.Interpreter.from_file(model).get_input_details(0)
        return d["shape"], d["dtype"]

    def run(model, data):  # a fresh interpreter for each input: state must not travel
        i = runtime.Interpreter.from_file(model)
        i.set_input(data, 0)
        i.invoke()
        return i.get_output(0)

    return details, run


def lite(resolver):
    from ai_edge_litert import interpreter

    def make(model):
        return interpreter.Interpreter(model_path=model, experimental_op_resolver_type=getattr(interpreter.OpResolverType, resolver))

    def details(model):
        d = make(model).get_input_details()[0]
        return d["shape"], d["dtype"]

    def run(model, data):
        i = make(model)
        i.allocate_tensors()
        i.set_tensor(i.get_input_details()[0]["index"], data)
        i.invoke()
        return i.get_tensor(i.get_output_details()[0]["index"])

    return details, run


def main():
    kind, moteloop, folder, model = sys.argv[1:5]
    details, run = micro() if kind == "micro" else lite("BUILTIN_REF" if kind == "reference" else "AUTO")
    shape, dtype = details(model)
    rng = np.random.default_rng(7)
    same = agree = 0
    worst = 0.0
    for _ in range(INPUTS):
        if np.issubdtype(dtype, np.integer):
            info = np.iinfo(dtype)
            data = rng.integers(info.min, info.max, size=shape, endpoint=True, dtype=dtype)
        else:
            data = rng.standard_normal(shape).astype(dtype)
        theirs = np.asarray(run(model, data))
        mine = ours(moteloop, folder, model, data, theirs)
        same += mine.tobytes() == theirs.tobytes()
        agree += int(np.argmax(mine) == np.argmax(theirs))
        worst = max(worst, float(np.max(np.abs(mine.astype(np.float64) - theirs.astype(np.float64)))))
    unit = " LSB" if np.issubdtype(theirs.dtype, np.integer) else ""
    print(f"{os.path.basename(model)[:28]:28s} {kind:10s} same bytes {same}/{INPUTS}, largest difference {worst:g}{unit}, same class {agree}/{INPUTS}")
    return 0 if same == INPUTS or kind != "micro" else 1


if __name__ == "__main__":
    sys.exit(main())
