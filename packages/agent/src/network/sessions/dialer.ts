import { setTimeout as delay, setImmediate as turn } from "node:timers/promises";
import type { DialResult, Input } from "@antibody/core";
import type { AgentId } from "@antibody/policy";
import type { Connection, PeerId } from "@libp2p/interface";
import { type Bounds, withDeadline } from "../../deadline.ts";
import { detourPatienceMs, dialsMax, lateHandshakeMs, lateHandshakesMax } from "../limits.ts";
import type { NetworkNode } from "../node.ts";
import type { Relays } from "../relay/detours.ts";
import { breakOff } from "./breakOff.ts";
import type { Gate } from "./gate.ts";
import type { Hello } from "./hello.ts";
import { noProgress, type Progress, type Reached, reachByHints } from "./reach.ts";
import { directOf, type Session } from "./session.ts";

/** What the dialer needs. */
export interface DialerOptions {
  readonly node: NetworkNode;
  readonly gate: Gate;
  readonly hello: Hello;
  /** The libp2p identity of an enrolled agent; undefined when its certificate is not known. */
  peerIdOf(agent: AgentId): PeerId | undefined;
  /** Where an enrolled agent may be as well, besides the addresses that it tells. */
  hintsOf(agent: AgentId): readonly string[];
  /** Tries to have a session through a relay; true when it stands. */
  detour(agent: AgentId, relays: Relays): Promise<boolean>;
  /** Told how each attempt ended. */
  dialed(result: Extract<Input, { readonly type: "dialed" }>): void;
  /** Told why, for the log. */
  unreached(agent: AgentId, result: DialResult, detail: string): void;
}

/** How an attempt ended: `connected` when a session stands, or the peer has proved its key beside one. */
interface Outcome {
  readonly type: DialResult;
  readonly detail: string;
}

/** One attempt at a peer. It may outlast the dial that has begun it. */
interface Attempt {
  readonly ended: Promise<Outcome>;
  readonly progress: Progress;
  giveUp(): void;
}

const connected: Outcome = { type: "connected", detail: "" };

/**
 * Makes connections to peers on the mind's word, at most `dialsMax` at once. A peer that has accepted one and shows no
 * key in time is silent, and may only be busy, as this agent may be: the handshake goes on behind the dial's result,
 * and what comes of it is a session. Else two busy agents would go on dialing each other, and throw away each time what
 * the handshake has cost.
 */
export class Dialer {
  readonly #options: DialerOptions;
  readonly #sessions = new Map<AgentId, Attempt>();
  readonly #stopped = new AbortController();
  #running = 0;
  #late = 0;

  constructor(options: DialerOptions) {
    this.#options = options;
  }

