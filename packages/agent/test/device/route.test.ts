import { once } from "node:events";
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from "node:net";
import { type Duplex, duplexPair } from "node:stream";
import type { AgentId } from "@antibody/policy";
import { describe, expect, onTestFinished, test } from "vitest";
import { freePort } from "../../../cli/src/demo/ports.ts";
import { codeOf } from "../../src/device/deviceError.ts";
import { connectLocal } from "../../src/device/route/connectLocal.ts";
import { routeConnectionsMax } from "../../src/device/route/listener.ts";
import { agentOf, makePlace, peerId, Rig, until } from "./rig.ts";

/** A service that answers what it is told, with its name before. */
async function echo(name: string, onSocket: (socket: Socket) => void = () => {}): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    onSocket(socket);
    socket.on("error", () => {});
    socket.on("data", (bytes) => socket.write(`${name}:${bytes}`));
    socket.on("end", () => socket.end());
  });
  return listening(server);
}

async function listening(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

function client(port: number): { readonly socket: Socket; text: string; closed: boolean; error: string } {
  const socket = createConnection({ host: "127.0.0.1", port });
  const state = { socket, text: "", closed: false, error: "" };
  socket.on("data", (bytes) => {
    state.text += bytes.toString();
  });
  socket.on("error", (error) => {
    state.error = codeOf(error);
  });
  socket.on("close", () => {
    state.closed = true;
  });
  onTestFinished(() => {
    socket.destroy();
  });
  return state;
}

type Open = (backend: AgentId, capability: string, signal: AbortSignal) => Promise<Duplex>;

/** A rig with a route to `sensor` that listens. */
async function routed(openRoute: Open, localPort?: number) {
  const place = makePlace();
  const rig = new Rig(
    { openRoute, localPortOf: (name) => (name === "sensor" ? localPort : undefined) },
    place,
  );
  const port = await freePort();
  const id = rig.promise("route:sensor", { listen: `127.0.0.1:${port}` });
  await rig.kept(id);
  return { rig, id, port, self: agentOf(place) };
}

function routedInputs(rig: Rig) {
  return rig.inputs.flatMap((input) => (input.type === "routed" ? [[input.backend, input.result]] : []));
}

const refuse: Open = () => Promise.reject(Object.assign(new Error("refused"), { code: "ECONNREFUSED" }));

describe("a route's listener", () => {
  test("listens where it is promised, and elsewhere when the promise changes", async () => {
    const { rig, id, port } = await routed(refuse);
    expect(rig.observation(id)).toEqual({
      type: "listening",
      address: `127.0.0.1:${port}`,
      protocol: "tcp",
    });
    const other = await freePort();
    rig.promise("route:sensor", { listen: `127.0.0.1:${other}` });
    await rig.kept(id);
    const late = client(port);
    await until("the old one is closed", () => late.closed);
    expect(rig.observation(id)).toEqual({
      type: "listening",
      address: `127.0.0.1:${other}`,
      protocol: "tcp",
    });
  });

  test("says why it cannot listen, and recovers", async () => {
    const taken = createServer();
    const port = await listening(taken);
    const rig = new Rig();
    const promise = { listen: `127.0.0.1:${port}` };
    const id = rig.promise("route:sensor", promise);
    expect(await until("a failure", () => rig.results[0])).toMatchObject({
      type: "failed",
      code: "EADDRINUSE",
    });
    rig.heals = false;
    rig.device.observe(id);
    await until("the reason", () => rig.observation(id)?.["error"] === "EADDRINUSE");
    taken.close();
    expect(await rig.act(id, promise, "listen")).toMatchObject({ type: "done" });
  });

  test("closes with its connections when it is withdrawn", async () => {
    const port = await echo("local");
    const { rig, id, port: listens, self } = await routed(refuse, port);
    rig.device.route(id, [self]);
    const caller = client(listens);
    caller.socket.write("hello");
    await until("answered", () => caller.text === "local:hello");
    rig.heals = false;
    expect(await rig.act(id, { listen: `127.0.0.1:${listens}` }, "close")).toMatchObject({ type: "done" });
    await until("closed", () => caller.closed);
    rig.device.observe(id);
    await until("seen", () => rig.observation(id)?.["type"] === "closed");
  });

  test("takes a bounded number of connections", async () => {
    const { rig, id, port } = await routed(() => new Promise(() => {}));
    rig.device.route(id, [peerId(1)]);
    const callers = Array.from({ length: routeConnectionsMax + 10 }, () => client(port));
    await until("ten were turned away", () => callers.filter(({ closed }) => closed).length === 10);
    for (const { socket } of callers) socket.destroy();
  });
});

describe("a connection", () => {
  test("goes to the local service when this agent is the best", async () => {
    const { rig, id, port, self } = await routed(refuse, await echo("local"));
    rig.device.route(id, [self, peerId(1)]);
    const caller = client(port);
    caller.socket.write("hello");
    await until("answered", () => caller.text === "local:hello");
    expect(routedInputs(rig)).toEqual([[self, "answered"]]);
    caller.socket.end();
    await until("both ends closed", () => caller.closed);
  });

  test("fails over to the next backend, with what the client had said already", async () => {
    const good = await echo("good");
    const asked: string[] = [];
    const { rig, id, port, self } = await routed((backend, capability, signal) => {
      asked.push(`${backend} ${capability}`);
      return backend === peerId(2) ? connectLocal(good, signal) : refuse(backend, capability, signal);
    });
    // The agent's own service is gone too.
    rig.device.route(id, [self, peerId(1), peerId(2), peerId(3)]);
    const caller = client(port);
    caller.socket.write("hello");
    await until("answered", () => caller.text === "good:hello");
    expect(asked).toEqual([`${peerId(1)} sensor`, `${peerId(2)} sensor`]);
    expect(routedInputs(rig)).toEqual([
      [self, "failed"],
      [peerId(1), "failed"],
      [peerId(2), "answered"],
    ]);
  });

  test("leaves a backend that says nothing until its time is over", async () => {
    const good = await echo("good");
    let aborted = false;
    const { rig, id, port } = await routed((backend, _capability, signal) => {
      if (backend === peerId(2)) return connectLocal(good, signal);
      signal.addEventListener("abort", () => {
        aborted = true;
      });
      return new Promise(() => {});
    });
    rig.device.route(id, [peerId(1), peerId(2)]);
    const caller = client(port);
    caller.socket.write("hello");
    await until("answered", () => caller.text === "good:hello");
    expect(aborted).toBe(true);
  });

  test("is moved while nothing was passed on", async () => {
    const good = await echo("good");
    const ends: Duplex[] = [];
    const { rig, id, port } = await routed((backend, _capability, signal) => {
      if (backend === peerId(2)) return connectLocal(good, signal);
      const [near, far] = duplexPair();
      ends.push(far);
      return Promise.resolve(near);
    });
    rig.device.route(id, [peerId(1), peerId(2)]);
    const caller = client(port);
    const far = await until("connected", () => ends[0]);
    far.destroy();
    await until("the bad one is told", () => routedInputs(rig).length === 1);
    caller.socket.write("hello");
    await until("answered", () => caller.text === "good:hello");
    expect(routedInputs(rig)).toEqual([
      [peerId(1), "failed"],
      [peerId(2), "answered"],
    ]);
  });

  test("is not moved once a byte was passed on, since nobody knows what it caused", async () => {
    const taken: Socket[] = [];
    const bad = await listening(
      createServer((socket) => {
        socket.on("error", () => {});
        socket.once("data", () => socket.destroy());
      }),
    );
    const good = await echo("good", (socket) => taken.push(socket));
    const { rig, id, port } = await routed((backend, _capability, signal) =>
      connectLocal(backend === peerId(1) ? bad : good, signal),
    );
    rig.device.route(id, [peerId(1), peerId(2)]);
    const caller = client(port);
    caller.socket.write("delete everything");
    await until("closed", () => caller.closed);
    expect([caller.text, caller.error]).toEqual(["", "ECONNRESET"]);
    expect(taken).toEqual([]);
    expect(routedInputs(rig)).toEqual([[peerId(1), "failed"]]);
  });

  test("survives that the backends change", async () => {
    const one = await echo("one");
    const two = await echo("two");
    const { rig, id, port } = await routed((backend, _capability, signal) =>
      connectLocal(backend === peerId(1) ? one : two, signal),
    );
    rig.device.route(id, [peerId(1)]);
    const early = client(port);
    early.socket.write("a");
    await until("answered", () => early.text === "one:a");
    rig.device.route(id, [peerId(2)]);
    const late = client(port);
    late.socket.write("b");
    await until("the other", () => late.text === "two:b");
    early.socket.write("c");
    await until("as before", () => early.text === "one:aone:c");
  });

  test("that its backend breaks off in the middle is not taken for complete", async () => {
    const broken = await listening(
      createServer((socket) => {
        socket.write("the first half");
        socket.once("data", () => socket.resetAndDestroy());
      }),
    );
    const { rig, id, port } = await routed((_backend, _capability, signal) => connectLocal(broken, signal));
    rig.device.route(id, [peerId(1)]);
    const caller = client(port);
    await until("half an answer", () => caller.text === "the first half");
    caller.socket.write("go on");
    await until("closed", () => caller.closed);
    expect(caller.error).toBe("ECONNRESET");
  });

  test("is closed when nobody can take it", async () => {
    const { rig, id, port } = await routed(refuse);
    rig.device.route(id, []);
    const caller = client(port);
    await until("closed", () => caller.closed);
    expect(routedInputs(rig)).toEqual([]);
  });

  test("tells nothing of a backend when the client goes away first", async () => {
    let asked = false;
    let aborted = false;
    const { rig, id, port } = await routed((_backend, _capability, signal) => {
      asked = true;
      signal.addEventListener("abort", () => {
        aborted = true;
      });
      return new Promise(() => {});
    });
    rig.device.route(id, [peerId(1)]);
    const caller = client(port);
    await until("asked", () => asked);
    // The route is closed, and its client with it.
    rig.heals = false;
    await rig.act(id, { listen: `127.0.0.1:${port}` }, "close");
    await until("given up", () => aborted && caller.closed);
    expect(routedInputs(rig)).toEqual([]);
  });

  test("carries much in both directions, and half-closed ends", async () => {
    const size = 3_000_000;
    const sum = await listening(
      createServer({ allowHalfOpen: true }, (socket) => {
        let count = 0;
        socket.on("data", (bytes) => {
          count += bytes.length;
        });
        socket.on("end", () => socket.end(`${count} `.padEnd(size, "x")));
      }),
    );
    const { rig, id, port, self } = await routed(refuse, sum);
    rig.device.route(id, [self]);
    const caller = client(port);
    caller.socket.end("y".repeat(size));
    await until("all came", () => caller.closed);
    expect(caller.text.length).toBe(size);
    expect(caller.text.startsWith(`${size} `)).toBe(true);
  });

  test("tells good answers once a second, and each failure", async () => {
    const good = await echo("good");
    let works = true;
    const { rig, id, port } = await routed((backend, capability, signal) =>
      works ? connectLocal(good, signal) : refuse(backend, capability, signal),
    );
    rig.device.route(id, [peerId(1)]);
    const call = async (): Promise<void> => {
      const caller = client(port);
      caller.socket.write("hello");
      await until("answered or closed", () => caller.text !== "" || caller.closed);
      caller.socket.destroy();
    };
    await call();
    await call();
    works = false;
    await call();
    await call();
    works = true;
    await call();
    expect(routedInputs(rig).map(([, result]) => result)).toEqual([
      "answered",
      "failed",
      "failed",
      "answered",
    ]);
  });

  test("stops with the device", async () => {
    const { rig, id, port, self } = await routed(refuse, await echo("local"));
    rig.device.route(id, [self]);
    const caller = client(port);
    caller.socket.write("hello");
    await until("answered", () => caller.text !== "");
    await rig.device.stop("leave");
    await until("closed", () => caller.closed);
    const late = client(port);
    await until("nobody listens", () => late.closed);
  });
});
