import { setTimeout as delay } from "node:timers/promises";
import type { DialResult, Input } from "@antibody/core";
import type { AgentId } from "@antibody/policy";
import type { Connection, PeerId } from "@libp2p/interface";
import { type Bounds, withDeadline } from "../deadline.ts";
import { breakOff } from "./breakOff.ts";
import type { Gate } from "./gate.ts";
import type { Hello } from "./hello.ts";
import { detourPatienceMs, dialsMax } from "./limits.ts";
import type { NetworkNode } from "./node.ts";
import { type Reached, reachByHints } from "./reach.ts";

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
  detour(agent: AgentId): Promise<boolean>;
  /** Told how each attempt ended. */
  dialed(result: Extract<Input, { readonly type: "dialed" }>): void;
  /** Told why, for the log. */
  unreached(agent: AgentId, result: DialResult, detail: string): void;
}

/** Makes connections to peers on the mind's word, at most `dialsMax` at once. */
export class Dialer {
  readonly #options: DialerOptions;
  readonly #sessions = new Map<AgentId, Promise<DialResult>>();
  readonly #stopped = new AbortController();
  #running = 0;

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
    if (peer === undefined || this.#running >= dialsMax) return "failed";
    this.#running += 1;
    try {
      return await withDeadline({ signals: [signal, this.#stopped.signal] }, async (either) => {
        const { node, hintsOf } = this.#options;
        const reached = await reachByHints(node, peer, addresses, hintsOf(agent), either);
        return reached.type === "connection"
          ? await this.#greet(agent, reached.connection, either)
          : reached.type;
      });
    } finally {
      this.#running -= 1;
    }
  }

  /** Ends every attempt; nothing is told any more. */
  stop(): void {
    this.#stopped.abort();
  }

  async #attempt(
    agent: AgentId,
    addresses: readonly string[],
    purpose: "session" | "fresh",
    bounds: Bounds,
  ): Promise<DialResult> {
    const { gate, peerIdOf } = this.#options;
    const peer = peerIdOf(agent);
    if (peer === undefined) return this.#tell(agent, "failed", "its certificate is not known");
    if (purpose === "session" && gate.session(agent) !== undefined) return "connected";
    const known = purpose === "session" ? this.#sessions.get(agent) : undefined;
    if (known !== undefined) return known;
    if (this.#running >= dialsMax) return this.#tell(agent, "failed", "too many dials at once");
    const bounded = { ...bounds, signals: [...bounds.signals, this.#stopped.signal] };
    this.#running += 1;
    const attempt = withDeadline(bounded, (signal) =>
      this.#connect(agent, peer, addresses, purpose, signal),
    ).finally(() => {
      this.#running -= 1;
      if (this.#sessions.get(agent) === attempt) this.#sessions.delete(agent);
    });
    if (purpose === "session") this.#sessions.set(agent, attempt);
    return attempt;
  }

  async #connect(
    agent: AgentId,
    peer: PeerId,
    addresses: readonly string[],
    purpose: "session" | "fresh",
    signal: AbortSignal,
  ): Promise<DialResult> {
    const { node, gate, hintsOf } = this.#options;
    const reached: Reached = await reachByHints(node, peer, addresses, hintsOf(agent), signal);
    if (reached.type !== "connection") return this.#goAround(agent, purpose, reached);
    const { connection } = reached;
    if (purpose === "fresh" && gate.session(agent) !== undefined) {
      // The handshake has proved that the process behind the key lives; the standing session goes on.
      void connection.close().catch((error: Error) => breakOff(connection, error));
      return "connected";
    }
    return this.#greet(agent, connection, signal);
  }

  /**
   * A session may stand through a relay as well. A fresh dial is evidence of the direct link alone; where the session
   * that stands has fallen silent with it, one through a relay is looked for behind it.
   */
  async #goAround(
    agent: AgentId,
    purpose: "session" | "fresh",
    { type, detail }: Exclude<Reached, { readonly type: "connection" }>,
  ): Promise<DialResult> {
    const { gate, detour } = this.#options;
    if (purpose === "session") {
      // A search that takes longer goes on: the session shows by itself.
      const isFound = await Promise.race([detour(agent), delay(detourPatienceMs, false, { ref: false })]);
      if (isFound) return "connected";
    }
    const isSilent = type === "cut" || type === "silent";
    if (purpose === "fresh" && isSilent && gate.session(agent) !== undefined) void detour(agent);
    return this.#tell(agent, type, detail);
  }

  async #greet(agent: AgentId, connection: Connection, signal: AbortSignal): Promise<DialResult> {
    const result = await this.#options.hello.say(connection, signal);
    if (result === "established") return "connected";
    breakOff(connection, new Error("No hello"));
    if (result === "broken" && signal.aborted) return this.#tell(agent, "silent", "no hello followed");
    return this.#tell(agent, "failed", `hello: ${result}`);
  }

  #tell(agent: AgentId, result: DialResult, detail: string): DialResult {
    this.#options.unreached(agent, result, detail);
    return result;
  }
}
