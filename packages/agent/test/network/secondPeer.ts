// A second implementation of what docs/protocol.md says of joining, hello, probes, digests and rumors: written from that
// page alone. It takes nothing from the sources of this project; libraries are those that any implementation would take.
import { createHash, createPrivateKey, createPublicKey, randomBytes, sign } from "node:crypto";
import { generateKeyPairFromSeed, publicKeyFromRaw } from "@libp2p/crypto/keys";
import { type GossipSub, gossipsub, StrictNoSign } from "@libp2p/gossipsub";
import { type Identify, identify } from "@libp2p/identify";
import type { Connection, Libp2p, Stream } from "@libp2p/interface";
import { noise } from "@libp2p/noise";
import { peerIdFromPublicKey } from "@libp2p/peer-id";
import { tcp } from "@libp2p/tcp";
import { lpStream } from "@libp2p/utils";
import { yamux } from "@libp2p/yamux";
import { multiaddr } from "@multiformats/multiaddr";
import { decode, encode } from "cborg";
import { createLibp2p } from "libp2p";

type Fields = Readonly<Record<string, unknown>>;
type Incarnation = readonly [serial: number, boot: number, n: number];

const sha256 = (...parts: readonly (Uint8Array | string)[]): Buffer =>
  parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest();

/** RFC 4648 in lowercase, without padding. */
function base32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  const groups = bits.match(/.{1,5}/g) ?? [];
  return groups
    .map((group) => "abcdefghijklmnopqrstuvwxyz234567"[Number.parseInt(group.padEnd(5, "0"), 2)])
    .join("");
}

function unbase32(text: string): Buffer {
  const bits = [...text]
    .map((letter) => "abcdefghijklmnopqrstuvwxyz234567".indexOf(letter).toString(2).padStart(5, "0"))
    .join("");
  const bytes = bits.match(/.{8}/g) ?? [];
  return Buffer.from(bytes.map((byte) => Number.parseInt(byte, 2)));
}

