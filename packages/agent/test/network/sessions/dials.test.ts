import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { freePort } from "../../../../cli/src/demo/ports.ts";
import { enroll, found, memberOf, pair, Station } from "../swarm.ts";

const purposes = ["session", "fresh"] as const;
/** Long enough that a connection is accepted within it on a busy machine too. */
const silentMs = 2_000;
const open: Station[] = [];
const servers: Server[] = [];
const sockets = new Set<Socket>();
const children: ChildProcess[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((station) => station.close()));
  for (const socket of sockets) socket.destroy();
  for (const server of servers.splice(0)) server.close();
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

/** A server on a free port that does with each connection as it is told; its multiaddr. */
async function serve(take: (socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    take(socket);
  });
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("A TCP port");
  return `/ip4/127.0.0.1/tcp/${address.port}`;
}

/** An address that accepts, and lets nothing pass to the one behind it until it is told to. */
async function door(to: Station): Promise<{ address: string; count(): number; open(): void }> {
  const port = Number(to.network.addresses()[0]?.split("/").at(-1));
  const waiting: Socket[] = [];
  const address = await serve((socket) => waiting.push(socket.pause()));
  const pass = (socket: Socket): void => {
    const behind = connect(port, "127.0.0.1");
    sockets.add(behind);
    behind.on("error", () => undefined);
    socket.pipe(behind).pipe(socket);
  };
  return { address, count: () => waiting.length, open: () => waiting.forEach(pass) };
}

/** An address where nobody listens. */
async function deserted(): Promise<string> {
  return `/ip4/127.0.0.1/tcp/${await freePort()}`;
}

/** An agent, and the certificate of another that does not run. */
async function alone(): Promise<readonly [Station, Station]> {
  const founded = found();
  const station = await new Station(founded).open();
  open.push(station);
  const absent = new Station(enroll(founded, "absent"));
  station.knowledge.add(memberOf(absent.founded, []));
  return [station, absent];
}

/** Two agents that know each other and have no session. */
async function strangers(): Promise<readonly [Station, Station]> {
  const founded = found();
  const [left, right] = [new Station(founded), new Station(enroll(founded, "right"))];
  open.push(left, right);
  await Promise.all([left.open(), right.open()]);
  left.know(right);
  right.know(left);
  return [left, right];
}

test("accepted, and nothing said", async () => {
  const address = await serve(() => undefined);
  const stations = await Promise.all(
    purposes.map(async (purpose) => {
      const [station, absent] = await alone();
      station.network.dial(absent.agent, [address], purpose, silentMs);
      return station;
    }),
  );
  const dialed = await Promise.all(stations.map((station) => station.input("dialed")));
  expect(dialed.map(({ result }) => result)).toEqual(["silent", "silent"]);
});

test("what shakes hands after its dial is over becomes the session", async () => {
  const shake = async (purpose: (typeof purposes)[number]): Promise<void> => {
    const [left, right] = await strangers();
    const { address, open: letIn } = await door(right);
    left.network.dial(right.agent, [address], purpose, silentMs);
    expect((await left.input("dialed")).result).toBe("silent");
    letIn();
    expect((await left.input("connected")).peer).toBe(right.agent);
    expect((await right.input("connected")).peer).toBe(left.agent);
  };
  await Promise.all(purposes.map(shake));
});

test("who may still shake hands is not dialed twice", async () => {
  const dialTwice = async (purpose: (typeof purposes)[number]): Promise<number> => {
    const [left, right] = await strangers();
    const { address, count } = await door(right);
    for (const next of [purpose, "session"] as const) {
      left.network.dial(right.agent, [address], next, silentMs);
      expect((await left.input("dialed")).result).toBe("silent");
      left.clear();
    }
    return count();
  };
  expect(await Promise.all(purposes.map(dialTwice))).toEqual([1, 1]);
});

for (const purpose of purposes) {
  test(`${purpose}: nobody listens`, async () => {
    const [station, absent] = await alone();
    station.network.dial(absent.agent, [await deserted()], purpose, 10_000);
    expect((await station.input("dialed")).result).toBe("refused");
  });

  test(`${purpose}: accepted, and dropped`, async () => {
    const [station, absent] = await alone();
    station.network.dial(absent.agent, [await serve((socket) => socket.destroy())], purpose, 10_000);
    expect((await station.input("dialed")).result).toBe("failed");
  });

  test(`${purpose}: garbage is no answer`, async () => {
    const [station, absent] = await alone();
    const address = await serve((socket) => socket.write("HTTP/1.1 400 Bad Request\r\n\r\n"));
    station.network.dial(absent.agent, [address], purpose, 300);
    expect((await station.input("dialed")).result).not.toBe("connected");
  });

  test(`${purpose}: another agent answers at the address`, async () => {
    const [station, absent] = await alone();
    const other = await new Station(enroll(station.founded, "other")).open();
    open.push(other);
    station.network.dial(absent.agent, other.network.addresses(), purpose, 10_000);
    expect((await station.input("dialed")).result).toBe("refused");
  });

  test(`${purpose}: no address, and no certificate`, async () => {
    const [station, absent] = await alone();
    station.network.dial(absent.agent, [], purpose, 1_000);
    expect((await station.input("dialed")).result).toBe("failed");
    const unknown = new Station(enroll(station.founded, "unknown"));
    station.network.dial(unknown.agent, [await deserted()], purpose, 1_000);
    expect((await station.input("dialed", ({ peer }) => peer === unknown.agent)).result).toBe("failed");
  });

  test(`${purpose}: a living address wins over a dead one`, async () => {
    const founded = found();
    const [station, other] = await Promise.all([
      new Station(founded).open(),
      new Station(enroll(founded, "other")).open(),
    ]);
    open.push(station, other);
    station.know(other);
    const addresses = [await deserted(), await serve(() => undefined), ...other.network.addresses()];
    station.network.dial(other.agent, addresses, purpose, 10_000);
    expect((await station.input("dialed")).result).toBe("connected");
    expect((await station.input("connected")).peer).toBe(other.agent);
  });
}

test("a fresh dial leaves the standing session alone", async () => {
  const [left, right] = await pair();
  open.push(left, right);
  left.clear();
  right.clear();
  left.dial(right, "fresh");
  expect((await left.input("dialed")).result).toBe("connected");
  const probe = { type: "probeRequest", sequence: 1, subject: left.agent } as const;
  right.network.send(left.agent, probe);
  await left.input("message");
  left.network.send(right.agent, probe);
  await right.input("message");
  expect([...left.inputs, ...right.inputs].map(({ type }) => type).sort()).toEqual([
    "dialed",
    "message",
    "message",
  ]);
});

test("a stopped process is silent, a killed one refuses", async () => {
  const [station, absent] = await alone();
  const program = `require("net").createServer().listen(0, "127.0.0.1", function () { console.log(this.address().port) })`;
  const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "ignore"] });
  children.push(child);
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const address = `/ip4/127.0.0.1/tcp/${line.toString().trim()}`;
  child.kill("SIGSTOP");
  station.network.dial(absent.agent, [address], "fresh", silentMs);
  expect((await station.input("dialed")).result).toBe("silent");
  station.clear();
  child.kill("SIGKILL");
  await once(child, "exit");
  station.network.dial(absent.agent, [address], "fresh", 10_000);
  expect((await station.input("dialed")).result).toBe("refused");
});
