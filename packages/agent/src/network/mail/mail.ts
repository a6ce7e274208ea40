import { type Input, messageBytesMax, type PeerMessage } from "@antibody/core";
import type { AgentId } from "@antibody/policy";
import type { StreamHandler } from "@libp2p/interface";
import { TokenBucket } from "../limiter.ts";
import {
  assembledBytesMax,
  probesBurst,
  probesPerSecond,
  syncBytesBurst,
  syncBytesPerSecond,
  syncMessagesBurst,
  syncMessagesPerSecond,
} from "../limits.ts";
import type { Gate } from "../sessions/gate.ts";
import type { Session } from "../sessions/session.ts";
import type { RefusedItem, Verifier } from "../wire/verifier.ts";
import { encodeMessage } from "../wire/wire.ts";
import { decodeMessage } from "../wire/wireDecode.ts";
import { ProtocolBreach } from "./frames.ts";
import { readMessages } from "./inbox.ts";
import { Outbox } from "./outbox.ts";

/** A class of messages with a stream of its own, so that bulk does not hold up probes. */
export type MailClass = "probe" | "sync";

/**
 * The protocols of messages between peers, the newest first: the highest that both know is spoken. Who speaks 1.0.0
 * ends the session over a kind or a field that it does not know; from 1.1.0 on what is not known is ignored.
 */
export const mailProtocols: { readonly [mail in MailClass]: readonly [newest: string, oldest: string] } = {
  probe: ["/antibody/probe/1.1.0", "/antibody/probe/1.0.0"],
  sync: ["/antibody/sync/1.1.0", "/antibody/sync/1.0.0"],
};

/** Messages that came with 1.1.0. */
const newerMessages: ReadonlySet<PeerMessage["type"]> = new Set(["leaseAsk", "leaseAnswer", "leaseRelease"]);

/** What the mail needs. */
export interface MailOptions {
  readonly gate: Gate;
  readonly verifier: Verifier;
  feed(input: Extract<Input, { readonly type: "message" | "unsent" }>): void;
  /** Items of a peer that did not verify. */
  refused(from: AgentId, items: readonly RefusedItem[]): void;
  /** A kind of message, or a field of one, that this build does not know. */
  unknown(from: AgentId, kind: string): void;
  /** A peer that broke the protocol: what it sent was no message, or too large. */
  broken(from: AgentId, detail: string): void;
}

interface Box {
  readonly out: { readonly [mail in MailClass]: Outbox<PeerMessage["type"]> };
  readonly rates: { readonly [mail in MailClass]: Rates };
}

interface Rates {
  readonly messages: TokenBucket;
  readonly bytes: TokenBucket;
}

/** Messages to and from peers, each class over one long-lived stream in each direction. */
export class Mail {
  readonly #options: MailOptions;
  readonly #boxes = new Map<AgentId, Box>();

  constructor(options: MailOptions) {
    this.#options = options;
  }

  /** Queues a message; what cannot be sent comes back as `unsent`. Never blocks. */
  send(to: AgentId, message: PeerMessage): void {
    const session = this.#options.gate.session(to);
    if (session === undefined) this.#options.feed({ type: "unsent", to, message: message.type });
    else this.#boxOf(session).out[classOf(message.type)].send(message.type, encodeMessage(message));
  }

  /** Sends what waits, and resolves when the peers have read it. */
  async finish(): Promise<void> {
    const boxes = [...this.#boxes.values()];
    await Promise.all(boxes.flatMap(({ out }) => [out.probe.finish(), out.sync.finish()]));
  }

  /** A session is over: what still waits is unsent. */
  closed(session: Session): void {
    const box = this.#boxes.get(session.agent);
    this.#boxes.delete(session.agent);
    box?.out.probe.close();
    box?.out.sync.close();
  }

  /** Takes the messages of one class that peers send. */
  handler(mail: MailClass): StreamHandler {
    return (stream, connection) => {
      const session = this.#options.gate.sessionOf(connection.remotePeer);
      if (session === undefined) {
        stream.abort(new Error("No session"));
        return;
      }
      const { agent } = session;
      const rates = this.#boxOf(session).rates[mail];
      void readMessages(stream, {
        messageBytesMax: mail === "probe" ? messageBytesMax : assembledBytesMax,
        ...rates,
        handle: (bytes) => this.#take(agent, mail, bytes),
      }).catch((error: Error) => {
        // Streams also end because connections do: only a breach says something of the peer.
        if (error instanceof ProtocolBreach) this.#options.broken(agent, error.message);
      });
    };
  }

  #take(from: AgentId, mail: MailClass, bytes: Uint8Array): void {
    const read = decodeMessage(bytes);
    if (read === undefined) throw new ProtocolBreach("bytes that are no message");
    if (read.type === "unknown") {
      this.#options.unknown(from, `message ${read.kind}`);
      return;
    }
    const { value: wire, surplus } = read;
    for (const field of surplus) this.#options.unknown(from, `${field} of message ${wire.type}`);
    if (classOf(wire.type) !== mail) throw new ProtocolBreach(`a ${wire.type} among ${mail} messages`);
    const { message, refused } = this.#options.verifier.message(wire);
    if (refused.length > 0) this.#options.refused(from, refused);
    this.#options.feed({ type: "message", from, message });
  }

  #boxOf(session: Session): Box {
    const { agent } = session;
    const known = this.#boxes.get(agent);
    if (known !== undefined) return known;
    const outbox = (mail: MailClass) =>
      new Outbox<PeerMessage["type"]>({
        protocols: mailProtocols[mail],
        isKnownTo: (type, protocol) => protocol !== mailProtocols[mail][1] || !newerMessages.has(type),
        connection: () => this.#options.gate.session(agent)?.connections.at(-1),
        unsent: (message) => this.#options.feed({ type: "unsent", to: agent, message }),
      });
    const box: Box = {
      out: { probe: outbox("probe"), sync: outbox("sync") },
      rates: {
        probe: {
          messages: new TokenBucket(probesPerSecond, probesBurst),
          bytes: new TokenBucket(syncBytesPerSecond, syncBytesBurst),
        },
        sync: {
          messages: new TokenBucket(syncMessagesPerSecond, syncMessagesBurst),
          bytes: new TokenBucket(syncBytesPerSecond, syncBytesBurst),
        },
      },
    };
    this.#boxes.set(agent, box);
    return box;
  }
}

function classOf(type: PeerMessage["type"]): MailClass {
  switch (type) {
    case "probe":
    case "ack":
    case "probeRequest":
    case "probeReport":
    case "votes":
    case "deaths":
    case "leaseAsk":
    case "leaseAnswer":
    case "leaseRelease":
      return "probe";
    case "digest":
    case "summary":
    case "want":
    case "items":
      return "sync";
    default:
      throw new Error(`unknown message ${type satisfies never}`);
  }
}