/** Canonical JSON (RFC 8785), as far as ASCII and whole numbers go. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).toSorted(([left], [right]) => (left < right ? -1 : 1));
  return `{${entries.map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`).join(",")}}`;
}

/** What is signed, and so hashed: DSSE. */
function signedBytes(type: string, body: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${type} ${body.length} `), body]);
}

const message = (fields: Fields): Uint8Array => encode({ v: 1, ...fields });
const bodyOf = (envelope: Uint8Array): Fields =>
  JSON.parse(Buffer.from((decode(envelope) as { body: Uint8Array }).body).toString()) as Fields;

/** An Ed25519 key, and what it signs. */
class Key {
  readonly seed = new Uint8Array(randomBytes(32));
  readonly #private = createPrivateKey({
    key: Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), this.seed]),
    format: "der",
    type: "pkcs8",
  });
  readonly public = new Uint8Array(
    createPublicKey(this.#private).export({ format: "der", type: "spki" }).subarray(-32),
  );
  readonly agent = `agent_${base32(sha256(this.public))}`;

  seal(name: string, fields: Fields): Uint8Array {
    const type = `application/vnd.antibody.${name}.v1+json`;
    const body = Buffer.from(canonical({ v: 1, type: name, ...fields }));
    const signature = new Uint8Array(sign(null, signedBytes(type, body), this.#private));
    const signatures = [{ hint: this.public.subarray(0, 8), signature }];
    return encode({ v: 1, type, body: new Uint8Array(body), signatures });
  }
}

interface Membership {
  readonly swarm: string;
  readonly inviterKey: Uint8Array;
  readonly chain: readonly Uint8Array[];
  readonly digits: string;
}

/** A member that speaks the protocol as far as it must. */
export class SecondPeer {
  readonly key = new Key();
  /** What others said on probe streams. */
  readonly heard: Fields[] = [];
  readonly #name: string;
  #node: Libp2p | undefined;
  #gossip: GossipSub | undefined;
  #connection: Connection | undefined;
  #out: Stream | undefined;
  #membership: Membership | undefined;
  incarnation: Incarnation = [1, 0, 0];
  digests: Fields = { members: new Uint8Array(8), policy: new Uint8Array(8) };

  constructor(name: string) {
    this.#name = name;
  }

  get membership(): Membership {
    if (this.#membership === undefined) throw new Error("Not joined");
    return this.#membership;
  }

  async join(code: string): Promise<void> {
    const bytes = unbase32(code.slice("invite_".length));
    const [map, checksum] = [bytes.subarray(0, -4), bytes.subarray(-4)];
    if (!sha256(map).subarray(0, 4).equals(checksum)) throw new Error("A slip in the code");
    const invite = decode(map) as {
      swarm: Uint8Array;
      inviter: Uint8Array;
      addresses: string[];
      secret: Uint8Array;
    };
    await this.#start(`swarm_${base32(invite.swarm)}`);
    const connection = await this.#dial(invite.addresses, invite.inviter);
    const wire = lpStream(await connection.newStream("/antibody/join/1.0.0"));
    const read = async (): Promise<Fields> => decode((await wire.read()).slice()) as Fields;
    const nonce = new Uint8Array(randomBytes(16));
    const commitment = new Uint8Array(sha256("antibody join nonce 1", nonce));
    const { swarm, secret, inviter } = invite;
    await wire.write(message({ type: "join", swarm, secret, name: this.#name, commitment }));
    const challenge = await read();
    await wire.write(message({ type: "reveal", nonce }));
    const { charter, chain } = (await read()) as { charter: Uint8Array; chain: Uint8Array[] };
    const { type, body } = decode(charter) as { type: string; body: Uint8Array };
    if (!sha256(signedBytes(type, body)).equals(swarm)) throw new Error("The charter of another swarm");
    const seen = sha256(
      "antibody join 1",
      swarm,
      inviter,
      this.key.public,
      secret,
      challenge["nonce"] as Uint8Array,
      nonce,
    );
    const digits = String(seen.readUInt32BE(0) % 1_000_000).padStart(6, "0");
    this.#membership = { swarm: `swarm_${base32(swarm)}`, inviterKey: inviter, chain, digits };
    await wire.write(message({ type: "entry", entry: this.#entry("away") }));
    if ((await read())["type"] !== "welcome") throw new Error("Not welcome");
  }

  /** A session with the inviter. */
  async hello(addresses: readonly string[]): Promise<void> {
    this.incarnation = [1, 1, 0];
    const connection = await this.#dial(addresses, this.membership.inviterKey);
    const wire = lpStream(await connection.newStream("/antibody/hello/1.0.0"));
    await wire.write(message({ type: "hello", chain: this.membership.chain, entry: this.#entry("alive") }));
    const answer = decode((await wire.read()).slice()) as Fields;
    if (answer["type"] !== "hello") throw new Error(`No hello: ${String(answer["reason"])}`);
    await wire.write(message({ type: "welcome" }));
    this.#connection = connection;
    // Only this library's gossip asks: it speaks with whom it knows to speak it.
    const services = this.#node?.services as { readonly identify: Identify } | undefined;
    await services?.identify.identify(connection);
  }

  /** Says something on the probe stream. */
  async say(fields: Fields): Promise<void> {
    const stream = this.#out ?? (await this.#connection?.newStream("/antibody/probe/1.1.0"));
    this.#out = stream;
    const part = Buffer.concat([Buffer.of(0), message(fields)]);
    stream?.send(Buffer.concat([varint(part.length), part]));
  }

  /** Tells everyone a newer entry of its own. */
  async announce(capabilities: readonly string[]): Promise<void> {
    const [serial, boot, n] = this.incarnation;
    this.incarnation = [serial, boot, n + 1];
    const member = { chain: this.membership.chain, entry: this.#entry("alive", capabilities) };
    const rumor = message({ type: "members", nonce: new Uint8Array(randomBytes(8)), members: [member] });
    await this.#gossip?.publish(this.#topic(), rumor);
  }

  get neighbors(): number {
    return this.#gossip?.getSubscribers(this.#topic()).length ?? 0;
  }

  async stop(): Promise<void> {
    await this.#node?.stop();
  }

  #topic(swarm: string = this.membership.swarm): string {
    return `/antibody/1/${swarm}/health`;
  }

  #entry(status: string, capabilities: readonly string[] = []): Uint8Array {
    const { swarm } = this.membership;
    const { agent } = this.key;
    const { incarnation } = this;
    return this.key.seal("entry", {
      swarm,
      agent,
      incarnation,
      status,
      addresses: [],
      capabilities,
      build: "second",
    });
  }

  async #start(swarm: string): Promise<void> {
    const topic = this.#topic(swarm);
    const node = await createLibp2p({
      privateKey: await generateKeyPairFromSeed("Ed25519", this.key.seed),
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      connectionMonitor: { enabled: false },
      services: {
        identify: identify({ runOnConnectionOpen: false }),
        gossip: gossipsub({ globalSignaturePolicy: StrictNoSign, msgIdFn: ({ data }) => sha256(data) }),
      },
    });
    this.#node = node;
    this.#gossip = node.services.gossip as GossipSub;
    this.#gossip.subscribe(topic);
    await node.handle("/antibody/probe/1.1.0", (stream) => void this.#listen(stream));
  }

  async #dial(addresses: readonly string[], key: Uint8Array): Promise<Connection> {
    const [address] = addresses;
    const peer = peerIdFromPublicKey(publicKeyFromRaw(key));
    if (this.#node === undefined) throw new Error("Not started");
    return this.#node.dial(multiaddr(`${address}/p2p/${peer}`));
  }

  async #listen(stream: Stream): Promise<void> {
    const wire = lpStream(stream);
    for (;;) {
      const frame = await wire.read().catch(() => undefined);
      if (frame === undefined) return;
      const fields = decode(frame.slice().subarray(1)) as Fields;
      this.heard.push(fields);
      const { incarnation, digests } = this;
      if (fields["type"] === "probe")
        await this.say({ type: "ack", sequence: fields["sequence"], digests, incarnation });
    }
  }
}

/** The digest of a directory: 64 bits of each member, the exclusive or of all. */
export function directoryDigest(
  members: readonly (readonly [agent: string, incarnation: Incarnation])[],
): string {
  const mix = (state: number, word: number): number => {
    let value = Math.imul(state ^ Math.imul(word, 0xcc9e2d51), 0x1b873593);
    value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
    value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
    return value ^ (value >>> 16);
  };
  let [high, low] = [0, 0];
  for (const [agent, [serial, boot, n]] of members) {
    let seed = 0x811c9dc5;
    for (const byte of Buffer.from(agent)) seed = Math.imul(seed ^ byte, 0x01000193) >>> 0;
    high ^= mix(mix(mix(seed ^ 0x9e3779b9, serial), boot), n);
    low ^= mix(mix(Math.imul(seed, 0x85ebca6b), n), boot ^ Math.imul(serial, 0x165667b1));
  }
  return [high, low].map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}

function varint(value: number): Buffer {
  return value < 128
    ? Buffer.of(value)
    : Buffer.concat([Buffer.of((value % 128) + 128), varint(value >>> 7)]);
}

/** What a certificate says, for tests. */
export const certified = (envelope: Uint8Array): Fields => bodyOf(envelope);
