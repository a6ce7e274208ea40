import type { Drift } from "../contract/resource.ts";
import type { Turn } from "../contract/turn.ts";
import { brokenFor, damagedAfter, lambdaTHundredths, looked, newFare } from "./outpacing.ts";
import type { Parts } from "./parts.ts";
import type { ResourceState } from "./state.ts";

/** λT from which on repair does not outpace damage, in hundredths: broken for half of the time (Burgess). */
const outpacedHundredths = 100;

/** A kept resource was found damaged. */
export function noteDamage(state: ResourceState, keptForMs: number): void {
  state.fare = damagedAfter(state.fare ?? newFare, keptForMs);
}

/** It is kept again. */
export function noteMended(parts: Parts, state: ResourceState, turn: Turn): void {
  if (state.fare === undefined || state.driftSinceMs === undefined) return;
  state.fare = brokenFor(state.fare, turn.now.monoMs - state.driftSinceMs);
  weigh(parts, state, turn);
}

/** A look in turn, at a resource of which no event tells. */
export function noteLook(state: ResourceState, drift: Drift | undefined): void {
  if (state.events || (state.fare === undefined && drift === undefined)) return;
  state.fare = looked(state.fare ?? newFare, drift !== undefined);
}

/** What was long kept has no past. */
export function forgetFare(state: ResourceState): void {
  state.fare = undefined;
}

/** Why a kept resource is not well all the same. */
export function outpacedWhy(state: ResourceState): string | undefined {
  if (state.fare?.outpaced !== true) return undefined;
  return "as promised now, but damage comes at least as fast as repair: it is broken for a large part of the time";
}

/** Raises the alarm, once. */
function weigh(parts: Parts, state: ResourceState, turn: Turn): void {
  const { fare } = state;
  // A contest is an alarm already.
  if (fare === undefined || state.contested) return;
  const hundredths = lambdaTHundredths(fare);
  const outpaced = hundredths !== undefined && hundredths >= outpacedHundredths;
  if (outpaced === fare.outpaced) return;
  state.fare = { ...fare, outpaced };
  parts.revision += 1;
  if (outpaced)
    turn.tell("resource.outpaced", "error", {
      resource: state.resource,
      lambdaTHundredths: hundredths,
      damages: fare.damages,
      next: `antibody why ${state.resource}`,
    });
}
