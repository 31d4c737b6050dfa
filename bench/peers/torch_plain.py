"""Cases of bench/cases.mjs in PyTorch without deepinv, for a machine that lacks it or for its GPU."""

import math

import torch
from torch import nn
from torch.nn import functional as F


def block(channels, features):
    """Two convolutions, each with batch norm and ReLU."""
    layers = []
    for i, o in ((channels, features), (features, features)):
        layers += [nn.Conv2d(i, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU()]
    return nn.Sequential(*layers)


class UNet(nn.Module):
    """The U-Net of three scales with 64, 128 and 256 features."""

    def __init__(self):
        super().__init__()
        self.down = nn.ModuleList([block(1, 64), block(64, 128), block(128, 256)])
        self.grow = nn.ModuleList(
            nn.Sequential(
                nn.Upsample(scale_factor=2), nn.Conv2d(i, i // 2, 3, padding=1), nn.BatchNorm2d(i // 2), nn.ReLU()
            )
            for i in (128, 256)
        )
        self.up = nn.ModuleList([block(128, 64), block(256, 128)])
        self.last = nn.Conv2d(64, 1, 1)

    def forward(self, y, physics=None):
        skips, z = [], y
        for k, down in enumerate(self.down):
            z = down(F.max_pool2d(z, 2) if k else z)
            skips.append(z)
        for k in (1, 0):
            z = self.up[k](torch.cat([skips[k], self.grow[k](z)], 1))
        return self.last(z) + y


def rotated(x, degrees):
    """Images rotated about their centre, nearest pixels."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    turn = torch.tensor([[cos, -sin, 0.0], [sin, cos, 0.0]]).expand(len(x), 2, 3)
    grid = F.affine_grid(turn, list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, mode="nearest", align_corners=False)


def equivariant_loss(model):
    """Measurement consistency and equivariance to a random rotation, under an inpainting mask."""
    mask = (torch.rand(1, 1, 48, 48) < 0.7).float()
    y = torch.rand(8, 1, 48, 48) * mask

    def loss():
        x = model(y)
        turned = rotated(x, 360 * torch.rand((), device="cpu").item())
        again = model(turned * mask)
        return (x * mask - y).square().mean() + (again - turned).square().mean()

    return loss


def mri():
    """A centred Fourier transform and a mask."""
    mask = (torch.rand(1, 320, 320) < 0.3).float()

    def apply(x):
        image = torch.complex(x[:, 0], x[:, 1])
        spectrum = torch.fft.fftshift(
            torch.fft.fft2(torch.fft.ifftshift(image, dim=(1, 2)), norm="ortho"), dim=(1, 2)
        )
        return torch.view_as_real(spectrum * mask)

    return apply


def tomography(side=256, count=180):
    """Parallel-beam projections: the image is sampled on a turned grid of each angle, and summed along one side."""
    size = math.ceil(math.sqrt(2) * side)
    angles = torch.arange(count) * (math.pi / count)
    turns = torch.stack(
        [
            torch.stack([angles.cos(), angles.sin(), torch.zeros(count)], 1),
            torch.stack([-angles.sin(), angles.cos(), torch.zeros(count)], 1),
        ],
        1,
    )
    grid = F.affine_grid(turns, [count, 1, size, size], align_corners=False)
    border = (size - side) // 2

    def apply(x):
        wide = F.pad(x, (border, size - side - border, border, size - side - border))
        return F.grid_sample(wide.expand(count, 1, size, size), grid, align_corners=False).sum(2)

    return apply
