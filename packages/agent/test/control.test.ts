import { spawn } from "node:child_process";
import { once } from "node:events";
import { lstat, mkdir, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { connect, createServer } from "node:net";
import { dirname, join } from "node:path";
import type { MemberView } from "@antibody/core";
import { fragmentBytesMax, makeId } from "@antibody/policy";
import { afterEach, describe, expect, test } from "vitest";
import { controlClient } from "../src/control/client.ts";
import { commandBytesMax, connectionsMax, followersMax } from "../src/control/limits.ts";
import { startControl } from "../src/control/server.ts";
import { agentId, closeFakes, emptyInspection, FakeAgent, logLine, startFake } from "./control.fake.ts";

afterEach(closeFakes);

interface Answered {
  readonly status: number;
  readonly text: string;
}

/** One request without the client, so that wrong ones can be made too. */
async function ask(
  socketPath: string,
  method: string,
  path: string,
  body?: string | Uint8Array,
): Promise<Answered> {
  const asked = request({ socketPath, method, path, agent: false });
  asked.end(body);
  const [response] = await once(asked, "response");
  let text = "";
  for await (const chunk of response) text += chunk;
  return { status: response.statusCode, text };
}

/** Bytes written straight to the socket; gives what came back until the other end closed. */
async function shout(socketPath: string, bytes: string | Uint8Array): Promise<string> {
  const socket = connect({ path: socketPath });
  socket.write(bytes);
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk;
  });
  socket.on("error", () => undefined);
  await once(socket, "close");
  return text;
}

describe("every route", () => {
  test("inspection, log and recording are given on both sockets", async () => {
    const { agent, paths } = await startFake();
    agent.lines = [logLine(1), logLine(2)];
    for (const socket of [paths.control, paths.read]) {
      expect(JSON.parse((await ask(socket, "GET", "/v1/inspection")).text)).toEqual(emptyInspection);
      expect(JSON.parse((await ask(socket, "GET", "/v1/log")).text)).toEqual({ v: 1, lines: agent.lines });
      expect((await ask(socket, "GET", "/v1/recording")).text).toBe("\u0001\u0002\u0003");
    }
  });

  test("nothing is seen of an agent, and nobody commands it, before it has taken up what it left", async () => {
    const { agent, paths } = await startFake();
    const begun = Promise.withResolvers<void>();
    agent.begun = begun.promise;
    const asked = [
      ask(paths.read, "GET", "/v1/inspection"),
      ask(paths.control, "POST", "/v1/command", JSON.stringify({ type: "resume", target: "*" })),
    ];
    await ask(paths.read, "GET", "/v1/nothing");
    expect(agent.commands).toEqual([]);
    agent.inspection = { ...emptyInspection, name: "begun" };
    begun.resolve();
    const [seen] = await Promise.all(asked);
    expect(JSON.parse(seen?.text ?? "")).toMatchObject({ name: "begun" });
    expect(agent.commands).toHaveLength(1);
  });

  test("a deadline that never comes travels as the largest safe integer", async () => {
    const { agent, paths } = await startFake();
    const pause = { target: "*" as const, reason: "work", untilMs: Number.POSITIVE_INFINITY };
    agent.inspection = { ...emptyInspection, pauses: [pause] };
    const inspection = await controlClient(paths).inspect();
    expect(inspection.pauses[0]?.untilMs).toBe(Number.MAX_SAFE_INTEGER);
  });

  test("a beginning that nobody remembers travels as the smallest", async () => {
    const { agent, paths } = await startFake();
    const member: MemberView = {
      agent: agentId,
      name: "attic",
      verdict: "left",
      sinceMs: Number.NEGATIVE_INFINITY,
      why: "it said goodbye",
      incarnation: [1, 1, 0],
      addresses: [],
      capabilities: [],
      observedByMe: false,
      connected: false,
      votes: [],
    };
    agent.inspection = { ...emptyInspection, members: [member] };
    const inspection = await controlClient(paths).inspect();
    expect(inspection.members[0]?.sinceMs).toBe(Number.MIN_SAFE_INTEGER);
  });

  test("a command reaches the mind, and its refusal reaches the caller", async () => {
    const { agent, paths } = await startFake();
    const client = controlClient(paths);
    const pause = { type: "pause", target: "*", reason: "look at it", forMs: 60_000 } as const;
    expect(await client.command(pause)).toEqual({ type: "ok", detail: null });
    agent.reply = { type: "refused", message: "not paused", next: "antibody status" };
    expect(await client.command({ type: "step", target: "*" })).toEqual(agent.reply);
    expect(agent.commands).toEqual([pause, { type: "step", target: "*" }]);
  });

  test("an offer gives the id, or the rejection", async () => {
    const { agent, paths } = await startFake();
    const client = controlClient(paths);
    expect(await client.offer(new Uint8Array([7, 8]))).toEqual({ type: "accepted", id: "frag_x" });
    expect(await client.offer(new Uint8Array([0]))).toMatchObject({ reason: "badSignature" });
    expect(agent.offers.map((bytes) => [...bytes])).toEqual([[7, 8], [0]]);
  });

  test("an invite has the life that was asked for", async () => {
    const { agent, paths } = await startFake();
    const invite = await controlClient(paths).invite({ expiresInMs: 60_000, mayInvite: true });
    expect(invite).toEqual({ code: "abc", expiresMs: 5 });
    expect(agent.invites).toEqual([{ expiresInMs: 60_000, mayInvite: true }]);
  });

  test("stop is answered before the agent stops", async () => {
    const { agent, paths } = await startFake();
    await controlClient(paths).stop();
    await expect.poll(() => agent.stops).toBe(1);
  });

  test("who follows gets the recent lines, then every new one, once", async () => {
    const { agent, paths } = await startFake();
    agent.lines = [logLine(1)];
    const end = new AbortController();
    const lines = controlClient(paths).follow(true, end.signal);
    expect((await lines.next()).value).toEqual(logLine(1));
    for (const listener of agent.listeners) listener(logLine(2));
    expect((await lines.next()).value).toEqual(logLine(2));
    end.abort();
    expect((await lines.next()).done).toBe(true);
    // The last follower gone, the agent is not listened to any more.
    await expect.poll(() => agent.listeners.size).toBe(0);
  });
});

