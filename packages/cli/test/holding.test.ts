import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Json } from "@antibody/policy";
import { describe, expect, onTestFinished, test } from "vitest";
import { Audit } from "../../agent/src/audit/audit.ts";
import { historyLines } from "../src/views/history.ts";
import { setStage } from "./commandLine.ts";
import { wellInspection } from "./fixtures.ts";
import { schemaProblems } from "./schemas.ts";
import { whyWithout } from "./tools.ts";

describe("log", () => {
  test("says what was granted as people are asked for it, and shows as it is what is no grant", () => {
    const grant = {
      author: `author_${"a".repeat(52)}`,
      scope: ["file:/etc/**"],
      rank: 10,
      mode: "enforce",
      powers: [],
    };
    const linesOf = (fields: { readonly [field: string]: Json }): string =>
      historyLines({
        schema: "antibody.history/1",
        time: "2026-11-23T03:00:00Z",
        event: "order.grant",
        fields,
      }).join(" ");
    expect(linesOf({ outcome: "ok", grant })).toContain(
      "grant ok, author_aaaaaaaa: file:/etc/**, rank 10, enforce, no powers",
    );
    expect(linesOf({ outcome: "ok", grant: { ...grant, powers: 7 } })).toContain('grant={"author":');
  });

  test("says who ordered what and why, with the outcome", async () => {
    const stage = await setStage(wellInspection);
    await stage.run("pause", "motd", "--reason", "by hand", "--for", "10m");
    stage.agent.reply = { type: "refused", message: "nothing is paused", next: "antibody status" };
    await stage.run("resume");
    const { code, out } = await stage.run("log");
    expect(code).toBe(0);
    const by = `pid ${process.pid} uid ${process.getuid?.()}`;
    expect(out).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/);
    expect(out).toContain(`${by}: pause file:/etc/motd ok, reason="by hand" forMs=600000`);
    expect(out).toContain(`${by}: resume * refused, message="nothing is paused"`);
    const lines = (await stage.run("--json", "log", "--limit", "2")).out.trimEnd().split("\n");
    expect(lines.map((line) => schemaProblems(JSON.parse(line)))).toEqual([[], []]);
  });

  test("reads the history of an agent that does not run", async () => {
    const stage = await setStage();
    expect((await stage.run("log")).code).toBe(4);
    const audit = new Audit(stage.state, (error) => {
      throw error;
    });
    audit.note({
      v: 1,
      time: "2026-01-02T03:04:05.000Z",
      event: "policy.activated",
      fields: { stream: "home", generation: 7 },
    });
    audit.flush();
    expect((await stage.run("log")).out).toBe(
      "2026-01-02 03:04:05  the agent: policy.activated stream=home generation=7\n",
    );
  });
});

describe("handoff", () => {
  test("adds, lists, tests and removes who is told, and never shows an address", async () => {
    const bodies: string[] = [];
    const server = createServer((request, response) => {
      request.on("data", (chunk) => bodies.push(String(chunk)));
      request.on("end", () => response.writeHead(bodies.length > 1 ? 404 : 200).end());
    });
    await new Promise<void>((open) => server.listen(0, "127.0.0.1", open));
    onTestFinished(() => void server.close());
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const stage = await setStage(wellInspection);
    expect((await stage.run("handoff", "list")).out).toContain("nobody is told");
    const added = await stage.json(
      "handoff",
      "add",
      "webhook",
      `http://${host}/T0PS3CRET`,
      "--header",
      "X-Key: 1",
      "--raise-after",
      "2m",
    );
    expect(added).toMatchObject({
      code: 0,
      value: { targets: [{ type: "webhook", host }], raiseAfter: "2m" },
    });
    expect(schemaProblems(added.value)).toEqual([]);
    const tested = await stage.json("handoff", "test");
    expect(schemaProblems(tested.value)).toEqual([]);
    expect(tested).toMatchObject({ code: 0, value: { delivered: [{ result: "delivered" }] } });
    expect(bodies[0]).toContain(`antibody --state ${stage.state} status`);
    const refused = await stage.run("handoff", "test");
    expect(refused).toMatchObject({ code: 1, out: `webhook ${host}: refused, it answered 404\n` });
    expect(JSON.stringify([added, tested, refused])).not.toContain("T0PS3CRET");
    expect((await stage.run("handoff", "add", "pigeon", "http://x")).code).toBe(2);
    for (const address of ["gopher://x", "ntfy.sh"])
      expect(await stage.run("handoff", "add", "ntfy", address)).toMatchObject({
        code: 2,
        err: expect.stringContaining("expected an http or https address"),
      });
    expect((await stage.run("handoff", "add", "ntfy", "http://x", "--raise-after", "soon")).code).toBe(2);
    expect((await stage.run("handoff", "remove", host)).code).toBe(0);
    expect((await stage.run("handoff", "remove", host)).code).toBe(1);
  });
});

describe("plugin", () => {
  const greeting = join(import.meta.dirname, "..", "..", "..", "examples", "plugins", "greeting.py");

  test("registers a program, asks it as the agent would, and forgets it", async (context) => {
    const why = whyWithout("python3");
    if (why !== undefined) return context.skip(why);
    const stage = await setStage();
    expect((await stage.run("plugin", "list")).out).toContain("no plug-in is registered");
    const added = await stage.json("plugin", "add", "greeting", "--", greeting, stage.state);
    expect(added.value).toMatchObject({ plugins: [{ name: "greeting", command: [greeting, stage.state] }] });
    const listed = await stage.json("plugin", "list");
    expect([listed.value, schemaProblems(listed.value)]).toEqual([added.value, []]);
    const asked = ["plugin", "check", "greeting/lobby", "--fields", '{"text":"welcome"}'];
    const checked = await stage.json(...asked);
    expect(schemaProblems(checked.value)).toEqual([]);
    expect(checked).toMatchObject({
      code: 1,
      value: { kept: false, drift: "there is no greeting", repair: "write it" },
    });
    const repaired = await stage.run(...asked, "--repair");
    expect(repaired.code).toBe(0);
    expect(repaired.out).toMatch(
      /step +1 of 2: writing\nstep +2 of 2: renaming\nresult +greeting written\nthen +kept/,
    );
    expect((await stage.run("plugin", "check", "other/lobby")).err).toContain("no plug-in other");
    expect((await stage.run("plugin", "add", "greeting", "--", "greeting.py")).err).toContain(
      "absolute path",
    );
    expect((await stage.json("plugin", "remove", "greeting")).value).toMatchObject({ plugins: [] });
    expect((await stage.run("plugin", "remove", "greeting")).code).toBe(1);
  });
});
