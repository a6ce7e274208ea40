import { randomBytes } from "node:crypto";
import { type HealthRumor, type Input, messageBytesMax } from "@antibody/core";
import { type AgentId, isRejection, type SwarmId, type VerifiedPolicy } from "@antibody/policy";
import { type GossipsubMessage, TopicValidatorResult } from "@libp2p/gossipsub";
import { messageOf } from "../../state/stateError.ts";
import { TokenBucket } from "../limiter.ts";
import { gossipBurst, gossipHangUpAfterLooks, gossipPerSecond, gossipReattachAfterLooks } from "../limits.ts";
import type { Gate } from "../sessions/gate.ts";
import type { Session } from "../sessions/session.ts";
import { decodeBundle, packDocuments } from "../wire/bundle.ts";
import { isBlameful, type RefusedItem, type Verifier } from "../wire/verifier.ts";
import { encodeRumor } from "../wire/wire.ts";
import { decodeRumor } from "../wire/wireDecode.ts";
import type { BeatingGossip } from "./createGossip.ts";
import { Heartbeats } from "./heartbeats.ts";
import { Judging } from "./judging.ts";

/** The topics of one swarm. */
export function gossipTopics(swarm: SwarmId): { readonly policy: string; readonly health: string } {
  return { policy: `/antibody/1/${swarm}/policy`, health: `/antibody/1/${swarm}/health` };
}

/** What gossip needs. */
export interface GossipOptions {
  readonly gossip: BeatingGossip;
  readonly swarm: SwarmId;
  readonly gate: Gate;
  readonly verifier: Verifier;
  feed(input: Extract<Input, { readonly type: "message" | "policy" | "rumor" }>): void;
  refused(from: AgentId, item: RefusedItem): void;
  /** A kind of rumor, or a field of one, that this build does not know. */
  unknown(from: AgentId, kind: string): void;
  /** Bytes that are no message of the topic. */
  broken(from: AgentId, detail: string): void;
  /** Ends every connection with a peer, whose gossip stream cannot be repaired otherwise. */
  hangUp(session: Session): void;
  /** What went wrong and was dealt with. */
  trouble(detail: string, from?: AgentId): void;
}

interface Neighbor {
  readonly rate: TokenBucket;
  brokenLooks: number;
}

/** What the rumors of each type consist of. */
const rumorItems = {
  members: "member",
  deaths: "death",
  sightings: "sighting",
  evictions: "eviction",
} as const;

/** What tells that a mesh has changed, or soon will. */
const meshEvents = ["gossipsub:graft", "gossipsub:prune", "subscription-change"] as const;

const meshPrefix = "/meshsub/";
/** The bytes that make a repeated rumor another message. */
const nonceBytes = 8;

/**
 * Push over gossipsub. A message is verified before it is delivered or forwarded: a forgery ends at the first
 * honest agent, and its sender is blamed. gossipsub keeps no history: what is missed comes by anti-entropy.
 */
export class Gossip {
  readonly #options: GossipOptions;
  readonly #topics: ReturnType<typeof gossipTopics>;
  readonly #neighbors = new Map<AgentId, Neighbor>();
  readonly #publishing = new Set<Promise<unknown>>();
  /** Documents that were published in this turn: they go together. */
  #documents: Uint8Array[] = [];
  readonly #heartbeats: Heartbeats;
  readonly #judging: Judging;
  readonly #heartbeat = (): void => this.#look();
  readonly #stir = (): void => this.#heartbeats.stir();

