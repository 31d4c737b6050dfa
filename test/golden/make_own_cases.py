"""Writes the reference cases of the losses that deepinv does not have, computed here with NumPy alone.

Run: python test/golden/make_own_cases.py (needs NumPy). The format is that of cases/README.md; inputs, weights and
draws are float32 numbers. Derivatives are complex steps, Im f(w + ih) / h, which have no error of cancellation
(Squire, Trapp, "Using complex variables to estimate derivatives of real functions", 1998, SIAM Review 40).
"""

import json
import math
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent / "cases"
STEP = 1e-12
GAUSSIAN = {"class": "GaussianNoise", "params": {"sigma": 0.1}}


def random(seed):
    return np.random.default_rng(seed)


def scene(rng, shape):
    """A smooth image and two copies of it with noise."""
    batch, channels, height, width = shape
    row, column = np.mgrid[:height, :width]
    phase = rng.uniform(0, 6, (batch, channels, 1, 1))
    clean = 0.5 + 0.3 * np.sin(0.7 * row + phase) * np.cos(0.5 * column - phase)
    return [(clean + 0.1 * rng.standard_normal(shape)).astype(np.float32) for _ in range(2)]


def weights_of(rng, channels):
    sizes = {"0.weight": (4, channels, 3, 3), "0.bias": (4,), "2.weight": (channels, 4, 3, 3), "2.bias": (channels,)}
    return {f"model.{key}": (0.2 * rng.standard_normal(size)).astype(np.float32) for key, size in sizes.items()}


def convolve(images, weight, bias):
    """Cross-correlation with a window of 3 x 3 and a border of zeros."""
    height, width = images.shape[2:]
    padded = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)))
    terms = [
        np.einsum("oc,bchw->bohw", weight[:, :, i, j], padded[:, :, i : i + height, j : j + width])
        for i in range(3)
        for j in range(3)
    ]
    return sum(terms) + bias[:, None, None]


def network(images, weights):
    """y + conv(relu(conv(y))), as the layers of the case say."""
    hidden = convolve(images, weights["model.0.weight"], weights["model.0.bias"])
    hidden = np.where(hidden.real > 0, hidden, 0)
    return images + convolve(hidden, weights["model.2.weight"], weights["model.2.bias"])


def model_of(channels):
    layer = {"type": "conv2d", "kernelSize": 3, "stride": 1, "padding": 1, "paddingMode": "zeros"}
    ends = [(channels, 4, 0), (4, channels, 2)]
    first, second = (
        {**layer, "inChannels": i, "outChannels": o, "weight": f"model.{k}.weight", "bias": f"model.{k}.bias"}
        for i, o, k in ends
    )
    return {"wrapper": "direct", "skip": True, "layers": [first, {"type": "relu"}, second]}


def error_per_image(a, b, mask=1):
    """sum(mask (a - b)^2) / (number of entries), for each image."""
    return np.mean(((a - b) * mask) ** 2, axis=(1, 2, 3))


def gradients(value, weights, dtype):
    """The derivative of the mean of value(weights) with respect to each weight."""
    found = {}
    for key, weight in weights.items():
        found[key] = np.zeros(weight.shape)
        for at in np.ndindex(weight.shape):
            moved = {k: w.astype(dtype) for k, w in weights.items()}
            moved[key][at] += 1j * STEP
            found[key][at] = value(moved).mean().imag / STEP
    return found


def save(path, tensors):
    """A safetensors file."""
    header, chunks, offset = {}, [], 0
    for key, values in tensors.items():
        kind = "I32" if values.dtype.kind == "i" else "F32"
        data = np.ascontiguousarray(values, np.int32 if kind == "I32" else np.float32).tobytes()
        header[key] = {"dtype": kind, "shape": list(values.shape), "data_offsets": [offset, offset + len(data)]}
        chunks.append(data)
        offset += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"".join(chunks))


