#!/usr/bin/env python3
"""Writes dsp_golden.h: features of known signals by NumPy, SciPy and PyWavelets in float64.

Run by hand where those are installed; the tests only need the header. The signal is made of whole
numbers, so that C and Python agree on every bit of it (signal() in check_dsp_golden.c)."""
import sys

import numpy as np
import pywt
from scipy import fft, signal as sig, stats


def make(seed, frames, channels):
    state, out = seed, np.zeros((frames, channels), np.float32)
    for i in range(frames):
        for c in range(channels):
            state ^= (state << 13) & 0xFFFFFFFF
            state ^= state >> 17
            state ^= (state << 5) & 0xFFFFFFFF
            saw = (i * (37 + 12 * c)) % 200 - 100
            out[i, c] = np.float32(((state & 0xFFF) - 2048) * 4 + saw * 100 + 3000 * c) / np.float32(32768)
    return out.astype(np.float64)


def decimate(x, ratio):
    for by in {1: [], 3: [3], 10: [10], 30: [3, 10], 100: [10, 10]}[ratio]:
        sos = sig.cheby1(8, 0.05, 0.8 / by, output="sos")
        y, _ = sig.sosfilt(sos, x, zi=sig.sosfilt_zi(sos) * x[0])
        x = y[::by]
    return x


