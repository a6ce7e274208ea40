import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";

/** Bytes that one thread can leave for another in shared memory; more goes through a port. A guess: most windows take less. */
const letterBytesMax = 262_144;
/** A thread may write for the next meeting while another still reads what came with this one. */
const sides = 2;
const headBytes = 8;
/** Stands for a length: the letter comes through the port. */
const byPort = -1;

const empty = new Uint8Array(0);

/** What one thread leaves for another at each meeting. */
export interface Letters {
  leave(bytes: Uint8Array): void;
  /** What was left for the meeting that has just been; called once after each. */
  take(): Uint8Array;
}

/** Letters within one thread. */
export class NearLetters implements Letters {
  #left: Uint8Array[] = [];

  leave(bytes: Uint8Array): void {
    this.#left.push(bytes.slice());
  }

  take(): Uint8Array {
    return this.#left.shift() as Uint8Array;
  }
}

/** Letters through shared memory: each end has an object of its own over the same memory and port. */
export class SharedLetters implements Letters {
  readonly #lengths: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #port: MessagePort;
  #round = 0;

  constructor(memory: SharedArrayBuffer, port: MessagePort) {
    this.#lengths = new Int32Array(memory, 0, sides);
    this.#bytes = new Uint8Array(memory, headBytes);
    this.#port = port;
  }

  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(headBytes + sides * letterBytesMax);
  }

  leave(bytes: Uint8Array): void {
    const side = this.#nextSide();
    if (bytes.length <= letterBytesMax) {
      if (bytes.length > 0) this.#bytes.set(bytes, side * letterBytesMax);
      this.#lengths[side] = bytes.length;
      return;
    }
    this.#port.postMessage(bytes.slice());
    this.#lengths[side] = byPort;
  }

  take(): Uint8Array {
    const side = this.#nextSide();
    const length = this.#lengths[side] as number;
    if (length === 0) return empty;
    if (length !== byPort) {
      const from = side * letterBytesMax;
      return this.#bytes.slice(from, from + length);
    }
    const received = receiveMessageOnPort(this.#port);
    if (received === undefined) throw new Error("A letter that was left did not come");
    return received.message as Uint8Array;
  }

  #nextSide(): number {
    const side = this.#round % sides;
    this.#round += 1;
    return side;
  }
}
