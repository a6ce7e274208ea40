import type { Rival } from "../contract/input.ts";
import type { Turn } from "../contract/turn.ts";
import { formatDuration } from "../resources/parts/duration.ts";
import { decide } from "./deciding.ts";
import type { Parts } from "./parts.ts";
import type { ResourceState } from "./state.ts";

/** Takes in who was found at a contested resource. */
export function rivalFound(parts: Parts, state: ResourceState, rival: Rival, turn: Turn): void {
  if (!state.contested) return;
  state.rival = rivalWords(rival, turn);
  turn.tell("resource.rival", "warn", { resource: state.resource, rival: state.rival });
  decide(parts, state, "stale", turn);
}

function rivalWords(rival: Rival, turn: Turn): string {
  if (rival.type === "process") return `process ${rival.pid} (${rival.program}, uid ${rival.uid})`;
  const agoMs = Math.max(0, turn.now.wallMs - rival.changedWallMs);
  return `something unknown (the file is of uid ${rival.uid}, changed ${formatDuration(agoMs)} before it was looked for)`;
}
