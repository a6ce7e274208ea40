import { type AgentId, type Crypto, compareText, parseResourceId, type ResourceId } from "@antibody/policy";
import type { Snapshot } from "../contract/snapshot.ts";
import { type MonotonicMs, NEVER } from "../contract/time.ts";
import type { Turn } from "../contract/turn.ts";
import { keep, recall } from "../keeping/snapshot.ts";
import type { Settings } from "../settings.ts";
import { roleRank } from "./choosing.ts";
import type { RolePeers } from "./roles.ts";

/** Devices of one role that repairs may disturb at once, where the role does not say. The least, and so the safest. */
const ceilingDefault = 1;

/** What this device's repairs want of a role. */
export interface Disturbance {
  readonly role: ResourceId;
  /** A repair that disturbs it runs, or is being verified. */
  readonly runs: boolean;
  /** How many devices of it may be disturbed at once; undefined where the role is not promised here. */
  readonly ceiling: number | undefined;
}

/** What came of a refresh. */
export interface Turns {
  /** Roles that this device may disturb now. */
  readonly turns: ReadonlySet<ResourceId>;
  /** Why it may not disturb the others that it asks for. */
  readonly because: ReadonlyMap<ResourceId, string>;
  /** What peers shall hear. */
  readonly words: readonly string[];
}

interface Asked {
  readonly role: ResourceId;
  /** Since when peers are told. */
  readonly sinceMs: MonotonicMs;
  readonly hasTurn: boolean;
}

interface DisturbingDump {
  readonly asked: readonly Asked[];
  readonly deadlineMs: MonotonicMs;
  readonly revision: number;
}

const nothing: Turns = { turns: new Set(), because: new Map(), words: [] };

/**
 * Turns of repairs that disturb a role. There is no coordinator: a device says that it asks, waits until the others
 * must have heard, and takes its turn when those that have one and those that are favored before it leave room. Both
 * sides of a partition count for themselves.
 */
export class Disturbing {
  readonly #agent: AgentId;
  readonly #crypto: Pick<Crypto, "sha256">;
  readonly #settings: Pick<Settings, "roleSettleMs">;
  #asked: readonly Asked[] = [];
  #deadlineMs: MonotonicMs = NEVER;
  #revision = 0;

  constructor(
    options: {
      readonly agent: AgentId;
      readonly crypto: Pick<Crypto, "sha256">;
      readonly settings: Pick<Settings, "roleSettleMs">;
    },
    snapshot?: Snapshot,
  ) {
    this.#agent = options.agent;
    this.#crypto = options.crypto;
    this.#settings = options.settings;
    if (snapshot === undefined) return;
    const dump = recall<DisturbingDump>(snapshot);
    this.#asked = dump.asked;
    this.#deadlineMs = dump.deadlineMs;
    this.#revision = dump.revision;
  }

  dump(): Snapshot {
    const dump: DisturbingDump = {
      asked: this.#asked,
      deadlineMs: this.#deadlineMs,
      revision: this.#revision,
    };
    return keep(dump);
  }

  /** When others must have heard that this device asks. */
  get deadline(): MonotonicMs {
    return this.#deadlineMs;
  }

  /** Rises when it is to be refreshed for a reason of its own. */
  get revision(): number {
    return this.#revision;
  }

  /** Whether it hangs on what peers say. */
  get isAsking(): boolean {
    return this.#asked.length > 0;
  }

  /** The deadline has come. */
  wake(): void {
    this.#deadlineMs = NEVER;
    this.#revision += 1;
  }

  /** Weighs what is wanted against what peers say. */
  refresh(peers: Pick<RolePeers, "living" | "isCutOff">, wanted: readonly Disturbance[], turn: Turn): Turns {
    if (wanted.length === 0 && this.#asked.length === 0) return nothing;
    const living = wanted.length === 0 ? [] : peers.living();
    const because = new Map<ResourceId, string>();
    const asked: Asked[] = [];
    this.#deadlineMs = NEVER;
    for (const want of wanted) {
      const before = this.#asked.find(({ role }) => role === want.role);
      const sinceMs = before?.sinceMs ?? turn.now.monoMs;
      const obstacle =
        want.runs || before?.hasTurn === true
          ? undefined
          : this.#obstacle(want, { sinceMs, isCutOff: peers.isCutOff, living }, turn);
      if (obstacle !== undefined) because.set(want.role, obstacle);
      if (obstacle !== undefined && before === undefined)
        turn.tell("role.waitsForTurn", "info", { resource: want.role, because: obstacle });
      asked.push({ role: want.role, sinceMs, hasTurn: obstacle === undefined });
    }
    this.#asked = asked;
    return {
      turns: new Set(asked.filter(({ hasTurn }) => hasTurn).map(({ role }) => role)),
      because,
      words: asked.map(({ role, hasTurn }) => wordOf(nameOf(role), hasTurn)),
    };
  }

  /** Why it is not this device's turn; undefined when it is. */
  #obstacle(
    { role, ceiling = ceilingDefault }: Disturbance,
    seen: {
      readonly sinceMs: MonotonicMs;
      readonly isCutOff: boolean;
      readonly living: ReturnType<RolePeers["living"]>;
    },
    turn: Turn,
  ): string | undefined {
    if (seen.isCutOff) return "this device is cut off, and cannot know what others do";
    const heardMs = seen.sinceMs + this.#settings.roleSettleMs;
    if (turn.now.monoMs < heardMs) {
      this.#deadlineMs = Math.min(this.#deadlineMs, heardMs);
      return "others are told first";
    }
    const name = nameOf(role);
    const rank = roleRank(this.#crypto, role, this.#agent);
    const busy = seen.living.filter(({ capabilities }) => capabilities.includes(wordOf(name, true)));
    const before = seen.living.filter(
      ({ agent, capabilities }) =>
        capabilities.includes(wordOf(name, false)) &&
        compareText(roleRank(this.#crypto, role, agent), rank) > 0,
    );
    if (busy.length + before.length < ceiling) return undefined;
    return `${busy.length} of at most ${ceiling} ${ceiling === 1 ? "device is" : "devices are"} disturbed now, ${before.length} wait before this one`;
  }
}

function nameOf(role: ResourceId): string {
  return parseResourceId(role)?.name ?? "";
}

/** No capability's name has a colon. */
function wordOf(name: string, hasTurn: boolean): string {
  return `disturb:${name}${hasTurn ? ":does" : ""}`;
}
