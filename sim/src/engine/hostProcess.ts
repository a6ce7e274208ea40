import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";

/** Real time, for speed and progress alone: nothing in a world sees it. */
export function wallMs(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000;
}

/** Megabytes of memory that the process holds. */
export function rssMb(): number {
  return Math.round(process.memoryUsage.rss() / 1_048_576);
}

/** Lets the process do something else: signals, output. */
export function yieldOnce(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * How large the space for what is new gets. V8 would begin with 4 MB and go up to 100. Measured with 1,000 agents,
 * `clean-publish`: 16 MB takes 10 MB more than 8 and saves no processor time; of ten thousand agents it is nothing.
 */
const newSpaceMb = 8;
const hugeNewSpaceMb = 16;
/** Lists that are made at once, kept at most, and portions of them: V8 saw after 34 that it needs more room. */
const portion = 1_000;
const keptMax = 60_000;
const portionsMax = 400;

/**
 * By how much the heap grows between collections, in percent; and of so many agents, which take more than all else.
 * Measured with 20,000, up to the second generation of a policy: at 5% a third more collections, 2% more processor time
 * and 5% less memory than at 10%.
 */
const growthPercent = 20;
const hugeGrowthPercent = 10;
const hugeAgents = 5_000;
const vastGrowthPercent = 5;
const vastAgents = 20_000;

/**
 * After how many calls V8 compiles with its middle compiler; its own number is 400. While a world comes up hundreds of
 * functions are called so often within a second, and are compiled at once, on threads of which each keeps what it once
 * took. Measured with 1,000 agents: 10 MB, and no processor time that could be told from chance.
 */
const compiledAfterCalls = 2_000;

/**
 * Sets the heap of this process up for a large world, from now on. It grows by a fifth between collections:
 * most of what grows old is a message that is dropped a moment later, and V8's own factor, up to four, takes half as
 * much memory again and no less time (measured at 1,000 agents). Each collection is done at once: nobody minds a pause
 * here, and what is collected by and by goes on growing meanwhile, by a quarter where other threads have no processor.
 * And the space for what is new gets as large as is worth it, and stays so.
 */
export function prepareHeap(agents: number): void {
  const isHuge = agents >= hugeAgents;
  setFlagsFromString(`--heap-growing-percent=${growthPercentOf(agents)}`);
  setFlagsFromString("--no-incremental-marking");
  setFlagsFromString(`--invocation-count-for-maglev=${compiledAfterCalls}`);
  setFlagsFromString("--semi-space-growth-factor=2");
  growNewSpace(isHuge ? hugeNewSpaceMb : newSpaceMb);
  setFlagsFromString("--semi-space-growth-factor=1");
}

function growthPercentOf(agents: number): number {
  if (agents >= vastAgents) return vastGrowthPercent;
  return agents >= hugeAgents ? hugeGrowthPercent : growthPercent;
}

/** V8 has no call for it: the space grows when much of what is in it survives. */
function growNewSpace(mb: number): void {
  let kept: unknown[] = [];
  for (let portions = 0; portions < portionsMax && newSpaceBytes() < mb * 1_048_576; portions += 1) {
    if (kept.length >= keptMax) kept = kept.slice(keptMax / 2);
    for (let one = 0; one < portion; one += 1) kept.push(new Array(10).fill(one));
  }
}

function newSpaceBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name: name }) => name === "new_space")?.space_size ?? 0;
}
