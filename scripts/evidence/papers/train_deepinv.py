"""Trains the tasks of `npm run evidence -- papers` with deepinv.

    python train_deepinv.py PLAN.json

The plan has the trainings, with the files of their tensors. Prints a line of JSON for each, and writes the
reconstructions of the test images, before and after it, and the weights of a network without operator.
"""
import json
import sys
import time
import warnings

import torch
from objects import made, network_of
from safetensors.torch import load_file, save_file

warnings.filterwarnings("ignore")


class Adversary:
    def __init__(self, task, loss, weights):
        self.network = made(task["discriminator"], {})
        self.network.load_state_dict(weights)
        self.network.train()
        self.loss = made(loss, {})
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=1e-3, betas=(0.5, 0.999))

    def step(self, x_net, **kwargs):
        self.optimizer.zero_grad()
        self.loss(x_net=x_net.detach(), D=self.network, **kwargs).mean().backward()
        self.optimizer.step()


def batch_of(task, physics, tensors, indices, testing=False):
    def take(name):
        return tensors["test" + name.capitalize() if testing else name][indices]

    if task.get("perSample"):
        physics.update(**{name: take(name) for name in task["perSample"]})
    return take("x"), take("y"), physics


def train(task, row, tensors, weights, discriminator, order, learning_rate, seed):
    torch.manual_seed(seed + 1000)
    physics = made(task["physics"], tensors)
    bare = network_of(task, weights)
    losses = [(made(term["loss"], tensors), term.get("weight", 1)) for term in row["terms"]]
    adversary = Adversary(task, row["adversary"], discriminator) if "adversary" in row else None
    further = {} if adversary is None else {"D": adversary.network}
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
        args = {"x": x, "y": y, "physics": operator, "model": model}
        total = sum(weight * loss(x_net=x_net, **args, **further).mean() for loss, weight in losses)
        total.backward()
        optimizer.step()
        if adversary is not None:
            adversary.step(x_net, **args)
        schedule.step()
    seconds = time.process_time() - start
    trained = {
        f"trained.{name.removeprefix('backbone_net.')}": value
        for name, value in bare.state_dict().items()
        if name.startswith("backbone_net.")
    }
    return before, test(model), trained, seconds


def main(plan):
    with open(plan) as file:
        trainings = json.load(file)
    for index, wanted in enumerate(trainings):
        discriminator = wanted["files"].get("discriminator")
        before, after, trained, seconds = train(
            wanted["task"],
            wanted["row"],
            load_file(wanted["files"]["tensors"]),
            load_file(wanted["files"]["weights"]),
            load_file(discriminator) if discriminator else None,
            wanted["order"],
            wanted["learningRate"],
            wanted["seed"],
        )
        save_file({"before": before, "after": after, **trained}, wanted["output"])
        print(json.dumps({"index": index, "seconds": seconds}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