describe("what is refused", () => {
  test("the socket for looking takes no command", async () => {
    const { agent, paths } = await startFake();
    for (const path of ["/v1/command", "/v1/offer", "/v1/invite", "/v1/stop", "/v1/inspection"]) {
      expect((await ask(paths.read, "POST", path, "{}")).status).toBe(405);
    }
    expect((await ask(paths.read, "DELETE", "/v1/inspection")).status).toBe(405);
    expect([agent.commands, agent.offers, agent.invites, agent.stops]).toEqual([[], [], [], 0]);
  });

  test("unknown routes, and known ones by the wrong method", async () => {
    const { paths } = await startFake();
    expect((await ask(paths.control, "GET", "/v2/inspection")).status).toBe(404);
    expect((await ask(paths.control, "GET", "/__proto__")).status).toBe(404);
    expect((await ask(paths.control, "GET", "/v1/stop")).status).toBe(405);
  });

  const author = makeId("author", new Uint8Array(32));
  const grant = { author, scope: ["**"], rank: 1, mode: "enforce", powers: [], bytesMax: 1 };
  test.each([
    ["no JSON", "{"],
    ["no object", "7"],
    ["an unknown command", '{"type":"explode"}'],
    ["a field too many", '{"type":"stop","now":true}'],
    ["a resource that is none", '{"type":"resume","target":"etc/motd"}'],
    ["a pause without an end", '{"type":"pause","target":"*","reason":"x"}'],
    ["a pause for too long", '{"type":"pause","target":"*","reason":"x","forMs":1e15}'],
    ["a reason that paints", JSON.stringify({ type: "pause", target: "*", reason: "\u001b[2J", forMs: 1 })],
    ["an action id of another form", '{"type":"cancel","action":"1"}'],
    ["a mode that is none", JSON.stringify({ type: "grant", grant: { ...grant, mode: "force" } })],
    ["a power that is none", JSON.stringify({ type: "grant", grant: { ...grant, powers: ["root"] } })],
    ["a broken rank", JSON.stringify({ type: "grant", grant: { ...grant, rank: 1.5 } })],
    ["an empty scope", JSON.stringify({ type: "grant", grant: { ...grant, scope: [] } })],
    ["bytes that are no text", "\xff\xfe"],
  ])("a command with %s", async (_what, body) => {
    const { agent, paths } = await startFake();
    const answered = await ask(paths.control, "POST", "/v1/command", Buffer.from(body, "latin1"));
    expect(answered.status).toBe(400);
    expect(JSON.parse(answered.text)).toMatchObject({ error: { code: "malformed" } });
    expect(agent.commands).toEqual([]);
  });

  test("the same grant without the fault is taken", async () => {
    const { agent, paths } = await startFake();
    const answered = await ask(
      paths.control,
      "POST",
      "/v1/command",
      JSON.stringify({ type: "grant", grant }),
    );
    expect(answered.status).toBe(200);
    expect(agent.commands).toEqual([{ type: "grant", grant }]);
  });

  test("bodies above their bounds, declared or not", async () => {
    const { agent, paths } = await startFake();
    const large = "x".repeat(commandBytesMax + 1);
    expect((await ask(paths.control, "POST", "/v1/command", large)).status).toBe(413);
    expect((await ask(paths.control, "POST", "/v1/offer", Buffer.alloc(fragmentBytesMax + 1))).status).toBe(
      413,
    );
    const chunk = `${(50_000).toString(16)}\r\n${"x".repeat(50_000)}\r\n`;
    const head = "POST /v1/offer HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
    expect(await shout(paths.control, head + chunk + chunk)).toContain(" 413 ");
    expect(agent.offers).toEqual([]);
    expect((await ask(paths.control, "POST", "/v1/offer", Buffer.alloc(fragmentBytesMax, 1))).status).toBe(
      200,
    );
  });

  test("garbage gets 400 and loses nothing", async () => {
    const { paths, told } = await startFake();
    expect(await shout(paths.control, "\x16\x03\x01 this is not HTTP\r\n\r\n")).toContain(" 400 ");
    expect(await shout(paths.control, Buffer.alloc(100_000, 0xff))).toContain(" 400 ");
    expect(await shout(paths.read, `GET / HTTP/1.1\r\nx: ${"y".repeat(100_000)}\r\n\r\n`)).toContain(" 431 ");
    expect((await ask(paths.control, "GET", "/v1/inspection")).status).toBe(200);
    expect(told).toEqual([]);
  });

  test("a failure inside the agent is told and answered, and the next request is served", async () => {
    const { agent, paths, told } = await startFake();
    agent.inspect = () => {
      throw new Error("broken");
    };
    expect((await ask(paths.control, "GET", "/v1/inspection")).status).toBe(500);
    expect(told).toEqual(["a request on the control socket failed"]);
    expect((await ask(paths.control, "GET", "/v1/log")).status).toBe(200);
  });
});

