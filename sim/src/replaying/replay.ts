import type { Event, Inspection } from "@antibody/core";
import type { Violation } from "../invariants/truth.ts";
import type { SimBundle } from "../shrinking/bundle.ts";
import type { SimAgent } from "../world/agent.ts";
import { play } from "./play.ts";

/** Where a replay stops: at a virtual time, or after an event, told by any agent or by one. */
export type Until =
  | { readonly type: "time"; readonly atMs: number }
  | { readonly type: "event"; readonly name: string; readonly agent?: string };

/** An event as an agent told it. */
export interface ToldEvent {
  readonly atMs: number;
  readonly event: Event;
}

/** One agent, where a replay has stopped. */
export interface AgentThere {
  readonly name: string;
  readonly process: "running" | "paused" | "ended" | "without power";
  /** What its mind holds; absent where none runs. */
  readonly inspection?: Inspection;
  /** The last that it told, oldest first; at most `eventsKeptMax`. */
  readonly events: readonly ToldEvent[];
}

/** What a replay showed. */
export interface Replayed {
  readonly simulatedMs: number;
  readonly hash: string;
  /** Whether the hash is the bundle's; undefined where the replay stopped before its end. */
  readonly isEqual: boolean | undefined;
  /** False when it was to stop at an event that nobody told, or at a time after the end. */
  readonly isReached: boolean;
  readonly violations: readonly Violation[];
  readonly agents: readonly AgentThere[];
}

/** Events kept of each agent. A guess: what is seen on one screen. */
const eventsKeptMax = 20;

/** Plays a bundle: to its end, or to where somebody wants to look. */
export async function replay(
  bundle: SimBundle,
  options: { readonly until?: Until; readonly onProgress?: (simulatedMs: number) => void },
): Promise<Replayed> {
  const { until, onProgress } = options;
  const told = new Map<string, ToldEvent[]>();
  const played = await play({
    ...bundle,
    ...(until?.type === "time" ? { untilMs: until.atMs } : {}),
    ...(until?.type === "event" ? { stopsAfter: stopAt(until) } : {}),
    ...(onProgress === undefined ? {} : { onProgress }),
    onTold: (agent, event, atMs) => {
      const events = told.get(agent.name) ?? [];
      told.set(agent.name, events);
      events.push({ atMs, event });
      if (events.length > eventsKeptMax) events.shift();
    },
  });
  const { running, simulatedMs, hash, violations, isStopped } = played;
  const { world } = running;
  return {
    simulatedMs,
    hash,
    isEqual: isStopped ? undefined : hash === bundle.hash,
    isReached: isStopped || until === undefined || (until.type === "time" && until.atMs <= simulatedMs),
    violations,
    agents: world.agents.map((agent) => {
      const inspection = world.inspect(agent);
      return {
        name: agent.name,
        process: processOf(agent),
        ...(inspection === undefined ? {} : { inspection }),
        events: told.get(agent.name) ?? [],
      };
    }),
  };
}

function stopAt(until: Extract<Until, { readonly type: "event" }>) {
  return (agent: SimAgent, event: Event): boolean =>
    event.name === until.name && (until.agent ?? agent.name) === agent.name;
}

function processOf({ mind, isPaused, hasPower }: SimAgent): AgentThere["process"] {
  if (isPaused) return "paused";
  if (mind !== undefined) return "running";
  return hasPower ? "ended" : "without power";
}
