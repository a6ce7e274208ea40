import type { Outcome } from "./figures.ts";
import { measureHostile } from "./heal/hostile.ts";
import { healPeers } from "./heal/peers.ts";
import { measurePoisson } from "./heal/poisson.ts";
import { measureRepairs } from "./heal/repairs.ts";
import { measureSweeps } from "./heal/sweeps.ts";
import { type Run, withColony } from "./run.ts";

/** How soon damage is repaired: of Antibody and, where asked for, of others on the same machine right after. */
export async function heal(run: Run): Promise<Outcome> {
  const repairs = await withColony(run, (test) => measureRepairs(run, test));
  const sweeps = await withColony(run, (test) => measureSweeps(run, test));
  const fights = await withColony(run, (test) => measureHostile(run, test));
  const held = await withColony(run, (test) => measurePoisson(run, test));
  const figures = { ...repairs, ...sweeps, ...fights, ...held };
  return run.peers ? { figures, peers: await healPeers(run) } : { figures };
}
