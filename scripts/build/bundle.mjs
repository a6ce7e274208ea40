// Bundles the command into one file: no addon, nothing loose beside it.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
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
  plugins: [reportPagePlugin],
};

/** dist/antibody.mjs, for whoever has Node 24. Readable: stack traces point into it. */
export async function bundleModule() {
  const outfile = join(dist, "antibody.mjs");
  await build({
    ...shared,
    outfile,
    format: "esm",
    // Some CommonJS dependencies call require() for Node's own modules.
    banner: {
      js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
    },
  });
  return outfile;
}

/**
 * The one CommonJS file that goes into a single executable. Whitespace is dropped: V8 keeps the source in memory.
 * Names stay, for stack traces and because libp2p's errors are told apart by them.
 */
export async function bundleScript(outfile) {
  await build({
    ...shared,
    outfile,
    format: "cjs",
    minifyWhitespace: true,
    // Only ASCII, or V8 keeps two bytes for each character.
    charset: "ascii",
    // The require() of a single executable does not know modules that exist only as `node:…`, such as node:sqlite.
    banner: { js: "require = ((outer) => (id) => process.getBuiltinModule(id) ?? outer(id))(require);" },
    define: { "import.meta.url": "__filename" },
  });
  return outfile;
}
