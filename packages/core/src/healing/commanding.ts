import type { Json } from "@antibody/policy";
import type { OwnerCommand } from "../contract/input.ts";
import type { ActionId } from "../contract/output.ts";
import type { Turn } from "../contract/turn.ts";
import { pauseMsMax, pauseReasonCharactersMax, pausesMax } from "../limits.ts";
import { formatDuration } from "../resources/parts/duration.ts";
import { decide } from "./deciding.ts";
import { look } from "./looking.ts";
import type { Parts } from "./parts.ts";
import type { PauseTarget } from "./pauses.ts";
import { enter } from "./phases.ts";
import type { ResourceState } from "./state.ts";

/** The owner's commands that healing obeys. */
export type HealingCommand = Extract<
  OwnerCommand,
  { readonly type: "pause" | "resume" | "step" | "cancel" | "stop" }
>;

/** What the owner is told: what was done, or why not and what to do instead. */
type Answer = { readonly done: Json } | { readonly refused: string; readonly next: string };

/** How long what runs may go on after `stop`. A guess, well below the 90 s in which systemd kills. */
const stopGraceMs = 10_000;

/** Obeys a command of the owner and replies to it. */
export function command(parts: Parts, id: string, command: HealingCommand, turn: Turn): void {
  const answer = answerTo(parts, command, turn);
  const result =
    "refused" in answer
      ? ({ type: "refused", message: answer.refused, next: answer.next } as const)
      : ({ type: "ok", detail: answer.done } as const);
  turn.emit({ type: "reply", id, result });
}

function answerTo(parts: Parts, command: HealingCommand, turn: Turn): Answer {
  switch (command.type) {
    case "pause":
      return pause(parts, command.target, command.reason, command.forMs, turn);
    case "resume":
      return resume(parts, command.target, turn);
    case "step":
      return step(parts, command.target, turn);
    case "cancel":
      return cancel(parts, command.action, turn);
    case "stop":
      return stop(parts, turn);
    default:
      throw new Error(`unknown command ${command satisfies never}`);
  }
}

function pause(parts: Parts, target: PauseTarget, reason: string, forMs: number, turn: Turn): Answer {
  const again = `antibody pause ${target === "*" ? "" : `${target} `}--reason TEXT --for 10m`;
  if (reason.trim() === "" || reason.length > pauseReasonCharactersMax) {
    return { refused: `a pause needs a reason of 1 to ${pauseReasonCharactersMax} characters`, next: again };
  }
  if (!Number.isSafeInteger(forMs) || forMs < 1 || forMs > pauseMsMax) {
    return { refused: `a pause ends by itself, within ${formatDuration(pauseMsMax)}`, next: again };
  }
  if (target !== "*" && !parts.states.has(target)) {
    return { refused: `nothing is promised for ${target}`, next: "antibody status" };
  }
  if (parts.pauses.size >= pausesMax && !parts.pauses.has(target)) {
    return {
      refused: `there are ${pausesMax} pauses already`,
      next: "antibody pause --reason TEXT --for 10m",
    };
  }
  const { untilMs } = parts.pauses.set(target, reason, forMs, turn);
  parts.deadlines.set("pause", target, untilMs);
  turn.tell("resource.paused", "info", { target, reason, forMs });
  for (const state of statesOf(parts, target)) {
    if (state.drift !== undefined || state.duty === "standBy" || state.duty === "reverse")
      decide(parts, state, "stale", turn);
  }
  return { done: { target, forMs, untilWallMs: turn.now.wallMs + forMs } };
}

function resume(parts: Parts, target: PauseTarget, turn: Turn): Answer {
  const ended = target === "*" ? parts.pauses.list().map((pause) => pause.target) : [target];
  const [first] = ended.filter((each) => parts.pauses.has(each));
  if (first === undefined) {
    return target !== "*" && parts.pauses.has("*")
      ? { refused: `${target} is paused with all others`, next: "antibody resume" }
      : {
          refused: target === "*" ? "nothing is paused" : `${target} is not paused`,
          next: triedNow(parts, target),
        };
  }
  for (const each of ended) endPause(parts, each, "resumed", turn);
  return { done: { resumed: ended } };
}

/** Who resumes what only waits for its next try wants it tried now, which the end of a pause does. */
function triedNow(parts: Parts, target: PauseTarget): string {
  const phase = target === "*" ? undefined : parts.states.get(target)?.phase;
  return phase === "backingOff" || phase === "handedOff" || phase === "contested"
    ? `to have it tried at once, pause it and resume it: antibody pause ${target} --reason TEXT --for 1m`
    : "antibody status";
}

/** Ends a pause; what it held back is looked at again, and then repaired. */
export function endPause(parts: Parts, target: PauseTarget, cause: "resumed" | "expired", turn: Turn): void {
  parts.pauses.delete(target, turn);
  parts.deadlines.delete("pause", target);
  turn.tell("resource.resumed", "info", { target, cause });
  for (const state of statesOf(parts, target)) {
    if (state.phase !== "paused") continue;
    if (parts.pauses.holding(state.resource) === undefined) {
      state.retryMs = undefined;
      parts.deadlines.delete("retry", state.resource);
      if (state.duty === "keep") {
        enter(parts, state, "drifted", "the pause is over; looks again first", turn);
        look(parts, state, turn);
        continue;
      }
    }
    decide(parts, state, "stale", turn);
  }
}

/** Lets one held-back action of a paused target through. */
function step(parts: Parts, target: PauseTarget, turn: Turn): Answer {
  const isPaused = target === "*" ? parts.pauses.has("*") : parts.pauses.holding(target) !== undefined;
  if (!isPaused) {
    const what = target === "*" ? "the agent" : target;
    return { refused: `${what} is not paused`, next: "antibody pause --reason TEXT --for 10m" };
  }
  for (const state of statesOf(parts, target)) {
    if (state.phase !== "paused") continue;
    state.stepping = true;
    if (decide(parts, state, "stale", turn) !== "rests") {
      return { done: { resource: state.resource, action: state.action ?? null, why: state.why } };
    }
    // Something else holds it back as well: another one may be ready.
    state.stepping = false;
    decide(parts, state, "stale", turn);
  }
  return { refused: "no action is held back by the pause", next: "antibody status" };
}

function cancel(parts: Parts, action: ActionId, turn: Turn): Answer {
  const running = parts.actions.get(action);
  if (running === undefined) return { refused: `no action ${action} runs`, next: "antibody status" };
  parts.actions.cancel(action, "owner", turn);
  return { done: { action, resource: running.resource } };
}

function stop(parts: Parts, turn: Turn): Answer {
  parts.stopping = true;
  const latestMs = turn.now.monoMs + stopGraceMs;
  const running = parts.actions.running();
  for (const { id, deadlineMs } of running) {
    parts.deadlines.set("act", id, Math.min(deadlineMs, latestMs));
  }
  return { done: { running: running.length } };
}

function statesOf(parts: Parts, target: PauseTarget): readonly ResourceState[] {
  if (target === "*") return [...parts.states.entries()].map(([, state]) => state);
  const state = parts.states.get(target);
  return state === undefined ? [] : [state];
}