describe("who connects and does not behave", () => {
  test("a slow client holds up nobody", async () => {
    const { paths, told } = await startFake();
    const slow = connect({ path: paths.control });
    slow.write("POST /v1/command HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{");
    await once(slow, "connect");
    expect((await ask(paths.control, "GET", "/v1/inspection")).status).toBe(200);
    slow.destroy();
    await once(slow, "close");
    expect((await ask(paths.control, "GET", "/v1/inspection")).status).toBe(200);
    expect(told).toEqual([]);
  });

  test("a request that never comes in full is given up", async () => {
    const { agent, paths, told } = await startFake(50);
    const half = "POST /v1/command HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{";
    expect(await shout(paths.control, half)).toContain(" 408 ");
    expect(await shout(paths.control, "GET /v1/insp")).toContain(" 408 ");
    expect(agent.commands).toEqual([]);
    expect(told).toEqual([]);
  });

  test("connections have a bound, and freed ones are served again", async () => {
    const { paths } = await startFake();
    const held = Array.from({ length: connectionsMax }, () => connect({ path: paths.control }));
    await Promise.all(held.map((socket) => once(socket, "connect")));
    const refused = controlClient(paths).command({ type: "stop" });
    await expect(refused).rejects.toMatchObject({ code: "busy" });
    for (const socket of held) socket.destroy();
    await expect
      .poll(() =>
        ask(paths.control, "GET", "/v1/log").then(
          ({ status }) => status,
          () => 0,
        ),
      )
      .toBe(200);
  });

  test("a follower that does not read is let go", async () => {
    const { agent, paths } = await startFake();
    const deaf = connect({ path: paths.read });
    deaf.pause();
    deaf.on("error", () => undefined);
    deaf.write("GET /v1/events HTTP/1.1\r\nhost: x\r\n\r\n");
    await expect.poll(() => agent.listeners.size).toBe(1);
    const line = { ...logLine(1), filling: "x".repeat(10_000) };
    // Far more than the bound and all that the kernel may hold.
    for (let sent = 0; sent < 1_000; sent += 1) for (const listener of agent.listeners) listener(line);
    await expect.poll(() => agent.listeners.size).toBe(0);
    expect((await ask(paths.read, "GET", "/v1/log")).status).toBe(200);
    deaf.destroy();
  });

  test("followers have a bound below that of connections", async () => {
    const { paths } = await startFake();
    const end = new AbortController();
    const client = controlClient(paths);
    const streams = await Promise.all(
      Array.from({ length: followersMax }, async () => {
        const asked = request({ socketPath: paths.read, path: "/v1/events", agent: false });
        asked.end();
        await once(asked, "response");
        return asked;
      }),
    );
    await expect(client.follow(false, end.signal).next()).rejects.toMatchObject({ code: "busy" });
    expect((await ask(paths.read, "GET", "/v1/inspection")).status).toBe(200);
    for (const stream of streams) stream.destroy();
  });
});

