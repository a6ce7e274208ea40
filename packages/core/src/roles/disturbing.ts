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
  /** One more than the highest that was heard then. */
  readonly ticket: number;
  readonly hasTurn: boolean;
}

interface DisturbingDump {
  readonly asked: readonly Asked[];
  readonly deadlineMs: MonotonicMs;
  readonly revision: number;
}

type Living = ReturnType<RolePeers["living"]>;

/** Nine digits: who says more than that is not believed, and who is told the most draws the same. */
const ticketMax = 999_999_999;

const unasked: readonly Asked[] = [];
const nothing: Turns = { turns: new Set(), because: new Map(), words: [] };

/**
 * Turns of repairs that disturb a role. There is no coordinator: a device draws a ticket above all that it has heard
 * of, says so, waits twice as long as news take, and takes its turn when those that have one and those before it
 * leave room. Before it are lower tickets, and of equal ones those that the role's name favors (Lamport's bakery, "A
 * New Solution of Dijkstra's Concurrent Programming Problem", 1974). Who draws so late that another does not hear of
 * it before its turn has heard of that other's ticket, and draws a higher one. Both sides of a partition count for
 * themselves.
 */
export class Disturbing {
  readonly #agent: AgentId;
  readonly #crypto: Pick<Crypto, "sha256">;
  readonly #settings: Pick<Settings, "roleSettleMs">;
  #asked: readonly Asked[] = unasked;
  #deadlineMs: MonotonicMs;
  #revision = 0;

  constructor(
    options: {
      readonly agent: AgentId;
      readonly crypto: Pick<Crypto, "sha256">;
      readonly settings: Pick<Settings, "roleSettleMs">;
    },
    snapshot?: Snapshot,
  ) {
    this.#deadlineMs = NEVER;
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
      const asking = before ?? {
        role: want.role,
        sinceMs: turn.now.monoMs,
        ticket: Math.min(ticketMax, 1 + highestTicket(nameOf(want.role), living)),
        hasTurn: false,
      };
      const obstacle =
        want.runs || asking.hasTurn
          ? undefined
          : this.#obstacle(want, asking, { isCutOff: peers.isCutOff, living }, turn);
      if (obstacle !== undefined) because.set(want.role, obstacle);
      if (obstacle !== undefined && before === undefined)
        turn.tell("role.waitsForTurn", "info", { resource: want.role, because: obstacle });
      asked.push({ ...asking, hasTurn: obstacle === undefined });
    }
    this.#asked = asked;
    return {
      turns: new Set(asked.filter(({ hasTurn }) => hasTurn).map(({ role }) => role)),
      because,
      words: asked.map(wordOf),
    };
  }

  /** Why it is not this device's turn; undefined when it is. */
  #obstacle(
    { role, ceiling = ceilingDefault }: Disturbance,
    { sinceMs, ticket }: Asked,
    seen: { readonly isCutOff: boolean; readonly living: Living },
    turn: Turn,
  ): string | undefined {
    if (seen.isCutOff) return "this device is cut off, and cannot know what others do";
    const heardMs = sinceMs + this.#settings.roleSettleMs;
    if (turn.now.monoMs < heardMs) {
      this.#deadlineMs = Math.min(this.#deadlineMs, heardMs);
      return "others are told first";
    }
    const name = nameOf(role);
    const rank = roleRank(this.#crypto, role, this.#agent);
    const isFavored = (agent: AgentId): boolean => compareText(roleRank(this.#crypto, role, agent), rank) > 0;
    const asking = seen.living.flatMap(({ agent, capabilities }) =>
      wordsOn(name, capabilities).map((word) => ({ agent, ...word })),
    );
    const busy = asking.filter(({ hasTurn }) => hasTurn);
    const before = asking.filter(
      (each) => !each.hasTurn && (each.ticket < ticket || (each.ticket === ticket && isFavored(each.agent))),
    );
    if (busy.length + before.length < ceiling) return undefined;
    return `${busy.length} of at most ${ceiling} ${ceiling === 1 ? "device is" : "devices are"} disturbed now, ${before.length} wait before this one`;
  }
}

function nameOf(role: ResourceId): string {
  return parseResourceId(role)?.name ?? "";
}

/** What a device says of a role that it asks for. */
interface Word {
  readonly ticket: number;
  readonly hasTurn: boolean;
}

const begins = "disturb:";
const does = ":does";

/** No capability's name has a colon. */
function wordOf({ role, ticket, hasTurn }: Asked): string {
  return `${begins}${nameOf(role)}:${ticket}${hasTurn ? does : ""}`;
}

/** What a member whose entry carries these says of a role: once, where it is honest. */
function wordsOn(name: string, capabilities: readonly string[]): readonly Word[] {
  return capabilities.flatMap((word): Word[] => {
    if (!word.startsWith(`${begins}${name}:`)) return [];
    const [, ticket = "", turn] = word.slice(begins.length).split(":");
    return /^\d{1,9}$/.test(ticket) ? [{ ticket: Number(ticket), hasTurn: turn === "does" }] : [];
  });
}

function highestTicket(name: string, living: Living): number {
  const tickets = living.flatMap(({ capabilities }) =>
    wordsOn(name, capabilities).map((word) => word.ticket),
  );
  return Math.max(0, ...tickets);
}
