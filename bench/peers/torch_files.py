"""The part with files in PyTorch with deepinv: DataLoaders that read PNG files with Pillow in one worker."""

import os
import random

import deepinv
import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torch_programs import SIGMA, seeded
from torch_serve import serve

FOLDER = os.environ["ADJOINT_BENCH_PICTURES"]
PATHS = sorted(os.path.join(FOLDER, name) for name in os.listdir(FOLDER))
PATCHES, PATCH = 8, 64


class Pictures(Dataset):
    def __len__(self):
        return len(PATHS)

    def __getitem__(self, index):
        with Image.open(PATHS[index]) as file:
            return torch.from_numpy(np.asarray(file, np.float32) / 255)[None]


class Patches(Dataset):
    """Each patch is cut from an image of its own."""

    def __init__(self):
        self.pictures = Pictures()

    def __len__(self):
        return 2**14

    def __getitem__(self, index):
        image = self.pictures[index % len(PATHS)]
        row, column = (random.randrange(side - PATCH + 1) for side in image.shape[1:])
        return image[:, row : row + PATCH, column : column + PATCH]


def network(depth, nf):
    return seeded(deepinv.models.DnCNN(1, 1, depth=depth, nf=nf, pretrained=None))


def loading(depth, nf):
    model, physics = network(depth, nf), deepinv.physics.Denoising(deepinv.physics.GaussianNoise(SIGMA))
    criterion, optimizer = deepinv.loss.SupLoss(), torch.optim.Adam(model.parameters(), lr=1e-4)
    loader = DataLoader(Patches(), batch_size=PATCHES, shuffle=True, num_workers=1, persistent_workers=True)

    def endless():
        while True:
            yield from loader

    batches = endless()

    def step():
        x = next(batches)
        optimizer.zero_grad()
        value = criterion(x_net=model(physics(x)), x=x).mean()
        value.backward()
        optimizer.step()
        value.item()

    return step


def evaluating(noise=None):
    physics = deepinv.physics.Denoising(noise or deepinv.physics.GaussianNoise(SIGMA))
    model, metric = network(7, 32).eval(), deepinv.loss.metric.PSNR()
    loader = DataLoader(Pictures(), num_workers=1, persistent_workers=True)

    def step():
        with torch.no_grad():
            return [metric(model(physics(x)), x).item() for x in loader]

    return step


def check():
    """The mean of each image, and the metric of a network on them without noise."""
    means = [image.double().mean().item() for image in Pictures()]
    return {"means": means, "psnr": evaluating(deepinv.physics.ZeroNoise())()}


CASES = {"loading": lambda: loading(7, 32), "loadingDeep": lambda: loading(17, 64), "evaluate": evaluating}

if __name__ == "__main__":
    label = f"PyTorch {torch.__version__}, deepinv {deepinv.__version__}, {torch.get_num_threads()} threads"
    serve({"label": label, "cases": list(CASES), "kinds": []}, lambda name: CASES[name](), check)
