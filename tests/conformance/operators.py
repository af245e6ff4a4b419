"""Random models of one operator, for every operator of the runtime, in TensorFlow Lite Micro and in Moteloop.

usage: operators.py MOTELOOP FOLDER CASES [OPERATOR...]
Integers must be equal byte for byte; floats to 2e-6 of the largest. A model that the one takes and the other refuses is
an error where it is Moteloop that refuses. Prints a line an operator; exit code 1 where any differs.
"""
import os
import subprocess
import sys
import zlib

import flatbuffers
import numpy as np
from tflite_micro.python.tflite_micro import runtime
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as s

T = s.TensorType
TYPES = {"i8": (T.INT8, np.int8), "i16": (T.INT16, np.int16), "i32": (T.INT32, np.int32), "i64": (T.INT64, np.int64), "f32": (T.FLOAT32, np.float32)}


class Model:
    """One operator and its tensors."""

    def __init__(self, rng, name, options=None, kind=None):
        self.r, self.name, self.options, self.kind = rng, name, options, kind or ""
        self.tensors, self.ins, self.outs, self.graph_in = [], [], [], []

    def add(self, shape, t, data=None, scale=None, zero=0, axis=0, variable=False, role="in"):
        index = len(self.tensors)
        self.tensors.append((tuple(shape), t, data, scale, zero, axis, variable))
        if role == "in":
            self.ins.append(index)
            if data is None and not variable:
                self.graph_in.append(index)
        else:
            self.outs.append(index)
        return index

    def missing(self):
        self.ins.append(-1)

    def scale(self, lo=0.004, hi=0.1):
        return float(np.float32(np.exp(self.r.uniform(np.log(lo), np.log(hi)))))

    def zero(self, t):
        return int(self.r.choice([-128, 127, 0, self.r.integers(-128, 128)])) if t == "i8" else 0

    def act(self, shape, t, role="in", **kw):
        if t == "f32":
            return self.add(shape, t, role=role, **kw)
        kw.setdefault("scale", self.scale())
        kw.setdefault("zero", self.zero(t))
        return self.add(shape, t, role=role, **kw)

    def values(self, shape, t):
        if t == "f32":
            return self.r.standard_normal(shape).astype(np.float32)
        info = np.iinfo(TYPES[t][1])
        return self.r.integers(info.min, info.max, shape, endpoint=True, dtype=TYPES[t][1])

    def const(self, shape, t, **kw):
        if t != "f32":
            kw.setdefault("scale", self.scale())
            kw.setdefault("zero", self.zero(t))
        return self.add(shape, t, data=self.values(shape, t), **kw)

    def ints(self, values, t="i32"):
        return self.add(np.shape(values), t, data=np.array(values, TYPES[t][1]))

    def weights(self, shape, t, channels, axis, bias=True, single=False):
        """int8 weights with a scale a channel, and a bias."""
        if t == "f32":
            self.const(shape, "f32")
            self.const((channels,), "f32") if bias else self.missing()
            return
        scales = np.exp(self.r.uniform(np.log(1e-3), np.log(2e-2), 1 if single else channels)).astype(np.float32)
        data = self.r.integers(-127, 127, shape, endpoint=True, dtype=np.int8)
        self.add(shape, "i8", data=data, scale=scales, zero=0, axis=axis)
        if not bias:
            self.missing()
            return
        kind = "i64" if t == "i16" else "i32"
        first = self.tensors[self.ins[0]][3]
        self.add((channels,), kind, data=self.r.integers(-20000, 20000, channels).astype(TYPES[kind][1]), scale=scales * np.float32(first), zero=0)

    def bytes(self):
        m = s.ModelT()
        m.version, m.description = 3, "one operator"
        code = s.OperatorCodeT()
        value = getattr(s.BuiltinOperator, self.name)
        code.builtinCode, code.deprecatedBuiltinCode, code.version = value, min(value, 127), 1
        m.operatorCodes = [code]
        m.buffers = [s.BufferT()]
        m.buffers[0].data = []
        g = s.SubGraphT()
        g.tensors = []
        for i, (shape, t, data, scale, zero, axis, variable) in enumerate(self.tensors):
            x = s.TensorT()
            x.name, x.shape, x.type, x.isVariable, x.buffer, x.hasRank = b"t%d" % i, list(shape), TYPES[t][0], variable, 0, True
            if data is not None:
                b = s.BufferT()
                b.data = np.frombuffer(np.ascontiguousarray(data).tobytes(), np.uint8)
                m.buffers.append(b)
                x.buffer = len(m.buffers) - 1
            if scale is not None:
                q = s.QuantizationParametersT()
                q.scale = np.atleast_1d(np.float32(scale))
                q.zeroPoint = np.full(len(q.scale), zero, np.int64)
                q.quantizedDimension = axis
                x.quantization = q
            g.tensors.append(x)
        op = s.OperatorT()
        op.opcodeIndex, op.inputs, op.outputs = 0, self.ins, self.outs
        if self.options is not None:
            op.builtinOptionsType = getattr(s.BuiltinOptions, type(self.options).__name__[:-1])
            op.builtinOptions = self.options
        g.operators, g.inputs, g.outputs = [op], self.graph_in, self.outs
        m.subgraphs = [g]
        b = flatbuffers.Builder(4096)
        b.Finish(m.Pack(b), b"TFL3")
        return bytes(b.Output())


