import { appendFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { AuthorId, FragmentId } from "@antibody/policy";
import { expect, test } from "vitest";
import { type Deed, recordDeed } from "../src/author/deeds.ts";
import { type Stage, setStage } from "./commandLine.ts";
import { streamName, wellInspection } from "./fixtures.ts";
import { schemaProblems } from "./schemas.ts";

type Fields = Readonly<Record<string, unknown>>;

async function told(stage: Stage, ...args: readonly string[]): Promise<Fields> {
  const { code, value } = await stage.json(...args);
  expect([value, code]).toEqual([value, 0]);
  return value;
}

async function entriesOf(stage: Stage, ...args: readonly string[]): Promise<readonly Fields[]> {
  const { code, out } = await stage.run("--json", "author", "log", ...args);
  expect(code).toBe(0);
  const entries = out.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Fields]));
  for (const entry of entries) expect(schemaProblems(entry)).toEqual([]);
  return entries;
}

const policy = (...promises: readonly string[]): string =>
  `stream: home\nname: a\npromises:\n${promises.map((promise) => `  ${promise}\n`).join("")}`;
const motd = 'file:/etc/motd: { content: "hello\\n" }';
const sensor = 'file:/etc/sensor: { content: "5\\n" }';

/** An author that has published two generations, the second with a change. */
async function published(): Promise<{ stage: Stage; author: AuthorId; file: string; second: Fields }> {
  const stage = await setStage(wellInspection);
  const made = await told(stage, "author", "keygen", "--name", "home", "--no-passphrase");
  const author = made["author"] as AuthorId;
  const file = join(stage.state, "home.yaml");
  await writeFile(file, policy(motd, sensor));
  const first = await told(stage, "publish", file, "--author", "home");
  inForce(stage, author, first);
  await writeFile(file, policy(motd.replace("hello", "hi"), 'file:/etc/new: { mode: "0644" }'));
  const second = await told(stage, "publish", file, "--author", "home", "--note", "shorter");
  inForce(stage, author, second);
  return { stage, author, file, second };
}

/** The agent has taken up what was published. */
function inForce(stage: Stage, author: AuthorId, { generation, manifest }: Fields): void {
  const active = { version: { epoch: 1, generation: Number(generation) }, manifest: manifest as FragmentId };
  stage.agent.inspection = {
    ...wellInspection,
    streams: [{ author, stream: streamName("home"), active }],
  };
}

