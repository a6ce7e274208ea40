import { execFile, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { allHold, eventually, form, makeAuthor, makeColony, type TestColony } from "./harness/colonies.ts";
import { Namespaces, whyNoNamespaces, whyNoRouters } from "./harness/namespaces.ts";

const run = promisify(execFile);
/** A route that leads nowhere keeps its caller waiting for 5 s; a program needs its time to start on top of that. */
const askTimeoutMs = 20_000;
/** The founder comes first: the others join through it. */
const names = ["c", "a", "b"] as const;
const ends: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

function world(natted: readonly string[] = []): {
  readonly test: TestColony;
  readonly namespaces: Namespaces;
} {
  const namespaces = new Namespaces(names, natted);
  ends.push(() => namespaces.end());
  const test = makeColony({ namespaces });
  ends.push(() => test.end());
  return { test, namespaces };
}

/** Through whom one agent reaches another: a name, or nothing for a direct link. */
async function relayOf({ colony }: TestColony, from: string, to: string): Promise<string | undefined> {
  const { relayed = [], members } = await colony.agent(from).inspect();
  const idOf = (name: string) => members.find((member) => member.name === name)?.agent;
  const by = relayed.find(({ peer }) => peer === idOf(to))?.by;
  return members.find(({ agent }) => agent === by)?.name;
}

async function isRelayedByC(test: TestColony): Promise<boolean> {
  return (await relayOf(test, "a", "b")) === "c" && (await relayOf(test, "b", "a")) === "c";
}

/** Verdicts of any agent that somebody is dead. */
function deaths({ colony }: TestColony): readonly unknown[] {
  return colony.agents.flatMap((agent) => agent.events("swarm.dead"));
}

/** A bundle of one stream, published at a. */
async function publish(
  { colony }: TestColony,
  keyFile: string,
  stream: string,
  lines: string,
): Promise<void> {
  const file = join(colony.directory, `${stream}.yaml`);
  writeFileSync(file, `stream: ${stream}\nname: ${stream}\n${lines}`);
  await colony.command("a", "publish", file, "--author", keyFile);
}

/** A program on a host that says something to whoever connects. */
function serve(namespaces: Namespaces, host: string, port: number, text: string): void {
  const program = `require("node:net").createServer((socket) => socket.end(${JSON.stringify(text)})).listen(${port}, "127.0.0.1")`;
  const child = spawn("ip", [...namespaces.enter(host), process.execPath, "-e", program]);
  ends.push(() => void child.kill("SIGKILL"));
}

/** What a local port of a host says; empty when nobody answers. */
async function ask(namespaces: Namespaces, host: string, port: number): Promise<string> {
  const program = `require("node:net").connect(${port}, "127.0.0.1").on("error", () => {}).pipe(process.stdout)`;
  // A program that waits for ever is asked again.
  const options = { timeout: askTimeoutMs };
  const asked = run("ip", [...namespaces.enter(host), process.execPath, "-e", program], options);
  const { stdout } = await asked.catch(() => ({ stdout: "" }));
  return stdout;
}

const reason = whyNoNamespaces();
const because = (why: string | undefined): string => (why === undefined ? "" : ` (${why})`);

describe.skipIf(reason !== undefined)(`two of three that lose their link${because(reason)}`, () => {
  it("go on through the third, and go back to their link when it is there again", async () => {
    const { test, namespaces } = world();
    await form(test, names);
    const author = await makeAuthor(test, "a");
    serve(namespaces, "b", 7400, "b answers");
    await publish(
      test,
      author.keyFile,
      "service",
      `when: name == "b"\npromises:\n  capability:hello: { port: 7400 }\n`,
    );
    const route = `when: name == "a"\npromises:\n  route:hello: { listen: "127.0.0.1:7500" }\n`;
    await publish(test, author.keyFile, "route", route);
    const isAnswered = async (): Promise<boolean> => (await ask(namespaces, "a", 7500)) === "b answers";
    await eventually("the route to lead to b", isAnswered);

    namespaces.between("a", "b", "silent");
    await eventually("both to be relayed by c", () => isRelayedByC(test));
    await eventually("everyone to reach everyone", () => allHold(test.colony.agents, names, "reachable"));
    await eventually("the route to lead to b again", isAnswered);
    await publish(test, author.keyFile, "news", `promises:\n  file:/etc/news: { content: "news" }\n`);
    await eventually(
      "the news on b",
      async () => (await test.colony.agent("b").read("/etc/news")) === "news",
    );
    expect(await isRelayedByC(test)).toBe(true);

    namespaces.between("a", "b", "open");
    await eventually("a direct link", async () => {
      const relays = await Promise.all([relayOf(test, "a", "b"), relayOf(test, "b", "a")]);
      return relays.every((relay) => relay === undefined);
    });
    await eventually("everyone to reach everyone", () => allHold(test.colony.agents, names, "reachable"));
    await eventually("the route to lead to b directly", isAnswered);
    expect(deaths(test)).toEqual([]);
  });
});

const noRouters = whyNoRouters();

describe.skipIf(noRouters !== undefined)(`two behind a router each${because(noRouters)}`, () => {
  it("reach each other through a third", async () => {
    const { test, namespaces } = world(["a", "b"]);
    await form(test, names);
    await eventually("both to be relayed by c", () => isRelayedByC(test));
    const author = await makeAuthor(test, "a");
    await publish(test, author.keyFile, "news", `promises:\n  file:/etc/news: { content: "news" }\n`);
    await eventually(
      "the news on b",
      async () => (await test.colony.agent("b").read("/etc/news")) === "news",
    );
    expect(namespaces.addressOf("a")).not.toContain("10.231.");
    expect(deaths(test)).toEqual([]);
  });

  it("one lets the other in, through a third", async () => {
    const { test, namespaces } = world(["a", "b"]);
    const { colony } = test;
    await form(test, ["c"]);
    const { code: first } = await colony.command("c", "invite", "--expires", "5m", "--may-invite");
    await colony.command("a", "join", String(first), "--name", "a");
    await colony.start("a");
    await eventually("a and c to reach each other", () => allHold(colony.agents, ["a", "c"], "reachable"));
    const { code } = await colony.command("a", "invite", "--expires", "5m");
    const joined = await colony.command("b", "join", String(code), "--name", "b");
    expect(colony.agent("a").events("network.enrolled")).toMatchObject([
      { name: "b", sas: joined["comparisonCode"] },
    ]);
    await colony.start("b");
    await eventually("everyone to reach everyone", () => allHold(colony.agents, names, "reachable"));
    expect(await relayOf(test, "a", "b")).toBe("c");
    expect(namespaces.addressOf("a")).not.toContain("10.231.");
  });
});
