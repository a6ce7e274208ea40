import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { readKeyFile } from "@antibody/agent/state";
import { describe, expect, test } from "vitest";
import { agentId } from "../../agent/test/control.fake.ts";
import { setStage } from "./commandLine.ts";
import { fullInspection, greenhouse } from "./fixtures.ts";
import { schemaProblems } from "./schemas.ts";

describe("init", () => {
  test("founds a swarm, shows the recovery key once, and leaves it on no disk", async () => {
    const stage = await setStage();
    const { code, value } = await stage.json("init", "--name", "greenhouse");
    expect(code).toBe(0);
    expect(schemaProblems(value)).toEqual([]);
    expect(value).toMatchObject({ name: "greenhouse", state: stage.state });
    expect(value["recoveryKey"]).toMatch(/^([a-z2-7]{4}-){12}[a-z2-7]{4}$/);
    expect(existsSync(join(stage.state, "recovery.key"))).toBe(false);
    expect((await stat(join(stage.state, "agent.key"))).mode & 0o777).toBe(0o600);
  });

  test("says where to keep the recovery key, and the next command", async () => {
    const stage = await setStage();
    const { out } = await stage.run("init", "--name", "greenhouse");
    expect(out).toContain("not on this device");
    expect(out.trimEnd().split("\n").at(-1)).toBe(`next: antibody --state ${stage.state} run`);
  });

  test("does not touch an agent that is there", async () => {
    const stage = await setStage();
    await stage.run("init", "--name", "greenhouse");
    const before = readKeyFile(join(stage.state, "agent.key")).publicKey;
    const { code, err } = await stage.run("init", "--name", "attic");
    expect(code).toBe(1);
    expect(err).toContain("already");
    expect(readKeyFile(join(stage.state, "agent.key")).publicKey).toEqual(before);
  });
});

describe("run", () => {
  test("says what to do where there is no agent", async () => {
    const stage = await setStage();
    const { code, err } = await stage.run("run");
    expect(code).toBe(1);
    expect(err).toContain("init --name NAME, or antibody");
  });

  test("refuses a root that is no directory, and a join without a name", async () => {
    const stage = await setStage();
    expect((await stage.run("run", "--root", "/nowhere/at/all")).code).toBe(2);
    expect((await stage.run("run", "--join", "x")).code).toBe(2);
  });
});

describe("join", () => {
  test("refuses what is no code, and leaves no agent behind", async () => {
    const stage = await setStage();
    const { code, value } = await stage.json("join", "not-a-code", "--name", "attic");
    expect(code).toBe(1);
    expect(schemaProblems(value, "antibody.error/1")).toEqual([]);
    expect(value).toMatchObject({ error: { code: "badCode", next: "Copy the whole code again" } });
    expect(existsSync(join(stage.state, "charter.json"))).toBe(false);
  });
});

describe("invite", () => {
  test("prints a code, and does not wait where nobody looks", async () => {
    const stage = await setStage(fullInspection);
    const { code, value } = await stage.json("invite", "--expires", "5m", "--may-invite");
    expect(code).toBe(0);
    expect(schemaProblems(value)).toEqual([]);
    expect(value).toMatchObject({ code: "abc", nextCommand: "antibody join abc --name NAME" });
    expect(stage.agent.invites).toEqual([{ expiresInMs: 300_000, mayInvite: true }]);
    expect((await stage.run("invite", "--expires", "30d")).code).toBe(2);
  });

  test("shows what to compare when the device has joined, also when it was quick", async () => {
    const stage = await setStage(fullInspection);
    const time = new Date(stage.terminal.now() + 1).toISOString();
    const enrolled = {
      ...({ time, level: "info", event: "network.enrolled", agent: agentId } as const),
      ...{ peer: greenhouse, name: "greenhouse", sas: "123456" },
    };
    stage.agent.lines = [{ ...enrolled, time: new Date(0).toISOString(), name: "older" }, enrolled];
    const { code, out } = await stage.run("--json", "invite", "--wait");
    expect(code).toBe(0);
    const [, joined] = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(schemaProblems(joined)).toEqual([]);
    expect(joined).toMatchObject({ agent: greenhouse, name: "greenhouse", comparisonCode: "123456" });
    expect((await stage.run("invite", "--wait")).out).toContain("compare    123456");
  });

  test("waits until interrupted, and fails when the code expires unused", async () => {
    const stage = await setStage(fullInspection);
    const waiting = stage.run("invite", "--wait");
    await expect.poll(() => stage.agent.listeners.size).toBe(1);
    stage.terminal.interrupt.abort();
    expect((await waiting).code).toBe(0);
    const other = await setStage(fullInspection);
    const { code, err } = await other.run("invite", "--wait", "--expires", "1s");
    expect(code).toBe(1);
    expect(err).toContain("the code has expired");
  });
});

describe("replay", () => {
  test("refuses what is no recording", async () => {
    const stage = await setStage(fullInspection);
    const saved = join(stage.state, "crash.rec");
    const { code, err } = await stage.run("replay", "--save", saved);
    expect(code).toBe(1);
    expect(err).toContain("cannot be replayed");
    // What was asked for is kept all the same: it may be all the evidence there is.
    expect([...(await readFile(saved))]).toEqual([1, 2, 3]);
    expect((await stage.run("replay", saved)).code).toBe(1);
    expect((await stage.run("replay", "/nowhere.rec")).code).toBe(1);
  });
});

describe("sim run", () => {
  test("runs a scenario, and the same seed gives the same report", async () => {
    const stage = await setStage();
    const args = ["sim", "run", "clean-publish", "--agents", "5", "--seed", "7"];
    const { code, value } = await stage.json(...args);
    expect(code).toBe(0);
    expect(schemaProblems(value)).toEqual([]);
    expect((await stage.json(...args)).value["hash"]).toBe(value["hash"]);
    const { out } = await stage.run(...args);
    expect(out).toContain("clean-publish, 5 agents, seed 7: held");
    expect(out).toContain(String(value["hash"]));
  });

  test("audits a run, of as many agents as can be", async () => {
    const stage = await setStage();
    const args = ["sim", "run", "clean-publish", "--agents", "5", "--audit"];
    const { code, value } = await stage.json(...args);
    expect(code).toBe(0);
    expect(schemaProblems(value)).toEqual([]);
    expect(value["audit"]).toEqual({ hash: value["hash"], receipts: expect.any(Number) });
    expect((await stage.run(...args)).out).toContain("verified anew");
    const parted = await stage.run(...args, "--workers", "2");
    expect(parted.code).toBe(2);
    expect(parted.err).toContain("uses one thread");
    const many = await stage.run("sim", "run", "clean-publish", "--agents", "2001", "--audit");
    expect(many.code).toBe(2);
    expect(many.err).toContain("--agents 2000");
  });

  test("lists the scenarios where one is unknown", async () => {
    const stage = await setStage();
    const { code, err } = await stage.run("sim", "run", "armageddon");
    expect(code).toBe(2);
    expect(err).toContain("mass-death");
  });
});
