import { Random } from "@antibody/core";
import { afterAll, describe, expect, it } from "vitest";
import { whyNoNamespaces } from "../harness/namespaces.ts";
import { type Sample, Soak, sampleMs } from "../harness/soaking.ts";

const agents = Number(process.env["ANTIBODY_SOAK_AGENTS"] ?? 8);
const minutes = Number(process.env["ANTIBODY_SOAK_MINUTES"] ?? 10);
const seed = Number(process.env["ANTIBODY_SEED"] ?? 1);

/** Caches, the log in memory and compiled code fill up first: this share of the time does not count. */
const warmUpShare = 1 / 4;
/**
 * What the fitted line may rise by over the whole of the rest: kept log lines and checked signatures go on filling for
 * half an hour (3 MB in 22 minutes of seed 2, and slower towards the end).
 */
const heapGrowthBytesMax = 4 * 1_048_576;
const anonymousGrowthBytesMax = 12 * 1_048_576;
/** Sockets and timers come and go with peers: more than this above the least is a pile. */
const resourcesAboveMax = 60;

describe.skipIf(whyNoNamespaces() !== undefined)(`${agents} agents under random faults`, () => {
  const lifeMs = (minutes + 10) * 60_000;
  const soak = new Soak(agents, Random.fromSeed(seed), lifeMs);

  afterAll(() => soak.end());

  it(`hold one view after ${minutes} minutes of seed ${seed}, and have kept nothing`, async () => {
    await soak.begin();
    await soak.run(minutes * 60_000);
    const faults: string[] = [...soak.warnings()];
    for (const [name, all] of soak.samples()) {
      const samples = all.slice(Math.floor(all.length * warmUpShare));
      const grew = (field: "heapBytes" | "anonymousBytes" | "descriptors"): number =>
        slope(samples, field) * samples.length * sampleMs;
      const piles = pilesIn(samples);
      process.stdout.write(`${name}: ${summary(samples, grew)}\n`);
      if (grew("heapBytes") > heapGrowthBytesMax)
        faults.push(`${name}: the heap grew by ${grew("heapBytes")}`);
      if (grew("anonymousBytes") > anonymousGrowthBytesMax)
        faults.push(`${name}: anonymous memory grew by ${grew("anonymousBytes")}`);
      if (grew("descriptors") > agents) faults.push(`${name}: descriptors grew by ${grew("descriptors")}`);
      faults.push(...piles.map((pile) => `${name}: ${pile}`));
    }
    process.stdout.write(`faults: ${JSON.stringify(Object.fromEntries(soak.faults))}\n`);
    expect(faults).toEqual([]);
  });
});

/** The rise of the line of least squares through a field, per millisecond. */
function slope(samples: readonly Sample[], field: "heapBytes" | "anonymousBytes" | "descriptors"): number {
  const meanMs = samples.reduce((sum, { atMs }) => sum + atMs, 0) / samples.length;
  const mean = samples.reduce((sum, sample) => sum + sample[field], 0) / samples.length;
  const over = samples.reduce((sum, sample) => sum + (sample.atMs - meanMs) * (sample[field] - mean), 0);
  return over / samples.reduce((sum, { atMs }) => sum + (atMs - meanMs) ** 2, 0);
}

/** Kinds of resources of which there are far more at the end than there were at least. */
function pilesIn(samples: readonly Sample[]): readonly string[] {
  const last = samples.at(-1)?.resources ?? {};
  return Object.entries(last).flatMap(([kind, count]) => {
    const least = Math.min(...samples.map(({ resources }) => resources[kind] ?? 0));
    return count - least > resourcesAboveMax ? [`${kind} piles up: ${least} before, ${count} now`] : [];
  });
}

function summary(
  samples: readonly Sample[],
  grew: (field: "heapBytes" | "anonymousBytes" | "descriptors") => number,
): string {
  const last = samples.at(-1);
  const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
  return [
    `heap ${megabytes(last?.heapBytes ?? 0)} (${megabytes(grew("heapBytes"))} of growth)`,
    `anonymous ${megabytes(last?.anonymousBytes ?? 0)} (${megabytes(grew("anonymousBytes"))})`,
    `${last?.descriptors} descriptors (${grew("descriptors").toFixed(1)})`,
    JSON.stringify(last?.resources),
  ].join(", ");
}
