"""The cases of bench/cases.mjs in PyTorch, and in deepinv if it is installed.

Reads a case and a number of steps per line, runs them and answers with their seconds; the line "check" is answered by
torch_network.py. The first line of the output has versions, threads or the card, and cases.

With ADJOINT_TORCH_DEVICE=cuda everything is computed there, without deepinv; ADJOINT_TORCH_TF32 (0 or 1) switches TF32
in convolutions and products off or on.
"""

import math
import os
import sys

import torch
import torch_network
import torch_operators
import torch_plain
import torch_programs
from torch import nn
from torch_serve import serve

try:
    import deepinv
except ImportError:
    deepinv = None

SIGMA = 0.1
CUDA = os.environ.get("ADJOINT_TORCH_DEVICE") == "cuda"
if CUDA:
    if not torch.cuda.is_available():
        sys.exit("this PyTorch finds no CUDA device")
    torch.set_default_device("cuda")
    deepinv = None
    torch_network.DEVICE = "cuda"
if "ADJOINT_TORCH_TF32" in os.environ:
    tf32 = os.environ["ADJOINT_TORCH_TF32"] == "1"
    torch.backends.cudnn.allow_tf32 = tf32
    torch.backends.cuda.matmul.allow_tf32 = tf32


class DnCNN(nn.Module):
    def __init__(self, depth: int, features: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(1, features, 3, padding=1), nn.ReLU()]
        for _ in range(depth - 2):
            layers += [nn.Conv2d(features, features, 3, padding=1), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Conv2d(features, 1, 3, padding=1))

    def forward(self, y, physics=None, **_):
        return y + self.layers(y)


def images(*shape):
    clean = torch.rand(*shape)
    return clean, clean + SIGMA * torch.randn_like(clean)


def training(model, loss):
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4)

    def step():
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()

    return step


def supervised(model, *shape):
    clean, noisy = images(*shape)
    return training(model, lambda: (model(noisy, None) - clean).square().mean())


def inference():
    model = DnCNN(17, 64)
    _, noisy = images(1, 1, 256, 256)

    def step():
        with torch.no_grad():
            model(noisy)

    return step


def sure():
    model = DnCNN(7, 32)
    _, noisy = images(8, 1, 48, 48)
    tau = 0.01

    def loss():
        out = model(noisy)
        probe = torch.randn_like(noisy)
        divergence = (probe * (model(noisy + tau * probe) - out)).mean() / tau
        return (out - noisy).square().mean() - SIGMA**2 + 2 * SIGMA**2 * divergence

    return training(model, loss)


def spectral():
    model = DnCNN(7, 32)
    _, noisy = images(2, 1, 32, 32)
    norm = deepinv.loss.JacobianSpectralNorm(max_iter=5, tol=0.0)

    def loss():
        x = noisy.clone().requires_grad_()
        return norm(model(x), x)

    return training(model, loss)


def equivariant():
    model = DnCNN(7, 32)
    physics = deepinv.physics.Inpainting((1, 48, 48), mask=0.7)
    consistency, criterion = deepinv.loss.MCLoss(), deepinv.loss.EILoss(deepinv.transform.Rotate(n_trans=1))
    y = physics(torch.rand(8, 1, 48, 48))

    def loss():
        x_net = model(y, physics)
        return (consistency(y, x_net, physics) + criterion(x_net, physics, model)).mean()

    return training(model, loss)


def plain_equivariant():
    model = DnCNN(7, 32)
    return training(model, torch_plain.equivariant_loss(model))


def blur():
    x = torch.rand(4, 3, 256, 256, requires_grad=True)
    otf = torch.fft.rfft2(torch.ones(1, 1, 9, 9) / 81, s=(256, 256))

    def apply(x):
        return torch.fft.irfft2(torch.fft.rfft2(x) * otf, s=(256, 256))

    with torch.no_grad():
        y = apply(x) * 0.5

    def step():
        torch.autograd.grad((apply(x) - y).square().sum(), [x])

    return step


def squared(f, *shape):
    x = torch.rand(*shape, requires_grad=True)
    return lambda: torch.autograd.grad(f(x).square().sum(), [x])


def mri():
    operator = deepinv.physics.MRI(mask=torch.bernoulli(torch.full((1, 2, 320, 320), 0.3)), img_size=(2, 320, 320))
    return squared(operator.A, 4, 2, 320, 320)


def tomography():
    operator = deepinv.physics.Tomography(angles=180, img_width=256, normalize=False)
    return squared(operator.A, 1, 1, 256, 256)


