// Makes the pictures of the gallery: runs the examples (or those that are named), small.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { main, must, root, say } from "../common.mjs";
import { examples, smallSteps } from "./gallery.mjs";

await main(async () => {
  const named = process.argv.slice(2);
  const folder = join(root, "docs", "site", "images", "examples");
  mkdirSync(folder, { recursive: true });
  for (const { name } of examples().filter((example) => named.length === 0 || named.includes(example.name))) {
    say(name);
    const out = join(root, "results", name);
    await must(process.execPath, [join(root, "examples", name, "main.mjs"), "--steps", `${smallSteps}`, "--out", out]);
    const picture = sharp(join(out, "before-after.png"));
    await picture
      .resize({ width: 1040, withoutEnlargement: true })
      .webp({ quality: 80 })
      .toFile(join(folder, `${name}.webp`));
  }
});
