import type { Metadata } from "./h5wasm.js";
import type { ArrayFile, ArrayRequest } from "./array.js";
import { invalid, tooLarge, unsupported } from "./fail.js";
import type { Hdf5File } from "./hdf5-file.js";
import { expansionLimit } from "./inflate.js";
import { select } from "./selection.js";

const FORMAT = "ISMRMRD";
/** Flags of an acquisition, bit n - 1 for the number n of the format. */
const NOISE_MEASUREMENT = 1 << 18;
/** Acquisitions read at once. */
const BATCH = 256;

/** Counters of an acquisition, as `metadata.counters` has them: one number for each acquisition. */
const counters = [
  "kspace_encode_step_1",
  "kspace_encode_step_2",
  "average",
  "slice",
  "contrast",
  "phase",
  "repetition",
  "set",
  "segment",
] as const;

/** Whether a group of a file holds acquisitions: records of head, traj and data. */
export function isIsmrmrd(file: Hdf5File, group: string): boolean {
  const name = `${group.replace(/\/data$/, "")}/data`;
  if (!file.has(name)) return false;
  const members = file.metadata(name).compound_type?.members.map((member) => member.name) ?? [];
  return ["head", "traj", "data"].every((member) => members.includes(member));
}

type Member = NonNullable<Metadata["compound_type"]>["members"][number];

function member(members: readonly Member[] | undefined, name: string): Member {
  const found = members?.find((one) => one.name === name);
  if (found === undefined) throw invalid(FORMAT, `the records have no field ${name}`);
  return found;
}

/**
 * Reads the acquisitions of an ISMRMRD file (Inati et al., "ISMRM Raw data format: A proposed standard for MRI raw
 * datasets", 2017, doi:10.1002/mrm.26089): `[acquisitions, coils, samples, 2]`. Measurements of noise are left out.
 *
 * `metadata.counters` says of each acquisition to which line, slice, ... it belongs. The header's XML, which names the
 * person, is not copied.
 *
 * @throws FormatError `file_invalid`; `file_unsupported` where the acquisitions differ in size; `file_too_large`.
 */
export function readAcquisitions(file: Hdf5File, group: string, request: ArrayRequest): ArrayFile {
  const name = `${group.replace(/\/data$/, "")}/data`;
  const { shape, size, compound_type: record } = file.metadata(name);
  const head = member(record?.members, "head");
  const index = member(head.compound_type?.members, "idx");
  const at = (field: string): number => head.offset + member(head.compound_type?.members, field).offset;
  const offsets = {
    data: member(record?.members, "data").offset,
    flags: at("flags"),
    samples: at("number_of_samples"),
    channels: at("active_channels"),
    counters: counters.map(
      (counter) => head.offset + index.offset + member(index.compound_type?.members, counter).offset,
    ),
  };
  const total = shape?.[0] ?? 0;
  const limit = expansionLimit(file.size, request.maxBytes);
  if (total * size > limit) throw tooLarge(FORMAT, total * size, limit);
  const lines: Float32Array[] = [];
  const found = counters.map((): number[] => []);
  let layout: { samples: number; channels: number } | undefined;
  let bytes = 0;
  for (let begin = 0; begin < total; begin += BATCH) {
    const count = Math.min(BATCH, total - begin);
    file.records(name, begin, count, (records, heap) => {
      const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
      const memory = new DataView(heap.buffer, heap.byteOffset, heap.byteLength);
      for (let i = 0, start = 0; i < count; i++, start += size) {
        if (view.getBigUint64(start + offsets.flags, true) & BigInt(NOISE_MEASUREMENT)) continue;
        const samples = view.getUint16(start + offsets.samples, true);
        const channels = view.getUint16(start + offsets.channels, true);
        layout ??= { samples, channels };
        if (samples !== layout.samples || channels !== layout.channels) {
          throw unsupported(
            FORMAT,
            `acquisition ${begin + i} has ${channels} coils and ${samples} samples, the first ${layout.channels} and ` +
              `${layout.samples}: they do not make one array`,
          );
        }
        const length = view.getUint32(start + offsets.data, true);
        const pointer = view.getUint32(start + offsets.data + 4, true);
        if (length !== 2 * samples * channels || pointer + 4 * length > heap.length) {
          throw invalid(
            FORMAT,
            `acquisition ${begin + i} has ${length} numbers, its head says ${2 * samples * channels}`,
          );
        }
        bytes += 4 * length;
        if (bytes > limit) throw tooLarge(FORMAT, (bytes / (begin + i + 1)) * total, limit);
        lines.push(Float32Array.from({ length }, (_, k) => memory.getFloat32(pointer + 4 * k, true)));
        offsets.counters.forEach((offset, k) => found[k]?.push(view.getUint16(start + offset, true)));
      }
    });
  }
  const { samples, channels } = layout ?? { samples: 0, channels: 0 };
  const selection = select(request.slice, [lines.length, channels, samples]);
  if (selection.ranges.slice(1).some(({ begin, count }, axis) => begin !== 0 || count !== [channels, samples][axis])) {
    throw unsupported(FORMAT, "a slice of coils or samples; slice the acquisitions only");
  }
  const { begin, count } = selection.ranges[0] as { begin: number; count: number };
  const data = new Float32Array(count * channels * samples * 2);
  for (let i = 0; i < count; i++) data.set(lines[begin + i] as Float32Array, i * channels * samples * 2);
  return {
    data,
    shape: [...selection.shape, 2],
    dtype: "complex64",
    axes: selection.kept.map((axis) => ["acquisition", "coil", "sample"][axis] as string),
    metadata: {
      format: FORMAT,
      dataset: group,
      counters: Object.fromEntries(
        counters.map((counter, k) => [camel(counter), found[k]?.slice(begin, begin + count)]),
      ),
    },
  };
}

const camel = (name: string): string => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
