import { describe, expect, test } from "vitest";
import { logLine } from "../../../agent/test/control.fake.ts";
import type { Screen } from "../../src/watch/screen.ts";
import { type Stage, setStage } from "../commandLine.ts";
import { fullInspection, resourceId, wellInspection } from "../fixtures.ts";
import { schemaProblems } from "../schemas.ts";
import { Emulator } from "./emulator.ts";

/** A person before a terminal of 100 by 24. */
class Person implements Screen {
  readonly terminal = new Emulator(100, 24);
  isOpen = false;
  behind = false;
  #listener: Parameters<Screen["open"]>[0] | undefined;

  open(listener: Parameters<Screen["open"]>[0]): void {
    this.isOpen = true;
    this.#listener = listener;
  }
  close(): void {
    this.isOpen = false;
  }
  room(): { readonly columns: number; readonly rows: number } {
    return this.terminal;
  }
  write(text: string): void {
    this.terminal.write(text);
  }
  isBehind(): boolean {
    return this.behind;
  }
  type(text: string): void {
    this.#listener?.typed(text);
  }
  get sees(): string {
    return this.terminal.screen.join("\n");
  }
  async until(text: string): Promise<void> {
    await expect.poll(() => this.sees, { interval: 10 }).toContain(text);
  }
}

async function sit(stage: Stage): Promise<{ readonly person: Person; readonly ended: Promise<unknown> }> {
  const person = new Person();
  stage.terminal.screen = person;
  const ended = stage.run("watch", "--every", "200ms");
  await person.until("q quit");
  return { person, ended };
}

describe("the live screen", () => {
  test("shows what needs people first, what runs with its age, peers and incidents", async () => {
    const stage = await setStage(fullInspection);
    const { person, ended } = await sit(stage);
    expect(person.sees).toContain("pi: DEGRADED");
    expect(person.sees).toContain(
      "running  process:sensor: start 3-17: step 1 of 2 (spawned), started 2s ago",
    );
    expect(person.sees).toMatch(/incident incident_\w+ file:\/etc\/missing\/parent\/file, 2m old/);
    expect(person.sees).toContain("peer     attic dead for 40s: 3 of 4 observers");
    expect(person.sees).toContain("paused   file:/etc/motd, ends in 10m: editing by hand");
    expect(person.sees).toMatch(/> file:\/etc\/missing\/paren… +handed off/);
    person.type("q");
    expect(await ended).toMatchObject({ code: 0 });
    expect(person.isOpen).toBe(false);
    // The last moment stays, for whoever scrolls back.
    expect(person.sees).toContain("pi: DEGRADED");
    expect(person.terminal.unknown).toEqual([]);
  });

  test("pauses with a reason and an end, resumes, steps, and cancels after a yes", async () => {
    const stage = await setStage(fullInspection);
    const { person, ended } = await sit(stage);
    person.type("p");
    await person.until("pause file:/etc/missing/parent/file; why? _");
    person.type("\r");
    await person.until("a pause needs a reason");
    person.type("mending it\r");
    await person.until("for how long [10m]?");
    person.type("soon\r");
    await person.until("write a duration");
    person.type("\u007f\u007f\u007f\u007f2h\r");
    await person.until("paused file:/etc/missing/parent/file");
    person.type("R");
    await person.until("resumed everything");
    person.type("\u001b[B");
    await person.until("> process:sensor");
    person.type("c");
    await person.until("cancel 3-17 of process:sensor?");
    person.type("n");
    await person.until("nothing was done");
    person.type("cy");
    await person.until("canceling 3-17");
    person.type("s");
    await person.until("one action of process:sensor runs");
    person.type("\u0003");
    await ended;
    expect(stage.agent.commands).toEqual([
      { type: "pause", target: "file:/etc/missing/parent/file", reason: "mending it", forMs: 7_200_000 },
      { type: "resume", target: "*" },
      { type: "cancel", action: "3-17" },
      { type: "step", target: "process:sensor" },
    ]);
  });

  test("opens why, and comes back", async () => {
    const stage = await setStage(fullInspection);
    const { person, ended } = await sit(stage);
    person.type("w");
    await person.until('promise   {"content":"hello\\n"}');
    await person.until("any other key goes back");
    person.type("\u001b");
    await person.until("q quit");
    person.type("q");
    await ended;
  });

  test("sends nothing while the line is behind, or it is held to copy from, and all of it afterwards", async () => {
    const stage = await setStage(wellInspection);
    const { person, ended } = await sit(stage);
    person.behind = true;
    const sent = person.terminal.bytesCount;
    stage.agent.inspection = fullInspection;
    person.type("j");
    await new Promise((waited) => setTimeout(waited, 450));
    expect(person.terminal.bytesCount).toBe(sent);
    person.behind = false;
    person.type(" ");
    await person.until("held: nothing is painted");
    const held = person.sees;
    stage.agent.inspection = wellInspection;
    person.type("jjj");
    expect(person.sees).toBe(held);
    person.type(" ");
    await person.until("pi: ok");
    person.type("q");
    await ended;
  });

  test("says that the agent is gone, and goes on trying", async () => {
    const stage = await setStage(wellInspection);
    const { person, ended } = await sit(stage);
    await stage.closeAgent();
    person.type("R");
    await person.until("the agent is not running; what is shown is of before");
    person.type("q");
    expect(await ended).toMatchObject({ code: 0 });
  });

  test("has the exit codes of every command where there is no agent", async () => {
    const stage = await setStage();
    stage.terminal.screen = new Person();
    expect((await stage.run("watch")).code).toBe(4);
  });
});

