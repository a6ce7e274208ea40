import { Random } from "@antibody/core";
import { describe, expect, it } from "vitest";
import { type Epidemic, type Interest, runEpidemic } from "./epidemic.ts";

const sites = 1_000;

/** A row of a published table: k; residue, traffic, mean and last cycle, as printed. null: not held to it. */
type Row = readonly [number, string | null, string | null, string | null, string | null];

/**
 * Demers et al. 1987, tables 1 to 3. Of the push tables the mean cycle is left out: it does not come out of the text,
 * ours is one to three cycles lower. So is what is too rare to be counted here in a few seconds, and the residue of
 * table 2 at k = 5, where a careful reproduction finds 0.0070, and so do we, instead of 0.008.
 */
const tables: readonly {
  readonly name: string;
  readonly way: "push" | "pull";
  readonly interest: Interest["type"];
  readonly runs: number;
  readonly rows: readonly Row[];
}[] = [
  {
    name: "table 1: push, feedback, counter",
    way: "push",
    interest: "counter",
    runs: 600,
    rows: [
      [1, "0.18", "1.7", null, "16.8"],
      [2, "0.037", "3.3", null, "16.9"],
      [3, "0.011", "4.5", null, "17.4"],
      [4, "0.0036", "5.6", null, "17.5"],
      [5, "0.0012", "6.7", null, "17.7"],
    ],
  },
  {
    name: "table 2: push, blind, coin",
    way: "push",
    interest: "coin",
    runs: 600,
    rows: [
      [1, "0.96", "0.04", null, "38"],
      [2, "0.20", "1.6", null, "33"],
      [3, "0.060", "2.8", null, "32"],
      [4, "0.021", "3.9", null, "32"],
      [5, null, "4.9", null, "32"],
    ],
  },
  {
    name: "table 3: pull, feedback, counter",
    way: "pull",
    interest: "counter",
    runs: 200,
    rows: [
      [1, "0.031", "2.7", "9.97", "17.6"],
      [2, null, "4.5", "10.07", "15.4"],
      [3, null, "6.1", "10.08", "14.0"],
    ],
  },
];

function meanOf(way: "push" | "pull", interest: Interest, runs: number): Epidemic {
  const random = Random.fromSeed(1987 + interest.k);
  const all = Array.from({ length: runs }, () => runEpidemic(way, interest, sites, random));
  const mean = (figure: keyof Epidemic): number => all.reduce((sum, one) => sum + one[figure], 0) / runs;
  return {
    residue: mean("residue"),
    traffic: mean("traffic"),
    averageCycle: mean("averageCycle"),
    lastCycle: mean("lastCycle"),
  };
}

/** Within 5%, and half of the last digit that was printed. */
function toleranceOf(printed: string): number {
  const decimals = printed.split(".")[1]?.length ?? 0;
  return 0.05 * Number(printed) + 0.5 * 10 ** -decimals;
}

describe.each(tables)("Demers et al. 1987, $name", ({ way, interest, runs, rows }) => {
  it.each(rows)("k = %i", (k, ...printed) => {
    const ours = meanOf(way, { type: interest, k }, runs);
    const figures = [ours.residue, ours.traffic, ours.averageCycle, ours.lastCycle];
    for (const [index, text] of printed.entries()) {
      if (text === null) continue;
      const figure = figures[index] as number;
      expect(Math.abs(figure - Number(text)), `${figure} for ${text}`).toBeLessThan(toleranceOf(text));
    }
    // Of pushing with feedback they derive that the residue is e^-m.
    if (way === "push") expect(Math.abs(ours.residue / Math.exp(-ours.traffic) - 1)).toBeLessThan(0.1);
  });
});
