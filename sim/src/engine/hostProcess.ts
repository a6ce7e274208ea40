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
 * `mass-death`: against 4 MB it saves an eighth of the processor time, for 12 MB; 32 MB saves no more.
 */
const newSpaceMb = 16;
/** Lists that are made at once, kept at most, and portions of them: V8 saw after 34 that it needs more room. */
const portion = 1_000;
const keptMax = 60_000;
const portionsMax = 400;

/**
 * By how much the heap grows between collections, in percent; and of so many agents, whose memory is what a machine
 * lacks first. Measured with 10,000: a tenth takes 460 MB and not 517, and more time for it, up to a seventh.
 */
const growthPercent = 30;
const hugeGrowthPercent = 10;
const hugeAgents = 20_000;

/**
 * Sets the heap of this process up for a large world, from now on. It grows by less than a third between collections:
 * most of what grows old is a message that is dropped a moment later, and V8's own factor, up to four, takes half as
 * much memory again and no less time (measured at 1,000 agents). And the space for what is new gets as large as is
 * worth it, and stays so.
 */
export function prepareHeap(agents: number): void {
  setFlagsFromString(`--heap-growing-percent=${agents < hugeAgents ? growthPercent : hugeGrowthPercent}`);
  setFlagsFromString("--semi-space-growth-factor=2");
  growNewSpace();
  setFlagsFromString("--semi-space-growth-factor=1");
}

/** V8 has no call for it: the space grows when much of what is in it survives. */
function growNewSpace(): void {
  let kept: unknown[] = [];
  for (let portions = 0; portions < portionsMax && newSpaceBytes() < newSpaceMb * 1_048_576; portions += 1) {
    if (kept.length >= keptMax) kept = kept.slice(keptMax / 2);
    for (let one = 0; one < portion; one += 1) kept.push(new Array(10).fill(one));
  }
}

function newSpaceBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name: name }) => name === "new_space")?.space_size ?? 0;
}