  /** Tries, and tells the result within about `timeoutMs`. */
  async dial(
    agent: AgentId,
    addresses: readonly string[],
    purpose: "session" | "fresh",
    timeoutMs: number,
  ): Promise<DialResult> {
    const result = await this.#attempt(agent, addresses, purpose, { ms: timeoutMs, signals: [] });
    if (!this.#stopped.signal.aborted) this.#options.dialed({ type: "dialed", peer: agent, purpose, result });
    return result;
  }

  /** Has a session stand, if it can, without telling the mind: on behalf of a route. */
  async connect(agent: AgentId, addresses: readonly string[], signal: AbortSignal): Promise<DialResult> {
    return this.#attempt(agent, addresses, "session", { signals: [signal] });
  }

  /**
   * Makes a direct connection and has it become a session, whatever stands already; never through a relay: on behalf
   * of a relay.
   */
  async connectDirectly(
    agent: AgentId,
    addresses: readonly string[],
    signal: AbortSignal,
  ): Promise<DialResult> {
    const peer = this.#options.peerIdOf(agent);
    if (peer === undefined) return "failed";
    const known = this.#sessions.get(agent);
    if (known === undefined && this.#running >= dialsMax) return "failed";
    return withDeadline({ signals: [signal, this.#stopped.signal] }, async (either) => {
      const attempt = known ?? this.#begin(agent, peer, addresses, "beside");
      const outcome = await Promise.race([attempt.ended, aborted(either)]);
      if (known === undefined) attempt.giveUp();
      return (outcome ?? (await attempt.ended)).type;
    });
  }

  /**
   * A session stands. Where the peer has made it, whose end knows of it by now, what this agent has begun for one is needed
   * no more: agents that start together would else finish two handshakes for each session.
   */
  opened(session: Session): void {
    const direct = directOf(session);
    if (direct?.direction === "inbound") this.#sessions.get(session.agent)?.giveUp();
  }

  /** Ends every attempt; nothing is told any more. */
  stop(): void {
    this.#stopped.abort();
  }

  async #attempt(
    agent: AgentId,
    addresses: readonly string[],
    purpose: "session" | "fresh",
    { ms, signals }: Bounds,
  ): Promise<DialResult> {
    const { gate, peerIdOf } = this.#options;
    const peer = peerIdOf(agent);
    if (peer === undefined) return this.#tell(agent, "failed", "its certificate is not known");
    if (purpose === "session" && gate.session(agent) !== undefined) return "connected";
    const known = purpose === "session" ? this.#sessions.get(agent) : undefined;
    if (known === undefined && this.#running >= dialsMax) {
      return this.#tell(agent, "failed", "too many dials at once");
    }
    const bounds = { ...(ms === undefined ? {} : { ms }), signals: [...signals, this.#stopped.signal] };
    const outcome = await withDeadline(bounds, async (signal) => {
      const attempt = known ?? this.#begin(agent, peer, addresses, purpose);
      const inTime = await Promise.race([attempt.ended, aborted(signal)]);
      if (inTime !== undefined) return inTime;
      const { accepted, acceptedAtHints } = attempt.progress;
      if (accepted + acceptedAtHints === 0) {
        if (known === undefined) attempt.giveUp();
        return attempt.ended;
      }
      if (known === undefined) this.#outlast(agent, attempt);
      // Who accepts at a hint has not proved that it is the peer, which may be gone: a forged one must not stall it.
      if (accepted === 0) return { type: "cut", detail: "no answer from its addresses" } as const;
      return { type: "silent", detail: "it has accepted, and said nothing" } as const;
    });
    const isThere = purpose === "session" && gate.session(agent) !== undefined;
    return isThere || outcome.type === "connected" ? "connected" : this.#goAround(agent, purpose, outcome);
  }

  /** Starts an attempt, which ends by itself or when it is given up. */
  #begin(
    agent: AgentId,
    peer: PeerId,
    addresses: readonly string[],
    purpose: "session" | "fresh" | "beside",
  ): Attempt {
    const progress = noProgress();
    const givenUp = new AbortController();
    const signals = [givenUp.signal, this.#stopped.signal];
    this.#running += 1;
    const ended = withDeadline({ signals }, (signal) =>
      this.#connect(agent, peer, addresses, purpose === "beside", progress, signal),
    ).finally(() => {
      this.#running -= 1;
      if (this.#sessions.get(agent) === attempt) this.#sessions.delete(agent);
    });
    const attempt: Attempt = { ended, progress, giveUp: () => givenUp.abort() };
    if (purpose === "session") this.#sessions.set(agent, attempt);
    return attempt;
  }

  /** The dial is over, and the handshake goes on: who dials the peer for a session meanwhile waits for this one. */
  #outlast(agent: AgentId, attempt: Attempt): void {
    const { gate, detour } = this.#options;
    const known = this.#sessions.get(agent) ?? attempt;
    if (known !== attempt || gate.session(agent) !== undefined || this.#late >= lateHandshakesMax) {
      attempt.giveUp();
      return;
    }
    this.#sessions.set(agent, attempt);
    this.#late += 1;
    const timer = setTimeout(() => attempt.giveUp(), lateHandshakeMs).unref();
    void attempt.ended.then(({ type }) => {
      clearTimeout(timer);
      this.#late -= 1;
      const isThere = type === "connected" || gate.session(agent) !== undefined;
      if (!isThere && !this.#stopped.signal.aborted) void detour(agent, relaysAfter(type));
    });
  }

  async #connect(
    agent: AgentId,
    peer: PeerId,
    addresses: readonly string[],
    isBeside: boolean,
    progress: Progress,
    signal: AbortSignal,
  ): Promise<Outcome> {
    const { node, gate, hintsOf } = this.#options;
    const hints = hintsOf(agent);
    const reached: Reached = await reachByHints(node, peer, addresses, hints, signal, progress);
    if (reached.type !== "connection") return reached;
    const { connection } = reached;
    if (!isBeside && gate.session(agent) !== undefined) {
      // The handshake has proved that the process behind the key lives; the standing session goes on.
      void connection.close().catch((error: Error) => breakOff(connection, error));
      return connected;
    }
    progress.accepted += 1;
    return this.#greet(connection, signal).finally(() => {
      progress.accepted -= 1;
    });
  }

  /**
   * A session may stand through a relay as well. A fresh dial is evidence of the direct link alone; where the session
   * that stands has fallen silent with it, one through a relay is looked for behind it.
   */
  async #goAround(
    agent: AgentId,
    purpose: "session" | "fresh",
    { type, detail }: Outcome,
  ): Promise<DialResult> {
    const { gate, detour } = this.#options;
    // What is late may still become a session; a detour would lead to the same busy process.
    if (purpose === "session" && !this.#sessions.has(agent)) {
      // A search that takes longer goes on: the session shows by itself.
      const isFound = await Promise.race([
        detour(agent, relaysAfter(type)),
        delay(detourPatienceMs, false, { ref: false }),
      ]);
      if (isFound) return "connected";
    }
    const isSilent = type === "cut" || type === "silent";
    if (purpose === "fresh" && isSilent && gate.session(agent) !== undefined) void detour(agent, "anywhere");
    return this.#tell(agent, type, detail);
  }

  async #greet(connection: Connection, signal: AbortSignal): Promise<Outcome> {
    const result = await this.#options.hello.say(connection, signal);
    if (result === "established") return connected;
    breakOff(connection, new Error("No hello"));
    if (result === "broken" && signal.aborted) return { type: "silent", detail: "no hello followed" };
    return { type: "failed", detail: `hello: ${result}` };
  }

  #tell(agent: AgentId, result: DialResult, detail: string): DialResult {
    this.#options.unreached(agent, result, detail);
    return result;
  }
}

/**
 * A host that refuses has no process there, or a firewall: no further sessions are made for it. Agents that start together
 * would else dial three others for each that does not run yet.
 */
function relaysAfter(result: DialResult): Relays {
  return result === "refused" ? "near" : "anywhere";
}

/** Resolves when a signal aborts, and what has come by then was read: on a busy machine a timer is earlier. */
async function aborted(signal: AbortSignal): Promise<undefined> {
  if (!signal.aborted)
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  await turn();
}
