import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { CrowdPlan } from "./crowd.ts";
import { type Figures, measure } from "./measure.ts";
import { makeModelLane } from "./modelLane.ts";

/** How a crowd forms: all dial at the same time, or over this long. */
export const formations = { together: 0, oneByOne: 5_000 } as const;
export type Formation = keyof typeof formations;

/** What model and library did on the same plans. */
export interface Comparison {
  readonly model: Figures;
  readonly library: Figures;
}

/** Runs model and library on the same crowds, one for each seed; the figures are means over the seeds. */
export async function compare(
  agents: number,
  formation: Formation,
  seeds: readonly number[],
): Promise<Comparison> {
  const plans = seeds.map((seed): CrowdPlan => ({ agents, seed, formMs: formations[formation] }));
  const ofLibrary = runLibrary(plans);
  const ofModel: Figures[] = [];
  for (const plan of plans) ofModel.push(await measure(plan, makeModelLane));
  return { model: meanOf(ofModel), library: meanOf(await ofLibrary) };
}

/** The library in a process of its own, whose clock and randomness are replaced. */
export async function runLibrary(plans: readonly CrowdPlan[]): Promise<readonly Figures[]> {
  const lane = join(import.meta.dirname, "lane.ts");
  const { stdout } = await promisify(execFile)(process.execPath, [lane, JSON.stringify(plans)]);
  return JSON.parse(stdout) as readonly Figures[];
}

/** By how much the model differs from the library, as a share of the library's figure. */
export function differenceOf({ model, library }: Comparison, figure: keyof Figures): number {
  return model[figure] / library[figure] - 1;
}

function meanOf(all: readonly Figures[]): Figures {
  const mean = (figure: keyof Figures): number =>
    all.reduce((sum, figures) => sum + figures[figure], 0) / all.length;
  return {
    meshDegree: mean("meshDegree"),
    meshDegreeAfterDeaths: mean("meshDegreeAfterDeaths"),
    messages: mean("messages"),
    messagesAfterDeaths: mean("messagesAfterDeaths"),
    bytes: mean("bytes"),
    latencyMsMedian: mean("latencyMsMedian"),
    latencyMs99: mean("latencyMs99"),
    latencyMsMedianAfterDeaths: mean("latencyMsMedianAfterDeaths"),
    reach: mean("reach"),
    reachAfterDeaths: mean("reachAfterDeaths"),
  };
}
