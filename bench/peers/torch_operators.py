"""The cases of bench/operator-cases.mjs in PyTorch, and in deepinv if it is installed."""

import torch
from torch import nn

try:
    import deepinv
except ImportError:
    deepinv = None

F = nn.functional


def gradients(operator, *shapes):
    operands = [torch.randn(*shape, requires_grad=True) for shape in shapes]
    return lambda: torch.autograd.grad(operator(*operands).square().sum(), operands)


def convolution(size, filters, operator=F.conv2d, **options):
    return lambda: gradients(lambda x, weight: operator(x, weight, **options), size, filters)


def norm(layer, *shape):
    x = torch.randn(*shape, requires_grad=True)
    leaves = [x, *layer.parameters()]
    return lambda: torch.autograd.grad(layer(x).square().sum(), leaves)


def layer_norm():
    layer = nn.LayerNorm(64)

    def apply(x, weight, bias):
        return F.layer_norm(x.permute(0, 2, 3, 1), (64,), weight, bias).permute(0, 3, 1, 2)

    x = torch.randn(4, 64, 64, 64, requires_grad=True)
    leaves = [x, layer.weight, layer.bias]
    return lambda: torch.autograd.grad(apply(*leaves).square().sum(), leaves)


def sampling(by_grid):
    x = torch.rand(4, 3, 256, 256)
    angles = 0.3 * torch.arange(1.0, 5.0)
    rows = [torch.stack([angles.cos(), -angles.sin()], 1), torch.stack([angles.sin(), angles.cos()], 1)]
    affine = torch.cat([torch.stack(rows, 1), torch.zeros(4, 2, 1)], 2)
    grid = F.affine_grid(affine, [4, 3, 256, 256], align_corners=False)
    leaf = (grid if by_grid else x).requires_grad_()
    return lambda: torch.autograd.grad(F.grid_sample(x, grid, align_corners=False).square().sum(), [leaf])


def without_gradient(f, *operands):
    def step():
        with torch.no_grad():
            f(*operands)

    return step


def total_variation():
    criterion = deepinv.loss.TVLoss()
    x = torch.rand(4, 3, 256, 256, requires_grad=True)
    return lambda: torch.autograd.grad(criterion(x).sum(), [x])


def fourier(side):
    def apply(x):
        return torch.view_as_real(torch.fft.fft2(torch.view_as_complex(x)))

    return gradients(apply, (4, side, side, 2))


CASES = {
    "conv1": convolution((4, 64, 64, 64), (64, 64, 1, 1)),
    "conv4": convolution((4, 64, 32, 32), (64, 64, 4, 4)),
    "conv5": convolution((4, 64, 32, 32), (64, 64, 5, 5), padding=2),
    "conv7": convolution((4, 32, 48, 48), (32, 32, 7, 7), padding=3),
    "deep": convolution((4, 512, 8, 8), (512, 512, 3, 3), padding=1),
    "dilated": convolution((4, 64, 32, 32), (64, 64, 3, 3), padding=2, dilation=2),
    "grouped": convolution((4, 64, 64, 64), (64, 8, 3, 3), padding=1, groups=8),
    "transposed": convolution((4, 128, 32, 32), (128, 64, 2, 2), F.conv_transpose2d, stride=2),
    "matmul": lambda: without_gradient(torch.matmul, torch.randn(512, 512), torch.randn(512, 512)),
    "batched": lambda: gradients(torch.matmul, (64, 128, 64), (64, 64, 128)),
    "groupNorm": lambda: norm(nn.GroupNorm(8, 64), 8, 64, 64, 64),
    "layerNorm": layer_norm,
    "instanceNorm": lambda: norm(nn.InstanceNorm2d(64), 8, 64, 64, 64),
    "maxPool": lambda: gradients(lambda x: F.max_pool2d(x, 2), (8, 64, 64, 64)),
    "avgPool": lambda: gradients(lambda x: F.avg_pool2d(x, 2), (8, 64, 64, 64)),
    "softmax": lambda: gradients(lambda x: F.softmax(x, 2), (64, 256, 256)),
    "gridEach": lambda: sampling(by_grid=False),
    "gridGradient": lambda: sampling(by_grid=True),
    "binomial": lambda: without_gradient(torch.binomial, torch.full((4, 3, 256, 256), 100.0), torch.tensor(0.3)),
    "fftOdd": lambda: fourier(225),
    "fftPrime": lambda: fourier(251),
}
if deepinv is not None:
    CASES["tv"] = total_variation
    CASES["gamma"] = lambda: without_gradient(deepinv.physics.GammaNoise(4.0), torch.rand(4, 3, 256, 256))
