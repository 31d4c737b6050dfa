"""The networks of bench/network.mjs in PyTorch: the same names, weights and images."""

import math
import re

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

CHECKED, STEPS = "train:4x8:2x12", 3
# Where it is computed.
DEVICE = "cpu"


def sizes_of(name):
    """Kind, depth, features, batch and side in the name of a case; None if it has none."""
    found = re.fullmatch(r"(train|infer):(\d+)x(\d+):(\d+)x(\d+)", name)
    return found and (found[1], *map(int, found.groups()[1:]))


def uniform(count, bound, seed):
    """The numbers of network.mjs. The k-th state is `a^k seed + c (1 + a + ... + a^(k - 1))` modulo 2^32."""
    powers = np.cumprod(np.full(count, 1664525, np.uint32), dtype=np.uint32)
    sums = np.cumsum(np.concatenate([np.ones(1, np.uint32), powers[:-1]]), dtype=np.uint32)
    states = powers * np.uint32(seed) + sums * np.uint32(1013904223)
    values = bound * (2 * ((states >> 8) / 2**24) - 1)
    return torch.from_numpy(values.astype(np.float32)).to(DEVICE)


class Network(nn.Module):
    def __init__(self, depth, features):
        super().__init__()
        widths = [(1 if k == 0 else features, 1 if k == depth - 1 else features) for k in range(depth)]
        self.layers = nn.ModuleList(nn.Conv2d(i, o, 3, padding=1) for i, o in widths)
        for k, ((i, o), layer) in enumerate(zip(widths, self.layers)):
            layer.weight.data = uniform(9 * o * i, math.sqrt(6 / (9 * i)), 2 * k + 1).reshape(o, i, 3, 3)
            layer.bias.data = uniform(o, 0.01, 2 * k + 2)

    def forward(self, y):
        z = y
        for k, layer in enumerate(self.layers):
            z = layer(z)
            if k < len(self.layers) - 1:
                z = F.relu(z)
        return z + y


def make(name):
    """A training step and inference of a case, which wait for their results, and `probe`: the loss and a gradient."""
    _, depth, features, batch, side = sizes_of(name)
    model, shape = Network(depth, features), (batch, 1, side, side)
    clean = uniform(batch * side * side, 0.5, 1001) + 0.5
    noisy = (clean + uniform(clean.numel(), 0.17, 1002)).reshape(shape)
    clean = clean.reshape(shape)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4)

    def loss():
        return (model(noisy) - clean).square().mean()

    def train():
        optimizer.zero_grad()
        value = loss()
        value.backward()
        optimizer.step()
        value.item()

    def infer():
        with torch.no_grad():
            return model(noisy).cpu().numpy()

    def probe():
        value = loss()
        gradient = torch.autograd.grad(value, model.layers[0].weight)[0]
        return {"loss": value.item(), "gradient": gradient.flatten().tolist()}

    return {"train": train, "infer": infer, "probe": probe}


def step(name):
    """The step of a case."""
    return make(name)[sizes_of(name)[0]]


def check():
    """Output, loss and gradient of a small network, and the loss after some steps of Adam."""
    small = make(CHECKED)
    output = small["infer"]().flatten().tolist()
    before = small["probe"]()
    for _ in range(STEPS):
        small["train"]()
    return {"output": output, **before, "after": small["probe"]()["loss"]}
