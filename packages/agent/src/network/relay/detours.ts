import { randomInt } from "node:crypto";
import type { AgentId } from "@antibody/policy";
import type { Connection, PeerId } from "@libp2p/interface";
import { withDeadline } from "../../deadline.ts";
import { BoundedMap, type Clock, monotonicMs } from "../limiter.ts";
import {
  answerTimeoutMs,
  detoursMax,
  detoursRememberedMax,
  detourTimeoutMs,
  detourWaitMsMax,
  detourWaitMsMin,
  relaysTriedMax,
} from "../limits.ts";
import { mailProtocols } from "../mail/mail.ts";
import type { NetworkNode } from "../node.ts";
import { breakOff } from "../sessions/breakOff.ts";
import type { Gate } from "../sessions/gate.ts";
import type { Hello } from "../sessions/hello.ts";
import { reach } from "../sessions/reach.ts";
import type { Session } from "../sessions/session.ts";
import { directOf } from "../sessions/session.ts";
import { circuitAddress } from "./relayed.ts";

/** What detours need. */
export interface DetoursOptions {
  /** This agent. */
  readonly own: AgentId;
  readonly node: Pick<NetworkNode, "dial">;
  readonly gate: Pick<Gate, "session" | "sessions">;
  readonly hello: Pick<Hello, "say">;
  peerIdOf(agent: AgentId): PeerId | undefined;
  /** Who most likely has a session with an agent: its observers. */
  neighborsOf(agent: AgentId): readonly AgentId[];
  /** Has a direct session with an agent stand, if it can. */
  connectTo(agent: AgentId, signal: AbortSignal): Promise<unknown>;
}

/**
 * Who may relay. `near`: those alone that a session stands with; `anywhere`: where none of them observes the target,
 * sessions are made with others that do.
 */
export type Relays = "near" | "anywhere";

interface Failed {
  readonly waitMs: number;
  readonly untilMs: number;
}

/**
 * Finds the way around a dead link: a session with a peer through one of a few others. The relay is a peer that both
 * have a session with, mostly one of those that observe the target.
 */
export class Detours {
  readonly #options: DetoursOptions;
  readonly #clock: Clock;
  readonly #running = new Map<AgentId, Promise<boolean>>();
  readonly #failed = new BoundedMap<Failed>(detoursRememberedMax);
  readonly #stopped = new AbortController();

  constructor(options: DetoursOptions, clock: Clock = monotonicMs) {
    this.#options = options;
    this.#clock = clock;
  }

  /**
   * Whether a session through a relay stands now. Tries seldom where it has failed: nobody may reach a dead peer.
   * `instead`: only where what stands does not answer; `beside`: in any case.
   */
  find(agent: AgentId, place: "instead" | "beside", relays: Relays): Promise<boolean> {
    const running = this.#running.get(agent);
    if (running !== undefined) return running;
    const isTooSoon = (this.#failed.get(agent)?.untilMs ?? 0) > this.#clock();
    if (isTooSoon || this.#running.size >= detoursMax) return Promise.resolve(false);
    const finding = this.#find(agent, place, relays).finally(() => this.#running.delete(agent));
    this.#running.set(agent, finding);
    return finding;
  }

  /** Ends every search. */
  stop(): void {
    this.#stopped.abort();
  }

  async #find(agent: AgentId, place: "instead" | "beside", relays: Relays): Promise<boolean> {
    const bounds = { ms: detourTimeoutMs, signals: [this.#stopped.signal] };
    const isFound = await withDeadline(bounds, (signal) => this.#attempt(agent, place, relays, signal));
    const before = this.#failed.get(agent)?.waitMs ?? 0;
    const waitMs = isFound ? 0 : Math.min(detourWaitMsMax, Math.max(detourWaitMsMin, 2 * before));
    // Those who lost the same peer together do not ask for it together for ever.
    const untilMs = this.#clock() + waitMs / 2 + randomInt(Math.floor(waitMs / 2) + 1);
    this.#failed.set(agent, { waitMs, untilMs });
    return isFound;
  }

  async #attempt(
    agent: AgentId,
    place: "instead" | "beside",
    relays: Relays,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { node, gate, hello, peerIdOf } = this.#options;
    const peer = peerIdOf(agent);
    if (peer === undefined) return false;
    const standing = gate.session(agent)?.connections.at(-1);
    const isAsked = standing !== undefined && place === "instead";
    const isAnswered = isAsked ? answers(standing) : Promise.resolve(false);
    const connections = await this.#relaysTo(agent, relays, signal);
    const addresses = connections.map((connection) => circuitAddress(connection, peer));
    const reached = await reach(node, peer, addresses, signal);
    if (reached.type !== "connection") return false;
    const { connection } = reached;
    const newest = gate.session(agent)?.connections.at(-1);
    // A hello would end what stands: not where it works after all, or where the peer was faster.
    const isNeeded = !(await isAnswered) && newest?.id === standing?.id;
    if (isNeeded && (await hello.say(connection, signal)) === "established") return true;
    breakOff(connection, new Error("Not needed"));
    return false;
  }

  /** Direct connections to those who are asked, the most promising first. */
  async #relaysTo(agent: AgentId, relays: Relays, signal: AbortSignal): Promise<readonly Connection[]> {
    const { own, gate, neighborsOf, connectTo } = this.#options;
    const neighbors = new Set(neighborsOf(agent));
    const sessions = shuffled(gate.sessions().filter((session) => session.agent !== agent));
    const near = sessions.filter((session) => neighbors.has(session.agent)).flatMap(direct);
    if (near.length > 0) return near.slice(0, relaysTriedMax);
    if (relays === "near") return sessions.flatMap(direct).slice(0, relaysTriedMax);
    const distant = shuffled([...neighbors].filter((neighbor) => neighbor !== agent && neighbor !== own));
    const asked = distant.slice(0, relaysTriedMax);
    await withDeadline({ ms: detourTimeoutMs / 2, signals: [signal] }, (soon) =>
      Promise.all(asked.map((neighbor) => connectTo(neighbor, soon))),
    );
    const made = asked.flatMap((neighbor) => direct(gate.session(neighbor)));
    return [...made, ...sessions.flatMap(direct)].slice(0, relaysTriedMax);
  }
}

function direct(session: Session | undefined): readonly Connection[] {
  const connection = directOf(session);
  return connection === undefined ? [] : [connection];
}

/** Whether the other end of a connection still answers: it agrees to a stream. */
async function answers(connection: Connection): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(answerTimeoutMs);
    const stream = await connection.newStream([...mailProtocols.probe], {
      signal,
      runOnLimitedConnection: true,
    });
    void stream.close({ signal }).catch(() => stream.abort(new Error("Only asked")));
    return true;
  } catch {
    return false;
  }
}

function shuffled<Item>(items: readonly Item[]): Item[] {
  return items
    .map((item) => ({ item, at: randomInt(2 ** 32) }))
    .sort((left, right) => left.at - right.at)
    .map(({ item }) => item);
}