def powers(x, n, overlap):
    best, at = np.zeros(n // 2 + 1), 0
    while at < len(x):
        best = np.maximum(best, np.abs(np.fft.rfft(x[at:at + n], n)) ** 2 / n)
        at += n // 2 if overlap else n
    return best


def spectral_part(x, rate, n, kind, cutoff, log, overlap):
    p = powers(x, n, overlap)
    out = [np.sqrt(np.mean(x * x)), stats.skew(x), stats.kurtosis(x), stats.skew(p), stats.kurtosis(p)]
    gap = rate / n
    for k in range(1, n // 2 + 1):
        if kind == "low" and k * gap - gap / 2 > cutoff or kind == "high" and k * gap + gap / 2 < cutoff:
            continue
        out.append(np.log10(p[k] if p[k] else 1e-10) if log else p[k])
    return out


def prepare(x, rate, ratio, kind, cutoff, order):
    x = decimate(x, ratio)
    if kind != "none" and order:
        x = sig.sosfilt(sig.butter(order, cutoff * 2 / (rate / ratio), btype=kind, output="sos"), x)
    return x - np.mean(x)


def spectral(frames, rate, n=16, kind="none", cutoff=3, order=6, ratio=1, log=True, overlap=True, low=False, mean=False):
    out, lows = [], []
    for c in range(frames.shape[1]):
        x = prepare(frames[:, c], rate, ratio, kind, cutoff, order)
        if mean:
            out.append(np.mean(frames[:, c]))
        out += spectral_part(x, rate / ratio, n, kind, cutoff, log, overlap)
        if low:
            x = decimate(x, 10)
            lows += spectral_part(x - np.mean(x), rate / ratio / 10, n, kind, cutoff, log, overlap)
    return out + lows


def band(x):
    h = np.histogram(x, bins=100)[0]
    s = np.sort(x)
    pick = [s[int((len(s) - 1) * p / 100 + 0.5)] for p in (5, 25, 75, 95, 50)]
    cross = [np.count_nonzero(np.diff(x > v)) / len(x) for v in (0, np.mean(x))]
    return [stats.entropy(h)] + cross + pick + [np.mean(x), np.std(x), np.var(x, ddof=1), np.sqrt(np.mean(x * x)),
                                                stats.skew(x), stats.kurtosis(x)]


def wavelet(frames, name, level):
    out = []
    for c in range(frames.shape[1]):
        x = frames[:, c] - np.mean(frames[:, c])
        for b in pywt.wavedec(x, name, mode="symmetric", level=level):
            out += band(b)
    return out


def audio_powers(x, rate, frame, stride, n, emphasis):
    if emphasis:
        x = x - emphasis * np.roll(x, 1)
    length, step = int(np.ceil(rate * frame - 1e-6)), int(np.ceil(rate * stride - 1e-6))
    count = (len(x) - (length - step)) // step
    return np.array([np.abs(np.fft.rfft(x[i * step:i * step + length][:n], n)) ** 2 / n for i in range(count)])


def mel(p, rate, n, filters, low=0.0, high=0.0):
    high = high or rate / 2
    to_mel = lambda f: 1127 * np.log(1 + f / 700)
    hz = 700 * (np.exp(np.linspace(to_mel(low), to_mel(high), filters + 2) / 1127) - 1)
    hz[-1] -= 0.001
    edge = np.floor((n + 1) * hz / rate).astype(int)
    bank = np.zeros((filters, n // 2 + 1))
    for i in range(filters):
        l, m, r = edge[i:i + 3]
        for k in range(l, r + 1):
            if l < k <= m:
                bank[i, k] = (k - l) / (m - l)
            if m <= k < r:
                bank[i, k] = (r - k) / (r - m)
    e = p @ bank.T
    return np.where(e == 0, 1e-10, e)


def level(db, floor=-52.0):
    return (db - floor) / (12 - floor)


def mfe(x, rate, frame=0.02, stride=0.01, n=256, filters=40, low=0.0, high=0.0):
    e = mel(audio_powers(x, rate, frame, stride, n, 0.98), rate, n, filters, low, high)
    v = np.clip(level(10 * np.log10(np.maximum(e, 1e-30))), 0, 1)
    return np.clip(np.around(v * 256), 0, 255) / 256


def mfcc(x, rate, frame=0.02, stride=0.02, n=256, filters=32, keep=13, window=101):
    p = audio_powers(x, rate, frame, stride, n, 0.98)
    v = fft.dct(np.log(mel(p, rate, n, filters)), type=2, norm="ortho")[:, :keep]
    v[:, 0] = np.log(p.sum(axis=1))
    if not window:
        return v
    pad = ((window // 2, window // 2), (0, 0))
    padded = np.pad(v, pad, "symmetric")
    v = np.array([v[i] - padded[i:i + window].mean(axis=0) for i in range(len(v))])
    padded = np.pad(v, pad, "symmetric")
    return np.array([v[i] / (padded[i:i + window].std(axis=0) + 1e-10) for i in range(len(v))])


def spectrogram(x, rate, frame=0.02, stride=0.01, n=128):
    p = audio_powers(x, rate, frame, stride, n, 0)
    return np.maximum(level(10 * np.log10(np.maximum(np.where(p == 0, 1e-10, p), 1e-30))), 0)


def flatten(frames):
    out = []
    for x in frames.T:
        out += [np.mean(x), np.min(x), np.max(x), np.sqrt(np.mean(x * x)), np.std(x), stats.skew(x), stats.kurtosis(x)]
    return out


def main():
    f = sys.stdout

    def put(name, values):
        v = np.asarray(values, np.float64).ravel()
        f.write(f"static const float {name}[{len(v)}] = {{\n")
        for i in range(0, len(v), 8):
            f.write("    " + " ".join(f"{np.float32(a):.8e}f," for a in v[i:i + 8]) + "\n")
        f.write("};\n")

    f.write("// Made by dsp_golden.py; do not edit.\n#ifndef DSP_GOLDEN_H\n#define DSP_GOLDEN_H\n\n")
    put("golden_spectral", spectral(make(1, 125, 3), 62.5, mean=True))
    put("golden_low", spectral(make(2, 200, 1), 100, n=64, kind="low", cutoff=8, log=False, overlap=False))
    put("golden_high", spectral(make(3, 600, 2), 100, n=32, kind="high", cutoff=5, order=4, ratio=3))
    put("golden_mask", spectral(make(3, 600, 1), 100, n=32, kind="high", cutoff=20, order=0))
    put("golden_slow", spectral(make(4, 800, 2), 100, low=True))
    put("golden_db4", wavelet(make(5, 256, 2), "db4", 2))
    put("golden_bior44", wavelet(make(5, 256, 1), "bior4.4", 2))
    put("golden_rbio28", wavelet(make(5, 301, 1), "rbio2.8", 3))
    put("golden_sym10", wavelet(make(5, 256, 1), "sym10", 1))
    sound = make(6, 8000, 1)[:, 0]
    put("golden_mfe", mfe(sound, 8000)[::33])
    put("golden_mfe16k", mfe(make(6, 16000, 1)[:, 0], 16000)[::33])
    put("golden_band", mfe(sound, 8000, n=512, filters=20, low=300, high=3500)[::33])
    put("golden_mfcc", mfcc(sound, 8000)[::7])
    put("golden_sliding", mfcc(sound, 8000, window=11)[::7])
    put("golden_cepstrum", mfcc(sound, 8000, window=0)[::7])
    put("golden_spectrogram", spectrogram(sound, 8000)[::33])
    put("golden_up", sig.resample_poly(make(8, 200, 1)[:, 0], 8, 5)[::7])
    put("golden_down", sig.resample_poly(make(8, 900, 1)[:, 0], 3, 40))
    put("golden_flatten", flatten(make(7, 333, 3)))
    f.write("\n#endif\n")


main()