test("the client says so when something else than an agent answers", async () => {
  const { directory } = await startFake();
  const path = join(directory, "other.sock");
  const other = createServer((socket) =>
    socket
      .on("error", () => undefined)
      .resume()
      .end("220 smtp ready\r\n"),
  );
  await new Promise<void>((opened) => other.listen(path, opened));
  const client = controlClient({ control: path, read: path });
  await expect(client.inspect()).rejects.toMatchObject({ code: "failed" });
  await new Promise((closed) => other.close(closed));
});

describe("the sockets themselves", () => {
  test("have their modes, and go away with the server", async () => {
    const { paths, server } = await startFake();
    expect((await lstat(paths.control)).mode & 0o777).toBe(0o600);
    expect((await lstat(paths.read)).mode & 0o777).toBe(0o660);
    await server.close();
    await expect(lstat(paths.control)).rejects.toMatchObject({ code: "ENOENT" });
    await expect(lstat(paths.read)).rejects.toMatchObject({ code: "ENOENT" });
    await expect(controlClient(paths).inspect()).rejects.toMatchObject({ code: "notRunning" });
  });

  test("a killed agent's socket is replaced", async () => {
    const { paths, server, agent } = await startFake();
    await server.close();
    await mkdir(dirname(paths.control), { recursive: true });
    const code = `require("net").createServer().listen(${JSON.stringify(paths.control)}, () => console.log("up"))`;
    const killed = spawn(process.execPath, ["-e", code], { stdio: ["ignore", "pipe", "inherit"] });
    await once(killed.stdout, "data");
    killed.kill("SIGKILL");
    await once(killed, "exit");
    expect((await lstat(paths.control)).isSocket()).toBe(true);
    const again = await startControl({ control: agent, paths, tell: () => undefined });
    expect((await ask(paths.control, "GET", "/v1/log")).status).toBe(200);
    await again.close();
  });

  test("a living agent's socket is not", async () => {
    const { paths } = await startFake();
    const second = startControl({ control: new FakeAgent(), paths, tell: () => undefined });
    await expect(second).rejects.toThrow("another agent answers");
    expect((await ask(paths.control, "GET", "/v1/log")).status).toBe(200);
  });

  test("a file that is no socket is left alone, and so is a directory open to all", async () => {
    const { directory } = await startFake();
    const file = join(directory, "precious");
    await writeFile(file, "data");
    const paths = { control: file, read: join(directory, "r") };
    await expect(startControl({ control: new FakeAgent(), paths, tell: () => undefined })).rejects.toThrow(
      "not a socket",
    );
    const open = { control: "/tmp/antibody-c", read: "/tmp/antibody-r" };
    await expect(
      startControl({ control: new FakeAgent(), paths: open, tell: () => undefined }),
    ).rejects.toThrow("not a directory of this user alone");
  });
});
