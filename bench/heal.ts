import type { TestColony } from "../test/harness/colonies.ts";
import type { Figures, Outcome } from "./figures.ts";
import { measureHostile } from "./heal/hostile.ts";
import { healPeers } from "./heal/peers.ts";
import { measurePoisson } from "./heal/poisson.ts";
import { measureRepairs } from "./heal/repairs.ts";
import { measureSweeps } from "./heal/sweeps.ts";
import { type Run, withColony } from "./run.ts";

/** Each on an agent of its own: fights that one of them provokes would be the next one's. */
const sections: Readonly<Record<string, (run: Run, test: TestColony) => Promise<Figures>>> = {
  repairs: measureRepairs,
  sweeps: measureSweeps,
  hostile: measureHostile,
  poisson: measurePoisson,
};

/** The names of what is measured, as `--only` takes them. */
export const healSections: readonly string[] = Object.keys(sections);

/** How soon damage is repaired: of Antibody and, where asked for, of others on the same machine right after. */
export async function heal(run: Run): Promise<Outcome> {
  const all: Figures[] = [];
  for (const [name, measure] of Object.entries(sections)) {
    if (run.only !== undefined && !run.only.includes(name)) continue;
    const startedMs = performance.now();
    const figures = await withColony(run, (test) => measure(run, test));
    // Told at once: whoever has no time for the rest has at least this.
    run.say(
      `${name} in ${Math.round((performance.now() - startedMs) / 1_000)} s: ${JSON.stringify(figures)}`,
    );
    all.push(figures);
  }
  const figures: Figures = Object.assign({}, ...all);
  return run.peers ? { figures, peers: await healPeers(run) } : { figures };
}
