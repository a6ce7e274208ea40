import { chmod } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { setStage } from "./commandLine.ts";
import { author, fullInspection, stranger } from "./fixtures.ts";
import { schemaProblems } from "./schemas.ts";

describe("commands of the owner", () => {
  test.each([
    [
      ["pause", "--reason", "moving", "--for", "10m"],
      { type: "pause", target: "*", reason: "moving", forMs: 600_000 },
    ],
    [
      ["pause", "motd", "--reason", "x", "--for", "250ms"],
      { type: "pause", target: "file:/etc/motd", reason: "x", forMs: 250 },
    ],
    [["resume"], { type: "resume", target: "*" }],
    [["resume", "file:/etc/motd"], { type: "resume", target: "file:/etc/motd" }],
    [["step", "sensor"], { type: "step", target: "process:sensor" }],
    [["cancel", "3-17"], { type: "cancel", action: "3-17" }],
    [["away"], { type: "away" }],
    [["back"], { type: "back" }],
    [["cancel", "sensor"], { type: "cancel", action: "3-17" }],
  ])("%j gives the agent its command", async (args, order) => {
    const stage = await setStage(fullInspection);
    const { code, value } = await stage.json(...args);
    expect(code).toBe(0);
    expect(stage.agent.commands).toEqual([order]);
    expect(schemaProblems(value)).toEqual([]);
    expect(value).toMatchObject({ schema: "antibody.command/1", command: order.type });
  });

  test("a refusal is told with the agent's own next step", async () => {
    const stage = await setStage(fullInspection);
    stage.agent.reply = { type: "refused", message: "nothing is paused", next: "antibody status" };
    const { code, err } = await stage.run("resume");
    expect(code).toBe(1);
    expect(err).toBe(
      `antibody: the agent refuses to resume\n  cause: nothing is paused\n  next: antibody --state ${stage.state} status\n`,
    );
    const { value } = await stage.json("resume");
    expect(value).toEqual({
      error: {
        code: "refused",
        message: "the agent refuses to resume",
        cause: "nothing is paused",
        next: `antibody --state ${stage.state} status`,
      },
    });
    expect(schemaProblems(value, "antibody.error/1")).toEqual([]);
  });

  test("a repair that does not run cannot be canceled, and what is unknown cannot be paused", async () => {
    const stage = await setStage(fullInspection);
    expect((await stage.run("cancel", "9-9")).err).toContain("these run: 3-17");
    expect((await stage.run("cancel", "motd")).code).toBe(1);
    expect((await stage.run("pause", "file:/etc/typo", "--reason", "x", "--for", "1m")).code).toBe(1);
    expect(stage.agent.commands).toEqual([]);
  });

  test("stop waits until the agent is gone", async () => {
    const stage = await setStage(fullInspection);
    const { agent } = stage;
    agent.stop = async () => {
      agent.stops += 1;
      await stage.closeAgent();
    };
    const { code, value } = await stage.json("stop");
    expect(code).toBe(0);
    expect(agent.stops).toBe(1);
    expect(schemaProblems(value)).toEqual([]);
  });
});

describe("trust", () => {
  const add = ["trust", "add", stranger, "--scope", "file:/etc/**", "--rank", "5"];

  test("shows the plan and asks; no means no", async () => {
    const stage = await setStage(fullInspection);
    stage.terminal.canAsk = true;
    stage.terminal.confirms = [false];
    const { code, err } = await stage.run(...add);
    expect(code).toBe(1);
    expect(err).toContain("+ file:/etc/lights: kept (rank 5, enforce)");
    expect(err).toContain("process:lamp: refused (outside the scope)");
    expect(stage.terminal.asked).toEqual(["Do it?"]);
    expect(stage.agent.commands).toEqual([]);
  });

  test("accepts an author when told yes", async () => {
    const stage = await setStage(fullInspection);
    stage.terminal.canAsk = true;
    stage.terminal.confirms = [true];
    expect((await stage.run(...add, "--mode", "warn", "--power", "process", "--power", "expose")).code).toBe(
      0,
    );
    expect(stage.agent.commands).toEqual([
      {
        type: "grant",
        grant: {
          author: stranger,
          scope: ["file:/etc/**"],
          rank: 5,
          mode: "warn",
          powers: ["process", "expose"],
          bytesMax: 4_194_304,
          introducedBy: "owner",
        },
      },
    ]);
  });

  test("changes nothing where nobody can be asked, unless --yes says so", async () => {
    const stage = await setStage(fullInspection);
    const { code, err } = await stage.run(...add);
    expect(code).toBe(2);
    expect(err).toContain("add --yes");
    expect(stage.agent.commands).toEqual([]);
    const { value } = await stage.json(...add, "--yes");
    expect(schemaProblems(value)).toEqual([]);
    expect(value).toMatchObject({ schema: "antibody.trustChange/1", applied: true });
    expect(stage.agent.commands).toHaveLength(1);
  });

  test("a promise that runs something needs its power", async () => {
    const stage = await setStage(fullInspection);
    const args = ["trust", "add", stranger, "--scope", "**", "--rank", "1", "--yes"];
    expect((await stage.run(...args)).out).toContain("process:lamp: refused (needs the power process)");
    expect((await stage.run(...args, "--power", "process")).out).toContain("+ process:lamp: kept");
  });

  test("a glob that matches nothing is told, with what is nearest", async () => {
    const stage = await setStage(fullInspection);
    const args = ["trust", "add", stranger, "--scope", "file:/ect/**", "--rank", "1", "--yes"];
    expect((await stage.run(...args)).out).toContain(
      "file:/ect/** matches nothing that the author claims here; nearest is file:/etc/lights",
    );
    const { value } = await stage.json(...args);
    expect(schemaProblems(value)).toEqual([]);
    expect(value["idleGlobs"]).toEqual([{ glob: "file:/ect/**", nearest: "file:/etc/lights" }]);
  });

  test("removing shows what is undone and what stays as it is", async () => {
    const stage = await setStage(fullInspection);
    const { code, value } = await stage.json("trust", "remove", author.slice(0, 12), "--yes");
    expect(code).toBe(0);
    expect(schemaProblems(value)).toEqual([]);
    const effects = value["effects"] as readonly { resource: string; effect: string }[];
    expect(effects.find(({ resource }) => resource === "process:sensor")?.effect).toBe("undone");
    expect(stage.agent.commands).toEqual([{ type: "revokeGrant", author }]);
  });

  test("finds no author that it does not know", async () => {
    const stage = await setStage(fullInspection);
    const { code, err } = await stage.run("trust", "add", "nobody.root", "--scope", "**", "--rank", "1");
    expect(code).toBe(1);
    expect(err).toContain('no author or root file "nobody.root"');
  });
});

