import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { HeldClaim } from "@antibody/policy";
import { describe, expect, test } from "vitest";
import { logLine } from "../../agent/test/control.fake.ts";
import { setStage } from "./commandLine.ts";
import { author, fullInspection, greenhouse, incidentId, wellInspection } from "./fixtures.ts";
import { schemaProblems } from "./schemas.ts";

describe("status", () => {
  test("says ok, and exits with 0, when all is as promised", async () => {
    const stage = await setStage(wellInspection);
    const { code, out } = await stage.run("status");
    expect(code).toBe(0);
    expect(out).toContain("pi: ok");
    expect(out).toContain("1 kept");
    expect(out).toContain("file:/etc/motd, ends in 10m: editing by hand");
    expect(out).not.toContain("RESOURCE");
    expect((await stage.run("status", "--all")).out).toMatch(/file:\/etc\/motd +kept +60m/);
  });

  test("says what is wrong, worst first, with the next command, and exits with 3", async () => {
    const stage = await setStage(fullInspection);
    const { code, out } = await stage.run("status");
    expect(code).toBe(3);
    expect(out).toContain("pi: DEGRADED");
    expect(out).toContain("1 reachable, 1 dead");
    const rows = out.split("\n").filter((line) => /handed off|repairing/.test(line) && line.includes("  "));
    expect(rows.join("\n")).toMatch(/missing[\s\S]*sensor/);
    expect(out).toContain("generation 4; generation 5 waits for 1 fragment");
    // The table has no room for a cause.
    expect(out.replaceAll(/\n +/g, " ")).toContain(
      "problem    process:sensor is repairing: start 3-17: step 1 of 2 (spawned), started 2s ago",
    );
    expect(out.trimEnd().split("\n").at(-1)).toBe(
      `next: antibody --state ${stage.state} incident show ${incidentId.slice(0, 17)}`,
    );
  });

  test("names the claims that are not in force, and what holds back a stream", async () => {
    const stage = await setStage(wellInspection);
    const { out } = await stage.run("status");
    expect(out).toContain("lights by author_");
    expect(out).toContain("held: this device does not accept its author");
    expect(out).toContain("held       process:lamp: the owner has not accepted this author");
    const many = Array.from({ length: 9 }, () => fullInspection.heldClaims[0] as HeldClaim);
    stage.agent.inspection = { ...wellInspection, heldClaims: many };
    expect((await stage.run("status")).out).toContain("and 5 more; why RESOURCE says");
  });

  test("says that a stream is in dispute, or may be old", async () => {
    const [first] = fullInspection.streams;
    if (first === undefined) throw new Error("there is a stream");
    const version = { epoch: 1, generation: 4 };
    const active = { version, manifest: first.active?.manifest ?? ("frag_" as never) };
    const inForce = { author: first.author, stream: first.stream, active };
    const stage = await setStage({ ...wellInspection, streams: [{ ...inForce, held: "equivocation" }] });
    const disputed = await stage.run("status");
    expect(disputed.code).toBe(3);
    expect(disputed.out).toMatch(/signed two\s+bodies\s+for\s+one\s+version/);
    expect(disputed.out).toMatch(/next: .* trust list/);
    const stale = { reason: "expired", freshUntilMs: 0 } as const;
    stage.agent.inspection = { ...wellInspection, streams: [{ ...inForce, stale }] };
    const old = await stage.run("status");
    expect(old.code).toBe(3);
    expect(old.out).toMatch(/may\s+be\s+old/);
  });

  test("is never wider than 100 columns, whatever peers and authors wrote", async () => {
    const long = "x".repeat(300);
    const wide = fullInspection.resources.map((view) => ({ ...view, why: `${long} ${long}`, next: long }));
    const stage = await setStage({ ...fullInspection, name: long.slice(0, 60), resources: wide });
    for (const args of [["status", "--all"], ["why", "sensor"], ["peers"], ["routes"], ["trust", "list"]]) {
      const { out } = await stage.run(...args);
      // A command is never broken, so that it can be copied: how long its state's path is says nothing here.
      const lines = out.replaceAll(stage.state, "/state").split("\n");
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
    }
  });

  test("prints no control character that a peer put into its name", async () => {
    const [first, ...members] = fullInspection.members.toReversed();
    if (first === undefined) throw new Error("there are members");
    const stage = await setStage({
      ...fullInspection,
      members: [{ ...first, name: "\u001b[2Jevil\u202e" }, ...members],
    });
    const { out } = await stage.run("peers");
    expect(out).toContain("evil");
    expect(out).not.toMatch(/\p{Cc}(?<!\n)|\u202e/u);
  });
});

