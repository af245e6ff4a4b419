# The same motion model in PyTorch, start to int8: what `moteloop train` does with motion_wall.recipe.
#   peer_hapt.py prepare FOLDER OUT.pt      windows of 128 samples from the recordings, by user (not timed)
#   peer_hapt.py train OUT.pt TEST_USERS EPOCHS THREADS
import csv
import glob
import gzip
import os
import re
import sys

import torch
from torch import nn

NAMES = ["WALKING", "WALKING_UPSTAIRS", "WALKING_DOWNSTAIRS", "SITTING", "STANDING", "LAYING"]


def prepare(folder, out):
    names = {r["activity_id"]: r["name"] for r in csv.DictReader(open(folder + "/activity_labels.csv"))}
    spans = list(csv.DictReader(open(folder + "/labels.csv")))
    x, y, users = [], [], []
    for path in sorted(glob.glob(folder + "/exp*.csv.gz")):
        exp, user = map(int, re.match(r"exp(\d+)_user(\d+)", os.path.basename(path)).groups())
        rows = list(csv.reader(gzip.open(path, "rt")))
        data = torch.tensor([[float(v) for v in r[-6:]] for r in rows[1:]])
        for s in spans:
            if (int(s["exp"]), int(s["user"])) != (exp, user) or names[s["activity_id"]] not in NAMES:
                continue
            start, end = int(s["start_sample_1based"]) - 1, int(s["end_sample"])
            for at in range(start, end - 128 + 1, 64):
                x.append(data[at:at + 128].T.clone())
                y.append(NAMES.index(names[s["activity_id"]]))
                users.append(user)
    torch.save((torch.stack(x), torch.tensor(y), torch.tensor(users)), out)
    print(len(x), "windows of", len(set(users)), "users")


def block(c_in, c_out):
    return [nn.Conv1d(c_in, c_out, 5, padding=2, bias=False), nn.BatchNorm1d(c_out, eps=1e-3), nn.ReLU()]


def train(path, test, epochs, threads):
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    x, y, users = torch.load(path)
    held = torch.isin(users, torch.tensor(test))
    mean = x[~held].mean(dim=(0, 2), keepdim=True)
    x = (x - mean) / x[~held].std(dim=(0, 2), keepdim=True)
    net = nn.Sequential(*block(6, 32), nn.MaxPool1d(2), *block(32, 32), nn.MaxPool1d(2), *block(32, 64),
                        nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(64, len(NAMES)))
    optimizer = torch.optim.Adam(net.parameters(), lr=0.002)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    tx, ty = x[~held], y[~held]
    for _ in range(epochs):
        order = torch.randperm(len(tx))
        for at in range(0, len(tx), 64):
            pick = order[at:at + 64]
            optimizer.zero_grad(set_to_none=True)
            nn.functional.cross_entropy(net(tx[pick]), ty[pick]).backward()
            optimizer.step()
        schedule.step()
    net.eval()
    with torch.no_grad():
        print("float %.4f" % (net(x[held]).argmax(1) == y[held]).float().mean())
        try:
            from torch.ao.quantization import QConfigMapping, get_default_qconfig
            from torch.ao.quantization.quantize_fx import convert_fx, prepare_fx
        except ImportError:
            print("int8 - (this PyTorch has no quantization of its own)")
            return
        ready = prepare_fx(net, QConfigMapping().set_global(get_default_qconfig("fbgemm")), (tx[:1],))
        ready(tx[:1000])
        small = convert_fx(ready)
        print("int8 %.4f" % (small(x[held]).argmax(1) == y[held]).float().mean())
        torch.save(small.state_dict(), path + ".int8")


if sys.argv[1] == "prepare":
    prepare(sys.argv[2], sys.argv[3])
else:
    train(sys.argv[2], [int(u) for u in sys.argv[3].split(",")], int(sys.argv[4]), int(sys.argv[5]))