  constructor(options: GossipOptions) {
    this.#options = options;
    this.#topics = gossipTopics(options.swarm);
    const { gossip } = options;
    this.#heartbeats = new Heartbeats(gossip, (error) =>
      options.trouble(`no heartbeat: ${messageOf(error)}`),
    );
    this.#judging = new Judging(
      gossip,
      (message) => this.#judge(message),
      (detail) => options.trouble(detail),
    );
  }

  /** Subscribes, and begins to look after the streams. The node must be started. */
  start(): void {
    const { gossip } = this.#options;
    this.#judging.start();
    gossip.subscribe(this.#topics.policy);
    gossip.subscribe(this.#topics.health);
    // In the turn in which gossipsub is awake anyway: a timer of its own would wake an idle agent once more.
    gossip.addEventListener("gossipsub:heartbeat", this.#heartbeat);
    for (const event of meshEvents) gossip.addEventListener(event, this.#stir);
  }

  /** Resolves when all that was published is on its way. */
  async flush(): Promise<void> {
    this.#publishDocuments();
    await Promise.all(this.#publishing);
  }

  /** Ends the looks; libp2p ends the rest. */
  stop(): void {
    const { gossip } = this.#options;
    this.#judging.stop();
    gossip.removeEventListener("gossipsub:heartbeat", this.#heartbeat);
    for (const event of meshEvents) gossip.removeEventListener(event, this.#stir);
    this.#heartbeats.stop();
  }

  /**
   * Pushes a policy envelope, in one message with the others of this turn: a bundle that arrives whole costs its
   * receivers one delivery. Without a neighbor it reaches nobody: anti-entropy carries it later.
   */
  publishPolicy(bytes: Uint8Array): void {
    if (this.#documents.length === 0) queueMicrotask(() => this.#publishDocuments());
    this.#documents.push(bytes);
  }

  /** Pushes a rumor. */
  publishRumor(rumor: HealthRumor): void {
    this.#publish(this.#topics.health, encodeRumor(rumor, randomBytes(nonceBytes)));
  }

  /** A session opened. */
  opened(session: Session): void {
    this.#neighbors.set(session.agent, {
      rate: new TokenBucket(gossipPerSecond, gossipBurst),
      brokenLooks: 0,
    });
    this.#options.gate.attach(session);
    this.#heartbeats.stir();
  }

  /** The connections of a session have changed: the streams on one that is gone must be made again on another. */
  moved(session: Session): void {
    this.#options.gate.attach(session);
    this.#heartbeats.stir();
  }

  /** A session closed. */
  closed(session: Session): void {
    this.#neighbors.delete(session.agent);
    this.#options.gate.detach(session);
    this.#heartbeats.stir();
  }

  #publishDocuments(): void {
    const documents = this.#documents;
    this.#documents = [];
    for (const message of packDocuments(documents)) this.#publish(this.#topics.policy, message);
  }

  #publish(topic: string, data: Uint8Array): void {
    if (data.length > messageBytesMax) {
      this.#options.trouble(`a message of ${data.length} bytes is too large for gossip`);
      return;
    }
    this.#heartbeats.stir();
    const publishing = this.#options.gossip
      .publish(topic, data)
      .catch((error: unknown) => {
        this.#options.trouble(`could not publish: ${messageOf(error)}`);
      })
      .finally(() => this.#publishing.delete(publishing));
    this.#publishing.add(publishing);
  }

  #judge({ propagationSource, msg: message }: GossipsubMessage): TopicValidatorResult {
    const session = this.#options.gate.sessionOf(propagationSource);
    const neighbor = session === undefined ? undefined : this.#neighbors.get(session.agent);
    if (session === undefined || neighbor === undefined) return TopicValidatorResult.Ignore;
    this.#heartbeats.stir();
    // gossipsub remembers every message for 2 minutes: what comes too fast is not let further into the swarm.
    if (!neighbor.rate.take(1)) return TopicValidatorResult.Ignore;
    if (message.data.length > messageBytesMax) {
      this.#options.broken(session.agent, `a gossip message of ${message.data.length} bytes`);
      return TopicValidatorResult.Reject;
    }
    // A plain copy: what is kept of a message must not keep the socket's buffers.
    const data = new Uint8Array(message.data);
    const isPolicy = message.topic === this.#topics.policy;
    return isPolicy ? this.#policy(session.agent, data) : this.#rumor(session.agent, data);
  }

  #policy(from: AgentId, data: Uint8Array): TopicValidatorResult {
    const documents = decodeBundle(data);
    if (documents !== undefined) return this.#bundle(from, documents);
    const policy = this.#options.verifier.policy(data);
    if (isRejection(policy)) return this.#refuse(from, { kind: "policy", rejection: policy });
    this.#feedAfterForwarding({ type: "policy", policy, from });
    return TopicValidatorResult.Accept;
  }

  /**
   * Several documents, each verified by itself, in their order: a root before what it signs. The message is forwarded
   * when all of them are good. What is good beside one that is not is kept all the same; a forgery ends the reading.
   */
  #bundle(from: AgentId, documents: readonly Uint8Array[]): TopicValidatorResult {
    if (this.#neighbors.get(from)?.rate.take(documents.length - 1) !== true)
      return TopicValidatorResult.Ignore;
    const policy: VerifiedPolicy[] = [];
    let result: TopicValidatorResult = TopicValidatorResult.Accept;
    for (const document of documents) {
      const verdict = this.#options.verifier.policy(document);
      if (isRejection(verdict)) result = this.#refuse(from, { kind: "policy", rejection: verdict });
      else policy.push(verdict);
      if (result === TopicValidatorResult.Reject) break;
    }
    if (policy.length > 0) {
      const message = { type: "items", members: [], deaths: [], policy } as const;
      this.#feedAfterForwarding({ type: "message", from, message });
    }
    return result;
  }

  #rumor(from: AgentId, data: Uint8Array): TopicValidatorResult {
    const read = decodeRumor(data);
    if (read === undefined) {
      this.#options.broken(from, "gossip that is no rumor");
      return TopicValidatorResult.Reject;
    }
    if (read.type === "unknown") {
      // What cannot be verified is not forwarded: it spreads among those who know it.
      this.#options.unknown(from, `rumor ${read.kind}`);
      return TopicValidatorResult.Ignore;
    }
    const { value: wire, surplus } = read;
    for (const field of surplus) this.#options.unknown(from, `${field} of rumor ${wire.type}`);
    const rumor = this.#options.verifier.rumor(wire);
    if (isRejection(rumor)) {
      return this.#refuse(from, { kind: rumorItems[wire.type], rejection: rumor });
    }
    this.#feedAfterForwarding({ type: "rumor", from, rumor });
    return TopicValidatorResult.Accept;
  }

  /**
   * gossipsub forwards when it is told of the verdict. The mind's step may wait for the disk: those
   * behind this agent need not.
   */
  #feedAfterForwarding(input: Parameters<GossipOptions["feed"]>[0]): void {
    setImmediate(() => this.#options.feed(input));
  }

  #refuse(from: AgentId, item: RefusedItem): TopicValidatorResult {
    this.#options.refused(from, item);
    return isBlameful(item.rejection) ? TopicValidatorResult.Reject : TopicValidatorResult.Ignore;
  }

  /**
   * gossipsub can lose a stream while the connection stays, and then neither sends nor receives for as long as it
   * stands (seen with full buffers): such a peer is attached again, and in the end hung up.
   */
  #look(): void {
    const subscribers = new Set(this.#options.gossip.getSubscribers(this.#topics.policy).map(String));
    for (const session of this.#options.gate.sessions()) {
      const neighbor = this.#neighbors.get(session.agent);
      if (neighbor === undefined) continue;
      const isLinked = subscribers.has(session.peer.toString()) && sendsGossip(session);
      neighbor.brokenLooks = isLinked ? 0 : neighbor.brokenLooks + 1;
      if (!isLinked) this.#heartbeats.stir();
      if (neighbor.brokenLooks >= gossipHangUpAfterLooks) {
        this.#options.trouble("gossip stays broken, hanging up", session.agent);
        this.#options.hangUp(session);
      } else if (neighbor.brokenLooks > 0 && neighbor.brokenLooks % gossipReattachAfterLooks === 0) {
        this.#options.trouble("gossip is broken, attaching again", session.agent);
        this.#reattach(session);
      }
    }
  }

  /** Both streams end, so that the other side, too, makes new ones and sends its subscriptions again. */
  #reattach(session: Session): void {
    this.#options.gate.detach(session);
    for (const stream of meshStreams(session)) stream.abort(new Error("Attached again"));
    this.#options.gate.attach(session);
  }
}

function sendsGossip(session: Session): boolean {
  return meshStreams(session).some((stream) => stream.direction === "outbound");
}

function meshStreams(session: Session): Session["connections"][number]["streams"] {
  return session.connections
    .flatMap((connection) => connection.streams)
    .filter((stream) => stream.protocol.startsWith(meshPrefix) && stream.writeStatus === "writable");
}
