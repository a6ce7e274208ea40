import type { Random } from "@antibody/core";

/** How a site that is told what it knew already loses interest. */
export type Interest =
  /** After so many contacts in a row that were of no use (feedback, counter). */
  | { readonly type: "counter"; readonly k: number }
  /** After every contact, with a chance of one in k, whatever came of it (blind, coin). */
  | { readonly type: "coin"; readonly k: number };

/** Demers et al. 1987: of one update among all sites. */
export interface Epidemic {
  /** Share of the sites that never heard. */
  readonly residue: number;
  /** Messages sent for each site. */
  readonly traffic: number;
  /** Cycles until a site hears, in the mean over those that do, and until the last one does. */
  readonly averageCycle: number;
  readonly lastCycle: number;
}

/** The state of a site: unaware, spreading, or no longer interested. */
const [susceptible, infective, removed] = [0, 1, 2] as const;

/**
 * Rumor mongering of Demers et al., "Epidemic algorithms for replicated database maintenance" (1987), section 1.4, in
 * synchronous cycles. Not a part of Antibody, whose gossip is another: it tests the random streams that every run of
 * the simulator draws from against published figures. A contact is of use when the other did not know at the start
 * of the cycle, and then the counter begins again.
 */
export function runEpidemic(
  way: "push" | "pull",
  interest: Interest,
  sites: number,
  random: Random,
): Epidemic {
  const state = new Uint8Array(sites);
  const unneeded = new Uint8Array(sites);
  state[0] = infective;
  let [traffic, cycle, lastCycle, cycles, heard, spreading] = [0, 0, 0, 0, 0, 1];
  while (spreading > 0) {
    cycle += 1;
    const before = state.slice();
    const told = new Set<number>();
    /** Of each site that was asked or has told: whether any of it was of use. */
    const contacts = new Map<number, boolean>();
    const contact = (source: number, destination: number): void => {
      const isOfUse = before[destination] === susceptible;
      traffic += 1;
      if (isOfUse) told.add(destination);
      contacts.set(source, isOfUse || contacts.get(source) === true);
    };
    for (let site = 0; site < sites; site += 1) {
      if (way === "push" && before[site] !== infective) continue;
      const other = (site + 1 + random.below(sites - 1)) % sites;
      if (way === "push") contact(site, other);
      else if (before[other] === infective) contact(other, site);
    }
    for (const [site, wasOfUse] of contacts) {
      unneeded[site] = wasOfUse ? 0 : (unneeded[site] as number) + 1;
      const isOver = interest.type === "coin" ? random.below(interest.k) === 0 : unneeded[site] >= interest.k;
      if (!isOver) continue;
      state[site] = removed;
      spreading -= 1;
    }
    for (const site of told) {
      state[site] = infective;
      spreading += 1;
      heard += 1;
      cycles += cycle;
    }
    if (told.size > 0) lastCycle = cycle;
  }
  const averageCycle = heard === 0 ? 0 : cycles / heard;
  return { residue: 1 - (heard + 1) / sites, traffic: traffic / sites, averageCycle, lastCycle };
}
