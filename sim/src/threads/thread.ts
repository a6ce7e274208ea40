import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { prepareHeap } from "../engine/hostProcess.ts";
import type { ShareOutcome } from "../outcome.ts";
import { createCoreMind, createPlainMind } from "../world/coreMind.ts";
import { SharedLetters } from "./letters.ts";
import { Meeting } from "./meeting.ts";
import { type RunPlan, Shard, type Sight } from "./shard.ts";
import type { Share } from "./share.ts";

/**
 * From here on the heap is set up for a world. Measured at 300: 128 MB and not 192, in as much processor time; at 100 it
 * is 108 and not 122.
 */
export const largeAgents = 100;

/** One end of what a thread leaves for another. */
export interface LettersEnd {
  readonly memory: SharedArrayBuffer;
  readonly port: MessagePort;
}

/** What a thread of a run is started with. */
export interface ThreadData {
  readonly plan: RunPlan;
  readonly share: Share;
  /** Each agent keeps its directory in a store of its own, as a device does. */
  readonly isPlain: boolean;
  readonly settled: Int32Array;
  readonly meeting: SharedArrayBuffer;
  /** By thread; none for itself. */
  readonly to: readonly (LettersEnd | undefined)[];
  readonly from: readonly (LettersEnd | undefined)[];
}

/** What a thread tells the one that has started it. */
export type ThreadWord =
  | { readonly type: "ready" }
  | { readonly type: "sight"; readonly sight: Sight }
  | { readonly type: "outcome"; readonly outcome: ShareOutcome }
  | { readonly type: "failed"; readonly message: string };

/** The part of a thread, with its way to the others. */
export function makeShard(data: ThreadData, onSight: (sight: Sight) => void): Shard {
  const { plan, share, isPlain, settled } = data;
  if (plan.agents >= largeAgents) prepareHeap(plan.agents);
  const letters = {
    to: data.to.map((end) => end && new SharedLetters(end.memory, end.port)),
    from: data.from.map((end) => end && new SharedLetters(end.memory, end.port)),
  };
  return new Shard(plan, share, settled, letters, isPlain ? createPlainMind : createCoreMind, onSight);
}

/** Simulates the part of a run that this worker thread was started for. Throws outside of such a thread. */
export function serveShare(): void {
  const port = parentPort;
  if (port === null) throw new Error("Only a thread of a run simulates a part of it");
  const tell = (word: ThreadWord): void => port.postMessage(word);
  const data = workerData as ThreadData;
  const meeting = new Meeting(data.meeting, data.share.index, data.share.count);
  try {
    const shard = makeShard(data, (sight) => tell({ type: "sight", sight }));
    tell({ type: "ready" });
    do {
      meeting.come(shard.leave());
      meeting.wait();
      shard.take();
    } while (shard.run(meeting.earliestUs));
    tell({ type: "outcome", outcome: shard.finish() });
  } catch (error) {
    tell({ type: "failed", message: error instanceof Error ? error.message : String(error) });
    meeting.fail();
  }
}