describe("on a pipe", () => {
  test("prints everything once, then one line per change", async () => {
    const stage = await setStage(wellInspection);
    const ended = stage.run("--json", "watch", "--every", "200ms");
    const lines = (): readonly Record<string, unknown>[] =>
      stage.terminal.outText
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line));
    await expect.poll(lines).toContainEqual(expect.objectContaining({ type: "agent", id: "self" }));
    const first = lines();
    expect(first.every((line) => !("was" in line) && schemaProblems(line).length === 0)).toBe(true);
    const motd = { ...wellInspection.resources[0], phase: "drifted", why: "mode differs" } as never;
    stage.agent.inspection = { ...wellInspection, resources: [motd], pauses: [] };
    for (const tell of stage.agent.listeners) tell(logLine(1));
    await expect.poll(() => lines().length).toBeGreaterThan(first.length + 2);
    stage.terminal.interrupt.abort();
    expect(await ended).toMatchObject({ code: 0 });
    const changes = lines().slice(first.length);
    expect(changes.flatMap((change) => schemaProblems(change))).toEqual([]);
    expect(changes.map(({ type, id }) => `${type} ${id}`)).toEqual([
      "agent self",
      `resource ${resourceId("file:/etc/motd")}`,
      `pause ${resourceId("file:/etc/motd")}`,
    ]);
    expect(changes[1]).toMatchObject({
      was: { state: "kept" },
      is: { state: "drifted", why: "mode differs" },
    });
    expect(changes[2]).not.toHaveProperty("is");
  });

  test("prints plain lines without --json", async () => {
    const stage = await setStage(fullInspection);
    const ended = stage.run("watch");
    await expect.poll(() => stage.terminal.outText).toContain("incident");
    stage.terminal.interrupt.abort();
    const { out } = (await ended) as { readonly out: string };
    expect(out).toMatch(
      /^\d\d:\d\d:\d\d resource process:sensor repairing: start 3-17, step 1 of 2 \(spawned\)$/m,
    );
    expect(out).toMatch(/^\d\d:\d\d:\d\d peer attic dead: 3 of 4 observers/m);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: no sequence for a terminal may be there
    expect(out).not.toMatch(/\u001b/);
  });
});
