"""Objects of deepinv from the descriptions of tasks.mjs."""
import copy
import math
import re

import deepinv as dinv
import torch


def copied(physics):
    """A copy of an operator with parameters of its own.

    In place of deepinv's `clone`, which looks at every object that the operator reaches: 0.18 s at each step of MOI,
    MOEI and Phase2Phase, more than the training itself.
    """
    own = copy.copy(physics)
    own._buffers = dict(physics._buffers)
    return own


dinv.physics.Physics.clone = copied


def snake(name):
    return re.sub(r"([A-Z])", r"_\1", name).lower()


class ColumnSplittingMaskGenerator(dinv.physics.generator.PhysicsGenerator):
    """As in examples/shared/column-splitting.mjs."""

    def __init__(self, split_ratio, masks):
        super().__init__()
        self.split_ratio = split_ratio
        p = masks[:, 0, 0].float().mean(0)
        self.odds = (1 - p) / p

    def step(self, batch_size=1, seed=None, input_mask=None, **kwargs):
        kept = torch.ones_like(input_mask)
        for image, measured in enumerate(input_mask[:, 0, 0] != 0):
            weights = torch.where(measured, self.odds, 0)
            count = math.ceil((1 - self.split_ratio) * int((weights > 0).sum()))
            kept[image, :, :, torch.multinomial(weights, count)] = 0
        return {"mask": kept}


def made(description, tensors, **more):
    """The object of a description in tasks.mjs."""
    if isinstance(description, list):
        # A size that deepinv compares with that of a tensor must be a tuple.
        return tuple(made(each, tensors) for each in description)
    if not isinstance(description, dict):
        return description
    if "tensor" in description:
        return tensors[description["tensor"]]
    name = description["name"]
    if name == "AboveLimit":
        norm = dict(description["loss"])
        return AboveLimit(count=norm.pop("reducedBatchsize"), norm=made(norm, tensors), limit=description["limit"])
    if "Adversarial" in name or "UAIR" in name:
        options = {key: value for key, value in description.items() if key not in ("name", "physicsGenerator")}
        loss = getattr(dinv.loss.adversarial, name)(**{snake(key): value for key, value in options.items()})
        return Remeasured(loss, made(description.get("physicsGenerator"), tensors))
    if name == "ColumnSplittingMaskGenerator":
        return ColumnSplittingMaskGenerator(description["splitRatio"], made(description["masks"], tensors))
    folders = [dinv.loss, dinv.loss.mri, dinv.physics, dinv.physics.generator, dinv.transform, dinv.models]
    cls = next(getattr(folder, name) for folder in folders if hasattr(folder, name))
    options = {snake(key): made(value, tensors) for key, value in description.items() if key != "name"}
    if name in ("MRI", "SequentialMRI"):
        options["img_size"] = options["img_size"][1:]
    return cls(**options, **more)


class AboveLimit(dinv.loss.Loss):
    """`max(0, norm - limit)^2` of a spectral norm of the network's Jacobian at the first images of a batch."""

    def __init__(self, count, norm, limit):
        super().__init__()
        # The norm's own `reduced_batchsize` raises: the slice that it differentiates by is not the network's input.
        self.count = count
        self.norm = norm
        self.limit = limit

    def forward(self, x, y, physics, model, **kwargs):
        u = y[: self.count].clone().requires_grad_()
        if isinstance(self.norm, dinv.loss.FNEJacobianSpectralNorm):
            value = self.norm(u, x, lambda v: model(v, physics))
        else:
            value = self.norm(model(u, physics), u)
        return torch.relu(value - self.limit) ** 2


class Remeasured(dinv.loss.Loss):
    """An adversarial loss with the reconstruction measured again, where a generator is given by another operator."""

    def __init__(self, loss, generator):
        super().__init__()
        self.loss = loss
        self.generator = generator

    def forward(self, x_net, physics, model, **kwargs):
        mask = getattr(physics, "mask", None)
        if self.generator is not None:
            physics.update(**self.generator.step(len(x_net)))
        y_hat = physics.A(x_net)
        # The second reconstruction of UAIR is without the operator in deepinv, which networks that need it refuse.
        value = self.loss(x_net=x_net, y_hat=y_hat, physics=physics, model=lambda u: model(u, physics), **kwargs)
        if self.generator is not None:
            physics.update(mask=mask)
        return value


class FromBackProjection(dinv.models.Reconstructor):
    def __init__(self, backbone_net):
        super().__init__()
        self.backbone_net = backbone_net

    def forward(self, y, physics, **kwargs):
        return self.backbone_net(physics.fbp(y))


class ConsistentMoDL(dinv.models.Reconstructor):
    def __init__(self, denoiser, num_iter, weight):
        super().__init__()
        self.network = dinv.models.MoDL(denoiser=denoiser, num_iter=num_iter)
        self.weight = weight

    def forward(self, y, physics, **kwargs):
        return physics.prox_l2(self.network(y, physics), y, self.weight)


class Unrolled(dinv.models.Reconstructor):
    def __init__(self, denoiser, num_iter, weight, max_iter):
        super().__init__()
        self.denoiser = denoiser
        self.num_iter = num_iter
        self.weight = weight
        self.max_iter = max_iter

    def forward(self, y, physics, **kwargs):
        support = physics.A_adjoint(torch.ones_like(y)).detach() > 0
        x = physics.fbp(y)
        for _ in range(self.num_iter):
            x = physics.prox_l2(self.denoiser(x) * support, y, self.weight, max_iter=self.max_iter)
        return x


def network_of(task, weights):
    network = task["network"]
    denoiser = made(network["denoiser"], {}, pretrained=None)
    denoiser.load_state_dict(weights)
    if network["start"] == "modl":
        return ConsistentMoDL(denoiser, network["numIter"], network["weight"])
    if network["start"] == "unrolled":
        return Unrolled(denoiser, network["numIter"], network["weight"], network["maxIter"])
    if network["start"] == "fbp":
        return FromBackProjection(denoiser)
    return dinv.models.ArtifactRemoval(denoiser, mode=network["start"])