describe("an agent that cannot be asked", () => {
  test.each([
    ["status"],
    ["why", "x"],
    ["peers"],
    ["routes"],
    ["logs"],
    ["logs", "--follow"],
    ["incident", "list"],
    ["trust", "list"],
    ["resume"],
    ["stop"],
  ])("is not running: %s %s exits with 4", async (...args) => {
    const stage = await setStage();
    const { code, out, err } = await stage.run(...args.filter((arg) => arg !== undefined));
    expect(out).toBe("");
    expect(err).toMatch(
      /^antibody: the agent is not running\n {2}cause: nothing was begun in .+\n {2}next: antibody --state .+ init --name NAME, or .+ join CODE --name NAME\n$/,
    );
    expect(code).toBe(4);
  });

  test("is not running, but was begun: the next command starts it", async () => {
    const stage = await setStage();
    await stage.run("init", "--name", "attic");
    const { err } = await stage.run("status");
    expect(err).toMatch(/cause: nobody listens on .+\n {2}next: antibody --state \S+ run\n$/);
  });

  test("belongs to someone else: exits with 5", async () => {
    const stage = await setStage(fullInspection);
    // Nothing is closed to root: it looks through the eyes of someone else.
    const isRoot = process.getuid?.() === 0;
    if (isRoot) process.seteuid?.(65_534);
    else await chmod(stage.paths.control, 0o000);
    const ran = await stage.run("stop").finally(() => process.seteuid?.(process.getuid?.() ?? 0));
    expect(ran.code).toBe(5);
    expect(ran.err).toContain("the agent's socket is not yours to open");
    expect(stage.agent.stops).toBe(0);
  });

  test("answers with an error: exits with 1", async () => {
    const stage = await setStage(fullInspection);
    stage.agent.inspect = () => {
      throw new Error("broken");
    };
    expect((await stage.run("status")).code).toBe(1);
  });
});

describe("faults of usage", () => {
  test.each([
    [["explode"]],
    [["why"]],
    [["status", "--loud"]],
    [["pause", "--for", "10m"]],
    [["pause", "--reason", "x"]],
    [["pause", "--reason", "x", "--for", "soon"]],
    [["pause", "--reason", "x", "--for", "31d"]],
    [["pause", "--reason", "x\u0007", "--for", "1m"]],
    [["run", "--listen", "4001"]],
    [["run", "--listen", "/ip4/::/tcp/4001"]],
    [["run", "--listen", "/ip6/::/tcp/65536"]],
    [["trust", "add", "a", "--scope", "**"]],
    [["trust", "add", "a", "--scope", "etc/motd", "--rank", "1"]],
    [["trust", "add", "a", "--scope", "**", "--rank", "high"]],
    [["trust", "add", "a", "--scope", "**", "--rank", "1", "--mode", "force"]],
    [["trust", "add", "a", "--scope", "**", "--rank", "1", "--power", "root"]],
    [["author", "keygen", "--name", "No Name"]],
    [["publish", "x.yaml"]],
  ])("%j exits with 2 and says how", async (args) => {
    const stage = await setStage();
    const { code, out, err } = await stage.run(...args);
    expect(code).toBe(2);
    expect(out).toBe("");
    expect(err).toMatch(/^antibody: .+\n {2}cause: .+\n {2}next: .+\n$/);
    const { value } = await stage.json(...args);
    expect(schemaProblems(value, "antibody.error/1")).toEqual([]);
    expect(value).toMatchObject({ error: { code: "usage" } });
  });

  test("what other tools call a command is told by its name here", async () => {
    const stage = await setStage();
    expect((await stage.run("explain", "motd")).err).toMatch(
      /^antibody: .+\n {2}cause: unknown command 'explain'; what you look for may be why\n {2}next: .+--help\n$/,
    );
  });

  test("no command at all shows the help and exits with 2", async () => {
    const stage = await setStage();
    const { code, err } = await stage.run();
    expect(code).toBe(2);
    expect(err).toContain("Usage: antibody");
  });
});