describe("why", () => {
  test("tells promise, signer, grant, drift, attempts, and what it waits for", async () => {
    const stage = await setStage(fullInspection);
    const { code, out } = await stage.run("why", "process:sensor");
    expect(code).toBe(0);
    for (const part of [
      "repairing, since 5s ago",
      "running: not running, promised to run",
      '{"command":["/usr/bin/sensor"]}',
      "stream home, generation 4, fragment greeting",
      "file:/etc/** process:*, rank 10, enforce",
      "step 1 of 2 (spawned), started 2s ago, last progress 1s ago, gives up in 28s",
      "60s ago, start took 1s, failed: exited with 1",
      "verified when the action ends in 30s",
      "cancel 3-17",
    ]) {
      expect(out.replaceAll(/\n +/g, " ")).toContain(part);
    }
  });

  test("shows the newest attempts, and how many were before", async () => {
    const attempts = fullInspection.resources.flatMap((view) => view.attempts).slice(0, 1);
    const many = Array.from({ length: 9 }, () => attempts).flat();
    const resources = fullInspection.resources.map((view) => ({ ...view, attempts: many }));
    const stage = await setStage({ ...fullInspection, resources });
    const { out } = await stage.run("why", "process:sensor");
    expect(out.match(/exited with 1/g)).toHaveLength(4);
    expect(out).toContain("5 before these; --json has them");
  });

  test("finds a resource by the beginning of its id or of its name, and refuses what is not one", async () => {
    const stage = await setStage(fullInspection);
    expect((await stage.json("why", "sens")).value).toMatchObject({ resource: "process:sensor" });
    expect((await stage.json("why", "file:/etc/mo")).value).toMatchObject({ resource: "file:/etc/motd" });
    const several = await stage.run("why", "file:/etc/m");
    expect(several.code).toBe(1);
    expect(several.err).toContain("file:/etc/missing/parent/file, file:/etc/motd");
    const none = await stage.run("why", "file:/var");
    expect(none.code).toBe(1);
    expect(none.err).toMatch(
      /^antibody: no resource "file:\/var"\n {2}cause: .+\n {2}next: antibody .+ status --all\n$/,
    );
  });

  test("tells why a claim is not in force, and what would change that", async () => {
    const stage = await setStage(fullInspection);
    const { out } = await stage.run("why", "lamp");
    expect(out).toContain("nothing about it is in force");
    expect(out).toContain("noGrant, the owner has not accepted this author");
    // In one line, however long: it is there to be copied.
    expect(out).toMatch(
      /^next +antibody --state \S+ trust add author_\w+ --scope 'process:lamp' --rank 1 --power process$/m,
    );
  });

  test("names the power that a grant lacks, and repeats the rest of the grant", async () => {
    const held = { ...fullInspection.heldClaims[1], author, reason: "missingPower", detail: "" } as const;
    const grants = fullInspection.grants.map((grant) => ({ ...grant, powers: ["expose"] as const }));
    const stage = await setStage({ ...fullInspection, grants, heldClaims: [held as HeldClaim] });
    expect((await stage.json("why", "lamp")).value["nextCommand"]).toMatch(
      /trust add author_\w+ --scope 'file:\/etc\/\*\*' --scope 'process:\*' --rank 10 --mode enforce --power expose,process$/,
    );
  });

  test("leads from a handed-off case to the pause in which it is mended", async () => {
    const stage = await setStage(fullInspection);
    const show = await stage.run("incident", "show", incidentId);
    expect(show.out).toMatch(/^next +antibody --state \S+ why file:\S+$/m);
    const { out } = await stage.run("why", "file:/etc/missing/parent/file");
    expect(out).toMatch(/^next +antibody --state \S+ pause file:\S+ --reason "mending it" --for 1h$/m);
  });
});

