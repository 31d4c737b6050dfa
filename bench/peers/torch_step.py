"""The training step of bench/run.mjs in PyTorch.

Reads a number of steps per line, does them, and answers with their seconds. The first line it writes tells versions and threads.
"""

import json
import sys
import time

import torch
from torch import nn


def dncnn(depth: int = 7, features: int = 32) -> nn.Module:
    """DnCNN without the residual connection: that is added in `loss`."""
    layers: list[nn.Module] = [nn.Conv2d(1, features, 3, padding=1), nn.ReLU()]
    for _ in range(depth - 2):
        layers += [nn.Conv2d(features, features, 3, padding=1), nn.ReLU()]
    return nn.Sequential(*layers, nn.Conv2d(features, 1, 3, padding=1))


torch.manual_seed(0)
model = dncnn()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
clean = torch.rand(8, 1, 48, 48)
noisy = clean + 0.1 * torch.randn_like(clean)


def step() -> None:
    optimizer.zero_grad()
    loss = (model(noisy) + noisy - clean).square().mean()
    loss.backward()
    optimizer.step()


print(json.dumps({"version": torch.__version__, "threads": torch.get_num_threads()}), flush=True)
for line in sys.stdin:
    started = time.perf_counter()
    for _ in range(int(line)):
        step()
    print(time.perf_counter() - started, flush=True)
