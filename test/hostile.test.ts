import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCommand } from "../packages/cli/src/demo/command.ts";
import { allHold, eventually, form, launcher, makeColony, type TestColony } from "./harness/colonies.ts";

const names = ["one", "two"];
let test: TestColony;

/**
 * Sends bytes to where something listens, and reads whatever comes until the other side hangs up. A port may also keep
 * silence, and is left then.
 */
function send(
  target: { readonly port: number } | { readonly path: string },
  bytes: Uint8Array,
): Promise<string> {
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect("port" in target ? { ...target, host: "127.0.0.1", timeout: 2_000 } : target);
    const end = (): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setEncoding("latin1");
    socket.on("connect", () => socket.write(bytes));
    socket.on("data", (text) => {
      answer += text;
    });
    socket.on("timeout", end).on("error", end).on("close", end);
  });
}

async function portOf(name: string): Promise<number> {
  const peer = test.colony.agent(names.find((other) => other !== name) ?? "");
  const { members } = await peer.inspect();
  const address = members.find((member) => member.name === name)?.addresses[0] ?? "";
  return Number(address.split("/").at(-1));
}

beforeAll(async () => {
  test = makeColony();
  await form(test, names);
});

afterAll(() => test.end());

describe("garbage from outside", () => {
  it("on the TCP port changes nothing: the agent stays in its swarm", async () => {
    const port = await portOf("one");
    const noise = Array.from({ length: 20 }, (_, index) => randomBytes(2 ** (index % 17)));
    await Promise.all(noise.map((bytes) => send({ port }, bytes)));
    await send({ port }, Buffer.from("\x13/multistream/1.0.0\n\x07/noise\n".repeat(500), "latin1"));
    await eventually("both to reach each other", () => allHold(test.colony.agents, names, "reachable"));
  });

  it.each(["control", "read"] as const)(
    "on the %s socket gets an error, and the next request is served",
    async (which) => {
      const agent = test.colony.agent("one");
      const path = agent.sockets[which];
      expect(await send({ path }, randomBytes(4_096))).toMatch(/^HTTP\/1\.1 400|^$/);
      const broken =
        'POST /v1/command HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\nconnection: close\r\n\r\n{"type":1';
      expect(await send({ path }, Buffer.from(broken))).toMatch(/^HTTP\/1\.1 4/);
      expect((await agent.inspect()).name).toBe("one");
    },
  );
});

describe("garbage on many connections, again and again", () => {
  it("is held off, and a device of the same address joins meanwhile", async () => {
    const port = await portOf("one");
    const beganMs = performance.now();
    let began = 0;
    let isOver = false;
    const again = async (): Promise<void> => {
      while (!isOver) {
        began += 1;
        await send({ port }, randomBytes(512));
      }
    };
    const flood = Promise.all(Array.from({ length: 40 }, again));
    try {
      const { code } = await test.colony.command("one", "invite", "--expires", "5m");
      await test.colony.command("three", "join", String(code), "--name", "three");
      await test.colony.start("three");
      const all = [...names, "three"];
      await eventually("all to reach each other", () => allHold(test.colony.agents, all, "reachable"));
    } finally {
      isOver = true;
      await flood;
    }
    // Who is held off for a second comes again once a second; where it was refused at once, more than a hundred times.
    expect(began).toBeGreaterThanOrEqual(40);
    expect(began).toBeLessThan(40 * ((performance.now() - beganMs) / 1_000 + 3));
  });
});

describe("garbage in a policy file", () => {
  it("is told with line and column, and nothing is published", async () => {
    const directory = mkdtempSync(join(tmpdir(), "antibody-lint-"));
    try {
      const file = join(directory, "bad.yaml");
      writeFileSync(file, "stream: home\nname: a\npromises:\n  file:/etc/a: { mode: 0644, contnt: x }\n");
      const { code, stderr, stdout } = await runCommand(
        launcher,
        ["lint", file],
        AbortSignal.timeout(30_000),
      );
      expect(code).toBe(1);
      expect(stdout + stderr).toMatch(/bad\.yaml:4:\d+/);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
