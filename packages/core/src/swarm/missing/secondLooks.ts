import type { AgentId } from "@antibody/policy";
import type { Snapshot } from "../../contract/snapshot.ts";
import { type MonotonicMs, NEVER, NOT_YET } from "../../contract/time.ts";
import type { Turn } from "../../contract/turn.ts";
import { keep, recall } from "../../keeping/snapshot.ts";
import type { Settings } from "../../settings.ts";
import type { Links } from "../links.ts";
import type { Directory } from "../members/directory.ts";
import type { Probing } from "../observing/probing.ts";
import { isUnmet } from "../observing/watch.ts";
import type { Missing } from "./missing.ts";

/** What they stand on. */
export interface SecondLooksPorts {
  readonly settings: Settings;
  readonly directory: Directory;
  readonly links: Links;
  readonly probing: Probing;
  readonly missing: Missing;
}

/**
 * Since somebody is missed, and spread by so much for each member: a host that is cut off meets at most a hundred dials
 * a second from everyone together. Guesses.
 */
const firstMs = 2_000;
const spreadPerMemberMs = 10;
/** Each of the missing is dialed about this often, and one of them in this time at most. Guesses. */
const againMs = 15_000;
const leastMs = 10_000;
/**
 * After a partition: who is back has said so within a second in the middle, and what others say of whom they miss may have
 * been on its way for as long as the partition was, or be said no more where nobody hears it. Then one of them is dialed
 * so often, for as long. Guesses: a handshake in a second is little for any processor.
 */
const healedFirstMs = 1_200;
const healedSpreadMs = 400;
const healedAgainMs = 800;
const healingMs = 10_000;

interface SecondLooksDump {
  readonly nextMs: MonotonicMs;
  readonly last: AgentId | undefined;
  readonly healingUntilMs: MonotonicMs;
}

/**
 * Sees now and then for itself whether those whom others miss are out of reach: gossip has no history, so the word that
 * somebody is back may never come, or come before the word that it is gone.
 */
export class SecondLooks {
  readonly #ports: SecondLooksPorts;
  #nextMs: MonotonicMs;
  #last: AgentId | undefined;
  /** Until then a partition has just ended. */
  #healingUntilMs: MonotonicMs;

  constructor(ports: SecondLooksPorts, snapshot?: Snapshot) {
    this.#nextMs = NEVER;
    this.#healingUntilMs = NOT_YET;
    this.#ports = ports;
    if (snapshot === undefined) return;
    const dump = recall<SecondLooksDump>(snapshot);
    this.#nextMs = dump.nextMs;
    this.#last = dump.last;
    this.#healingUntilMs = dump.healingUntilMs;
  }

  dump(): Snapshot {
    const dump: SecondLooksDump = {
      nextMs: this.#nextMs,
      last: this.#last,
      healingUntilMs: this.#healingUntilMs,
    };
    return keep(dump);
  }

  get deadline(): MonotonicMs {
    return this.#nextMs;
  }

  /** Somebody is held missing, or no longer. True when the deadline moved. */
  follow(turn: Turn): boolean {
    const isNeeded = this.#ports.missing.heldCount > 0;
    if (isNeeded === (this.#nextMs !== NEVER)) return false;
    const spreadMs = spreadPerMemberMs * (this.#ports.directory.size + 1);
    this.#nextMs = isNeeded ? turn.now.monoMs + firstMs + turn.random.below(spreadMs) : NEVER;
    return true;
  }

  /**
   * This agent itself was cut off: what it heard of others before may be long over, or hold as before, and nobody says it
   * anew. It sees for itself.
   */
  lookSoon(turn: Turn): void {
    if (this.#nextMs !== NEVER) this.#nextMs = Math.min(this.#nextMs, turn.now.monoMs + leastMs);
  }

  /** A partition is over: whoever is still held missing in a moment has not been heard, and may be there. */
  lookThrough(turn: Turn): void {
    const now = turn.now.monoMs;
    this.#healingUntilMs = now + healingMs;
    if (this.#nextMs === NEVER) return;
    this.#nextMs = Math.min(this.#nextMs, now + healedFirstMs + turn.random.below(healedSpreadMs));
  }

  due(turn: Turn): void {
    if (this.#nextMs > turn.now.monoMs) return;
    const { settings, links, missing } = this.#ports;
    const others = missing.held().filter((subject) => this.#isUnseen(subject));
    const next = others.find((subject) => this.#last === undefined || subject > this.#last) ?? others[0];
    this.#last = next;
    if (next !== undefined) links.dial(next, "fresh", settings.freshTimeoutMs, turn);
    const isHealing = turn.now.monoMs < this.#healingUntilMs;
    const againAfterMs = Math.max(leastMs, Math.floor(againMs / Math.max(1, others.length)));
    this.#nextMs = turn.now.monoMs + (isHealing ? healedAgainMs : againAfterMs);
  }

  /** Only the word of others is known: this agent does not observe it, or has not met it since a partition. */
  #isUnseen(subject: AgentId): boolean {
    const watch = this.#ports.probing.watchOf(subject);
    return watch?.duty !== "observe" || (isUnmet(watch) && watch.stage === "idle");
  }
}
