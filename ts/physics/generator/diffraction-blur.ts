import { fromHostValues } from "../../tensor/index.js";
import { normalValues, uniformValues, type RandomSource } from "../../random/index.js";
import { ArgumentError, checkFlag, checkNumber, checkWord, shown, checkList } from "../../runtime/index.js";
import { bump, pointSpread, type PupilPoint } from "./diffraction.js";
import { PhysicsGenerator, type GeneratedParameters, type GeneratorOptions } from "./generator.js";
import { checkPsfSize } from "./psf-size.js";
import { checkZernike, zernike, zernikeIndex, type ZernikeIndex } from "./zernike.js";

/** More channels and more polynomials are not computed. */
const [MAX_CHANNELS, MAX_INDICES] = [1024, 1024];

/** Options of {@link DiffractionBlurGenerator}. */
export interface DiffractionBlurGeneratorOptions extends GeneratorOptions {
  /** Height and width of the filters in pixels, or one number for both. */
  psfSize: number | readonly [number, number];
  /**
   * Zernike polynomials of the random aberrations: single indices, or pairs (n, m). Default: 4 to 11 in Noll's order,
   * defocus to spherical aberration.
   */
  zernikeIndex?: readonly (number | ZernikeIndex)[];
  /** Order of single indices. Default: "noll". */
  indexConvention?: "noll" | "ansi";
  /**
   * Cutoff frequency, `numerical aperture / wavelength * pixel size`, or one for each channel; filters are well sampled
   * up to 0.25. Default: 0.2.
   */
  fc?: number | readonly number[];
  /** Range of the coefficients, which are uniform around 0, in wavelengths. Default: 0.15. */
  maxZernikeAmplitude?: number;
  /** Standard deviation of the differences of the coefficients between channels, in wavelengths. Default: 0. */
  zernikePerturbationAmplitude?: number;
  /** Number of samples of the pupil along height and width. Default: 256. */
  pupilSize?: number | readonly [number, number];
  /** Whether the filter decreases smoothly to 0 at its border. Default: false. */
  apodize?: boolean;
  /** Whether to rotate the aberrations by a random angle. Default: false. */
  randomRotate?: boolean;
  /** Whether to shift the filter's centre of mass to its middle. Default: false. */
  center?: boolean;
}

const KEYS = [
  "psfSize",
  "zernikeIndex",
  "indexConvention",
  "fc",
  "maxZernikeAmplitude",
  "zernikePerturbationAmplitude",
  "pupilSize",
  "apodize",
  "randomRotate",
  "center",
] as const;

/**
 * Point spread functions of a diffraction-limited microscope or telescope with random aberrations, for {@link Blur}.
 *
 * `h = |F[ 1(rho <= 1) exp(-2 pi i sum_k a_k z_k(rho)) ]|^2` with the Zernike polynomials z_k on the pupil, whose
 * radius is the cutoff frequency. Coefficients are in wavelengths of the first channel; those of other channels are
 * scaled by their cutoff frequency over the first. `step` gives `{ filter }`, `[batch, channels, h, w]`, of sum 1.
 * Paper: Lakshminarayanan, Fleck, "Zernike polynomials: a guide", 2011.
 */
export class DiffractionBlurGenerator extends PhysicsGenerator {
  /** Height and width of the filters. */
  readonly psfSize: readonly [number, number];
  /** The Zernike polynomials of the aberrations, as (n, m). */
  readonly zernikeIndex: readonly ZernikeIndex[];
  /** Cutoff frequency of each channel. */
  readonly fc: readonly number[];
  /** Range of the coefficients, in wavelengths. */
  readonly maxZernikeAmplitude: number;
  /** Standard deviation of the differences of the coefficients between channels, in wavelengths. */
  readonly zernikePerturbationAmplitude: number;
  /** Number of samples of the pupil along height and width. */
  readonly pupilSize: readonly [number, number];
  /** Whether the filter decreases smoothly to 0 at its border. */
  readonly apodize: boolean;
  /** Whether the aberrations are rotated by a random angle. */
  readonly randomRotate: boolean;
  /** Whether the filter's centre of mass is shifted to its middle. */
  readonly center: boolean;

