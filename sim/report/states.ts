import { processCodes } from "../src/recording/recording.ts";

/** How an agent is shown, from what is well to what is worst; and what the page says of it. */
export const states = [
  { key: "inStep", label: "Running, in step", detail: "newest policy, and it knows who is dead" },
  { key: "behind", label: "Running, older policy", detail: "a newer generation is in force elsewhere" },
  {
    key: "mistaken",
    label: "Running, view not true",
    detail: "misses a death, or holds a living agent dead",
  },
  { key: "paused", label: "Paused", detail: "its process is stopped, and nobody holds it dead" },
  { key: "goneUnknown", label: "Gone, nobody knows", detail: "its process has ended" },
  { key: "goneSome", label: "Gone, some know", detail: "some running agents hold it dead" },
  { key: "goneAll", label: "Gone, all know", detail: "every running agent holds it dead" },
  { key: "wrongSome", label: "Alive, held dead by some", detail: "running or paused" },
  { key: "wrongAll", label: "Alive, held dead by all", detail: "running or paused" },
  { key: "absent", label: "Not started", detail: "no process has run yet" },
] as const;

export type StateKey = (typeof states)[number]["key"];

/** What a state follows from. */
export interface Standing {
  /** Index into `processCodes`. */
  readonly process: number;
  /** Running agents that hold it dead. */
  readonly held: number;
  /** Running agents beside itself. */
  readonly others: number;
  readonly isBehind: boolean;
  readonly isMistaken: boolean;
}

const [absent, running, paused, killed, powerless] = processCodes.map((_, code) => code);

export const runningCode: number = running ?? 0;

/** The state of an agent, as an index into `states`. */
export function stateOf({ process, held, others, isBehind, isMistaken }: Standing): number {
  if (process === absent) return at("absent");
  const byAll = held > 0 && held >= others;
  if (process === killed || process === powerless) {
    return held === 0 ? at("goneUnknown") : byAll ? at("goneAll") : at("goneSome");
  }
  if (held > 0) return byAll ? at("wrongAll") : at("wrongSome");
  if (process === paused) return at("paused");
  if (isBehind) return at("behind");
  return isMistaken ? at("mistaken") : at("inStep");
}

const indexes = new Map<StateKey, number>(states.map(({ key }, index) => [key, index]));

function at(key: StateKey): number {
  return indexes.get(key) as number;
}
