// The site's configuration. Its pages are made by scripts/docs/pages.mjs.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitepress";

const source = fileURLToPath(new URL("../../../dist/site-source", import.meta.url));
const outDir = fileURLToPath(new URL("../../../dist/site", import.meta.url));
const item = (text, link) => ({ text, link });

const guide = [
  {
    text: "Begin",
    items: [
      item("Install", "/install"),
      item("First training", "/first-training"),
      item("Concepts", "/concepts"),
      item("Which loss for my data?", "/losses"),
      item("Which tool for my picture?", "/which-tool"),
    ],
  },
  {
    text: "Recipes",
    items: [
      item("Gallery", "/gallery"),
      item("Microscopy", "/recipes/microscopy"),
      item("MRI", "/recipes/mri"),
      item("CT", "/recipes/ct"),
      item("Photography", "/recipes/photography"),
      item("Astronomy", "/recipes/astronomy"),
      item("All examples", "/examples"),
    ],
  },
  {
    text: "Guide",
    items: [
      item("Command line", "/command-line"),
      item("Configuration files", "/configuration"),
      item("Training", "/training"),
      item("Several machines", "/clusters"),
      item("Graphics cards", "/gpu"),
      item("Image files", "/image-files"),
      item("Arrays and weights", "/files"),
      item("Data of any scale", "/normalisation"),
      item("In the browser", "/browser"),
      item("Loggers", "/loggers"),
      item("Own losses and physics", "/custom"),
      item("Networks and their weights", "/networks"),
      item("Fine-tuning", "/fine-tuning"),
    ],
  },
  {
    text: "About",
    items: [
      item("What there is", "/contents"),
      item("From deepinv", "/porting"),
      item("Weights from Python and back", "/python"),
      item("Differences from deepinv", "/differences-from-deepinv"),
      item("Benchmarks", "/benchmarks"),
      item("Architecture", "/architecture"),
      item("Glossary", "/glossary"),
      item("Tests", "/testing"),
      item("Contributing", "/contributing"),
      item("All documents", "/documents"),
    ],
  },
];

/** Programs of documents run in the page: their code is shown by the component `Program`. */
function runnable(md) {
  const fence = md.renderer.rules.fence;
  md.renderer.rules.fence = (tokens, index, options, env, self) => {
    const html = fence(tokens, index, options, env, self);
    const { info, content } = tokens[index];
    const isProgram = /^(?:ts|js)\b/.test(info) && /^import .* from "adjoint"/m.test(content);
    if (!isProgram) return html;
    const folded = /\bfolded\b/.test(info) ? " folded" : "";
    return `<Program code="${encodeURIComponent(content).replaceAll("'", "%27")}"${folded}>${html}</Program>\n`;
  };
}

export default defineConfig({
  title: "adjoint",
  description:
    "Train networks that reconstruct images from noisy or incomplete measurements, with or without ground truth.",
  lang: "en",
  srcDir: source,
  outDir,
  cacheDir: fileURLToPath(new URL("../node_modules/.cache", import.meta.url)),
  cleanUrls: false,
  metaChunk: true,
  // The reference is made by typedoc and put beside the pages.
  ignoreDeadLinks: [/^\/reference\//],
  // Text of documents is text: what looks like HTML in them is none.
  markdown: { html: false, config: runnable, attrs: { disable: true } },
  vite: { build: { chunkSizeWarningLimit: 20_000 }, server: { fs: { allow: ["../.."] } } },
  themeConfig: {
    search: { provider: "local" },
    nav: [
      item("Guide", "/install"),
      item("Recipes", "/recipes/microscopy"),
      item("Gallery", "/gallery"),
      item("Playground", "/playground"),
      { ...item("Reference", "/reference/modules/index.html"), target: "_self" },
    ],
    sidebar: guide,
    outline: [2, 3],
    docFooter: { prev: false, next: false },
  },
});
