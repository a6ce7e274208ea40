import { once } from "node:events";
import { statSync, writeFileSync } from "node:fs";
import {
  Agent,
  createServer,
  type IncomingMessage,
  type RequestListener,
  request,
  type Server,
  type ServerResponse,
} from "node:http";
import { type AddressInfo, createConnection, type Socket } from "node:net";
import { join } from "node:path";
import { type Duplex, duplexPair, PassThrough } from "node:stream";
import type { AgentId } from "@antibody/policy";
import { describe, expect, onTestFinished, test } from "vitest";
import { freePort } from "../../../cli/src/demo/ports.ts";
import { connectLocal } from "../../src/device/route/connectLocal.ts";
import { peerId, Rig, until } from "./rig.ts";

/** A peer's service: what reaches it, and a way to end it as a SIGKILL would. */
interface Service {
  readonly peer: AgentId;
  readonly port: number;
  readonly seen: IncomingMessage[];
  readonly sockets: Set<Socket>;
  kill(): void;
}

let peers = 0;

async function service(answer: RequestListener): Promise<Service> {
  const seen: IncomingMessage[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((asked, answers) => {
    seen.push(asked);
    answer(asked, answers);
  });
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  const kill = (): void => {
    server.close();
    for (const socket of sockets) socket.resetAndDestroy();
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(kill);
  peers += 1;
  return { peer: peerId(peers % 200), port: (server.address() as AddressInfo).port, seen, sockets, kill };
}

function text(body: string, status = 200): RequestListener {
  return (_asked, answers: ServerResponse) => void answers.writeHead(status, { "x-from": body }).end(body);
}

/** As a stream through the swarm is: both ends, and no socket. */
function withoutSocket(socket: Socket): Duplex {
  const [near, far] = duplexPair();
  far.pipe(socket);
  socket.pipe(far);
  far.once("close", () => socket.destroy());
  socket.once("close", () => far.destroy());
  return near;
}

/** A route to these services, on a port or a socket of its own. */
async function routed(services: readonly Service[], listen?: string, asPeers = false) {
  const open = async (backend: AgentId, _capability: string, signal: AbortSignal): Promise<Duplex> => {
    const found = services.find(({ peer }) => peer === backend);
    if (found === undefined) throw new Error("no such backend");
    const socket = await connectLocal(found.port, signal);
    return asPeers ? withoutSocket(socket) : socket;
  };
  const rig = new Rig({ openRoute: open });
  const address = listen ?? `127.0.0.1:${await freePort()}`;
  const id = rig.promise("route:sensor", { listen: address, protocol: "http" });
  await rig.kept(id);
  rig.device.route(
    id,
    services.map(({ peer }) => peer),
  );
  return { rig, id, address };
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: IncomingMessage["headers"];
}

/** One call through a route. */
async function call(
  to: string | { readonly socketPath: string },
  options: {
    method?: string;
    body?: string;
    headers?: Record<string, string>;
    agent?: Agent;
    path?: string;
  } = {},
): Promise<Answer> {
  const { method = "GET", body, headers = {}, path = "/" } = options;
  const [host, port] = typeof to === "string" ? to.split(":") : [];
  const where = typeof to === "string" ? { host, port: Number(port) } : to;
  const out = request({ ...where, method, path, headers, agent: options.agent ?? false });
  out.end(body);
  const [answer] = (await once(out, "response")) as [IncomingMessage];
  const parts: Buffer[] = [];
  for await (const part of answer) parts.push(part as Buffer);
  return { status: answer.statusCode ?? 0, body: Buffer.concat(parts).toString(), headers: answer.headers };
}

function results(rig: Rig): readonly string[] {
  return rig.inputs.flatMap((input) => (input.type === "routed" ? [input.result] : []));
}

describe("a request of an http route", () => {
  test("is answered as the backend answers it, with a body each way, and without what is of one connection", async () => {
    const echo = await service((asked, answers) => {
      answers.writeHead(201, {
        "x-method": asked.method ?? "",
        "x-path": asked.url ?? "",
        "keep-alive": "timeout=9",
      });
      asked.pipe(answers);
    });
    const { address } = await routed([echo]);
    const body = "x".repeat(300_000);
    const answer = await call(address, {
      method: "POST",
      path: "/a?b=c",
      body,
      headers: { connection: "close, x-hop", "x-hop": "1", "x-end": "2" },
    });
    expect(answer.status).toBe(201);
    expect(answer.body).toBe(body);
    expect(answer.headers).toMatchObject({ "x-method": "POST", "x-path": "/a?b=c" });
    expect(answer.headers["keep-alive"]).not.toBe("timeout=9");
    const [asked] = echo.seen;
    expect(asked?.headers["x-hop"]).toBeUndefined();
    expect(asked?.headers["x-end"]).toBe("2");
    expect(asked?.headers.host).toBe(address);
  });

  test("goes elsewhere from one to the next, over one connection of the client", async () => {
    const [one, other] = [await service(text("one")), await service(text("other"))];
    const { address, rig } = await routed([one, other]);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    expect((await call(address, { agent })).body).toBe("one");
    one.kill();
    expect((await call(address, { agent })).body).toBe("other");
    expect(results(rig)).toContain("failed");
  });

  test("uses a stream again that is no socket, until it has idled for long, and ends it with the route", async () => {
    const good = await service(text("good"));
    const { address, rig, id } = await routed([good], undefined, true);
    for (let calls = 0; calls < 5; calls += 1) expect((await call(address)).body).toBe("good");
    expect(good.sockets.size).toBe(1);
    expect(await call(address, { method: "POST", body: "b" })).toMatchObject({ body: "good" });
    await rig.act(id, { listen: address, protocol: "http" }, "close");
    await until("all are closed", () => good.sockets.size === 0);
  });

  test("that is safe is made again where a backend dies over it or cannot; one that is not is not", async () => {
    const dies = await service((_asked, answers) => void answers.destroy());
    const cannot = await service(text("cannot", 503));
    const good = await service(text("good"));
    const { address } = await routed([dies, cannot, good]);
    expect(await call(address)).toMatchObject({ status: 200, body: "good" });
    expect(await call(address, { method: "POST", body: "once" })).toMatchObject({ status: 502 });
    expect(dies.seen.filter(({ method }) => method === "POST")).toHaveLength(1);
    expect([...cannot.seen, ...good.seen].filter(({ method }) => method === "POST")).toEqual([]);
  });

  test("that reached no backend goes to the next, whatever it asks for", async () => {
    const [gone, good] = [
      await service(text("gone")),
      await service((asked, answers) => void asked.pipe(answers)),
    ];
    gone.kill();
    const { address } = await routed([gone, good]);
    expect(await call(address, { method: "PUT", body: "all of it" })).toMatchObject({ body: "all of it" });
  });

  test("is told plainly when nobody answers, or all say that they cannot", async () => {
    const { address, rig, id } = await routed([]);
    expect(await call(address)).toMatchObject({ status: 503, body: "no backend of this route answers\n" });
    const cannot = await service(text("busy", 503));
    const both = await routed([cannot]);
    expect(await call(both.address)).toMatchObject({ status: 503, body: "busy" });
    rig.device.route(id, []);
  });

  test("leaves a backend that is silent as soon as it is no backend any more", async () => {
    const silent = await service(() => undefined);
    const good = await service(text("good"));
    const { address, rig, id } = await routed([silent, good]);
    const waits = call(address);
    await until("it hangs", () => silent.seen.length === 1);
    rig.device.route(id, [good.peer]);
    expect(await waits).toMatchObject({ body: "good" });
  });

  test("goes to the backend with the least under way", async () => {
    const held = new PassThrough();
    const slow = await service((_asked, answers) => void held.pipe(answers));
    const free = await service(text("free"));
    const { address } = await routed([slow, free]);
    const first = call(address);
    await until("one is under way", () => slow.seen.length === 1);
    expect((await call(address)).body).toBe("free");
    expect((await call(address)).body).toBe("free");
    held.end("slow");
    expect((await first).body).toBe("slow");
  });

  test("of a client that goes away is given up at the backend, and is nobody's fault", async () => {
    const silent = await service(() => undefined);
    const { address, rig } = await routed([silent]);
    const [host, port] = address.split(":");
    const socket = createConnection({ host: host ?? "", port: Number(port) });
    socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await until("it hangs", () => silent.seen.length === 1);
    socket.destroy();
    await until("the backend is let go", () => silent.sockets.size === 0);
    expect(results(rig)).toEqual([]);
  });

  test("of half an answer breaks off, so that nobody takes it for a whole one", async () => {
    const half = await service((_asked, answers) => {
      answers.writeHead(200, { "content-length": "100" });
      answers.write("half");
      setImmediate(() => answers.destroy());
    });
    const { address } = await routed([half]);
    await expect(call(address)).rejects.toThrow();
  });
});

test("an upgraded connection is one of bytes to one backend", async () => {
  const upgrading = await service(() => undefined);
  const { address } = await routed([upgrading]);
  // The service's side of the handshake, by hand.
  const server = createServer();
  server.on("upgrade", (asked: IncomingMessage, socket: Socket) => {
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${asked.headers.upgrade}\r\n\r\n`,
    );
    socket.on("data", (bytes) => socket.write(`echo ${bytes}`));
    socket.on("error", () => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  (upgrading as { port: number }).port = (server.address() as AddressInfo).port;
  const [host, port] = address.split(":");
  const out = request({
    host,
    port: Number(port),
    headers: { connection: "Upgrade", upgrade: "websocket" },
    agent: false,
  });
  out.end();
  const [answer, socket] = (await once(out, "upgrade")) as [IncomingMessage, Socket];
  onTestFinished(() => void socket.destroy());
  expect(answer.headers.upgrade).toBe("websocket");
  socket.write("hello");
  const [bytes] = (await once(socket, "data")) as [Buffer];
  expect(bytes.toString()).toBe("echo hello");
});

describe("a route on a Unix socket", () => {
  test("takes the place of a socket that a dead process left, and of nothing else", async () => {
    const good = await service(text("good"));
    const { rig, id } = await routed([good], "unix:/run/app/sensor.sock");
    const path = join(rig.place.root, "run/app/sensor.sock");
    expect(statSync(path).isSocket()).toBe(true);
    expect(await call({ socketPath: path })).toMatchObject({ body: "good" });
    const promise = { listen: "unix:/run/app/sensor.sock", protocol: "http" } as const;
    rig.heals = false;
    expect(await rig.act(id, promise, "close")).toMatchObject({ type: "done" });
    writeFileSync(path, "not a socket");
    expect(await rig.act(id, promise, "listen")).toMatchObject({ type: "failed", code: "EADDRINUSE" });
  });
});
