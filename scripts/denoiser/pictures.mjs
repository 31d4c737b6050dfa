// Clean patches: pictures without noise or traces of JPEG, and drawings.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";

/** Sides of the copies of a picture: the longer side in pixels. */
const SIDES = [1500, 1050, 740, 520];

/** A copy is smaller than its picture by at least this factor. */
const SHRINK = 1.8;

/** Picture files of folders, in alphabetical order. */
export function pictureFiles(folders) {
  const files = folders.flatMap((folder) => readdirSync(folder, { recursive: true }).map((file) => join(folder, file)));
  return files.filter((file) => /\.(?:jpe?g|png|webp|tiff?)$/i.test(file)).sort();
}

/**
 * Reads pictures as smaller copies `{ data, width, height }` of interleaved 8-bit RGB. Pictures that are too small, or
 * mostly transparent, are left out.
 */
export async function readPictures(files, say = () => {}) {
  const pictures = [];
  for (const file of files) {
    try {
      const { width, height } = await sharp(file).metadata();
      const longer = Math.max(width, height);
      if (Math.min(width, height) < 300) continue;
      let from = () => sharp(file).flatten({ background: "#808080" });
      for (const side of SIDES) {
        if (side * SHRINK > longer || (side * Math.min(width, height)) / longer < 200) continue;
        const image = from().resize(side, side, { fit: "inside" }).removeAlpha().toColourspace("srgb").raw();
        const { data, info } = await image.toBuffer({ resolveWithObject: true });
        if (info.channels !== 3) break;
        pictures.push({ data, width: info.width, height: info.height });
        // The next copy is made of this one: files are decoded once.
        from = () => sharp(data, { raw: info });
      }
    } catch (error) {
      say(`${file} is left out: ${error.message}`);
    }
  }
  return pictures;
}

/** A clean patch `[channels, size, size]` of values in [0, 1]. */
export function drawPatch(pictures, size, channels, random) {
  const kind = random.uniform();
  const rgb = kind < 0.08 ? drawing(size, random) : kind < 0.2 ? text(size, random) : cutPatch(pictures, size, random);
  return vary(rgb, size * size, channels, random);
}

/** A random patch in one of eight positions; of flat ones most are passed over, as they teach little. */
function cutPatch(pictures, size, random) {
  for (;;) {
    // Large copies have more patches.
    const { data, width, height } = pictures[random.below(pictures.length)];
    if (width < size || height < size) continue;
    const [x0, y0, symmetry] = [random.below(width - size + 1), random.below(height - size + 1), random.below(8)];
    const patch = new Float32Array(3 * size * size);
    let [sum, squares] = [0, 0];
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) {
        const a = symmetry & 1 ? size - 1 - i : i;
        const b = symmetry & 2 ? size - 1 - j : j;
        const [y, x] = symmetry & 4 ? [b, a] : [a, b];
        const from = ((y0 + y) * width + x0 + x) * 3;
        for (let c = 0; c < 3; c++) patch[(c * size + i) * size + j] = data[from + c] / 255;
        const right = data[from + 1] / 255 - (x > 0 ? data[from - 2] / 255 : 0);
        if (x > 0) [sum, squares] = [sum + right, squares + right * right];
      }
    }
    // Mean square of the differences of neighbours.
    if (squares / (size * size) > 2e-4 || random.uniform() < 0.25) return patch;
  }
}

/** Shapes of plain or shaded colours on one another, as in drawings, texts and screens. */
function drawing(size, random) {
  const patch = new Float32Array(3 * size * size);
  const colour = () => [random.uniform(), random.uniform(), random.uniform()];
  const ground = colour();
  patch.forEach((_, i) => (patch[i] = ground[Math.floor(i / (size * size))]));
  const count = 1 + random.below(40);
  const largest = size * (0.05 + 0.6 * random.uniform());
  const grey = random.uniform() < 0.3;
  for (let k = 0; k < count; k++) {
    const [x, y] = [random.uniform() * size, random.uniform() * size];
    const [a, b] = [
      1 + random.uniform() * largest,
      1 + random.uniform() * largest * (random.uniform() < 0.5 ? 0.15 : 1),
    ];
    const angle = random.uniform() < 0.4 ? 0 : random.uniform() * Math.PI;
    const [cos, sin, round] = [Math.cos(angle), Math.sin(angle), random.uniform() < 0.5];
    const tone = random.uniform();
    const fill = grey ? [tone, tone, tone] : colour();
    const shade = random.uniform() < 0.3 ? (random.uniform() - 0.5) * 0.6 : 0;
    const soft = random.uniform() < 0.7 ? 1 : 1 + 6 * random.uniform();
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) {
        const [u, v] = [cos * (j - x) + sin * (i - y), cos * (i - y) - sin * (j - x)];
        const inside = round
          ? (1 - Math.hypot(u / a, v / b)) * Math.min(a, b)
          : Math.min(a - Math.abs(u), b - Math.abs(v));
        const cover = Math.min(1, Math.max(0, inside / soft + 0.5));
        if (cover === 0) continue;
        for (let c = 0; c < 3; c++) {
          const at = (c * size + i) * size + j;
          patch[at] += cover * (fill[c] + (shade * u) / a - patch[at]);
        }
      }
    }
  }
  return patch;
}

