import { Socket } from "node:net";
import { oneWayMs } from "./slowness.ts";

// Preloaded into real agents: everything that they write to a TCP connection leaves later, as over a slow link, and
// a connection takes a round trip to be made or refused. So what is measured is how often agents wait for each other,
// rather than how fast the machine under the test is. Order is kept, and nothing waits for what was written before it.

type Done = (error?: Error | null) => void;
interface Writable {
  _write(chunk: unknown, encoding: BufferEncoding, done: Done): void;
  _writev(chunks: unknown, done: Done): void;
  _final(done: Done): void;
  connect(...args: unknown[]): unknown;
}

const real = Socket.prototype as unknown as Writable;
const { _write, _writev, _final, connect } = real;

/** The control socket and pipes are not delayed: they have no port. */
function isTcp(socket: Socket): boolean {
  return socket.remotePort !== undefined;
}

function later(socket: Socket, write: (done: Done) => void, done: Done): void {
  setTimeout(() => {
    if (!socket.destroyed) write((error) => error && socket.destroy(error));
  }, oneWayMs);
  done();
}

real._write = function (this: Socket, chunk, encoding, done) {
  const write = (written: Done): void => _write.call(this, chunk, encoding, written);
  if (isTcp(this)) later(this, write, done);
  else write(done);
};

real._writev = function (this: Socket, chunks, done) {
  const write = (written: Done): void => _writev.call(this, chunks, written);
  if (isTcp(this)) later(this, write, done);
  else write(done);
};

real._final = function (this: Socket, done) {
  if (isTcp(this)) setTimeout(() => _final.call(this, done), oneWayMs);
  else _final.call(this, done);
};

real.connect = function (this: Socket, ...args) {
  // Within Node, arguments come as one list: the options, then the callback.
  const [first] = args;
  const options: unknown = Array.isArray(first) ? first[0] : first;
  const isPath = typeof options !== "object" || options === null || ("path" in options && options.path);
  if (isPath) return connect.apply(this, args);
  Object.assign(this, { connecting: true });
  setTimeout(() => this.destroyed || connect.apply(this, args), 2 * oneWayMs);
  return this;
};
