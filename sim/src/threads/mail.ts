import type { EventQueue } from "../engine/eventQueue.ts";
import { kinds } from "../engine/kinds.ts";
import type { GossipControl } from "../gossip/control.ts";
import type { Gossip } from "../gossip/gossip.ts";
import type { GossipContent, GossipMessage } from "../gossip/message.ts";
import { Packer, type Presets } from "./packing.ts";
import { Unpacker } from "./unpacking.ts";

/** Of gossip: a message, an offer or a wish of several, or other words. */
const said = { message: 0, offer: 1, want: 2, control: 3 } as const;

/** Writes what agents of this thread send to those of one other. */
export class Outbox {
  readonly #packer: Packer;
  /** Gossip that the other thread has been told, by its number there. */
  #told = new WeakMap<GossipMessage, number>();
  #toldCount = 0;
  /** When the earliest that was written since the last `clear` arrives. */
  earliestUs: number = Number.POSITIVE_INFINITY;

  constructor(presets: Presets) {
    this.#packer = new Packer(presets);
  }

  get written(): Uint8Array {
    return this.#packer.written;
  }

  clear(): void {
    this.#packer.clear();
    this.earliestUs = Number.POSITIVE_INFINITY;
  }

  add(atUs: number, destination: number, source: number, kind: number, tag: number, payload: unknown): void {
    const packer = this.#packer;
    if (packer.length === 0) {
      packer.byte(packer.isFull ? 1 : 0);
      if (packer.isFull) packer.forget();
    }
    this.earliestUs = Math.min(this.earliestUs, atUs);
    packer.double(atUs);
    packer.integer(destination);
    packer.integer(source);
    packer.byte(kind);
    packer.integer(tag);
    if (kind === kinds.gossip || kind === kinds.copy) this.#gossip(payload as GossipMessage | GossipControl);
    else packer.value(payload);
  }

  #gossip(words: GossipMessage | GossipControl): void {
    const packer = this.#packer;
    if (words.type === "message") {
      packer.byte(said.message);
      this.#message(words);
    } else if (words.type === "offer" || words.type === "want") {
      packer.byte(said[words.type]);
      packer.integer(words.messages.length);
      for (const message of words.messages) this.#message(message);
    } else {
      packer.byte(said.control);
      packer.value(words);
    }
  }

  #message(message: GossipMessage): void {
    const packer = this.#packer;
    const number = this.#told.get(message);
    packer.integer(number ?? -1);
    if (number !== undefined) return;
    this.#told.set(message, this.#toldCount);
    this.#toldCount += 1;
    const { key, content, bytes, period } = message;
    packer.value([key, bytes, period]);
    packer.value(content);
  }
}

/** Reads what agents of another thread have sent to those of this one. */
export class Inbox {
  readonly #unpacker: Unpacker;
  readonly #queue: EventQueue;
  readonly #gossip: Gossip;
  /** Gossip that the other thread has told, by its number; undefined when its time is over. */
  readonly #told: (GossipMessage | undefined)[] = [];

  constructor(presets: Presets, settled: (object: object) => object, queue: EventQueue, gossip: Gossip) {
    this.#unpacker = new Unpacker(presets, settled);
    this.#queue = queue;
    this.#gossip = gossip;
  }

  /** Adds the events to the queue. */
  take(bytes: Uint8Array): void {
    const unpacker = this.#unpacker;
    unpacker.begin(bytes);
    if (unpacker.byte() === 1) unpacker.forget();
    while (!unpacker.isAtEnd) {
      const atUs = unpacker.double();
      const destination = unpacker.integer();
      const source = unpacker.integer();
      const kind = unpacker.byte();
      const tag = unpacker.integer();
      if (kind !== kinds.gossip && kind !== kinds.copy) {
        this.#queue.insert(atUs, destination, source, kind, tag, unpacker.value());
        continue;
      }
      const words = this.#words();
      if (words === undefined) continue;
      if (
        kind === kinds.copy &&
        words.type === "message" &&
        !this.#gossip.awaits(destination, tag, words, atUs)
      )
        continue;
      this.#queue.insert(atUs, destination, source, kind, tag, words);
    }
  }

  #words(): GossipMessage | GossipControl | undefined {
    const unpacker = this.#unpacker;
    const mark = unpacker.byte();
    if (mark === said.message) return this.#message();
    if (mark === said.control) return unpacker.value() as GossipControl;
    const messages = Array.from({ length: unpacker.integer() }, () => this.#message());
    const known = messages.filter((message) => message !== undefined);
    return { type: mark === said.offer ? "offer" : "want", messages: known };
  }

  #message(): GossipMessage | undefined {
    const unpacker = this.#unpacker;
    const number = unpacker.integer();
    if (number >= 0) return this.#told[number];
    const [key, bytes, period] = unpacker.value() as [string, number, number];
    const content = unpacker.value() as GossipContent;
    const message = this.#gossip.known(key) ?? this.#gossip.learn(key, content, bytes, period);
    this.#told.push(message);
    return message;
  }
}