def write(name, loss, params, inputs, weights, value, note, draws=(), mode="train", more=None, noise=None):
    """One case. `value(weights, dtype)` is what is expected; computed with complex64 too, it tells the tolerance;
    `more` holds further tensors that the parameters name."""
    channels = weights["model.2.bias"].size
    exact, rough = (value({k: w.astype(t) for k, w in weights.items()}, t) for t in (np.complex128, np.complex64))
    expected = {"expected.value": exact.real}
    deviation = {"expected.value": np.abs(exact - rough).max()}
    grads = {}
    if mode == "train":
        slopes, others = (
            gradients(lambda moved: value(moved, t), weights, t) for t in (np.complex128, np.complex64)
        )
        for key in weights:
            grads[key] = f"grad.{key}"
            expected[grads[key]] = slopes[key]
            deviation[grads[key]] = np.abs(slopes[key] - others[key]).max()
    tolerance = {key: float(f"{max(10 * deviation[key], 1e-5 * np.abs(v).max()):.1e}") for key, v in expected.items()}
    drawn = {f"draw{i}": draw.pop("values") for i, draw in enumerate(draws)}
    case = {
        "name": name,
        "group": "loss",
        "class": loss,
        "params": params,
        "physics": {"class": "Denoising", "params": {}, "noise": noise or GAUSSIAN},
        "model": model_of(channels),
        "inputs": {key: key for key in inputs},
        "draws": [{"kind": draw["kind"], "tensor": f"draw{i}", **draw} for i, draw in enumerate(draws)],
        "mode": mode,
        "expected": {"value": "expected.value", "grads": grads},
        "tolerance": {"rtol": 1e-4, "atol": max(tolerance.values()), "perTensorAtol": tolerance},
        "reference": "float64",
        "note": note,
    }
    FOLDER.joinpath(f"{name}.json").write_text(json.dumps(case, indent=1) + "\n")
    save(FOLDER / f"{name}.safetensors", {**inputs, **weights, **drawn, **(more or {}), **expected})


def noise2noise():
    rng = random(1)
    y, x = scene(rng, (2, 1, 12, 12))
    write(
        "noise2noise",
        "Noise2NoiseLoss",
        {},
        {"y": y, "x": x},
        weights_of(rng, 1),
        lambda weights, dtype: error_per_image(network(y.astype(dtype), weights), x.astype(dtype)),
        "value = mean((R(y) - x)^2) for each image, x being a second noisy image.",
    )


