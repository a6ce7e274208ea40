// Bundles the command into one file: no addon, nothing loose beside it.
import { mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";
import { lateCurvesPlugin } from "./lateCurves.mjs";
import { reportPagePlugin } from "./reportPage.mjs";

/** The root of the checkout, and where what is built goes. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const dist = join(root, "dist");

const shared = {
  absWorkingDir: root,
  entryPoints: [join(root, "packages/cli/src/main.ts")],
  bundle: true,
  platform: "node",
  target: "node24",
  minifySyntax: true,
  legalComments: "none",
  logLevel: "warning",
  plugins: [lateCurvesPlugin, reportPagePlugin],
};

/** The first lines of the bundle: an older Node would end in the stack of a module that it lacks. */
const bundleHead = `import { createRequire } from "node:module"; const require = createRequire(import.meta.url);
if (Number.parseInt(process.versions.node, 10) < 24) {
  const error = {
    code: "nodeTooOld",
    message: "this Node is too old",
    cause: "it is Node " + process.versions.node + ", and Antibody needs Node 24",
    next: "run it by Node 24, or from a checkout: npm run -s antibody -- COMMAND",
  };
  const lines = ["antibody: " + error.message, "  cause: " + error.cause, "  next: " + error.next];
  process.stderr.write((process.argv.includes("--json") ? JSON.stringify({ error }) : lines.join("\\n")) + "\\n");
  process.exit(1);
}
const module = { exports: {} };`;

/**
 * dist/antibody.mjs, for whoever has Node 24. Readable: stack traces point into it. It is CommonJS within a module, so
 * that Node's own modules are loaded when they are needed: an import of `node:http` alone loads a whole HTTP client.
 * And it is ASCII: one character beyond, if only in a comment, and V8 keeps two bytes for each.
 */
export async function bundleModule() {
  const outfile = join(dist, "antibody.mjs");
  const { outputFiles } = await build({
    ...shared,
    outfile,
    write: false,
    format: "cjs",
    banner: { js: bundleHead },
  });
  mkdirSync(dist, { recursive: true });
  for (const { text } of outputFiles) writeFileSync(outfile, inAscii(text));
  return outfile;
}

/** esbuild writes texts in ASCII; what is left stands in comments and patterns. */
function inAscii(text) {
  return text.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/**
 * What goes into a single executable: the script that loads the parts, and the parts by their names, `main.js` first.
 * Whatever is imported late is a part of its own. esbuild splits ESM only, so each part becomes CommonJS afterwards.
 * Whitespace is dropped: V8 keeps the source in memory. Names stay, for stack traces and because libp2p's errors are
 * told apart by them.
 */
export async function bundleParts(outdir) {
  const { outputFiles } = await build({
    ...shared,
    outdir,
    write: false,
    format: "esm",
    splitting: true,
    chunkNames: "part-[hash]",
    minifyWhitespace: true,
    define: { "import.meta.url": "__filename" },
  });
  mkdirSync(outdir, { recursive: true });
  const parts = {};
  for (const { path, text } of outputFiles) {
    const { code } = await transform(text, {
      format: "cjs",
      platform: "node",
      target: "node24",
      // A part is no module to Node: what is imported late is required.
      supported: { "dynamic-import": false },
      minifyWhitespace: true,
      // Only ASCII, or V8 keeps two bytes for each character.
      charset: "ascii",
    });
    writeFileSync(path, `(function (require, module, exports, __filename) {${code}\n})`);
    parts[basename(path)] = path;
  }
  return { script: join(root, "scripts/build/parts.cjs"), parts };
}
