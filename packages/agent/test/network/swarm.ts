import { randomBytes } from "node:crypto";
import {
  agentIdOf,
  type Entry,
  type Input,
  type Knowledge,
  type Member,
  sealCertificate,
  sealCharter,
  sealEntry,
  sealEviction,
  type VerifiedCertificate,
  type VerifiedCharter,
  type VerifiedEviction,
  verifyChain,
  verifyCharter,
  verifyEntry,
  verifyEviction,
} from "@antibody/core";
import { type AgentId, type AuthorId, isRejection, type Rejection, type Root, toHex } from "@antibody/policy";
import { type Network, type NetworkEvent, openNetwork } from "../../src/network/index.ts";
import { generateKey, type PrivateKey } from "../../src/state/keyFile.ts";
import { nodeCrypto } from "../../src/state/nodeCrypto.ts";

export const crypto = nodeCrypto();

/** A value that must not be a rejection. */
export function sound<Value>(value: Value | Rejection): Value {
  if (isRejection(value)) throw new Error(`${value.reason}: ${value.detail}`);
  return value;
}

export interface Founded {
  readonly charter: VerifiedCharter;
  readonly key: PrivateKey;
  readonly certificate: VerifiedCertificate;
}

/** A swarm with its founder. */
export function found(): Founded {
  const key = generateKey();
  const founder = toHex(key.publicKey);
  const nonce = randomBytes(16).toString("hex");
  const sealed = sealCharter({ v: 1, type: "charter", name: "test", founder, recovery: founder, nonce }, key);
  const charter = sound(verifyCharter(sealed, crypto));
  const chain = [sealCertificate(certificateBody(charter, key, key, "founder"), key)];
  return { charter, key, certificate: sound(verifyChain(chain, charter, crypto)) };
}

/** Another member, invited by the founder. */
export function enroll(founded: Founded, name: string, mayInvite = true): Founded {
  const key = generateKey();
  const own = sealCertificate(
    { ...certificateBody(founded.charter, key, founded.key, name), mayInvite },
    founded.key,
  );
  const chain = [...founded.certificate.chain, own];
  return { charter: founded.charter, key, certificate: sound(verifyChain(chain, founded.charter, crypto)) };
}

/** The founder's word that a member is out. */
export function evictionOf({ charter, key }: Founded, { certificate }: Founded): VerifiedEviction {
  const { agent, chain } = certificate;
  const signer = toHex(key.publicKey);
  const body = {
    v: 1,
    type: "eviction",
    swarm: charter.swarm,
    agent,
    signer,
    keeps: [],
    reason: "lost",
  } as const;
  return sound(verifyEviction({ chain, eviction: sealEviction(body, key) }, charter, crypto));
}

function certificateBody(charter: VerifiedCharter, key: PrivateKey, inviter: PrivateKey, name: string) {
  return {
    v: 1 as const,
    type: "certificate" as const,
    swarm: charter.swarm,
    key: toHex(key.publicKey),
    name,
    serial: 1,
    nonce: randomBytes(16).toString("hex"),
    mayInvite: true,
    inviter: toHex(inviter.publicKey),
  };
}

/** A member with an entry of its own making. */
export function memberOf(
  { charter, key, certificate }: Founded,
  addresses: readonly string[],
  n = 1,
): Member {
  const entry: Entry = {
    v: 1,
    type: "entry",
    swarm: charter.swarm,
    agent: certificate.agent,
    incarnation: [1, 1, n],
    status: "alive",
    addresses,
    capabilities: [],
    build: "test",
  };
  return { certificate, entry: sound(verifyEntry(sealEntry(entry, key), certificate, crypto)) };
}

/** What a mind would know: filled by the test. */
export class FakeKnowledge implements Knowledge {
  readonly roots = new Map<AuthorId, Root>();
  /** By author and number. */
  readonly olderRoots = new Map<string, Root>();
  readonly #members = new Map<AgentId, Member>();
  own: Member | undefined;
  /** Who is turned away, and why. */
  readonly evictions = new Map<AgentId, VerifiedEviction>();

  evictionOf({ agent }: VerifiedCertificate): VerifiedEviction | undefined {
    return this.evictions.get(agent);
  }

  add(member: Member): void {
    this.#members.set(member.certificate.agent, member);
  }

  rootOf(author: AuthorId): Root | undefined {
    return this.roots.get(author);
  }

