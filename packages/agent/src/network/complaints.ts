import type { DialResult, Event } from "@antibody/core";
import { type AgentId, type Rejection, shortId } from "@antibody/policy";
import type { Connection } from "@libp2p/interface";
import type { IgnoredKind } from "../ports.ts";
import { BlameBook, TokenBucket } from "./limiter.ts";
import { banMs, blamedPeersMax, blameWindowMs, offensesMax, tellsBurst, tellsPerSecond } from "./limits.ts";
import type { NetworkEvent, NetworkEventName } from "./networkOptions.ts";
import { Ignored } from "./wire/ignored.ts";
import { isBlameful, type RefusedItem } from "./wire/verifier.ts";

/** What complaints lead to. */
export interface ComplaintsOptions {
  readonly tell: (event: NetworkEvent) => void;
  /** Ends the session of a peer that is kept out from now on. */
  readonly hangUp: (agent: AgentId) => void;
}

/** What others did wrong, and what went wrong with them: told within bounds, and held against who is to blame. */
export class Complaints {
  readonly #options: ComplaintsOptions;
  readonly #blame = new BlameBook({ offensesMax, windowMs: blameWindowMs, banMs, namesMax: blamedPeersMax });
  readonly #tells = new TokenBucket(tellsPerSecond, tellsBurst);
  readonly #ignored = new Ignored();
  #stopped = false;

  constructor(options: ComplaintsOptions) {
    this.#options = options;
  }

  /** What peers said that this build does not know. */
  get ignored(): readonly IgnoredKind[] {
    return this.#ignored.list();
  }

  /** Whether a peer is kept out. */
  banned(agent: AgentId): boolean {
    return this.#blame.banned(agent);
  }

  /** A peer sent what did not verify. */
  refused(from: AgentId, { kind, rejection }: RefusedItem): void {
    const { reason, detail } = rejection;
    if (reason === "unknownType" && kind !== "policy") {
      this.unknown(from, kind);
      return;
    }
    const blameful = isBlameful(rejection);
    const name = kind === "policy" ? "policy.rejected" : "network.refused";
    this.#tell(name, blameful ? "warn" : "info", { reason, detail, from, kind });
    if (blameful) this.#offense(from, 1, detail);
  }

  /** A peer said what this build does not know, as a newer one may: nobody's fault, and told once. */
  unknown(from: AgentId, kind: string): void {
    if (this.#ignored.add(from, kind)) this.#tell("network.ignored", "info", { kind, from });
  }

  /** A peer broke the protocol. */
  broken(from: AgentId, detail: string): void {
    this.#offense(from, offensesMax, detail);
  }

  /** A stranger's hello was refused. */
  refusedHello(connection: Connection, { reason, detail }: Rejection): void {
    const address = connection.remoteAddr.toString();
    this.#tell("network.refused", "warn", { reason, detail, address });
  }

  /** A join was refused. */
  refusedJoin(detail: string): void {
    this.#tell("network.refused", "warn", { detail });
  }

  /** A dial ended without a session. */
  unreached(agent: AgentId, result: DialResult, detail: string): void {
    // Not reaching a dead peer is everyday life, and the mind tells of it; what is our own fault is not.
    if (result === "failed") this.trouble(`could not dial ${shortId(agent)}: ${detail}`, agent);
  }

  /** Something went wrong and was dealt with. */
  trouble(detail: string, agent?: AgentId): void {
    this.#tell("network.trouble", "info", agent === undefined ? { detail } : { detail, agent });
  }

  /** Nothing is told any more. */
  stop(): void {
    this.#stopped = true;
  }

  #offense(from: AgentId, offenses: number, detail: string): void {
    if (!this.#blame.blame(from, offenses)) return;
    this.#tell("network.banned", "warn", { agent: from, detail, forMs: banMs });
    this.#options.hangUp(from);
  }

  #tell(name: NetworkEventName, level: Event["level"], fields: Event["fields"]): void {
    // Others choose how often this happens: they must not choose how much is written to a card.
    if (!this.#stopped && this.#tells.take(1)) this.#options.tell({ name, level, fields });
  }
}