describe("peers", () => {
  test("are listed without the agent itself, and explained by name or by id", async () => {
    const stage = await setStage(fullInspection);
    const { out } = await stage.run("peers");
    expect(out.split("\n")[0]).toMatch(/^NAME +AGENT +STATE +SINCE +LINK/);
    expect(out).toMatch(/greenhouse +agent_\w{8} +reachable +40s +connected/);
    expect(out).not.toMatch(/^pi /m);
    const why = await stage.run("peers", "why", "attic");
    // It is dead already: how many votes that takes among those who are left would only confuse.
    expect(why.out).not.toContain("quorum");
    const alive = await stage.run("peers", "why", "greenhouse");
    expect(alive.out).toContain("3 of 4 observers make a death; 0 say so");
    stage.agent.inspection = { ...fullInspection, quorum: { observers: 1, votes: 2 } };
    const alone = await stage.run("peers", "why", "greenhouse");
    expect(alone.out).toContain("2 votes make a death, and only 1 can vote: nobody is found dead");
    expect(why.out).toMatch(/vote +pi: refused/);
    expect((await stage.json("peers", "why", greenhouse.slice(0, 12))).value).toMatchObject({
      name: "greenhouse",
    });
    expect((await stage.run("peers", "why", "cellar")).code).toBe(1);
  });
});

describe("a peer", () => {
  test("that is reached through another one is shown so", async () => {
    const attic = fullInspection.members[2]?.agent ?? greenhouse;
    const stage = await setStage({ ...fullInspection, relayed: [{ peer: greenhouse, by: attic }] });
    expect((await stage.run("peers")).out).toMatch(
      /greenhouse +agent_\w{8} +reachable +40s +relayed by attic/,
    );
    expect((await stage.run("peers", "why", "greenhouse")).out).toMatch(/^link +relayed by attic$/m);
    const { value } = await stage.json("peers");
    expect(schemaProblems(value)).toEqual([]);
    expect(schemaProblems((await stage.json("peers", "why", "greenhouse")).value)).toEqual([]);
  });

  test("is explained with those whose duty it is to observe it", async () => {
    const stage = await setStage(fullInspection);
    stage.agent.overlayMembers = fullInspection.members.map(({ agent, name, verdict, connected }) => ({
      ...{ agent, name, verdict, connected },
      observers: fullInspection.members.map((each) => each.agent).filter((each) => each !== agent),
    }));
    expect((await stage.run("peers", "why", "greenhouse")).out).toMatch(/^observed +by pi attic$/m);
    expect(schemaProblems((await stage.json("peers", "why", "greenhouse")).value)).toEqual([]);
  });

  test("of whom nobody remembers since when is as it is says nothing of the time", async () => {
    const members = fullInspection.members.map((each) => ({ ...each, sinceMs: Number.NEGATIVE_INFINITY }));
    const stage = await setStage({ ...fullInspection, members });
    expect((await stage.run("peers")).out).toMatch(/greenhouse +agent_\w{8} +reachable +connected/);
    expect((await stage.run("peers", "why", "greenhouse")).out).toMatch(/^state +reachable$/m);
    const { value } = await stage.json("peers");
    expect(schemaProblems(value)).toEqual([]);
  });
});