  newestRoots(author: AuthorId): readonly Root[] {
    const root = this.rootOf(author);
    return root === undefined ? [] : [root];
  }

  rootWithDigest(author: AuthorId, digest: string): Root | undefined {
    return this.olderRoots.get(`${author} ${digest}`);
  }

  certificateOf(agent: AgentId): VerifiedCertificate | undefined {
    return this.#members.get(agent)?.certificate;
  }

  ownMember(): Member | undefined {
    return this.own;
  }

  members(): readonly Member[] {
    return [...this.#members.values()];
  }

  /** All of them, as in a small swarm. */
  neighborsOf(agent: AgentId): readonly AgentId[] {
    return [...this.#members.keys()].filter((member) => member !== agent);
  }
}

/** Only what hangs is waited for so long. */
const waitMaxMs = 50_000;

/** A network body whose mind is the test. */
export class Station {
  readonly founded: Founded;
  readonly knowledge = new FakeKnowledge();
  readonly inputs: Input[] = [];
  readonly events: NetworkEvent[] = [];
  readonly #waiting = new Set<() => void>();
  #network: Network | undefined;

  constructor(founded: Founded) {
    this.founded = founded;
  }

  get agent(): AgentId {
    return agentIdOf(this.founded.key.publicKey, crypto);
  }

  get network(): Network {
    if (this.#network === undefined) throw new Error("Not open");
    return this.#network;
  }

  async open(): Promise<this> {
    const { key, charter, certificate } = this.founded;
    this.#network = await openNetwork({
      key,
      charter,
      certificate,
      crypto,
      knowledge: this.knowledge,
      listen: ["/ip4/127.0.0.1/tcp/0"],
      feed: (input) => {
        this.inputs.push(input);
        if (input.type === "connected" || input.type === "enrolled") this.knowledge.add(input.member);
        this.#changed();
      },
      tell: (event) => {
        this.events.push(event);
        this.#changed();
      },
    });
    this.knowledge.own = memberOf(this.founded, this.#network.addresses());
    this.knowledge.add(this.knowledge.own);
    return this;
  }

  /** Makes another station known, as the directory would. */
  know(other: Station): void {
    this.knowledge.add(memberOf(other.founded, other.network.addresses()));
  }

  dial(other: Station, purpose: "session" | "fresh" = "session", timeoutMs = 30_000): void {
    this.network.dial(other.agent, other.network.addresses(), purpose, timeoutMs);
  }

  /** The first input of a type that matches, now or when it comes. */
  async input<Type extends Input["type"]>(
    type: Type,
    matches: (input: Extract<Input, { type: Type }>) => boolean = () => true,
  ): Promise<Extract<Input, { type: Type }>> {
    const isWanted = (input: Input): input is Extract<Input, { type: Type }> =>
      input.type === type && matches(input as Extract<Input, { type: Type }>);
    return this.#until(type, () => this.inputs.find(isWanted));
  }

  /** The first log line of a name, now or when it comes. */
  async event(name: NetworkEvent["name"]): Promise<NetworkEvent> {
    return this.#until(name, () => this.events.find((event) => event.name === name));
  }

  /** Forgets what came so far. */
  clear(): void {
    this.inputs.length = 0;
    this.events.length = 0;
  }

  async close(): Promise<void> {
    await this.#network?.stop();
  }

  async #until<Value>(what: string, find: () => Value | undefined): Promise<Value> {
    const endMs = performance.now() + waitMaxMs;
    const timer = setTimeout(() => this.#changed(), waitMaxMs);
    try {
      for (;;) {
        const found = find();
        if (found !== undefined) return found;
        if (performance.now() >= endMs) throw new Error(`waited for ${what}; came: ${this.#came()}`);
        await new Promise<void>((resolve) => this.#waiting.add(resolve));
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #came(): string {
    return [...this.inputs.map(({ type }) => type), ...this.events.map(({ name }) => name)].join(" ");
  }

  #changed(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

/** Two stations with a session. */
export async function pair(): Promise<readonly [Station, Station]> {
  const founded = found();
  const [left, right] = await Promise.all([
    new Station(founded).open(),
    new Station(enroll(founded, "right")).open(),
  ]);
  left.know(right);
  right.know(left);
  left.dial(right);
  await Promise.all([left.input("connected"), right.input("connected")]);
  return [left, right];
}
