import { type Command, Option } from "commander";
import { extname } from "node:path";
import { readWeights, writeSafetensors, type WriteSafetensorsOptions } from "../io/index.js";
import { type CommandResult, type CommonOptions, runCommand, withCommonOptions } from "./command.js";
import { UsageError } from "./errors.js";
import { byteText } from "./inspect.js";
import { refuseReplacing } from "./replacing.js";
import { metadataByContent } from "./weights-metadata.js";

interface ConvertOptions extends CommonOptions {
  readonly dtype?: NonNullable<WriteSafetensorsOptions["elementType"]>;
  readonly key?: string;
  readonly prefix?: string;
}

/** `adjoint convert`: weights of PyTorch as safetensors. */
export function addConvert(program: Command): void {
  const command = program
    .command("convert <weights> <out.safetensors>")
    .description("write weights (.pth, .pt, .ckpt, .pth.tar, .safetensors) as safetensors")
    .addOption(
      new Option(
        "--dtype <type>",
        "element type of all tensors (default: float64 stays, everything else becomes float32)",
      ).choices(["float32", "float16", "bfloat16", "float64"]),
    )
    .option("--key <name>", "the entry of a checkpoint that holds the weights (default: found by itself)")
    .option("--prefix <text>", "what is taken off all names, such as net. (default: module., _orig_mod. and model.)");
  withCommonOptions(command).action(async (input: string, output: string, options: ConvertOptions) => {
    await runCommand(options, (checked) => convert(input, output, checked));
  });
}

async function convert(input: string, output: string, options: ConvertOptions): Promise<CommandResult> {
  if (extname(output) !== ".safetensors") {
    throw new UsageError(`the output is ${output}, expected a name that ends in .safetensors.`, "invalid_argument");
  }
  refuseReplacing("the output", output, [input]);
  const { key, prefix, dtype } = options;
  const tensors = await readWeights(input, {
    ...(key !== undefined && { key }),
    ...(prefix !== undefined && { prefix }),
    ...(dtype === "float64" && { dtype }),
  });
  const metadata = await metadataByContent(input);
  await writeSafetensors(output, tensors, metadata, dtype === undefined ? {} : { elementType: dtype });
  const values = Object.values(tensors);
  const count = values.reduce((sum, { size }) => sum + size, 0);
  const width = { float64: 8, float32: 4, float16: 2, bfloat16: 2 } as const;
  const bytes = values.reduce((sum, tensor) => sum + tensor.size * width[dtype ?? tensor.dtype], 0);
  return {
    text: `${output}: ${values.length} tensors, ${count.toLocaleString("en")} numbers, ${byteText(bytes)}`,
    json: { output, tensors: values.length, numbers: count, bytes },
  };
}