test("says what was published, when, by which keys, what changed, and where it is in force", async () => {
  const { stage, author, second } = await published();
  const [first, last, ...others] = await entriesOf(stage);
  expect(others).toEqual([]);
  expect(first).toMatchObject({
    ...{ type: "published", author, name: "home", stream: "home", epoch: 1, generation: 1 },
    promisesCount: 2,
    whereabouts: { here: "superseded" },
  });
  expect(first).not.toHaveProperty("changes");
  expect(last).toMatchObject({
    ...{ generation: 2, manifest: second["manifest"], note: "shorter", uid: stage.terminal.userId },
    changes: {
      since: 1,
      added: ["file:/etc/new"],
      changed: [{ resource: "file:/etc/motd", fields: ["content"] }],
      removed: ["file:/etc/sensor"],
    },
    whereabouts: { here: "inForce" },
  });
  const key = JSON.parse(await readFile(join(stage.state, "author-keys", "home.key"), "utf8"));
  expect(last?.["signedBy"]).toEqual([key.publicKey]);
  const { out } = await stage.run("author", "log", "home");
  expect(out).toMatch(/home: published home, generation 2 of epoch 1 \(frag_/);
  expect(out).toContain(
    "~ file:/etc/motd: content\n    - file:/etc/sensor\n    note: shorter\n    in force here",
  );
});

test("says what was rotated, revoked and said, and of a dry run nothing", async () => {
  const { stage, author, file, second } = await published();
  const manifest = second["manifest"] as FragmentId;
  await told(stage, "publish", file, "--author", "home", "--dry-run");
  const wave = { percent: 100, members: 4, reportersMin: 2, healthy: 1, failed: 0, state: "open" } as const;
  stage.agent.inspection = {
    ...wellInspection,
    streams: [
      { author, stream: streamName("home"), active: { version: { epoch: 1, generation: 2 }, manifest } },
    ],
    rollouts: [
      {
        ...{ author, stream: "home", epoch: 1, generation: 2, manifest, failures: [] },
        here: { wave: 0, state: "trial" },
        waves: [wave],
      },
    ],
  };
  await told(stage, "rollout", "halt", "home", "--author", "home", "--reason", "too loud");
  await told(stage, "author", "rotate", "--author", "home");
  await told(stage, "revoke", "--author", "home", "--yes");
  const entries = await entriesOf(stage);
  expect(entries.map(({ type }) => type)).toEqual(["published", "published", "said", "rotated", "revoked"]);
  expect(entries[1]).toMatchObject({ whereabouts: { reports: { devices: 4, healthy: 1, failed: 0 } } });
  expect(entries[2]).toMatchObject({ verb: "halt", generation: 2, reason: "too loud" });
  expect(entries[3]).toMatchObject({ rootNumber: 2, epoch: 2, threshold: 1 });
  expect(entries[4]).toMatchObject({ rootNumber: 3, epoch: 3, carriedCount: 0 });
  // The old key and the next one sign together.
  expect(entries[3]?.["signedBy"]).toHaveLength(2);
  expect(entries[3]?.["keys"]).toHaveLength(1);
  const { out } = await stage.run("author", "log");
  expect(out).toContain("revoked: root 3, epoch 3");
});

test("tells of a generation in force that was not published from here, and of what was signed elsewhere", async () => {
  const { stage, author } = await published();
  const file = join(stage.state, "home.yaml");
  const bundle = join(stage.state, "home.bundle");
  await told(stage, "sign", file, "--author", "home", "--generation", "7", "--out", bundle);
  await told(stage, "publish", bundle);
  const signed = (await entriesOf(stage)).find(({ generation }) => generation === 7);
  expect(signed).toMatchObject({ changes: { since: 2, added: [], changed: [], removed: [] } });
  expect(signed).not.toHaveProperty("name");
  expect(signed?.["signedBy"]).toHaveLength(1);
  const other = wellInspection.streams[0]?.active?.manifest;
  inForce(stage, author, { generation: 9, manifest: other });
  expect((await entriesOf(stage)).at(-1)).toMatchObject({ type: "heard", stream: "home", generation: 9 });
});

test("is kept without an agent, through a torn line, and within its bound", async () => {
  const { stage, author } = await published();
  await stage.closeAgent();
  const file = join(stage.state, "published", author, "deeds.jsonl");
  await appendFile(file, '{"v":1,"type":"publ');
  const deed: Deed = {
    type: "said",
    verb: "halt",
    time: new Date(0).toISOString(),
    uid: 0,
    signedBy: [],
    stream: "home",
    epoch: 1,
    generation: 1,
    manifest: "",
  };
  recordDeed(stage.state, author, deed);
  const text = await stage.run("author", "log", "home", "--author", author.slice(0, 14));
  expect(text.out.match(/published home/g)).toHaveLength(2);
  expect(text.out).toContain("said halt of home");
  for (let index = 0; index < 1_000; index += 1) recordDeed(stage.state, author, deed);
  expect((await readFile(file, "utf8")).trim().split("\n")).toHaveLength(1_000);
  expect(
    (await stage.run("author", "log", "--author", "home", "--limit", "5")).out.match(/said/g),
  ).toHaveLength(5);
});

test("says how publishing begins where nothing was published, and that a stream is another one", async () => {
  const stage = await setStage(wellInspection);
  const none = `nothing was published from ${stage.state}`;
  const self = `antibody --state ${stage.state}`;
  expect((await stage.run("author", "log")).out).toBe(`${none}\nnext: ${self} author keygen --name NAME\n`);
  await told(stage, "author", "keygen", "--name", "home", "--no-passphrase");
  expect((await stage.run("author", "log")).out).toBe(`${none}\nnext: ${self} publish FILE --author home\n`);
  const file = join(stage.state, "home.yaml");
  await writeFile(file, policy(motd));
  await told(stage, "publish", file, "--author", "home");
  expect((await stage.run("author", "log", "house")).out).toBe(
    `nothing of stream house was published from ${stage.state}\nnext: ${self} author log\n`,
  );
});
