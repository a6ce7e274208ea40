// The curves in JavaScript, which libp2p brings for where there are no others, are reckoned out when they are asked for:
// never, since Node has its own. To prepare them takes 15 ms of a start, and memory for good.

/** What is imported of each, always within functions. */
const exported = ["ed25519", "x25519", "secp256k1"];

/** Puts something that looks the curves up late where they would be imported. */
export const lateCurvesPlugin = {
  name: "late-curves",
  setup({ onResolve, onLoad, resolve }) {
    onResolve({ filter: /^@noble\/curves\/(ed25519|secp256k1)\.js$/ }, async (wanted) => {
      if (wanted.pluginData === "found") return undefined;
      const { path, errors } = await resolve(wanted.path, {
        resolveDir: wanted.resolveDir,
        kind: wanted.kind,
        pluginData: "found",
      });
      return errors.length > 0 ? { errors } : { path, namespace: "late-curves", sideEffects: false };
    });
    onLoad({ filter: /./, namespace: "late-curves" }, ({ path }) => ({
      contents: exported
        .map(
          (name) =>
            `Object.defineProperty(exports, "${name}", { enumerable: true, get: () => curves().${name} });`,
        )
        .concat(`const curves = () => require(${JSON.stringify(path)});`)
        .join("\n"),
      resolveDir: "/",
    }));
  },
};