def noise2void(name, seed, rate, window, replacement, span, channels=1):
    """Spots by loops over pixels; `span` is the height and the width of what is hidden with each."""
    rng = random(seed)
    shape = batch, _, height, width = (2, channels, 10, 13)
    y, _ = scene(rng, shape)
    side = min(max(2, round(rate**-0.5)), height, width)
    boxes = [(i, j) for i in range(0, height, side) for j in range(0, width, side)]
    place = rng.integers(0, side**2, (batch, len(boxes)))
    reach = [(length - 1) // 2 for length in span]
    covered = [[] for _ in range(batch)]
    spots, hidden = np.zeros((batch, 1, height, width)), np.zeros((batch, height, width), bool)
    for b in range(batch):
        for (i, j), at in zip(boxes, place[b]):
            row, column = i + at // side, j + at % side
            if row < height and column < width:
                spots[b, 0, row, column] = 1
            for r in range(row - reach[0], row + reach[0] + 1):
                for c in range(column - reach[1], column + reach[1] + 1):
                    covered[b].append((r, c))
                    if 0 <= r < height and 0 <= c < width:
                        hidden[b, r, c] = True
    u = rng.uniform(size=(batch, len(covered[0]))).astype(np.float32)
    seen = y.astype(float)
    for b in range(batch):
        values = {}
        for k, (r, c) in enumerate(covered[b]):
            if not (0 <= r < height and 0 <= c < width):
                continue
            half = window // 2
            near = [
                (i, j)
                for i in range(max(0, r - half), min(height, r + half + 1))
                for j in range(max(0, c - half), min(width, c + half + 1))
                if not hidden[b, i, j]
            ]
            if not near:
                value = y[b][:, ~hidden[b]].astype(float).mean(axis=1)
            elif replacement == "median":
                value = np.median([y[b, :, i, j] for i, j in near], axis=0)
            else:
                value = y[b][(slice(None), *near[int(u[b, k] * len(near))])]
            values.setdefault((r, c), []).append(value)
        for (r, c), found in values.items():
            seen[b, :, r, c] = np.mean(found, axis=0)

    def value(weights, dtype):
        prediction = network(seen.astype(dtype), weights)
        return error_per_image(prediction, y.astype(dtype), spots) / np.mean(spots)

    axes = {(1, 1): "none", (1, 5): "horizontal", (5, 1): "vertical", (3, 3): "both"}
    params = {"rate": rate, "window": window, "replacement": replacement, "structAxis": axes[span]}
    draws = [{"kind": "randint", "values": place, "low": 0, "high": side**2}]
    if replacement == "uniform":
        draws.append({"kind": "uniform", "values": u})
    write(
        name,
        "Noise2VoidLoss",
        {**params, "structSpan": max(span)} if max(span) > 1 else params,
        {"y": y},
        weights_of(rng, channels),
        value,
        "value = mean(M (R(h(y)) - y)^2) / mean(M) for each image. The draws: the spot of each box, in row-major order "
        "of the box; for each hidden pixel which of the visible pixels of its window, in row-major order, it gets.",
        draws,
    )


def noise2self(mode):
    """Sets by loops over pixels, two channels; with sides that the width does not divide."""
    rng = random(7)
    batch, channels, height, width = shape = (2, 2, 7, 8)
    y, _ = scene(rng, shape)
    period = 3
    average = np.zeros(shape)
    for i, j in np.ndindex(height, width):
        total = 0
        for down, across in np.ndindex(3, 3):
            r, c = i + down - 1, j + across - 1
            if (r, c) != (i, j) and 0 <= r < height and 0 <= c < width:
                weight = 1 if abs(r - i) + abs(c - j) == 1 else 0.5
                average[:, :, i, j] += weight * y[:, :, r, c].astype(float)
                total += weight
        average[:, :, i, j] /= total

    def members(number):
        mask = np.zeros((height, width))
        mask[number // period :: period, number % period :: period] = 1
        return mask

    def prediction(masks, weights, dtype):
        return network(np.where(masks == 1, average, y).astype(dtype), weights)

    drawn = rng.integers(0, period**2, batch)
    masks = np.stack([members(number) for number in drawn])[:, None]

    def training(weights, dtype):
        error = error_per_image(prediction(masks, weights, dtype), y.astype(dtype), masks)
        return error / np.mean(masks)

    def evaluation(weights, dtype):
        return sum(members(k) * prediction(members(k), weights, dtype) for k in range(period**2))

    train = mode == "train"
    write(
        f"noise2self_{mode}",
        "Noise2SelfLoss",
        {"width": period},
        {"y": y},
        weights_of(rng, channels),
        training if train else evaluation,
        "train: mean(J (R(J s(y) + (1 - J) y) - y)^2) / mean(J) for each image; the draw is the number of the set of "
        "each image. eval: the sum over all sets J of J R(J s(y) + (1 - J) y).",
        [{"kind": "randint", "values": drawn, "low": 0, "high": period**2}] if train else [],
        mode,
    )


def softplus(x):
    return np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0)


def monotonic(x, layers):
    """Layers of positive weights; each hidden one of four units: softplus, its concave mirror, two bounded ones."""
    one = softplus(x.dtype.type(1))
    for i, (weight, bias) in enumerate(layers):
        if i > 0:
            bounded = np.where(x < 0, softplus(x + 1) - one, one - softplus(1 - x))
            x = np.stack([softplus(x[:, 0]), -softplus(-x[:, 1]), bounded[:, 2], bounded[:, 3]], 1)
        x = x @ np.abs(weight).T + bias
    return x


def multilayer(x, layers):
    for i, (weight, bias) in enumerate(layers):
        x = np.maximum(x, 0) if i > 0 else x
        x = x @ weight.T + bias
    return x


def learning_to_recorrupt(name, seed, net, kernel, multiplicative, mode="train"):
    rng = random(seed)
    shape = (2, 1, 8, 9)
    y, _ = scene(rng, shape)
    alpha, samples = 0.6, 1 if mode == "train" else 2
    sizes = [1, 4, 4, 1]
    state = {}
    for i in range(3):
        monotone = net == "monotonic"
        prefix = f"net.layers.{i}" if monotone else f"net.{2 * i}"
        names = ("W", "b") if monotone else ("weight", "bias")
        state[f"{prefix}.{names[0]}"] = (0.8 * rng.standard_normal((sizes[i + 1], sizes[i]))).astype(np.float32)
        state[f"{prefix}.{names[1]}"] = (0.2 * rng.standard_normal(sizes[i + 1])).astype(np.float32)
    layers = list(zip(*[iter(state.values())] * 2))
    size = (1, 1, kernel, kernel) if kernel > 1 else ()
    state["sigma"] = np.asarray(0.15 * rng.standard_normal(size) if kernel > 1 else 0.15, np.float32)
    state["norm_layer.running_mean"] = np.array([0.3], np.float32)
    state["norm_layer.running_var"] = np.array([1.7], np.float32)
    drawn = [rng.standard_normal(shape).astype(np.float32) for _ in range(samples)]

    def noise(w, dtype):
        """g k * BN(net(w)), in real numbers of the precision of dtype."""
        real = np.zeros(0, dtype).real.dtype
        x = (monotonic if net == "monotonic" else multilayer)(
            w.reshape(-1, 1).astype(real), [(a.astype(real), b.astype(real)) for a, b in layers]
        )
        mean, variance = (x.mean(), x.var()) if mode == "train" else (real.type(0.3), real.type(1.7))
        x = ((x - mean) / np.sqrt(variance + real.type(1e-5))).reshape(shape)
        h = convolve(x, state["sigma"].astype(real), np.zeros(1, real)) if kernel > 1 else x * state["sigma"].astype(real)
        return h * np.sqrt(np.maximum(y.astype(real), real.type(1e-6))) if multiplicative else h

    def training(weights, dtype):
        h, measured = noise(drawn[0], dtype), y.astype(dtype)
        output = network(measured + alpha * h, weights)
        return error_per_image(output, measured) + 2 / alpha * np.mean(output * h, axis=(1, 2, 3))

    def evaluation(weights, dtype):
        return sum(network(y.astype(dtype) + alpha * noise(w, dtype), weights) for w in drawn) / samples

    params = {"depth": 2, "kernelSize": kernel, "multiplicative": multiplicative, "net": net}
    recorruptor = {"class": "RecorruptorNet", "params": params, "state": {key: f"recorruptor.{key}" for key in state}}
    write(
        name,
        "LearningToRecorruptLoss",
        {"alpha": alpha, "evalNSamples": samples, "recorruptor": recorruptor},
        {"y": y},
        weights_of(rng, 1),
        training if mode == "train" else evaluation,
        "train: mean((R(y1) - y)^2) + 2 / alpha mean(R(y1) h), y1 = y + alpha h, for each image; the draw is w in "
        "h = g k * BN(net(w)). eval: the mean of R(y1) over the draws, BN with the running mean and variance.",
        [{"kind": "normal", "values": w} for w in drawn],
        mode,
        {f"recorruptor.{key}": values for key, values in state.items()},
    )


def normal_cdf(z):
    """The normal distribution function, to first order in the imaginary part."""
    value = np.array([0.5 * math.erfc(-t / math.sqrt(2)) for t in z.real.ravel()]).reshape(z.shape)
    slope = np.exp(-(z.real**2) / 2) / math.sqrt(2 * math.pi)
    return (value + 1j * z.imag * slope).astype(z.dtype)


def poisson_cdf(counts, rates):
    """P(N <= n), term by term."""
    term = np.exp(-rates)
    total = np.zeros_like(rates)
    for k in range(int(counts.max()) + 1):
        total = total + np.where(k <= counts, term, 0)
        term = term * rates / (k + 1)
    return total


def logit(p):
    return np.log(p) - np.log(1 - p)


def distributional_consistency(kind, seed, points, channels=1):
    """Scores by the definitions, quantiles by interpolation of what is sorted by its real part."""
    rng = random(seed)
    _, clean = scene(rng, (2, channels, 9, 10))
    eps, boundary, sigma, gain = 1e-4, 1e-3, 0.3, 0.125
    if kind == "poisson":
        y = (gain * rng.poisson(np.maximum(clean, 0) / gain)).astype(np.float32)
    else:
        y = (clean + sigma * rng.standard_normal(clean.shape)).astype(np.float32)
    if kind == "clippedGaussian":
        y = np.clip(y, 0, 1)

    def scores(q):
        if kind == "poisson":
            return logit(poisson_cdf(np.round(y / gain), q / gain))
        inside, F = y.astype(q.dtype), None
        if kind == "clippedGaussian":
            inside = np.where(y == 0, boundary / 2, np.where(y == 1, 1 - boundary / 2, y)).astype(q.dtype)
            low, high = normal_cdf((boundary - q) / sigma), normal_cdf((1 - boundary - q) / sigma)
            below, above = inside / boundary * low, high + (inside - 1 + boundary) / boundary * (1 - high)
            F = np.where(inside.real < boundary, below, above)
        z = (inside - q) / sigma
        middle = (inside.real >= boundary) & (inside.real <= 1 - boundary)
        F = normal_cdf(z) if F is None else np.where(middle, normal_cdf(z), F)
        size = np.where(z.real < 0, -z, z)
        tail = np.where(z.real < 0, -1, 1) * (z * z / 2 + np.log(size) + math.log(2 * math.pi) / 2)
        outside = (F.real <= eps) | (F.real >= 1 - eps)
        return np.where(outside, tail, logit(np.where(outside, 0.5, F)))

    def value(weights, dtype):
        s = scores(network(y.astype(dtype), weights)).reshape(2, -1)
        s = np.take_along_axis(s, np.argsort(s.real, axis=1), 1)
        count = points or s.shape[1]
        grid = np.clip((np.arange(count) + 0.5) / count, eps, 1 - eps)
        at = grid * (s.shape[1] - 1)
        low = np.floor(at).astype(int)
        high = np.minimum(low + 1, s.shape[1] - 1)
        gap = s[:, low] + (at - low) * (s[:, high] - s[:, low]) - logit(grid)
        return np.mean(np.where(gap.real < 0, -gap, gap), axis=1).astype(dtype)

    level = {"gain": gain} if kind == "poisson" else {"sigma": sigma}
    clipped = {"distribution": kind} if kind == "clippedGaussian" else {}
    write(
        f"distributional_consistency_{kind.replace('G', '_g')}",
        "DistributionalConsistencyLoss",
        {**clipped, "nPoints": points},
        {"y": y},
        {**weights_of(rng, channels), "model.2.bias": np.full(channels, 0.4, np.float32)},
        value,
        "mean |quantile - logit(u)| of the scores logit F(y; R(z)), for each image.",
        noise={"class": "PoissonNoise" if kind == "poisson" else "GaussianNoise", "params": level},
    )


noise2noise()
noise2self("train")
noise2self("eval")
noise2void("noise2void_uniform", 2, 0.1, 5, "uniform", (1, 1))
noise2void("noise2void_median", 3, 0.2, 3, "median", (1, 1), channels=2)
noise2void("noise2void_horizontal", 4, 0.04, 5, "uniform", (1, 5))
noise2void("noise2void_vertical", 5, 0.04, 5, "median", (5, 1))
noise2void("noise2void_square", 6, 0.05, 3, "median", (3, 3))
learning_to_recorrupt("learning_to_recorrupt_monotonic", 8, "monotonic", 1, True)
learning_to_recorrupt("learning_to_recorrupt_correlated", 9, "mlp", 3, False)
learning_to_recorrupt("learning_to_recorrupt_eval", 10, "monotonic", 1, True, "eval")
distributional_consistency("gaussian", 11, None, channels=2)
distributional_consistency("clippedGaussian", 12, 40)
distributional_consistency("poisson", 13, 64)
