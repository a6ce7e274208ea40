import type { ResourceId } from "@antibody/policy";
import type { ActionId, JournalRecord } from "../contract/output.ts";
import type { Plan } from "../contract/resource.ts";
import type { Turn } from "../contract/turn.ts";
import { RareMap } from "../keeping/rare.ts";
import { keep, recall } from "../keeping/snapshot.ts";
import type { Hold } from "./holding.ts";
import { knownTypeOf, type Parts } from "./parts.ts";
import { claimOf, type ResourceState } from "./state.ts";

/** Where it stands in the journal that a resource is to be begun anew. */
const refreshPrefix = "refresh/";

interface RefreshRecord {
  readonly v: 1;
  readonly by: ResourceId;
}

/** What the journal still held: by the resources that are to be begun anew, what was repaired. */
export function pendingRefreshes(records: readonly JournalRecord[]): RareMap<ResourceId, ResourceId> {
  const found = records.filter(({ key }) => key.startsWith(refreshPrefix));
  return RareMap.of(
    found.map(({ key, value }) => [
      key.slice(refreshPrefix.length) as ResourceId,
      recall<RefreshRecord>(value).by,
    ]),
  );
}

/** A resource was repaired: what its promise names is begun anew. It survives a restart of the agent. */
export function refreshOthers(parts: Parts, state: ResourceState, turn: Turn): void {
  const { onRepair } = knownTypeOf(parts, state.resource).common(claimOf(state).promise);
  for (const resource of onRepair) {
    const other = parts.states.get(resource);
    if (other?.duty !== "keep" || other.claim?.mode !== "enforce") continue;
    other.refresh = { by: state.resource, during: other.action };
    write(resource, { v: 1, by: state.resource }, turn);
    parts.reconsider = parts.reconsider.with(resource);
  }
}

/** How a resource at rest is begun anew, where it is to be; undefined where nothing is to be done. */
export function refreshPlan(parts: Parts, state: ResourceState, rest: Hold, turn: Turn): Plan | undefined {
  const { refresh, observation } = state;
  if (refresh === undefined || rest.phase !== "kept" || observation === undefined) return undefined;
  const plan = knownTypeOf(parts, state.resource).refresh(claimOf(state).promise, observation);
  if (plan === undefined) {
    forgetRefresh(state, turn);
    return undefined;
  }
  return { ...plan, summary: `${plan.summary}, since ${refresh.by} was repaired` };
}

/** An action on it succeeded: whatever it did, it began anew, unless the action had begun before. */
export function settleRefresh(state: ResourceState, action: ActionId, turn: Turn): void {
  if (state.refresh === undefined) return;
  if (state.refresh.during === action) state.refresh = { ...state.refresh, during: undefined };
  else forgetRefresh(state, turn);
}

/** Nothing is to be begun anew any more. */
export function forgetRefresh(state: ResourceState, turn: Turn): void {
  if (state.refresh === undefined) return;
  state.refresh = undefined;
  write(state.resource, null, turn);
}

function write(resource: ResourceId, value: RefreshRecord | null, turn: Turn): void {
  const record = { key: `${refreshPrefix}${resource}`, value: value === null ? null : keep(value) };
  turn.emit({ type: "persist", durability: "batched", records: [record] });
}
