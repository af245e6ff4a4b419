# The networks of bench_train.c in PyTorch: the same layers, batch, optimizer and shuffling.
#   peer_torch.py NETWORK BATCH THREADS SECONDS [FORMAT]     FORMAT: plain, last (channels_last)
import resource
import sys
import time

import torch
from torch import nn

name, batch, threads, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
last = len(sys.argv) > 5 and sys.argv[5] == "last"
torch.set_num_threads(threads)
torch.manual_seed(1)


def norm(c):
    return [nn.BatchNorm2d(c, eps=1e-3), nn.ReLU()]


class Same(nn.Module):  # TensorFlow's SAME padding: the odd line goes to the bottom and right
    def __init__(self, size, kernel, stride):
        super().__init__()
        pad = []
        for n, k, s in reversed(list(zip(size, kernel, stride))):
            total = max((-(-n // s) - 1) * s + k - n, 0)
            pad += [total // 2, total - total // 2]
        self.pad = pad

    def forward(self, x):
        return nn.functional.pad(x, self.pad)


def conv(c_in, c_out, kernel, stride, size, groups=1, bias=False):
    pads = [max((-(-n // s) - 1) * s + k - n, 0) for n, k, s in zip(size, kernel, stride)]
    if all(p % 2 == 0 for p in pads):
        return [nn.Conv2d(c_in, c_out, kernel, stride, tuple(p // 2 for p in pads), groups=groups, bias=bias)]
    return [Same(size, kernel, stride), nn.Conv2d(c_in, c_out, kernel, stride, groups=groups, bias=bias)]


def separable(c_in, c_out, stride, size):
    out = tuple(-(-n // stride) for n in size)
    return conv(c_in, c_in, (3, 3), (stride, stride), size, c_in) + norm(c_in) + conv(c_in, c_out, (1, 1), (1, 1), out) \
        + norm(c_out), out


def mlp():
    return nn.Sequential(nn.Linear(33, 20), nn.ReLU(), nn.Linear(20, 10), nn.ReLU(), nn.Linear(10, 5)), (33,)


def cnn1d():
    return nn.Sequential(
        nn.Conv1d(9, 32, 5, padding=2), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(32, 32, 5, padding=2), nn.ReLU(),
        nn.MaxPool1d(2), nn.Conv1d(32, 64, 5, padding=2), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(),
        nn.Linear(64, 6)), (9, 128)


def cnn2d():
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(),
        nn.MaxPool2d(2), nn.Flatten(), nn.Linear(7 * 7 * 32, 10)), (1, 28, 28)


def ae():
    units = [640, 128, 128, 128, 128, 8, 128, 128, 128, 128]
    layers = [m for a, b in zip(units, units[1:]) for m in (nn.Linear(a, b), nn.ReLU())]
    return nn.Sequential(*layers, nn.Linear(128, 640)), (640,)


def dscnn():
    layers, size = conv(1, 64, (10, 4), (2, 2), (49, 10)) + norm(64), (25, 5)
    for _ in range(4):
        more, size = separable(64, 64, 1, size)
        layers += more
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 12)), (1, 49, 10)


def mobilenet():
    units = [16, 32, 32, 64, 64, 128, 128, 128, 128, 128, 128, 256, 256]
    strides = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1]
    layers, size, c = conv(3, 8, (3, 3), (2, 2), (96, 96)) + norm(8), (48, 48), 8
    for u, s in zip(units, strides):
        more, size = separable(c, u, s, size)
        layers += more
        c = u
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(c, 2)), (3, 96, 96)


net, shape = {"mlp": mlp, "cnn1d": cnn1d, "cnn2d": cnn2d, "ae": ae, "dscnn": dscnn, "mobilenet": mobilenet}[name]()
n = 256 if torch.Size(shape).numel() > 4096 else 2048
x = torch.randn(n, *shape)
if last and len(shape) == 3:
    net, x = net.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
values = name == "ae"
outputs = net(x[:2]).shape[1]
target = x if values else torch.arange(n) % outputs
loss_of = nn.MSELoss() if values else nn.CrossEntropyLoss()
try:
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-4, eps=1e-7, fused=True)  # from 2.4 on a CPU too
except (RuntimeError, TypeError):
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-4, eps=1e-7)


def epoch():
    order = torch.randperm(n)
    for at in range(0, n, batch):
        pick = order[at:at + batch]
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(net(x[pick]), target[pick])
        loss.backward()
        optimizer.step()
    if not torch.isfinite(loss):
        sys.exit("the loss is not finite")


epoch()
start, busy, epochs = time.monotonic(), time.process_time(), 0
while time.monotonic() - start < seconds:
    epoch()
    epochs += 1
took, busy = time.monotonic() - start, time.process_time() - busy
print("params", sum(p.numel() for p in net.parameters()))
print("rate %.1f" % (epochs * n / took))
print("cpu_rate %.1f" % (epochs * n / busy))
print("rss_kb", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
print("version", torch.__version__.replace(" ", ""))
