import type { ExportableModel, ExportOnnxOptions } from "./exportable.js";

/**
 * The bytes of an ONNX file (opset 19, float32) of a network in evaluation mode, for ONNX Runtime and other runtimes.
 *
 * The operators of a run are recorded, twice, with different values: what depends on the values of the input, or draws
 * random numbers, is refused. The input is called `input`, the output `output`; weights keep their names.
 *
 * @throws ArgumentError `not_exportable` where an operator has no counterpart, or a size in the graph is no linear
 * function of the dynamic axes; `invalid_argument`, `unknown_option`; what forward throws.
 *
 * @example
 * await writeFile("model.onnx", await exportOnnx(model, { inputShape: [1, 1, 64, 64], dynamic: ["height", "width"] }));
 */
export async function exportOnnx(model: ExportableModel, options: ExportOnnxOptions): Promise<Uint8Array> {
  const { toOnnx } = await import("./onnx/index.js");
  return toOnnx(model, options);
}
