import type { CrowdPlan } from "./crowd.ts";
import { measure } from "./measure.ts";
import { beginVirtualTime } from "./virtualTime.ts";

// Runs of the library in a process of its own, since its clock and its randomness are replaced. The plans come as
// the argument, the figures go to standard output. libp2p is loaded after `virtualTime.ts`, never before.
const plans = JSON.parse(process.argv[2] ?? "") as readonly CrowdPlan[];
const { makeLibraryLane } = await import("./libraryLane.ts");
const figures = [];
for (const plan of plans) {
  const made = await measure(plan, (tools) => {
    beginVirtualTime(
      { nowMs: () => Math.floor(tools.queue.nowUs / 1_000), at: tools.at },
      () => tools.random.below(0x1_0000_0000) / 0x1_0000_0000,
    );
    return makeLibraryLane(tools);
  });
  figures.push(made);
}
process.stdout.write(`${JSON.stringify(figures)}\n`);
