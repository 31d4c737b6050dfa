"""Trains the tasks of `npm run evidence -- papers` with deepinv.

    python train_deepinv.py PLAN.json

The plan has the trainings, with the files of their tensors. Prints a line of JSON for each, and writes the
reconstructions of the test images, before and after it.
"""
import json
import re
import sys
import time
import warnings

import deepinv as dinv
import torch
from safetensors.torch import load_file, save_file

warnings.filterwarnings("ignore")


def snake(name):
    return re.sub(r"([A-Z])", r"_\1", name).lower()


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
    folders = [dinv.loss, dinv.loss.mri, dinv.physics, dinv.physics.generator, dinv.transform, dinv.models]
    cls = next(getattr(folder, name) for folder in folders if hasattr(folder, name))
    options = {snake(key): made(value, tensors) for key, value in description.items() if key != "name"}
    if name in ("MRI", "SequentialMRI"):
        options["img_size"] = options["img_size"][1:]
    return cls(**options, **more)


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


def network_of(task, weights):
    network = task["network"]
    denoiser = made(network["denoiser"], {}, pretrained=None)
    denoiser.load_state_dict(weights)
    if network["start"] == "modl":
        return ConsistentMoDL(denoiser, network["numIter"], network["weight"])
    if network["start"] == "fbp":
        return FromBackProjection(denoiser)
    return dinv.models.ArtifactRemoval(denoiser, mode=network["start"])


def batch_of(task, physics, tensors, indices, testing=False):
    def take(name):
        return tensors["test" + name.capitalize() if testing else name][indices]

    if task.get("perSample"):
        physics.update(**{name: take(name) for name in task["perSample"]})
    return take("x"), take("y"), physics


def train(task, row, tensors, weights, order, learning_rate, seed):
    torch.manual_seed(seed + 1000)
    physics = made(task["physics"], tensors)
    bare = network_of(task, weights)
    losses = [(made(term["loss"], {}), term.get("weight", 1)) for term in row["terms"]]
    model = bare
    for loss, _ in losses:
        model = loss.adapt_model(model)
    parameters = list(bare.parameters())
    optimizer = torch.optim.Adam(parameters, lr=learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=len(order))

    def test(network):
        network.eval()
        everything = slice(0, len(tensors["testX"]))
        with torch.no_grad():
            _, y, operator = batch_of(task, physics, tensors, everything, testing=True)
            return network(y, operator).contiguous()

    before = test(bare)
    model.train()
    adapted = {"update_parameters": True} if model is not bare else {}
    start = time.process_time()
    for indices in order:
        x, y, operator = batch_of(task, physics, tensors, indices)
        optimizer.zero_grad()
        x_net = model(y, operator, **adapted)
        total = sum(
            weight * loss(x_net=x_net, x=x, y=y, physics=operator, model=model).mean() for loss, weight in losses
        )
        total.backward()
        optimizer.step()
        schedule.step()
    seconds = time.process_time() - start
    return before, test(model), seconds


def main(plan):
    with open(plan) as file:
        trainings = json.load(file)
    for index, wanted in enumerate(trainings):
        before, after, seconds = train(
            wanted["task"],
            wanted["row"],
            load_file(wanted["files"]["tensors"]),
            load_file(wanted["files"]["weights"]),
            wanted["order"],
            wanted["learningRate"],
            wanted["seed"],
        )
        save_file({"before": before, "after": after}, wanted["output"])
        print(json.dumps({"index": index, "seconds": seconds}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
