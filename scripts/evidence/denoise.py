"""Pictures, noise, BM3D and non-local means for `npm run evidence -- denoise`.

    python denoise.py pictures FOLDER ROWS.json     writes clean and noisy 8-bit files
    python denoise.py peers FOLDER ROWS.json        denoises them, one line of JSON for each picture
"""
import json
import os
import sys
import time

import numpy as np
import skimage
from skimage import data, io
from skimage.restoration import denoise_nl_means, estimate_sigma


def picture(name):
    if name == "motorcycle":
        return data.stereo_motorcycle()[0]
    if name == "ihc":
        return data.immunohistochemistry()
    if name == "retina":
        return np.ascontiguousarray(data.retina()[350:1050, 350:1050])
    return getattr(data, name)()


def as_file(x):
    return np.round(np.clip(x, 0, 1) * 255).astype(np.uint8)


def pictures(folder, rows):
    for k, row in enumerate(rows):
        clean = picture(row["picture"])[..., :3] if picture(row["picture"]).ndim == 3 else picture(row["picture"])
        x = clean / 255
        rng = np.random.default_rng(1000 + k)
        if row["noise"] == "poisson":
            y = row["level"] * rng.poisson(x / row["level"])
        else:
            y = x + row["level"] * rng.standard_normal(x.shape)
        io.imsave(os.path.join(folder, row["id"] + "-clean.png"), clean, check_contrast=False)
        io.imsave(os.path.join(folder, row["id"] + "-noisy.png"), as_file(y), check_contrast=False)


def psnr(a, b):
    return float(-10 * np.log10(np.mean((a.astype(np.float64) - b) ** 2) / 255**2))


def non_local_means(y, sigma):
    axis = -1 if y.ndim == 3 else None
    return denoise_nl_means(
        y, h=0.8 * sigma, sigma=sigma, patch_size=5, patch_distance=6, fast_mode=True, channel_axis=axis
    )


def bm3d_of(y, sigma):
    import bm3d

    return (bm3d.bm3d_rgb if y.ndim == 3 else bm3d.bm3d)(y, sigma)


def bm3d_anscombe(y, gain):
    """BM3D of the square root, whose noise is of one level, and the asymptotically unbiased inverse."""
    z = 2 * np.sqrt(y / gain + 3 / 8)
    top = 2 * np.sqrt(1 / gain + 3 / 8)
    d = np.maximum(bm3d_of(z / top, 1 / top) * top, 1)
    inverse = d**2 / 4 + np.sqrt(3 / 2) / (4 * d) - 11 / (8 * d**2) + 5 * np.sqrt(3 / 2) / (8 * d**3) - 1 / 8
    return gain * inverse


def peers(folder, rows):
    for row in rows:
        clean = io.imread(os.path.join(folder, row["id"] + "-clean.png"))
        noisy = io.imread(os.path.join(folder, row["id"] + "-noisy.png"))
        y = noisy / 255
        sigma = float(estimate_sigma(y, channel_axis=-1 if y.ndim == 3 else None, average_sigmas=True))
        found = {"id": row["id"], "noisy": psnr(noisy, clean), "sigma": sigma}
        ways = {"nlm": lambda: non_local_means(y, sigma), "bm3d": lambda: bm3d_of(y, sigma)}
        if row["noise"] == "poisson":
            ways["anscombe"] = lambda: bm3d_anscombe(y, row["level"])
        for name, way in ways.items():
            try:
                start = time.process_time()
                result = way()
                seconds = time.process_time() - start
                found[name] = {"psnr": psnr(as_file(result), clean), "seconds": seconds}
            except ImportError:
                pass
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    with open(sys.argv[3]) as file:
        table = json.load(file)
    if sys.argv[1] == "pictures":
        pictures(sys.argv[2], table)
    else:
        peers(sys.argv[2], table)
