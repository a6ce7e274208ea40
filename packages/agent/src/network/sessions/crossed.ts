import type { AgentId } from "@antibody/policy";
import type { Connection } from "@libp2p/interface";
import { crossedLookMs, retireTimeoutMs } from "../limits.ts";
import { carriesRoute } from "../routes/carrying.ts";
import { breakOff } from "./breakOff.ts";
import type { Gate } from "./gate.ts";
import { type Session, spareConnections } from "./session.ts";

/** Closes spare connections, a moment after both ends have moved on to the one that stays. */
export class Crossed {
  readonly #gate: Pick<Gate, "session">;
  readonly #own: AgentId;
  readonly #timers = new Map<AgentId, NodeJS.Timeout>();

  constructor(gate: Pick<Gate, "session">, own: AgentId) {
    this.#gate = gate;
    this.#own = own;
  }

  /** A session has a new connection. */
  watch(session: Session): void {
    const { agent } = session;
    if (this.#timers.has(agent) || spareConnections(session, this.#own).length === 0) return;
    this.#timers.set(agent, setTimeout(() => this.#look(agent), crossedLookMs).unref());
  }

  stop(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  #look(agent: AgentId): void {
    this.#timers.delete(agent);
    const session = this.#gate.session(agent);
    if (session === undefined) return;
    const spare = spareConnections(session, this.#own);
    for (const connection of spare) if (!carriesRoute(connection)) retire(connection);
    // One that carries a route is closed when the route is over.
    if (spare.some(carriesRoute)) this.watch(session);
  }
}

/** Closes a connection that is needed no more: what is on its way still leaves. */
export function retire(connection: Connection): void {
  const signal = AbortSignal.timeout(retireTimeoutMs);
  connection.close({ signal }).catch((error: Error) => breakOff(connection, error));
}
