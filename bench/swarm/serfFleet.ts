import { type ChildProcessByStdio, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { promisify } from "node:util";
import type { Namespaces } from "../../test/harness/namespaces.ts";
import { unpack } from "../peers/debian.ts";
import { type Run, waitFor } from "../run.ts";
import { isSame } from "./antibodyFleet.ts";
import type { Finding, Fleet } from "./fleet.ts";

const runFile = promisify(execFile);
const port = 7_946;
const arriveWithinMs = 20_000;
const formWithinMs = 300_000;
/** Serf's own words in its log. */
const findings: { readonly [word: string]: Finding } = { Failed: "dead", Join: "back", Update: "back" };

interface Line {
  readonly of: string;
  readonly finding: Finding;
  readonly atMs: number;
}

interface Member {
  readonly child: ChildProcessByStdio<null, Readable, null>;
  readonly lines: Line[];
  /** Whom it holds to be there. */
  readonly there: Set<string>;
  readonly news: Map<string, number>;
  /** Resolves when it says that it runs; rejects when it ends before. */
  readonly runs: Promise<void>;
}

/** A swarm of Debian's Serf with its defaults for a LAN, of one view. */
export async function withSerfFleet<Value>(
  run: Run,
  hosts: Namespaces,
  members: readonly string[],
  use: (fleet: Fleet) => Promise<Value>,
): Promise<Value> {
  const { program, env, version } = await unpack(run, "serf");
  const running = new Map<string, Member>();
  const [first = "", second = ""] = members;
  const serf = (name: string, ...words: readonly string[]): readonly string[] => [
    ...hosts.enter(name),
    program("usr/bin/serf"),
    ...words,
  ];
  const startOne = (name: string): void => {
    const seeds = [first, second]
      .filter((seed) => seed !== name)
      .map((seed) => `${hosts.addressOf(seed)}:${port}`);
    const address = `${hosts.addressOf(name)}:${port}`;
    const words = ["agent", `-node=${name}`, `-bind=${address}`, "-rpc-addr=127.0.0.1:7373", "-profile=lan"];
    const child = spawn("ip", serf(name, ...words, ...seeds.map((seed) => `-retry-join=${seed}`)), {
      env,
      stdio: ["ignore", "pipe", "ignore"],
    });
    running.set(name, listen(child, name));
  };
  const at = (name: string): Member => {
    const member = running.get(name);
    if (member === undefined) throw new Error(`serf of ${name} does not run`);
    return member;
  };
  const end = (): void => {
    for (const { child } of running.values()) child.kill("SIGKILL");
  };
  run.signal.addEventListener("abort", end, { once: true });
  let events = 0;
  const fleet: Fleet = {
    program: `serf ${version}`,
    members,
    hosts,
    start: async (names) => {
      for (const name of names) startOne(name);
      await Promise.all(names.map((name) => at(name).runs));
    },
    stop: async (names) => {
      for (const name of names) at(name).child.kill("SIGINT");
      await Promise.all(names.map((name) => exited(at(name))));
    },
    signal: (name, signal) => void at(name).child.kill(signal),
    pidOf: (name) => at(name).child.pid ?? 0,
    toldMs: (by, of, finding, sinceMs) =>
      at(by).lines.find((line) => line.of === of && line.finding === finding && line.atMs >= sinceMs)?.atMs,
    told: (by, finding, sinceMs) =>
      at(by)
        .lines.filter((line) => line.finding === finding && line.atMs >= sinceMs)
        .map(({ of }) => of),
    holds: async (by, names) => isSame([...at(by).there], names),
    publish: async (to) => {
      events += 1;
      const name = `news-${events}`;
      await runFile("ip", serf(to, "event", "-coalesce=false", name), { env, signal: run.signal });
      const arrivals = (): (number | undefined)[] => [...running.values()].map(({ news }) => news.get(name));
      const arrived = await waitFor(
        run,
        "an event to arrive",
        () => arrivals().every((atMs) => atMs !== undefined),
        arriveWithinMs,
      ).then(
        () => true,
        () => run.signal.throwIfAborted(),
      );
      // From the moment at which the origin itself tells of it: the command that raises it is not measured.
      const startedMs = at(to).news.get(name) ?? 0;
      if (arrived !== true) return undefined;
      return new Map(
        [...running].map(([member, { news }]) => [member, (news.get(name) ?? startedMs) - startedMs]),
      );
    },
    saysCutOff: async () => undefined,
  };
  try {
    run.say(`serf: forming a swarm of ${members.length}`);
    await fleet.start(members);
    const isFormed = (): boolean => members.every((name) => isSame([...at(name).there], members));
    await waitFor(run, "serf to know all of serf", isFormed, formWithinMs);
    return await use(fleet);
  } finally {
    run.signal.removeEventListener("abort", end);
    end();
    await Promise.all([...running.values()].map(exited));
  }
}

function listen(child: Member["child"], name: string): Member {
  const lines = createInterface({ input: child.stdout });
  const runs = new Promise<void>((resolve, reject) => {
    lines.on("line", (text) => {
      if (text.includes("Serf agent running")) resolve();
    });
    child.once("exit", (code) => reject(new Error(`serf of ${name} ended with ${code}`)));
  });
  const member: Member = { child, lines: [], there: new Set([name]), news: new Map(), runs };
  lines.on("line", (text) => {
    const atMs = performance.now();
    const news = /Received event: user-event: (\S+)/.exec(text)?.[1];
    if (news !== undefined) member.news.set(news, atMs);
    const [, word = "", of = ""] = /serf: EventMember(\w+): (\S+)/.exec(text) ?? [];
    const finding = findings[word];
    if (finding !== undefined) member.lines.push({ of, finding, atMs });
    if (finding === "back") member.there.add(of);
    if (word === "Failed" || word === "Leave" || word === "Reap") member.there.delete(of);
  });
  return member;
}

async function exited({ child }: Member): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}
