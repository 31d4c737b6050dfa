"""The programs of bench/program-cases.mjs in PyTorch with deepinv: the same weights, data and steps."""

import math
import warnings
from unittest import mock

import torch
from torch_network import STEPS, uniform

try:
    import deepinv
except ImportError:
    deepinv = None

SIGMA = 0.1


def numbers(shape, bound, seed):
    return uniform(math.prod(shape), bound, seed).reshape(shape)


def clean(shape):
    return numbers(shape, 0.5, 1001) + 0.5


def noisy(shape):
    return clean(shape) + numbers(shape, SIGMA * math.sqrt(3), 1002)


def seeded(model, gain=1.0):
    state = model.state_dict()
    names = [name for name in sorted(state) if state[name].dim() == 4 or name.endswith("bias")]
    for k, name in enumerate(names):
        shape = state[name].shape
        bound = math.sqrt(3 * gain / math.prod(shape[1:])) if len(shape) == 4 else 0.01
        state[name].copy_(numbers(shape, bound, k + 1))
    return model.train()


def dncnn(channels=1):
    return deepinv.models.DnCNN(channels, channels, depth=7, nf=32, pretrained=None)


def descent(parameters, value):
    """A step of Adam on a scalar, for these parameters alone."""
    parameters = list(parameters)
    optimizer = torch.optim.Adam(parameters, lr=1e-4)

    def step():
        optimizer.zero_grad()
        value().backward(inputs=parameters)
        optimizer.step()

    return step


class FixedMask:
    """Draws always the same mask of what the network sees: two of three columns."""

    def __init__(self, shape):
        self.mask = (torch.arange(shape[-1]) % 3 != 0).float().expand(shape).clone()

    def step(self, *_, **__):
        return {"mask": self.mask}


def splitting(side, fixed):
    shape = (1, 2, side, side)
    column = torch.arange(side)
    measured = (column % 4 == 0) | ((column - side / 2).abs() < side / 12)
    physics = deepinv.physics.MRI(mask=measured.float().expand(shape).clone(), img_size=shape[1:])
    criterion = deepinv.loss.SplittingLoss(split_ratio=0.6, mask_generator=FixedMask(shape) if fixed else None)
    denoiser = dncnn(2)
    model = criterion.adapt_model(seeded(deepinv.models.MoDL(denoiser=denoiser, num_iter=3))).train()
    with torch.no_grad():
        y = physics.A(clean(shape))

    def value():
        x_net = model(y, physics, update_parameters=True)
        return criterion(x_net, y, physics, model).mean()

    return value, denoiser.in_conv.weight, descent([p for p in model.parameters() if p.requires_grad], value)


def adversarial(side, _):
    shape = (8 if side == 48 else 2, 1, side, side)
    model, judge = seeded(dncnn()), seeded(deepinv.models.PatchGANDiscriminator(1, ndf=32, n_layers=2))
    x, y = clean(shape), noisy(shape)
    error = deepinv.loss.SupLoss()
    generator = deepinv.loss.adversarial.SupAdversarialGeneratorLoss()
    discriminator = deepinv.loss.adversarial.SupAdversarialDiscriminatorLoss()
    made = {}

    def value():
        made["x_net"] = model(y)
        return (error(x_net=made["x_net"], x=x) + generator(x, made["x_net"], D=judge)).mean()

    of_model = descent(model.parameters(), value)
    of_judge = descent(judge.parameters(), lambda: discriminator(x, made["x_net"], D=judge).mean())

    def step():
        of_model()
        of_judge()

    return value, model.in_conv.weight, step


def unsure(side, fixed):
    shape = (8 if side == 48 else 2, 1, side, side)
    physics = deepinv.physics.Denoising(deepinv.physics.GaussianNoise(SIGMA))
    model, y = seeded(dncnn()), noisy(shape)
    criterion = deepinv.loss.SureGaussianLoss(SIGMA, unsure=True, momentum=0.0)
    probe = numbers(shape, math.sqrt(3), 1003)

    def value():
        # deepinv keeps the graphs of all steps before: they would make each step slower than the last.
        criterion.sigma2 = criterion.sigma2.detach().requires_grad_()
        return criterion(y, model(y, physics), physics, model).mean()

    def same():
        with mock.patch.object(torch.Tensor, "normal_", lambda self, generator=None: self.copy_(probe)):
            return value()

    value_of = same if fixed else value
    return value_of, model.in_conv.weight, descent(model.parameters(), value_of)


def drunet(side, _):
    shape = (4 if side == 64 else 1, 1, side, side)
    model = seeded(deepinv.models.DRUNet(1, 1, nc=(32, 64, 128, 256), nb=2, pretrained=None), 0.3)
    x, y, criterion = clean(shape), noisy(shape), deepinv.loss.SupLoss()

    def value():
        return criterion(x_net=model(y, SIGMA), x=x).mean()

    return value, model.m_head.weight, descent(model.parameters(), value)


# The program, its side, and a small one to compare.
PROGRAMS = {
    "splitting": (splitting, 128, 24),
    "adversarial": (adversarial, 48, 20),
    "unsure": (unsure, 48, 12),
    "drunet": (drunet, 64, 32),
} if deepinv is not None else {}
CASES = {name: lambda make=make, side=side: make(side, False)[2] for name, (make, side, _) in PROGRAMS.items()}


def check():
    """Loss, gradient, and the loss after some steps of each program, small and without chance, by name."""
    results = {}
    warnings.simplefilter("ignore")
    for name, (make, _, side) in PROGRAMS.items():
        value, weight, step = make(side, True)
        results[f"{name}: loss"] = value().item()
        results[f"{name}: gradient"] = torch.autograd.grad(value(), weight)[0].flatten().tolist()
        for _ in range(STEPS):
            step()
        results[f"{name}: after"] = value().item()
    return results
