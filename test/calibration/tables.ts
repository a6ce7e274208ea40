import { choices, figuresOf } from "./choices.ts";
import { compare, differenceOf, type Formation } from "./compare.ts";
import type { Figures } from "./measure.ts";
import { runModelSwarm } from "./modelSwarm.ts";
import { meanSwarmOf, type SwarmFigures, swarmPlan } from "./swarmFigures.ts";

// Prints the tables of docs/calibration.md: `node test/calibration/tables.ts gossip 100,300,1000`, or `agents`; and that
// of docs/swarm.md: `choices`, with 20 seeds, or `choices 5`.
const [what = "gossip", sizes = what === "choices" ? "20" : "100,300"] = process.argv.slice(2);
const print = (...cells: readonly string[]): void => console.log(`| ${cells.join(" | ")} |`);
const rounded = (value: number): string => value.toPrecision(4);

/** As the tests have them. */
function seedsOf(agents: number): readonly number[] {
  const count = agents <= 100 ? 10 : agents <= 300 ? 3 : 1;
  return Array.from({ length: count }, (_, index) => index + 1);
}

if (what === "gossip") {
  for (const agents of sizes.split(",").map(Number)) {
    for (const formation of ["together", "oneByOne"] satisfies readonly Formation[]) {
      const comparison = await compare(agents, formation, seedsOf(agents));
      for (const figure of Object.keys(comparison.library) as (keyof Figures)[]) {
        const percent = (100 * differenceOf(comparison, figure)).toFixed(1);
        const { library, model } = comparison;
        print(
          `${agents}, ${formation}`,
          figure,
          rounded(library[figure]),
          rounded(model[figure]),
          `${percent}%`,
        );
      }
    }
  }
} else if (what === "choices") {
  const seconds = ({ median, max }: { readonly median: number; readonly max: number }): string =>
    `${(median / 1_000).toFixed(1)}, ${(max / 1_000).toFixed(1)}`;
  for (const choice of choices) {
    const figures = await figuresOf(choice, Number(sizes));
    const { liars, cutMs, cutDeadMs, massacreMs, falseDeaths, falseMisses, restBytes } = figures;
    print(
      JSON.stringify(choice),
      liars.map((chance) => `${(100 * chance).toPrecision(2)}%`).join(", "),
      ...[cutMs, cutDeadMs, massacreMs].map(seconds),
      ...[falseDeaths, falseMisses, restBytes].map((figure) => figure.toFixed(1)),
    );
  }
} else {
  // Only here: real agents need the bundle, and the tools of the tests.
  const { runRealSwarm, slowLinksFlags } = await import("./realSwarm.ts");
  const { makeColony } = await import("../harness/colonies.ts");
  const test = makeColony({ nodeFlags: slowLinksFlags, lifeMs: 400_000 });
  try {
    const real = await runRealSwarm(test, swarmPlan);
    const model = meanSwarmOf([1, 2, 3].map((seed) => runModelSwarm(swarmPlan, seed)));
    const rows: Readonly<Record<string, (figures: SwarmFigures) => number>> = {
      restMessages: (figures) => figures.restMessages,
      restBytes: (figures) => figures.restBytes,
      publishBytes: (figures) => figures.publishBytes,
      "arrivals, reach": ({ arrivals }) => arrivals.reach,
      "arrivals, medianMs": ({ arrivals }) => arrivals.medianMs,
      "arrivals, lastMs": ({ arrivals }) => arrivals.lastMs,
      "deaths, reach": ({ deaths }) => deaths.reach,
      "deaths, medianMs": ({ deaths }) => deaths.medianMs,
      "deaths, lastMs": ({ deaths }) => deaths.lastMs,
      falseDeaths: (figures) => figures.falseDeaths,
      connections: (figures) => figures.connections,
    };
    for (const [name, figureOf] of Object.entries(rows)) {
      print(name, rounded(figureOf(real)), rounded(figureOf(model)));
    }
  } finally {
    await test.end();
  }
}
