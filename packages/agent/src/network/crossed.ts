import type { AgentId } from "@antibody/policy";
import type { Connection } from "@libp2p/interface";
import type { Gate, Session } from "./gate.ts";
import { crossedLookMs, retireTimeoutMs } from "./limits.ts";
import { isRelayed } from "./relayed.ts";
import { routeProtocol } from "./routes.ts";

/**
 * Two agents that start at once dial each other, and then have two direct connections. Both ends go on with the one
 * that the agent of the smaller id has dialed: the other costs a socket and its keep-alives for nothing.
 */
export function keptOfCrossed(
  connections: readonly Connection[],
  own: AgentId,
  peer: AgentId,
): Connection | undefined {
  const direct = connections.filter((connection) => !isRelayed(connection));
  const ofSmaller = own < peer ? "outbound" : "inbound";
  const isCrossed = new Set(direct.map(({ direction }) => direction)).size > 1;
  return isCrossed ? direct.findLast(({ direction }) => direction === ofSmaller) : undefined;
}

/**
 * Direct connections that this agent has dialed and that are needed no more. Of crossed ones only the agent of the
 * greater id closes: it has answered the connection that stays, and the answering end is the last to know that hello
 * is done, so both ends hold it by then. Of several that it has dialed alone it keeps the one in use.
 */
export function spareConnections({ agent, connections }: Session, own: AgentId): readonly Connection[] {
  const direct = connections.filter((connection) => !isRelayed(connection));
  const crossed = keptOfCrossed(connections, own, agent);
  if (crossed !== undefined && own < agent) return [];
  const kept = crossed ?? direct.at(-1);
  return direct.filter((connection) => connection.direction === "outbound" && connection !== kept);
}

function carriesRoute({ streams }: Connection): boolean {
  return streams.some(({ protocol }) => protocol === routeProtocol);
}

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
  connection.close({ signal }).catch((error: Error) => connection.abort(error));
}