def grid_sample():
    cos, sin = math.cos(math.pi / 9), math.sin(math.pi / 9)
    affine = torch.tensor([[cos, -sin, 0.0], [sin, cos, 0.0]])
    grid = nn.functional.affine_grid(affine.expand(4, 2, 3), [4, 3, 256, 256], align_corners=False)
    return squared(lambda x: nn.functional.grid_sample(x, grid, align_corners=False), 4, 3, 256, 256)


def resize():
    return squared(lambda x: nn.functional.interpolate(x, scale_factor=2, mode="bicubic"), 4, 3, 128, 128)


def convolution():
    operator = deepinv.physics.Blur(filter=torch.rand(1, 1, 9, 9) / 40, padding="circular")
    return squared(operator.A, 4, 3, 256, 256)


def downsampling():
    operator = deepinv.physics.Downsampling(img_size=(3, 256, 256), factor=2, filter="gaussian")
    return squared(operator.A, 4, 3, 256, 256)


def strided():
    x, weight = torch.randn(8, 64, 32, 32, requires_grad=True), torch.randn(128, 64, 4, 4, requires_grad=True)
    return lambda: torch.autograd.grad(nn.functional.conv2d(x, weight, stride=2, padding=1).square().sum(), [x, weight])


def ssim():
    metric = deepinv.loss.metric.SSIM()
    x, y = torch.rand(4, 3, 256, 256, requires_grad=True), torch.rand(4, 3, 256, 256)
    return lambda: torch.autograd.grad(metric(x, y).sum(), [x])


def without_gradient(f):
    x = torch.rand(4, 3, 256, 256)

    def step():
        with torch.no_grad():
            f(x)

    return step


def operators():
    x, one = torch.tensor([1.0], requires_grad=True), torch.tensor([1e-3])

    def step():
        value = x
        for _ in range(500):
            value = value * x + one
        torch.autograd.grad(value.sum(), [x])

    return step


def eager():
    a, b = torch.zeros(1), torch.ones(1)

    def step():
        value = a
        for _ in range(1000):
            value = value + b

    return step


torch.manual_seed(0)
CASES = {
    "dncnn": lambda: supervised(DnCNN(17, 64), 4, 1, 64, 64),
    "small": lambda: supervised(DnCNN(7, 32), 8, 1, 48, 48),
    "inference": inference,
    "sure": sure,
    "blur": blur,
    "gridSample": grid_sample,
    "resize": resize,
    "strided": strided,
    **torch_operators.CASES,
    **({} if CUDA else torch_programs.CASES),
    "operators": operators,
    "eager": eager,
    "unet": lambda: supervised(torch_plain.UNet(), 4, 1, 64, 64),
    "equivariant": plain_equivariant,
    "mri": lambda: squared(torch_plain.mri(), 4, 2, 320, 320),
    "tomography": lambda: squared(torch_plain.tomography(), 1, 1, 256, 256),
}
if deepinv is not None:
    CASES["unet"] = lambda: supervised(deepinv.models.UNet(1, 1, scales=3), 4, 1, 64, 64)
    CASES["spectral"] = spectral
    CASES["mri"] = mri
    CASES["tomography"] = tomography
    CASES["equivariant"] = equivariant
    CASES["convolution"] = convolution
    CASES["downsampling"] = downsampling
    CASES["ssim"] = ssim
    CASES["rotate"] = lambda: without_gradient(deepinv.transform.Rotate(n_trans=1, interpolation_mode="nearest"))
    CASES["gaussian"] = lambda: without_gradient(deepinv.physics.GaussianNoise(SIGMA))
    CASES["poisson"] = lambda: without_gradient(deepinv.physics.PoissonNoise(0.05))

versions = f"PyTorch {torch.__version__}" + (f", deepinv {deepinv.__version__}" if deepinv else "")
place = torch.cuda.get_device_name() if CUDA else f"{torch.get_num_threads()} threads"


def check():
    return torch_network.check() if CUDA else {**torch_network.check(), **torch_programs.check()}


serve(
    {"label": f"{versions}, {place}", "cases": list(CASES), "kinds": ["train", "infer"]},
    lambda name: CASES[name]() if name in CASES else torch_network.step(name),
    check,
    # On a card, the memory of the case before does not count.
    **({"wait": torch.cuda.synchronize, "forget": torch.cuda.empty_cache} if CUDA else {}),
)
