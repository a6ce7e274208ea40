import { setTimeout as delay } from "node:timers/promises";
import {
  type EvictionWire,
  type Member,
  type MemberWire,
  memberWire,
  type VerifiedEviction,
} from "@antibody/core";
import { type AgentId, isRejection, type Rejection, reject } from "@antibody/policy";
import type { Connection, Stream } from "@libp2p/interface";
import { type LengthPrefixedStream, lpStream } from "@libp2p/utils";
import { HostRates } from "../limiter.ts";
import {
  helloBytesMax,
  helloHostsMax,
  hellosBurst,
  hellosPerSecond,
  hellosTotalBurst,
  hellosTotalPerSecond,
  helloTimeoutMs,
  ownEntryPollMs,
} from "../limits.ts";
import { decodeMap, encodeMap } from "../wire/cbor.ts";
import { evictionWire } from "../wire/wire.ts";
import { readEviction, readMember } from "../wire/wireDecode.ts";
import type { Gate } from "./gate.ts";
import { hostOf } from "./newcomers.ts";

/** The protocol by which two agents show each other their certificates. */
export const helloProtocol = "/antibody/hello/1.0.0";

/** What hello needs. */
export interface HelloOptions {
  readonly gate: Gate;
  /** The agent behind a connection, by the key that Noise proved. */
  agentOf(connection: Connection): AgentId | undefined;
  /** The agent's own chain and newest entry; undefined until the first entry is signed. */
  own(): Member | undefined;
  /** Checks chain and entry. */
  verify(member: MemberWire): Member | Rejection;
  /** Why a member is not let in. */
  evictionOf(member: Member): VerifiedEviction | undefined;
  /** A peer did not let this agent in, and shows why. */
  turnedAway(eviction: EvictionWire): void;
  /** Whether an agent is kept out for what it did. */
  banned(agent: AgentId): boolean;
  /** A hello that was refused, by us or by the other side. */
  refused(connection: Connection, rejection: Rejection): void;
}

/**
 * How a hello ended: `refused` on either side; `broken` when the stream ended or said nothing in time; `unready`
 * when this agent has not signed its own entry yet.
 */
export type HelloResult = "established" | "refused" | "broken" | "unready";

/** Says hello over connections that we opened, and answers those that others opened. */
export class Hello {
  readonly #options: HelloOptions;
  readonly #answers = new HostRates({
    perSecond: hellosPerSecond,
    burst: hellosBurst,
    totalPerSecond: hellosTotalPerSecond,
    totalBurst: hellosTotalBurst,
    hostsMax: helloHostsMax,
  });

  constructor(options: HelloOptions) {
    this.#options = options;
  }

  /** Three moves: our hello, theirs, and a welcome, after which both sides have verified the other. */
  async say(connection: Connection, signal: AbortSignal): Promise<HelloResult> {
    const { gate } = this.#options;
    const own = await this.#ownFields(signal);
    if (own === undefined) return "unready";
    try {
      const stream = await connection.newStream(helloProtocol, { signal, runOnLimitedConnection: true });
      const wire = frames(stream);
      await wire.write(encodeMap({ type: "hello", ...own }), { signal });
      const answer = (await wire.read({ signal })).slice();
      const eviction = readEviction(decodeMap(answer)?.["eviction"]);
      if (eviction !== undefined) this.#options.turnedAway(eviction);
      const member = this.#check(connection, readHello(answer));
      if (isRejection(member)) {
        this.#options.refused(connection, member);
        stream.abort(new Error(member.detail));
        return "refused";
      }
      if (this.#options.evictionOf(member) !== undefined) {
        this.#options.refused(connection, evicted(member));
        stream.abort(new Error("Evicted"));
        return "refused";
      }
      gate.admit(connection);
      await wire.write(encodeMap({ type: "welcome" }), { signal });
      void stream.close({ signal }).catch(() => stream.abort(new Error("Hello is over")));
      gate.establish(connection, member);
      return "established";
    } catch {
      // Whatever broke the stream (a reset, silence, a peer that is going away) says no more than that.
      return "broken";
    }
  }

  /** The other side of `say`. Never rejects. */
  async answer(stream: Stream, connection: Connection): Promise<void> {
    const { gate } = this.#options;
    const signal = AbortSignal.timeout(helloTimeoutMs);
    try {
      if (!this.#answers.take(hostOf(connection.remoteAddr))) throw new Error("Too many hellos");
      const wire = frames(stream);
      const member = this.#check(connection, readHello((await wire.read({ signal })).slice()));
      if (isRejection(member)) {
        this.#options.refused(connection, member);
        await wire.write(encodeMap({ type: "refused", reason: member.reason }), { signal });
        await stream.close({ signal });
        return;
      }
      const eviction = this.#options.evictionOf(member);
      if (eviction !== undefined) {
        this.#options.refused(connection, evicted(member));
        const shown = { type: "refused", reason: "evicted", eviction: evictionWire(eviction) };
        await wire.write(encodeMap(shown), { signal });
        await stream.close({ signal });
        return;
      }
      const own = await this.#ownFields(signal);
      if (own === undefined) throw new Error("Not ready");
      // Before our own hello is out: the other side may use the session as soon as it has read it.
      gate.admit(connection);
      await wire.write(encodeMap({ type: "hello", ...own }), { signal });
      const welcome = decodeMap((await wire.read({ signal })).slice());
      if (welcome?.["type"] !== "welcome") throw new Error("Not welcome");
      gate.establish(connection, member);
      await stream.close({ signal });
    } catch (error) {
      stream.abort(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** An agent that was just started signs its first entry within milliseconds: it is waited for. */
  async #ownFields(signal: AbortSignal): Promise<MemberWire | undefined> {
    for (;;) {
      const own = this.#options.own();
      if (own !== undefined) return memberWire(own);
      if (signal.aborted) return undefined;
      await delay(ownEntryPollMs, undefined, { ref: false });
    }
  }

  #check(connection: Connection, hello: MemberWire | Rejection): Member | Rejection {
    if (isRejection(hello)) return hello;
    const agent = this.#options.agentOf(connection);
    if (agent === undefined) return reject("unknownKey", "the connection is not by an Ed25519 key");
    if (this.#options.banned(agent)) return reject("quota", "kept out for what it sent");
    const member = this.#options.verify(hello);
    if (isRejection(member)) return member;
    if (member.certificate.agent !== agent) {
      return reject("unknownKey", "the certificate is of another key than the connection");
    }
    return member;
  }
}

function evicted({ certificate }: Member): Rejection {
  return reject("noGrant", `${certificate.certificate.name} was evicted from the swarm`);
}

function frames(stream: Stream): LengthPrefixedStream<Stream> {
  return lpStream(stream, { maxDataLength: helloBytesMax, maxBufferSize: 2 * helloBytesMax });
}

function readHello(bytes: Uint8Array): MemberWire | Rejection {
  const { type, ...fields } = decodeMap(bytes) ?? {};
  if (type === "refused") {
    return reject("noGrant", `the peer refused our hello: ${String(fields["reason"]).slice(0, 40)}`);
  }
  const member = type === "hello" ? readMember(fields) : undefined;
  return member ?? reject("malformed", "not a hello");
}
