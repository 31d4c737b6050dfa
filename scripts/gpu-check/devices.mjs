// A child of `npm run gpu-check`: says on a line whether the device of its argument is there, and what it is.
import { devices, init } from "../../dist/index.js";

const [name] = process.argv.slice(2);
const starts = async (settings) =>
  await init({ device: name, ...settings }).then(
    () => undefined,
    (error) => error,
  );
const error = await starts({});
if (error) console.log(JSON.stringify({ name, available: false, detail: error.message }));
else {
  const tf32 = name === "cuda" && (await starts({ tf32: true })) === undefined;
  const precisions = [];
  for (const precision of ["bf16", "f16"]) if (!(await starts({ precision }))) precisions.push(precision);
  console.log(JSON.stringify({ ...devices().find((row) => row.name === name), tf32, precisions }));
}
process.exit();
