import { once } from "node:events";
import { createServer, type Server } from "node:net";
import type { Duplex } from "node:stream";
import { buffer } from "node:stream/consumers";
import { lpStream } from "@libp2p/utils";
import { encode } from "it-length-prefixed";
import { afterEach, expect, test } from "vitest";
import { routeProtocol } from "../../../src/network/routes/routes.ts";
import { encodeMap } from "../../../src/network/wire/cbor.ts";
import { Rogue } from "../rogue.ts";
import { enroll, found, pair, Station } from "../swarm.ts";

const open: Station[] = [];
const servers: Server[] = [];
const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(ends.splice(0).map((end) => end()));
  await Promise.all(open.splice(0).map((station) => station.close()));
  for (const server of servers.splice(0)) server.close();
});

const forever = new AbortController().signal;

async function stations(): Promise<readonly [Station, Station]> {
  const made = await pair();
  open.push(...made);
  return made;
}

/** A local program on a free port. */
async function program(take: Parameters<typeof createServer>[1]): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, take);
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("A TCP port");
  return address.port;
}

/** Writes all, ends, and reads to the end. */
async function exchange(duplex: Duplex, bytes: Uint8Array): Promise<Buffer> {
  const answer = buffer(duplex);
  duplex.end(bytes);
  return answer;
}

test("bytes go to the peer's local program and back, each direction ending on its own", async () => {
  const [left, right] = await stations();
  const port = await program((socket) => socket.pipe(socket));
  right.network.serve([{ name: "echo", port }]);
  const duplex = await left.network.openRoute(right.agent, "echo", forever);
  expect((await exchange(duplex, Buffer.from("hello"))).toString()).toBe("hello");
});

test("a session that is released stands as long as a route goes over it", async () => {
  const [left, right] = await stations();
  const port = await program((socket) => socket.pipe(socket));
  right.network.serve([{ name: "echo", port }]);
  const duplex = await left.network.openRoute(right.agent, "echo", forever);
  left.network.release(right.agent);
  right.network.release(left.agent);
  expect((await exchange(duplex, Buffer.from("still there"))).toString()).toBe("still there");
  // Released again, as a mind does while it stands: nothing goes over it by now.
  const gone = left.input("disconnected");
  const asking = setInterval(() => left.network.release(right.agent), 20);
  await gone;
  clearInterval(asking);
});

test("an end that comes together with the backend's first words is heard", async () => {
  const founded = found();
  const station = await new Station(founded).open();
  open.push(station);
  const hasty = await Rogue.start(enroll(founded, "hasty"));
  ends.push(() => hasty.stop());
  await hasty.node.libp2p.handle(routeProtocol, async (stream) => {
    await lpStream(stream).read();
    const words = [encode.single(encodeMap({ type: "open" })).subarray(), Buffer.from("at once")];
    stream.send(Buffer.concat(words));
    await stream.close();
  });
  await hasty.hello(await hasty.connect(station));
  const { peer } = await station.input("connected");
  for (let times = 0; times < 20; times += 1) {
    const duplex = await station.network.openRoute(peer, "hasty", forever);
    expect((await buffer(duplex)).toString()).toBe("at once");
    duplex.destroy();
  }
});

test("more bytes than any buffer holds arrive whole, in both directions", async () => {
  const [left, right] = await stations();
  const port = await program((socket) => socket.pipe(socket));
  right.network.serve([{ name: "echo", port }]);
  const bytes = Buffer.alloc(4 * 1_048_576, "0123456789abcdef");
  bytes.writeUInt32BE(0xdeadbeef, 3_333_333);
  const duplex = await left.network.openRoute(right.agent, "echo", forever);
  expect((await exchange(duplex, bytes)).equals(bytes)).toBe(true);
});

test("an answer that comes after the question has ended arrives", async () => {
  const [left, right] = await stations();
  const port = await program(async (socket) => {
    const question = await buffer(socket);
    socket.end(`${question.length} bytes`);
  });
  right.network.serve([{ name: "count", port }]);
  const duplex = await left.network.openRoute(right.agent, "count", forever);
  expect((await exchange(duplex, Buffer.alloc(100_000))).toString()).toBe("100000 bytes");
});

test("a slow reader slows the program down", async () => {
  const [left, right] = await stations();
  let written = 0;
  const port = await program((socket) => {
    socket.on("error", () => undefined);
    const chunk = Buffer.alloc(65_536);
    const more = (): void => {
      while (written < 64 * 1_048_576) {
        written += chunk.length;
        if (!socket.write(chunk)) {
          socket.once("drain", more);
          return;
        }
      }
      socket.end();
    };
    more();
  });
  right.network.serve([{ name: "flood", port }]);
  const duplex = await left.network.openRoute(right.agent, "flood", forever);
  await once(duplex, "readable");
  // Nobody reads: the flood must come to rest. It is at rest when nothing was written between two looks.
  let before = -1;
  while (before !== written) {
    before = written;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  expect(written).toBeLessThan(32 * 1_048_576);
  duplex.destroy();
});

test("what is not served, does not listen, or is not there has a code", async () => {
  const [left, right] = await stations();
  const closed = await program(() => undefined);
  servers.pop()?.close();
  right.network.serve([{ name: "dead", port: closed }]);
  const code = (target: Station, capability: string) =>
    left.network.openRoute(target.agent, capability, forever).then(
      () => "open",
      (error: { code: string }) => error.code,
    );
  expect(await code(right, "other")).toBe("ENOCAPABILITY");
  expect(await code(right, "dead")).toBe("ETARGET");
  expect(await code(new Station(enroll(left.founded, "absent")), "dead")).toBe("EUNREACHABLE");
  const canceled = left.network.openRoute(right.agent, "dead", AbortSignal.abort());
  await expect(canceled).rejects.toMatchObject({ code: "ECANCELED" });
});

test("a route makes the session that it needs", async () => {
  const founded = found();
  const left = await new Station(founded).open();
  const right = await new Station(enroll(founded, "right")).open();
  open.push(left, right);
  left.know(right);
  right.network.serve([{ name: "echo", port: await program((socket) => socket.pipe(socket)) }]);
  const duplex = await left.network.openRoute(right.agent, "echo", forever);
  expect((await exchange(duplex, Buffer.from("hello"))).toString()).toBe("hello");
  expect(left.inputs.map(({ type }) => type)).toEqual(["connected"]);
});

test("an answer that is under way when the agent leaves arrives whole, and nothing new is begun", async () => {
  const [left, right] = await stations();
  const half = Buffer.alloc(100_000, "a");
  const asked = Promise.withResolvers<() => void>();
  const port = await program((socket) => {
    socket.write(half);
    asked.resolve(() => socket.end(half));
  });
  right.network.serve([{ name: "slow", port }]);
  const answer = exchange(await left.network.openRoute(right.agent, "slow", forever), Buffer.from("?"));
  const finish = await asked.promise;
  const closed = right.close();
  await expect(left.network.openRoute(right.agent, "slow", forever)).rejects.toThrow();
  finish();
  expect((await answer).length).toBe(2 * half.length);
  await closed;
});

test("a route ends when its backend dies", async () => {
  const [left, right] = await stations();
  right.network.serve([
    { name: "hold", port: await program((socket) => socket.on("error", () => undefined)) },
  ]);
  const duplex = await left.network.openRoute(right.agent, "hold", forever);
  const failed = once(duplex, "error");
  await right.close();
  await failed;
  expect(duplex.destroyed).toBe(true);
});