describe("incidents", () => {
  test("say whether they are open, mended, or withdrawn with their promise", async () => {
    const stage = await setStage(fullInspection);
    const [incident] = fullInspection.incidents;
    if (incident === undefined) throw new Error("there is an incident");
    expect((await stage.run("incident", "list")).out).toMatch(/ 2m +open +5 repairs/);
    expect((await stage.run("incident", "show", incidentId)).out).toMatch(/^state +open: /m);

    const mended = { ...incident, mendedWallMs: fullInspection.wallMs - 60_000 };
    stage.agent.inspection = { ...fullInspection, incidents: [mended] };
    expect((await stage.run("incident", "list")).out).toMatch(/ 2m +mended +5 repairs/);
    expect((await stage.run("incident", "show", incidentId)).out).toMatch(
      /^state +mended: kept again 60s ago$/m,
    );
    const { value } = await stage.json("incident", "show", incidentId);
    expect(value).toMatchObject({ state: "mended" });
    expect(schemaProblems(value)).toEqual([]);

    stage.agent.inspection = { ...wellInspection, incidents: [incident] };
    expect((await stage.run("incident", "list")).out).toMatch(/ 2m +withdrawn +5 repairs/);
  });

  test("are exported as one private file that is never written over another", async () => {
    const stage = await setStage(fullInspection);
    stage.agent.lines = [logLine(1), logLine(2)];
    const out = join(stage.state, "case.json");
    const { code, value } = await stage.json("incident", "export", incidentId, "--out", out);
    expect(code).toBe(0);
    expect(schemaProblems(value)).toEqual([]);
    expect(value).toMatchObject({ file: out, logLinesCount: 2, recordingBytes: 3 });
    expect((await stat(out)).mode & 0o777).toBe(0o600);
    const file: unknown = JSON.parse(await readFile(out, "utf8"));
    expect(schemaProblems(file)).toEqual([]);
    expect(file).toMatchObject({ incident: { id: incidentId, state: "open" }, recording: "AQID" });
    expect((await stage.run("incident", "export", incidentId, "--out", out)).code).toBe(1);
  });
});

describe("logs", () => {
  test("are lines for people, or objects", async () => {
    const stage = await setStage(fullInspection);
    stage.agent.lines = [logLine(1), { ...logLine(2), resource: "file:/etc/motd", why: "two words" }];
    expect((await stage.run("logs")).out.split("\n")[1]).toMatch(
      /^\d\d:\d\d:\d\d info {2}agent\.started number=2 resource=file:\/etc\/motd why="two words"$/,
    );
    const { out } = await stage.run("logs", "--json");
    for (const line of out.trimEnd().split("\n")) {
      expect(line.startsWith('{"schema":"antibody.log/1"')).toBe(true);
      expect(schemaProblems(JSON.parse(line))).toEqual([]);
    }
  });

  test("are followed until interrupted", async () => {
    const stage = await setStage(fullInspection);
    stage.agent.lines = [logLine(1)];
    const following = stage.run("logs", "--follow");
    await expect.poll(() => stage.agent.listeners.size).toBe(1);
    for (const listener of stage.agent.listeners) listener(logLine(2));
    await expect.poll(() => stage.terminal.outText.split("\n").length).toBe(3);
    stage.terminal.interrupt.abort();
    expect((await following).code).toBe(0);
  });

  test("are followed until the agent ends", async () => {
    const stage = await setStage(fullInspection);
    const following = stage.run("logs", "--follow");
    await expect.poll(() => stage.agent.listeners.size).toBe(1);
    await stage.closeAgent();
    expect((await following).code).toBe(0);
  });
});

describe("with --json", () => {
  test.each([
    [["status"], 3],
    [["why", "sensor"], 0],
    [["why", "/etc/missing"], 0],
    [["why", "lamp"], 0],
    [["peers"], 0],
    [["peers", "why", "attic"], 0],
    [["routes"], 0],
    [["incident", "list"], 0],
    [["incident", "show", "incident_"], 0],
    [["trust", "list"], 0],
  ] as const)("%j prints one object that its schema describes", async (args, code) => {
    const stage = await setStage(fullInspection);
    const ran = await stage.run("--json", ...args);
    expect(ran.err).toBe("");
    expect(ran.code).toBe(code);
    expect(ran.out.startsWith('{"schema":"antibody.')).toBe(true);
    expect(ran.out.endsWith("}\n") && ran.out.indexOf("\n") === ran.out.length - 1).toBe(true);
    expect(schemaProblems(JSON.parse(ran.out))).toEqual([]);
    // The option may stand before or after the command.
    expect(await stage.run(...args, "--json")).toEqual(ran);
  });
});