/** Lines of signs of a few thin strokes in one colour on another, as of a text; some are indented or end early. */
function text(size, random) {
  const patch = new Float32Array(3 * size * size);
  const dark = 0.4 * random.uniform();
  const light = 0.6 + 0.4 * random.uniform();
  const [ground, ink] = random.uniform() < 0.8 ? [light, dark] : [dark, light];
  const tint = () => (random.uniform() < 0.7 ? 0 : 0.2 * (random.uniform() - 0.5));
  const [paper, pen] = [
    [ground + tint(), ground + tint(), ground + tint()],
    [ink + tint(), ink + tint(), ink + tint()],
  ];
  patch.forEach((_, i) => (patch[i] = paper[Math.floor(i / (size * size))]));
  const height = 5 + random.below(14);
  const width = Math.max(3, Math.round(height * (0.4 + 0.5 * random.uniform())));
  const [pitch, stroke] = [height + 2 + random.below(height), 1 + random.below(Math.max(1, Math.round(height / 4)))];
  const shift = random.below(pitch);
  for (let top = -shift; top < size; top += pitch) {
    const [begin, end] = [random.below(2 * width), size - (random.uniform() < 0.3 ? random.below(size) : 0)];
    for (let left = begin; left + width < end; left += width + 1 + stroke) {
      if (random.uniform() < 0.12) continue;
      for (let k = 1 + random.below(4); k > 0; k--) {
        const isUpright = random.uniform() < 0.55;
        const [h, w] = isUpright
          ? [Math.round(height * (0.4 + 0.6 * random.uniform())), stroke]
          : [stroke, Math.round(width * (0.4 + 0.6 * random.uniform()))];
        const [y, x] = [top + random.below(height - h + 1), left + random.below(Math.max(1, width - w + 1))];
        for (let i = Math.max(0, y); i < Math.min(size, y + h); i++)
          for (let j = Math.max(0, x); j < Math.min(size, x + w); j++)
            for (let c = 0; c < 3; c++) patch[(c * size + i) * size + j] = pen[c];
      }
    }
  }
  return patch;
}

/** Another exposure and other colours; grey from random shares of the three. */
function vary(rgb, plane, channels, random) {
  const exponent = random.uniform() < 0.3 ? Math.exp(0.4 * random.normal()) : 1;
  const gain = random.uniform() < 0.4 ? 0.4 + 0.6 * random.uniform() : 1;
  const lift = (1 - gain) * random.uniform();
  const tone = (value) => {
    const x = Math.min(1, Math.max(0, value));
    return lift + gain * (exponent === 1 ? x : x ** exponent);
  };
  if (channels === 1) {
    const shares =
      random.uniform() < 0.6 ? [0.299, 0.587, 0.114] : [random.uniform(), random.uniform(), random.uniform()];
    const total = shares[0] + shares[1] + shares[2] + 1e-9;
    const grey = new Float32Array(plane);
    for (let p = 0; p < plane; p++)
      grey[p] = tone((shares[0] * rgb[p] + shares[1] * rgb[plane + p] + shares[2] * rgb[2 * plane + p]) / total);
    return grey;
  }
  const order =
    random.uniform() < 0.3
      ? [
          [0, 2, 1],
          [1, 0, 2],
          [1, 2, 0],
          [2, 0, 1],
          [2, 1, 0],
        ][random.below(5)]
      : [0, 1, 2];
  const result = new Float32Array(3 * plane);
  order.forEach((from, c) => {
    for (let p = 0; p < plane; p++) result[c * plane + p] = tone(rgb[from * plane + p]);
  });
  return result;
}
