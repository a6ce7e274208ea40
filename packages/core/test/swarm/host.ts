import type { AgentId } from "@antibody/policy";
import type { Member } from "../../src/contract/statements.ts";
import type { Random } from "../../src/random.ts";
import type { SwarmInput } from "../../src/swarm/intake.ts";
import type { Swarm } from "../../src/swarm/swarm.ts";
import type { FakePolicy } from "./fakePolicy.ts";
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
