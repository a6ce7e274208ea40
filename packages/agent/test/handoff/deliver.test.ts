import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Incident } from "@antibody/core";
import { describe, expect, onTestFinished, test } from "vitest";
import { type HandoffTarget, readHandoffConfig, writeHandoffConfig } from "../../src/handoff/config.ts";
import { deliver } from "../../src/handoff/deliver.ts";
import { HandoffDesk } from "../../src/handoff/desk.ts";
import { handedOffMessage } from "../../src/handoff/message.ts";
import { Outbox } from "../../src/handoff/outbox.ts";
import { StateError } from "../../src/state/stateError.ts";
import { scratchDirectory } from "../state/scratch.ts";

interface Received {
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** Somebody who listens, and answers with these statuses in turn, then with the last one. */
async function listener(
  ...statuses: readonly number[]
): Promise<{ readonly url: string; readonly got: Received[] }> {
  const got: Received[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => {
      body += text;
    });
    request.on("end", () => {
      response.writeHead(statuses[Math.min(got.length, statuses.length - 1)] ?? 200).end("thanks");
      got.push({ url: request.url ?? "", headers: request.headers, body });
    });
  });
  await new Promise<void>((open) => server.listen(0, "127.0.0.1", open));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook/T0PS3CRET`, got };
}

const teller = { agent: "agent_x", name: "attic", self: "antibody --state /s" };
const incident = {
  v: 1,
  id: "incident_abc",
  resource: "command:schema",
  wallMs: 1_790_000_000_000,
  cause: "5 repairs in a row failed; the last: password is hunter2",
  promise: { check: ["/bin/x", "--key", "hunter2"] },
  observed: { output: "hunter2" },
  attempts: [{ detail: "hunter2" }],
} as unknown as Incident;
const message = handedOffMessage(teller, incident, "2026-09-21T14:13:20.000Z");

describe("a message", () => {
  test("goes to a webhook as JSON with the exact next command, and says nothing of what programs said", async () => {
    const { url, got } = await listener(204);
    const target: HandoffTarget = { type: "webhook", url, headers: { authorization: "Bearer t" } };
    expect(await deliver(target, message)).toEqual({ type: "delivered" });
    expect(got[0]?.headers).toMatchObject({ authorization: "Bearer t", "content-type": "application/json" });
    expect(JSON.parse(got[0]?.body ?? "")).toEqual({
      v: 1,
      event: "handedOff",
      agent: "agent_x",
      name: "attic",
      time: "2026-09-21T14:13:20.000Z",
      resource: "command:schema",
      incident: "incident_abc",
      since: "2026-09-21T14:13:20.000Z",
      title: "attic: command:schema cannot be repaired",
      next: "antibody --state /s incident show incident_abc",
    });
    expect(got[0]?.body).not.toContain("hunter2");
  });

  test("goes to ntfy as text with a title and a priority", async () => {
    const { url, got } = await listener(200);
    expect(await deliver({ type: "ntfy", url, token: "tk_1" }, message)).toEqual({ type: "delivered" });
    expect(got[0]?.headers).toMatchObject({
      authorization: "Bearer tk_1",
      title: message.title,
      priority: "high",
    });
    expect(got[0]?.body).toContain("next: antibody --state /s incident show incident_abc");
  });

  test("is tried again a bounded number of times, and logged without the address", async () => {
    const told: string[] = [];
    const outbox = new Outbox({
      deliver,
      tell: (level, event, fields) => told.push(`${level} ${event} ${JSON.stringify(fields)}`),
      retryMs: [1, 1],
    });
    onTestFinished(() => outbox.close());
    const flaky = await listener(503, 500, 200);
    const dead = await listener(503);
    const wrong = await listener(403);
    for (const { url } of [flaky, dead, wrong]) outbox.send({ type: "webhook", url }, message);
    await expect.poll(() => told.length).toBe(3);
    expect([flaky, dead, wrong].map(({ got }) => got.length)).toEqual([3, 3, 1]);
    expect(told.filter((line) => line.startsWith("info handoff.sent"))).toHaveLength(1);
    expect(told.filter((line) => line.startsWith("warn handoff.failed"))).toHaveLength(2);
    expect(told.join("\n")).not.toContain("T0PS3CRET");
  });
});

describe("the owner's configuration", () => {
  test("is private, checked, and nobody's where it is not there", () => {
    const state = scratchDirectory();
    expect(readHandoffConfig(state)).toEqual({ v: 1, targets: [] });
    writeHandoffConfig(state, { v: 1, targets: [{ type: "ntfy", url: "https://ntfy.example/x" }] });
    expect(readHandoffConfig(state).targets).toHaveLength(1);
    chmodSync(join(state, "handoff.json"), 0o644);
    expect(() => readHandoffConfig(state)).toThrow("others can read it");
    const bad: readonly unknown[] = [
      { v: 1, targets: [{ type: "ntfy", url: "file:///etc/passwd" }] },
      { v: 1, targets: [{ type: "webhook", url: "http://x", headers: { a: "b\r\nc: d" } }] },
      { v: 1, targets: [], unknown: 1 },
      "text",
    ];
    for (const each of bad) {
      writeFileSync(join(state, "handoff.json"), JSON.stringify(each));
      chmodSync(join(state, "handoff.json"), 0o600);
      expect(() => readHandoffConfig(state)).toThrow(StateError);
    }
  });
});

test("the desk tells a case and its end, once each, also over a restart", async () => {
  const { url, got } = await listener(200);
  const state = scratchDirectory();
  const target: HandoffTarget = { type: "webhook", url };
  writeHandoffConfig(state, { v: 1, targets: [target], raiseAfter: "1s", clearAfter: "1s" });
  let wallMs = 1_790_000_000_000;
  let incidents: readonly Incident[] = [incident];
  const desk = (): HandoffDesk =>
    new HandoffDesk({
      stateDirectory: state,
      inspect: () => ({ wallMs, incidents, resources: [{ resource: "command:schema" }] as never }),
      teller,
      outbox: new Outbox({ deliver, tell: () => undefined }),
      onFailure: (error) => {
        throw error;
      },
      onMended: () => undefined,
    });
  const first = desk();
  first.look();
  wallMs += 1_000;
  first.look();
  await expect.poll(() => got.length).toBe(1);
  await first.close();
  const second = desk();
  second.look();
  incidents = [{ ...incident, mendedWallMs: wallMs }];
  second.look();
  wallMs += 1_000;
  second.look();
  await expect.poll(() => got.length).toBe(2);
  await second.close();
  expect(got.map(({ body }) => JSON.parse(body).event)).toEqual(["handedOff", "mended"]);
  expect(readFileSync(join(state, "handoff-cases.json"), "utf8")).toContain('"cases":[]');
});
