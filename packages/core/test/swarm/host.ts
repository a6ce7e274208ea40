import type { AgentId } from "@antibody/policy";
import type { Member } from "../../src/contract/statements.ts";
import { Random } from "../../src/random.ts";
import type { SwarmInput } from "../../src/swarm/intake.ts";
import type { Swarm } from "../../src/swarm/swarm.ts";
import { FakePolicy } from "./fakePolicy.ts";
import type { Person } from "./people.ts";

/** A machine with one agent. */
export interface Host {
  readonly person: Person;
  swarm: Swarm;
  readonly policy: FakePolicy;
  readonly random: Random;
  state: "running" | "paused" | "killed";
  /** Inputs that wait for a paused process. */
  held: SwarmInput[];
  readonly records: Map<string, unknown>;
  readonly known: Map<AgentId, Member>;
  readonly sessions: Set<Host>;
  wakeMs: number;
  life: number;
}

/** One line of what happened: the virtual time, who, and what. */
export interface Line {
  readonly atMs: number;
  readonly name: string;
  readonly text: string;
}

/** A host whose process has not begun yet. */
export function newHost(person: Person, swarm: Swarm, records: Host["records"], known: Host["known"]): Host {
  const { name } = person;
  return {
    person,
    swarm,
    policy: new FakePolicy(),
    random: Random.fromSeed(
      name.length * 1_000 + (name.codePointAt(0) ?? 0) + 7 * (name.codePointAt(1) ?? 0),
    ),
    state: "running",
    held: [],
    records,
    known,
    sessions: new Set(),
    wakeMs: Number.POSITIVE_INFINITY,
    life: 0,
  };
}
