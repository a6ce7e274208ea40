import type { AgentId } from "@antibody/policy";
import type { Digests } from "../contract/messages.ts";
import type { Snapshot } from "../contract/snapshot.ts";
import type { Incarnation } from "../contract/statements.ts";
import type { Turn } from "../contract/turn.ts";
import { keep, recall } from "../keeping/snapshot.ts";

/** What questions to peers carry. */
export interface AskingPorts {
  /** Digests of what is held now. */
  digests(turn: Turn): Digests;
  /** The incarnation on which votes are held against a peer: it hears of them before anyone else (buddy rule). */
  accusationOf(peer: AgentId): Incarnation | undefined;
}

/** The sequence of probes that are out of turn. */
export const outOfTurn = 0;

/** Sends probes: those in turn each with a sequence of its own. */
export class Asking {
  readonly #ports: AskingPorts;
  #sequence: number;

  constructor(ports: AskingPorts, dump?: Snapshot) {
    this.#ports = ports;
    this.#sequence = dump === undefined ? 0 : recall<number>(dump);
  }

  dump(): Snapshot {
    return keep(this.#sequence);
  }

  /** A probe in turn: from it on, both count the time to the next. Gives its sequence. */
  look(peer: AgentId, turn: Turn): number {
    this.#sequence += 1;
    this.#send(peer, this.#sequence, turn);
    return this.#sequence;
  }

  /** A probe out of turn. */
  probe(peer: AgentId, turn: Turn): void {
    this.#send(peer, outOfTurn, turn);
  }

  /** Are you there? With the present digests, and with the accusation when votes are held against the peer. */
  #send(peer: AgentId, sequence: number, turn: Turn): void {
    const digests = this.#ports.digests(turn);
    const incarnation = this.#ports.accusationOf(peer);
    const probe = { type: "probe", sequence, digests } as const;
    const message = incarnation === undefined ? probe : { ...probe, accusation: { incarnation } };
    turn.emit({ type: "send", to: peer, message });
  }

  /** Please probe the subject for me (SWIM's indirect probe). */
  askOthers(subject: AgentId, helpers: readonly AgentId[], turn: Turn): void {
    for (const to of helpers) {
      this.#sequence += 1;
      const message = { type: "probeRequest", sequence: this.#sequence, subject } as const;
      turn.emit({ type: "send", to, message });
    }
  }
}
