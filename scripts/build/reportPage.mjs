// The page that shows a run of the simulator: one piece of HTML with its style and its script inside, without data.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const sources = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), "sim", "report");

/** Browsers that unpack gzip by themselves, and no older ones. */
const target = ["chrome111", "firefox114", "safari16.4"];

export async function bundleReportPage() {
  const script = await bundled("main.ts");
  const style = await bundled("page.css");
  return readFileSync(join(sources, "page.html"), "utf8")
    .replace("/*STYLE*/", () => style)
    .replace("/*SCRIPT*/", () => script.replaceAll("</script", "<\\/script"));
}

async function bundled(entry) {
  const { outputFiles } = await build({
    entryPoints: [join(sources, entry)],
    bundle: true,
    minify: true,
    format: "iife",
    target,
    legalComments: "none",
    logLevel: "warning",
    write: false,
  });
  return outputFiles[0].text.trim();
}

/** Puts the bundled page where the sources would bundle it at run time. */
export const reportPagePlugin = {
  name: "report-page",
  setup({ onLoad }) {
    onLoad({ filter: /[/\\]sim[/\\]src[/\\]recording[/\\]asset\.ts$/ }, async () => ({
      contents: `export const loadPage = async () => ${JSON.stringify(await bundleReportPage())};`,
      loader: "js",
    }));
  },
};
