import type { AgentId } from "@antibody/policy";
import type { Connection } from "@libp2p/interface";
import { type Clock, monotonicMs } from "../limiter.ts";
import { circuitBytesMax, circuitMsMax, returnLookMs, returnWaitMsMax, returnWaitMsMin } from "../limits.ts";
import { carriesRoute } from "../routes/carrying.ts";
import { retire } from "../sessions/crossed.ts";
import type { Gate } from "../sessions/gate.ts";
import type { Session } from "../sessions/session.ts";
import { isRelayed } from "./relayed.ts";

/** What returns need. */
export interface ReturnsOptions {
  readonly gate: Pick<Gate, "sessions">;
  /** This agent. */
  readonly agent: AgentId;
  /** Tries a direct connection beside what stands. */
  connectDirectly(agent: AgentId): Promise<unknown>;
  /** Tries another circuit beside the one that stands. */
  findDetour(agent: AgentId): Promise<unknown>;
}

interface Watched {
  readonly sinceMs: number;
  nextMs: number;
  isTrying: boolean;
}

/**
 * Brings relayed sessions back to a direct link: it is tried again and again, by both ends, since one of them may sit
 * behind a NAT. When it stands, the circuit is closed by whoever opened it, as soon as no route needs it. A circuit
 * that grows old is replaced before its relay ends it.
 */
export class Returns {
  readonly #options: ReturnsOptions;
  readonly #clock: Clock;
  readonly #watched = new Map<AgentId, Watched>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ReturnsOptions, clock: Clock = monotonicMs) {
    this.#options = options;
    this.#clock = clock;
  }

  /** A session has a new connection. Looks go on for as long as any connection is relayed. */
  watch(session: Session): void {
    if (session.connections.some(isRelayed))
      this.#timer ??= setInterval(() => this.#look(), returnLookMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    const sessions = this.#options.gate.sessions().filter(({ connections }) => connections.some(isRelayed));
    const agents = new Set(sessions.map(({ agent }) => agent));
    for (const agent of this.#watched.keys()) if (!agents.has(agent)) this.#watched.delete(agent);
    if (sessions.length === 0) this.stop();
    for (const session of sessions) {
      for (const spare of spareCircuits(session, this.#options.agent)) retire(spare);
      this.#seek(session);
    }
  }

  #seek({ agent, connections }: Session): void {
    const newest = connections.at(-1);
    if (newest === undefined || !isRelayed(newest)) {
      this.#watched.delete(agent);
      return;
    }
    const nowMs = this.#clock();
    const watched = this.#watched.get(agent) ?? { sinceMs: nowMs, nextMs: nowMs, isTrying: false };
    this.#watched.set(agent, watched);
    if (watched.isTrying || watched.nextMs > nowMs) return;
    watched.isTrying = true;
    void this.#try(agent, newest).finally(() => {
      const endedMs = this.#clock();
      const bound = Math.min(returnWaitMsMax, Math.max(returnWaitMsMin, (endedMs - watched.sinceMs) / 4));
      watched.nextMs = endedMs + bound;
      watched.isTrying = false;
    });
  }

  async #try(agent: AgentId, circuit: Connection): Promise<void> {
    await this.#options.connectDirectly(agent);
    if (circuit.direction === "outbound" && isHalfSpent(circuit)) await this.#options.findDetour(agent);
  }
}

function isHalfSpent({ timeline, limits }: Connection): boolean {
  const isOld = Date.now() - timeline.open > circuitMsMax / 2;
  return isOld || (limits?.bytes !== undefined && limits.bytes < BigInt(circuitBytesMax / 2));
}

/**
 * Circuits that this agent opened and that are needed no more. Of two that were opened from both ends at once the one
 * stays whose opener sorts first, so that both ends keep the same.
 */
export function spareCircuits({ agent, connections }: Session, own: AgentId): readonly Connection[] {
  const newest = connections.at(-1);
  const circuits = connections.filter(isRelayed);
  const isDirect = newest !== undefined && !isRelayed(newest);
  const opened = circuits.filter(({ direction }) => direction === "outbound");
  const isCalled = circuits.length > opened.length;
  const kept = isDirect || (isCalled && agent < own) ? undefined : opened.at(-1);
  return opened.filter((connection) => connection !== kept && !carriesRoute(connection));
}