def pack_buffer(self, b):
    """As the generated one, but aligned to 16 bytes, which the schema asks for and the generated code forgets."""
    data = None
    if len(self.data):
        b.StartVector(1, len(self.data), 16)
        b.head -= len(self.data)
        b.Bytes[b.head:b.head + len(self.data)] = bytes(self.data)
        data = b.EndVector()
    s.BufferStart(b)
    if data is not None:
        s.BufferAddData(b, data)
    return s.BufferEnd(b)


s.BufferT.Pack = pack_buffer


def opts(name, **kw):
    o = getattr(s, name + "T")()
    for k, v in kw.items():
        setattr(o, k, v)
    return o


def window(r, k_max=4, dilate=False, small=9):
    while True:
        h, w = (int(r.integers(1, small)) for _ in range(2))
        kh, kw = (int(r.integers(1, k_max + 1)) for _ in range(2))
        sh, sw = (int(r.integers(1, 4)) for _ in range(2))
        dh, dw = (int(r.integers(1, 3)) if dilate else 1 for _ in range(2))
        pad = int(r.integers(0, 2))
        def size(i, k, st, d):
            return -(-i // st) if pad == 0 else (i - ((k - 1) * d + 1)) // st + 1
        oh, ow = size(h, kh, sh, dh), size(w, kw, sw, dw)
        if oh > 0 and ow > 0:
            return h, w, kh, kw, sh, sw, dh, dw, pad, oh, ow


def fused(r):
    return int(r.choice([0, 1, 2, 3]))


def conv(r, t):
    h, w, kh, kw, sh, sw, dh, dw, pad, oh, ow = window(r, dilate=t != "i16")
    n, ic, oc = (int(r.integers(1, m)) for m in (3, 18, 18))
    group = int(r.choice([1, 1, 2])) if t == "i8" else 1
    oc *= group
    m = Model(r, "CONV_2D", opts("Conv2DOptions", padding=pad, strideW=sw, strideH=sh, dilationWFactor=dw, dilationHFactor=dh, fusedActivationFunction=fused(r)))
    m.act((n, h, w, ic * group), t)
    m.weights((oc, kh, kw, ic), t, oc, 0, r.random() < 0.8)
    m.act((n, oh, ow, oc), t, "out")
    return m


def depthwise(r, t):
    h, w, kh, kw, sh, sw, dh, dw, pad, oh, ow = window(r, dilate=t != "i16")
    n, ic, mul = (int(r.integers(1, m)) for m in (3, 12, 4))
    m = Model(r, "DEPTHWISE_CONV_2D", opts("DepthwiseConv2DOptions", padding=pad, strideW=sw, strideH=sw, dilationWFactor=dw, dilationHFactor=dh, depthMultiplier=mul, fusedActivationFunction=fused(r)))
    oh = -(-h // sw) if pad == 0 else (h - ((kh - 1) * dh + 1)) // sw + 1
    if oh < 1:
        return depthwise(r, t)
    m.act((n, h, w, ic), t)
    m.weights((1, kh, kw, ic * mul), t, ic * mul, 3, r.random() < 0.8)
    m.act((n, oh, ow, ic * mul), t, "out")
    return m


def fully(r, t):
    n, i, o = (int(r.integers(1, m)) for m in (4, 90, 30))
    m = Model(r, "FULLY_CONNECTED", opts("FullyConnectedOptions", fusedActivationFunction=fused(r) if t != "i16" else 0))
    m.act((n, i), t)
    m.weights((o, i), t, o, 0, r.random() < 0.8, single=r.random() < 0.6)
    m.act((n, o), t, "out")
    return m


def fully_dynamic(r, t):
    """Weights that are an input of the model."""
    n, i, o = (int(r.integers(1, m)) for m in (4, 40, 20))
    m = Model(r, "FULLY_CONNECTED", opts("FullyConnectedOptions", fusedActivationFunction=fused(r)))
    m.act((n, i), t)
    m.act((o, i), t, zero=0)
    m.missing()
    m.act((n, o), t, "out")
    return m


def conv_dynamic(r, t):
    h, w, kh, kw, sh, sw, dh, dw, pad, oh, ow = window(r)
    ic, oc = (int(r.integers(1, m)) for m in (8, 8))
    m = Model(r, "CONV_2D", opts("Conv2DOptions", padding=pad, strideW=sw, strideH=sh, dilationWFactor=dw, dilationHFactor=dh, fusedActivationFunction=fused(r)))
    m.act((1, h, w, ic), t)
    m.act((oc, kh, kw, ic), t, zero=0)
    m.missing()
    m.act((1, oh, ow, oc), t, "out")
    return m


def pool(name):
    def make(r, t):
        h, w, kh, kw, sh, sw, _, _, pad, oh, ow = window(r)
        n, c = (int(r.integers(1, m)) for m in (3, 9))
        m = Model(r, name, opts("Pool2DOptions", padding=pad, strideW=sw, strideH=sh, filterWidth=kw, filterHeight=kh, fusedActivationFunction=fused(r)))
        q = {} if t == "f32" else {"scale": m.scale(), "zero": m.zero(t)}
        m.act((n, h, w, c), t, **q)
        m.act((n, oh, ow, c), t, "out", **q)
        return m
    return make


def binary(name, options=None):
    def make(r, t):
        shape = [int(r.integers(1, 5)) for _ in range(int(r.integers(1, 5)))]
        other = [d if r.random() < 0.7 else 1 for d in shape]
        m = Model(r, name, opts(options, fusedActivationFunction=fused(r)) if options else None)
        q = {} if t == "f32" or options else {"scale": m.scale(), "zero": m.zero(t)}
        m.act(shape, t, **q)
        if r.random() < 0.5:
            m.act(other, t, **q)
        else:
            m.const(other, t, **q)
        m.act(shape, t, "out", **q)
        return m
    return make


def unary(name, options=None, out=None, same=False):
    def make(r, t):
        shape = [int(r.integers(1, 6)) for _ in range(int(r.integers(1, 5)))]
        m = Model(r, name, options(r) if options else None)
        q = {"scale": m.scale(), "zero": m.zero(t)} if same and t != "f32" else {}
        m.act(shape, t, **q)
        m.act(shape, t, "out", **(out if out and t != "f32" else q))
        return m
    return make


def softmax(r, t):
    m = Model(r, "SOFTMAX", opts("SoftmaxOptions", beta=float(np.float32(r.choice([1.0, 0.5, 2.0])))))
    shape = [int(r.integers(1, 4)), int(r.integers(1, 20))]
    m.act(shape, t)
    wide = t == "i8" and r.random() < 0.3
    m.act(shape, "i16" if wide else t, "out", **({} if t == "f32" else {"scale": 1 / 32768 if wide else 1 / 256, "zero": 0 if wide else -128}) if not wide else {"scale": 1 / 65536, "zero": -32768})
    return m


def mean(r, t):
    shape = [int(r.integers(1, 6)) for _ in range(4)]
    axes = [[1, 2], [1], [2], [3], [1, 2, 3]][int(r.integers(0, 5))]
    keep = bool(r.integers(0, 2))
    m = Model(r, "MEAN", opts("ReducerOptions", keepDims=keep))
    m.act(shape, t)
    m.ints(axes)
    m.act([1 if i in axes else d for i, d in enumerate(shape) if keep or i not in axes], t, "out")
    return m


def moved(r, name, options, shape, outs, t, consts=(), q=None, before=()):
    m = Model(r, name, options)
    q = q if q is not None else ({} if t == "f32" else {"scale": m.scale(), "zero": m.zero(t)})
    for c in before:
        m.ints(c)
    m.act(shape, t, **q)
    for c in consts:
        m.ints(c)
    for o in outs:
        m.act(o, t, "out", **q)
    return m


def rank4(r):
    return [int(r.integers(1, 6)) for _ in range(4)]


def reshape(r, t):
    a = rank4(r)
    return moved(r, "RESHAPE", opts("ReshapeOptions", newShape=[int(np.prod(a))]), a, [[int(np.prod(a))]], t, [[int(np.prod(a))]])


def squeeze(r, t):
    a = [1] + rank4(r)[1:]
    return moved(r, "SQUEEZE", opts("SqueezeOptions", squeezeDims=[0]), a, [a[1:]], t)


def expand(r, t):
    a = rank4(r)[:3]
    k = int(r.integers(0, 4))
    return moved(r, "EXPAND_DIMS", opts("ExpandDimsOptions"), a, [a[:k] + [1] + a[k:]], t, [[k]])


def pad(r, t):
    a = rank4(r)
    p = r.integers(0, 3, (4, 2))
    m = moved(r, "PAD", opts("PadOptions"), a, [], t, [p])
    return finish_like(m, [d + int(x.sum()) for d, x in zip(a, p)], t)


def padv2(r, t):
    a = rank4(r)
    p = r.integers(0, 3, (4, 2))
    m = moved(r, "PADV2", opts("PadV2Options"), a, [], t, [p])
    m.const((1,), t, scale=m.tensors[0][3], zero=m.tensors[0][4])
    return finish_like(m, [d + int(x.sum()) for d, x in zip(a, p)], t)


def finish_like(m, shape, t):
    first = m.tensors[m.ins[0]]
    m.act(shape, t, "out", **({} if t == "f32" else {"scale": first[3], "zero": first[4]}))
    return m


def concat(r, t):
    a = rank4(r)
    axis = int(r.integers(-4, 4))
    m = Model(r, "CONCATENATION", opts("ConcatenationOptions", axis=axis))
    q = {} if t == "f32" else {"scale": m.scale(), "zero": m.zero(t)}
    total = 0
    for i in range(int(r.integers(1, 4))):
        b = list(a)
        b[axis] = int(r.integers(1, 5))
        total += b[axis]
        m.act(b, t, **q) if i == 0 or r.random() < 0.6 else m.const(b, t, **q)
    a[axis] = total
    m.act(a, t, "out", **q)
    return m


def split(r, t):
    a = rank4(r)
    axis, n = int(r.integers(0, 4)), int(r.integers(1, 4))
    part = list(a)
    a[axis] *= n
    m = moved(r, "SPLIT", opts("SplitOptions", numSplits=n), a, [part] * n, t, before=[axis])
    return m


def split_v(r, t):
    a = rank4(r)
    axis = int(r.integers(0, 4))
    sizes = [int(x) for x in r.integers(1, 4, int(r.integers(1, 4)))]
    outs = [[z if i == axis else d for i, d in enumerate(a)] for z in sizes]
    a[axis] = sum(sizes)
    return moved(r, "SPLIT_V", opts("SplitVOptions", numSplits=len(sizes)), a, outs, t, [sizes, axis])


def pack(r, t):
    a = rank4(r)[:3]
    axis, n = int(r.integers(0, 4)), int(r.integers(1, 4))
    m = Model(r, "PACK", opts("PackOptions", valuesCount=n, axis=axis))
    q = {} if t == "f32" else {"scale": m.scale(), "zero": m.zero(t)}
    for _ in range(n):
        m.act(a, t, **q)
    m.act(a[:axis] + [n] + a[axis:], t, "out", **q)
    return m


def unpack(r, t):
    a = rank4(r)
    axis = int(r.integers(0, 4))
    return moved(r, "UNPACK", opts("UnpackOptions", num=a[axis], axis=axis), a, [a[:axis] + a[axis + 1:]] * a[axis], t)


def strided(r, t):
    a = rank4(r)
    begin, end, step = [], [], []
    out = []
    for d in a:
        st = int(r.choice([1, 1, 2, -1]))
        b, e = sorted(int(x) for x in r.integers(0, d + 1, 2))
        if b == e:
            b, e = 0, d
        if st < 0:
            b, e = e - 1, b - 1 - (d if b == 0 else 0)
        begin.append(b), end.append(e), step.append(st)
        out.append(len(range(d)[b:(None if st < 0 and e < 0 else e):st]))
    return moved(r, "STRIDED_SLICE", opts("StridedSliceOptions"), a, [out], t, [begin, end, step])


def transpose(r, t):
    a = rank4(r)
    p = [int(x) for x in r.permutation(4)]
    return moved(r, "TRANSPOSE", opts("TransposeOptions"), a, [[a[i] for i in p]], t, [p])


def space_to_batch(r, t):
    b = [int(x) for x in r.integers(1, 4, 2)]
    n, h, w, c = rank4(r)
    p = [[int(r.integers(0, 2)), 0] for _ in range(2)]
    for i, d in enumerate((h, w)):
        p[i][1] = -(d + p[i][0]) % b[i]
    out = [n * b[0] * b[1], (h + sum(p[0])) // b[0], (w + sum(p[1])) // b[1], c]
    return moved(r, "SPACE_TO_BATCH_ND", opts("SpaceToBatchNDOptions"), [n, h, w, c], [out], t, [b, p])


def batch_to_space(r, t):
    b = [int(x) for x in r.integers(1, 4, 2)]
    n, h, w, c = rank4(r)
    p = [[int(r.integers(0, b[i])), 0] for i in range(2)]
    out = [n, h * b[0] - p[0][0], w * b[1] - p[1][0], c]
    return moved(r, "BATCH_TO_SPACE_ND", opts("BatchToSpaceNDOptions"), [n * b[0] * b[1], h, w, c], [out], t, [b, p])


def resize(name, options):
    def make(r, t):
        n, h, w, c = rank4(r)
        size = [int(x) for x in r.integers(1, 10, 2)]
        how = {"alignCorners": False, "halfPixelCenters": False}
        how[["alignCorners", "halfPixelCenters", "none"][int(r.integers(0, 3))]] = True
        how.pop("none", None)
        return moved(r, name, opts(options, **how), [n, h, w, c], [[n] + size + [c]], t, [size])
    return make


def prelu(r, t):
    a = rank4(r)
    m = Model(r, "PRELU")
    m.act(a, t)
    m.const([1, 1, a[3]], t)
    m.act(a, t, "out")
    return m


def quantize(r, t):
    m = Model(r, "QUANTIZE", opts("QuantizeOptions"))
    m.act([2, 9], t)
    m.act([2, 9], str(r.choice(["i8", "i16"] if t != "i16" else ["i8", "i16", "i32"])), "out")
    return m


def dequantize(r, t):
    m = Model(r, "DEQUANTIZE", opts("DequantizeOptions"))
    m.act([2, 9], t)
    m.add([2, 9], "f32", role="out")
    return m


def arg_max(r, t):
    a = rank4(r)
    axis = int(r.integers(-4, 4))
    m = Model(r, "ARG_MAX", opts("ArgMaxOptions", outputType=T.INT32))
    m.act(a, t)
    m.ints(axis)
    m.add([d for i, d in enumerate(a) if i != axis % 4], "i32", role="out")
    return m


def transpose_conv(r, t):
    h, w, kh, kw, sh, sw = (int(x) for x in r.integers(1, 5, 6))
    ic, oc, pad = (int(r.integers(1, m)) for m in (9, 9, 2))
    pad = int(r.integers(0, 2))
    oh, ow = (h * sh, w * sw) if pad == 0 else ((h - 1) * sh + kh, (w - 1) * sw + kw)
    if pad == 0 and (kh < sh or kw < sw):
        return transpose_conv(r, t)
    m = Model(r, "TRANSPOSE_CONV", opts("TransposeConvOptions", padding=pad, strideW=sw, strideH=sh))
    m.ints([1, oh, ow, oc])
    shape = (oc, kh, kw, ic)
    scales = np.exp(r.uniform(np.log(1e-3), np.log(2e-2), oc)).astype(np.float32)
    if t == "f32":
        m.const(shape, "f32")
        m.act((1, h, w, ic), t)
    else:
        m.add(shape, "i8", data=r.integers(-127, 127, shape, endpoint=True, dtype=np.int8), scale=scales, zero=0, axis=0)
        m.act((1, h, w, ic), t)
    if r.random() < 0.5:
        m.const((oc,), "f32") if t == "f32" else m.add((oc,), "i32", data=r.integers(-5000, 5000, oc).astype(np.int32), scale=scales * np.float32(m.tensors[m.ins[2]][3]), zero=0)
    m.act((1, oh, ow, oc), t, "out")
    return m


def svdf(r, t):
    n, i, units, rank, memory = int(r.integers(1, 3)), *(int(r.integers(1, m)) for m in (20, 8, 4, 12))
    m = Model(r, "SVDF", opts("SVDFOptions", rank=rank, fusedActivationFunction=1))
    state = t if t == "f32" else str(r.choice(["i8", "i16"]))
    m.act((n, i), t)
    f = units * rank
    if t == "f32":
        m.const((f, i), t), m.const((f, memory), t), m.const((units,), t)
    else:
        m.const((f, i), "i8", zero=0, scale=m.scale(1e-3, 1e-2)), m.const((f, memory), state, zero=0, scale=m.scale(1e-3, 1e-2) if state == "i8" else m.scale(1e-5, 1e-4))
        kept = m.scale(1e-2, 1e-1) if state == "i8" else m.scale(1e-4, 1e-3)
        m.add((units,), "i32", data=r.integers(-3000, 3000, units).astype(np.int32), scale=np.float32(kept) * np.float32(m.tensors[2][3]), zero=0)
    m.act((n, memory * f), state, variable=True, **({} if t == "f32" else {"zero": 0, "scale": kept}))
    m.act((n, units), t, "out")
    return m


I8F = ("i8", "f32")
CASES = [
    (conv, ("i8", "f32", "i16")), (depthwise, ("i8", "f32", "i16")), (fully, ("i8", "f32", "i16")),
    (fully_dynamic, ("i8",)), (conv_dynamic, ("i8",)),
    (pool("AVERAGE_POOL_2D"), I8F), (pool("MAX_POOL_2D"), I8F), (mean, I8F),
    (binary("ADD", "AddOptions"), I8F), (binary("SUB", "SubOptions"), I8F), (binary("MUL", "MulOptions"), I8F),
    (binary("MINIMUM"), I8F), (binary("MAXIMUM"), I8F),
    (reshape, I8F), (squeeze, I8F), (expand, I8F), (pad, I8F), (padv2, I8F), (concat, I8F), (split, I8F), (split_v, I8F),
    (pack, I8F), (unpack, I8F), (strided, I8F), (transpose, I8F), (space_to_batch, I8F), (batch_to_space, I8F),
    (softmax, I8F), (unary("LOGISTIC", out={"scale": 1 / 256, "zero": -128}), I8F), (unary("TANH", out={"scale": 1 / 128, "zero": 0}), I8F),
    (unary("RELU"), I8F), (unary("RELU6"), I8F),
    (unary("LEAKY_RELU", lambda r: opts("LeakyReluOptions", alpha=float(np.float32(r.uniform(0, 1))))), I8F),
    (prelu, I8F), (unary("HARD_SWISH"), I8F), (quantize, ("f32", "i8", "i16")), (dequantize, ("i8", "i16")),
    (arg_max, I8F), (transpose_conv, I8F), (svdf, I8F),
    (resize("RESIZE_NEAREST_NEIGHBOR", "ResizeNearestNeighborOptions"), I8F), (resize("RESIZE_BILINEAR", "ResizeBilinearOptions"), I8F),
]


def theirs(model, data):
    """Outputs, or None where it is refused; in a process of its own, since a refusal may abort."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            i = runtime.Interpreter.from_bytes(model, arena_size=400000)
            for k, x in enumerate(data):
                i.set_input(x, k)
            i.invoke()
            out = b"".join(np.ascontiguousarray(i.get_output(k)).tobytes() for k in range(OUTS))
            os.write(writer, b"y" + out)
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as f:
        out = f.read()
    os.waitpid(child, 0)
    return out[1:] if out[:1] == b"y" else None


def ours(moteloop, folder, model, data):
    paths = [os.path.join(folder, x) for x in ("one.tflite", "one.in", "one.out")]
    for p, b in zip(paths, (model, b"".join(x.tobytes() for x in data))):
        with open(p, "wb") as f:
            f.write(b)
    run = subprocess.run([moteloop, "infer", paths[0], "--raw-in", paths[1], "--raw-out", paths[2]], capture_output=True, text=True)
    if run.returncode != 0:
        return None, run.stderr.strip()
    with open(paths[2], "rb") as f:
        return f.read(), ""


def same(a, b, floats):
    if not floats or len(a) != len(b):
        return a == b
    x, y = np.frombuffer(a, np.float32), np.frombuffer(b, np.float32)
    return bool(np.all(np.abs(x - y) <= 2e-6 * max(1.0, float(np.max(np.abs(x), initial=0)))))


def main():
    global OUTS
    moteloop, folder, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    bad = 0
    for make, types in CASES:
        for t in types:
            tally = {"equal": 0, "both refuse": 0, "only ours runs": 0}
            for seed in range(count):
                m = make(np.random.default_rng([seed, zlib.crc32(t.encode())]), t)
                if sys.argv[4:] and m.name not in sys.argv[4:]:
                    break
                r = np.random.default_rng([seed, 99])
                m.r = r
                data = [m.values(m.tensors[i][0], m.tensors[i][1]) for i in m.graph_in]
                if seed % 4 == 3:  # the ends of the range
                    data = [np.full_like(x, np.iinfo(x.dtype).min if seed % 8 == 3 else np.iinfo(x.dtype).max) if x.dtype != np.float32 else x * 1e3 for x in data]
                OUTS = len(m.outs)
                model = m.bytes()
                a = theirs(model, data)
                b, why = ours(moteloop, folder, model, data)
                floats = m.tensors[m.outs[0]][1] == "f32"
                if a is None or b is None:
                    if b is None and a is not None:
                        bad += 1
                        print(f"{m.name} {t} seed {seed}: refused: {why}")
                    tally["both refuse" if b is None else "only ours runs"] += a is None
                elif same(a, b, floats):
                    tally["equal"] += 1
                else:
                    bad += 1
                    print(f"{m.name} {t} seed {seed}: other bytes")
            else:
                print(f"{make.__name__ if make.__name__ != 'make' else m.name:22s} {t:4s} " + ", ".join(f"{v} {k}" for k, v in tally.items() if v), flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