  /** @throws ArgumentError `missing_argument`, `invalid_argument`, `unknown_option`. */
  constructor(options: DiffractionBlurGeneratorOptions) {
    const name = "DiffractionBlurGenerator";
    super(name, options, KEYS);
    this.psfSize = checkPsfSize(name, options?.psfSize);
    const convention = checkWord(name, "indexConvention", options.indexConvention ?? "noll", ["noll", "ansi"] as const);
    const indices = options.zernikeIndex ?? [4, 5, 6, 7, 8, 9, 10, 11];
    if (!Array.isArray(indices) || indices.length === 0 || indices.length > MAX_INDICES)
      throw new ArgumentError(
        `${name}: zernikeIndex is ${shown(indices)}, expected an array of 1 to ${MAX_INDICES} indices.`,
        "invalid_argument",
      );
    this.zernikeIndex = (indices as (number | ZernikeIndex)[]).map((index) =>
      typeof index === "number" ? zernikeIndex(index, convention) : checkZernike(index),
    );
    const fc = options.fc ?? 0.2;
    this.fc = (typeof fc === "number" ? [fc] : checkList(name, "fc", fc, MAX_CHANNELS)).map((f) =>
      checkNumber(name, "fc", f, { positive: true, max: 0.5 }),
    );
    if (this.fc.length === 0)
      throw new ArgumentError(
        `${name}: fc is empty, expected one number, or one for each channel.`,
        "invalid_argument",
      );
    this.maxZernikeAmplitude = checkNumber(name, "maxZernikeAmplitude", options.maxZernikeAmplitude ?? 0.15, {
      min: 0,
    });
    this.zernikePerturbationAmplitude = checkNumber(
      name,
      "zernikePerturbationAmplitude",
      options.zernikePerturbationAmplitude ?? 0,
      { min: 0 },
    );
    const pupil = checkPsfSize(name, options.pupilSize ?? 256, "pupilSize");
    this.pupilSize = [Math.max(pupil[0], this.psfSize[0], 2), Math.max(pupil[1], this.psfSize[1], 2)];
    this.apodize = checkFlag(name, "apodize", options.apodize, false);
    this.randomRotate = checkFlag(name, "randomRotate", options.randomRotate, false);
    this.center = checkFlag(name, "center", options.center, false);
  }

  protected override draw(batchSize: number, rng: RandomSource): GeneratedParameters {
    const [h, w] = this.psfSize;
    const [K, C] = [this.zernikeIndex.length, this.fc.length];
    const base = uniformValues(rng, [batchSize, K]).map((u) => (u - 0.5) * this.maxZernikeAmplitude);
    const extra = C > 1 ? normalValues(rng, [batchSize, C, K]) : undefined;
    const angles = this.randomRotate ? uniformValues(rng, [batchSize]) : undefined;
    const all = new Float32Array(batchSize * C * h * w);
    for (let b = 0; b < batchSize; b++) {
      for (let c = 0; c < C; c++) {
        const coefficients = Array.from({ length: K }, (_, k) => {
          const scaled = ((base[b * K + k] as number) * (this.fc[c] as number)) / (this.fc[0] as number);
          return scaled + (extra ? (extra[(b * C + c) * K + k] as number) * this.zernikePerturbationAmplitude : 0);
        });
        all.set(
          this.#filter(coefficients, this.fc[c] as number, 2 * Math.PI * (angles?.[b] ?? 0)),
          (b * C + c) * h * w,
        );
      }
    }
    return { filter: fromHostValues(all, [batchSize, C, h, w]) };
  }

  #filter(coefficients: readonly number[], fc: number, angle: number): Float64Array {
    const points = this.#pupil(coefficients, fc, angle);
    let psf = pointSpread(points, this.pupilSize, this.psfSize);
    if (this.center) psf = pointSpread(points, this.pupilSize, this.psfSize, offset(psf, this.psfSize));
    if (this.apodize) psf = this.#apodized(psf);
    const total = psf.reduce((a, b) => a + b, 0);
    return psf.map((v) => v / total);
  }

  /** The samples of the pupil function where it is not 0; `angle` rotates the aberrations and thus the filter. */
  #pupil(coefficients: readonly number[], fc: number, angle: number): PupilPoint[] {
    const [rows, columns] = this.pupilSize;
    const polynomials = this.zernikeIndex.map(zernike);
    const edge = 1 / (columns - 1) / fc / 2;
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    const points: PupilPoint[] = [];
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const [x, y] = [(column / (columns - 1) - 0.5) / fc, (row / (rows - 1) - 0.5) / fc];
        const amplitude = bump(Math.hypot(x, y), 1 - edge, edge);
        if (amplitude === 0) continue;
        let phase = 0;
        polynomials.forEach((z, k) => (phase += (coefficients[k] as number) * z(cos * x + sin * y, cos * y - sin * x)));
        points.push({
          row,
          column,
          re: amplitude * Math.cos(2 * Math.PI * phase),
          im: -amplitude * Math.sin(2 * Math.PI * phase),
        });
      }
    }
    return points;
  }

  #apodized(psf: Float64Array): Float64Array {
    const [h, w] = this.psfSize;
    const radius = Math.min(h, w) / 2;
    const width = Math.min(10, radius);
    return psf.map(
      (v, i) => v * bump(Math.hypot(Math.floor(i / w) - (h - 1) / 2, (i % w) - (w - 1) / 2), radius - width, width),
    );
  }
}

/** The distance of a filter's centre of mass from its middle, in pixels along height and width. */
function offset(psf: Float64Array, [h, w]: readonly [number, number]): [number, number] {
  let [total, row, column] = [0, 0, 0];
  psf.forEach((v, i) => {
    total += v;
    row += v * (Math.floor(i / w) - (h - 1) / 2);
    column += v * ((i % w) - (w - 1) / 2);
  });
  return [row / total, column / total];
}
