import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { nodeCrypto } from "@antibody/agent/state";
import { isRejection, type Root, type VerifiedPolicy, verifyPolicy } from "@antibody/policy";
import { describe, expect, test } from "vitest";
import { decodeBundle } from "../../agent/src/network/wire/bundle.ts";
import { openSeal, sealSecret } from "../src/author/seal.ts";
import { type Stage, setStage } from "./commandLine.ts";
import { fullInspection, source, streamName } from "./fixtures.ts";
import { schemaProblems } from "./schemas.ts";

interface Made {
  readonly author: string;
  readonly keyFile: string;
  readonly nextKeyFile: string;
  readonly rootFile: string;
}

async function keygen(stage: Stage, ...args: readonly string[]): Promise<Made> {
  const { code, value } = await stage.json("author", "keygen", "--name", "home", ...args);
  expect(code).toBe(0);
  expect(schemaProblems(value)).toEqual([]);
  return value as unknown as Made;
}

describe("author keygen", () => {
  test("makes a sealed signing key, the next key, and a root that verifies", async () => {
    const stage = await setStage();
    stage.terminal.environment["ANTIBODY_PASSPHRASE"] = "correct horse";
    const made = await keygen(stage);
    const root = verifyPolicy(new Uint8Array(await readFile(made.rootFile)), {
      crypto: nodeCrypto(),
      rootOf: () => undefined,
    });
    expect(root).toMatchObject({ type: "root", author: made.author });
    for (const path of [made.keyFile, made.nextKeyFile]) {
      expect((await stat(path)).mode & 0o777).toBe(0o600);
      expect(JSON.parse(await readFile(path, "utf8"))).toMatchObject({
        secret: { type: "scrypt-aes-256-gcm" },
      });
    }
  });

  test("asks twice for the passphrase, and makes nothing when the answers differ", async () => {
    const stage = await setStage();
    stage.terminal.canAsk = true;
    stage.terminal.secrets = ["one", "two"];
    expect((await stage.run("author", "keygen", "--name", "home")).code).toBe(2);
    await expect(stat(join(stage.state, "author-keys"))).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("needs a passphrase where nobody can be asked", async () => {
    const stage = await setStage();
    const { code, err } = await stage.run("author", "keygen", "--name", "home");
    expect(code).toBe(2);
    expect(err).toContain("ANTIBODY_PASSPHRASE");
  });

  test("never overwrites a key", async () => {
    const stage = await setStage();
    const made = await keygen(stage, "--no-passphrase");
    const before = await readFile(made.keyFile);
    expect((await stage.run("author", "keygen", "--name", "home", "--no-passphrase")).code).toBe(1);
    expect(await readFile(made.keyFile)).toEqual(before);
  });
});

describe("a seal", () => {
  const secret = new Uint8Array(32).fill(7);
  const context = new Uint8Array([1]);
  // The lowest cost of scrypt: these tests are about the seal, not about how long a guess takes.
  const seal = () => sealSecret(secret, "pass", context, 2);

  test("opens with its passphrase only, beside its context only, and never damaged", async () => {
    const sealed = await seal();
    expect(await openSeal(sealed, "pass", context)).toEqual(secret);
    expect(await openSeal(sealed, "Pass", context)).toBeUndefined();
    expect(await openSeal(sealed, "pass", new Uint8Array([2]))).toBeUndefined();
    const flipped = `${sealed.box.startsWith("0") ? "1" : "0"}${sealed.box.slice(1)}`;
    expect(await openSeal({ ...sealed, box: flipped }, "pass", context)).toBeUndefined();
    expect(await openSeal({ ...sealed, box: "" }, "pass", context)).toBeUndefined();
  });

  test("with a cost that would eat all memory is not tried", async () => {
    expect(await openSeal({ ...(await seal()), cost: 2 ** 30 }, "pass", context)).toBeUndefined();
  });

  test("takes a passphrase in any Unicode form", async () => {
    const sealed = await sealSecret(secret, "caf\u00e9", context, 2);
    expect(await openSeal(sealed, "cafe\u0301", context)).toEqual(secret);
  });
});

describe("lint", () => {
  async function lint(
    text: string | Uint8Array,
  ): Promise<{ code: number; out: string; file: string; stage: Stage }> {
    const stage = await setStage();
    const file = join(stage.state, "home.yaml");
    await writeFile(file, text);
    const { code, out } = await stage.run("lint", file);
    expect(schemaProblems((await stage.json("lint", file)).value)).toEqual([]);
    return { code, out, file, stage };
  }

  test("tells each circle of waiting once, where one of its promises waits, and the way around", async () => {
    const { code, out, file } = await lint(`stream: home
name: first
promises:
  file:/a: { content: "", after: ["file:/b"] }
  file:/own: { content: "", after: ["file:/own"] }
---
stream: home
name: second
promises:
  file:/b: { content: "", after: ["file:/c", "file:/a"] }
  file:/c: { content: "" }
`);
    expect(code).toBe(1);
    const hint = "leave one out of after: each waits for the next, and none begins";
    expect(out).toBe(
      [
        `${file}:4:35: file:/a: waits for itself: file:/a after file:/b after file:/a (${hint})`,
        `${file}:5:37: file:/own: waits for itself: file:/own after file:/own (${hint})`,
        "",
      ].join("\n"),
    );
  });

  test("sees a circle through documents of one guard, and none where guards differ", async () => {
    const circle = (one: string, other: string) => `stream: home
name: first
${one}promises:
  file:/a: { content: "", after: ["file:/b"] }
---
stream: home
name: second
${other}promises:
  file:/b: { content: "", after: ["file:/a"] }
`;
    const arm = 'when: arch == "arm64"\n';
    const intel = 'when: arch == "x64"\n';
    expect((await lint(circle(arm, arm))).code).toBe(1);
    expect((await lint(circle(arm, ""))).code).toBe(1);
    expect((await lint(circle(arm, intel))).code).toBe(0);
  });

  test("tells promises that would undo each other, at both places", async () => {
    const { code, out, file } = await lint(`stream: home
name: hosts
promises:
  file:/etc/hosts: { content: "127.0.0.1 localhost" }
  line:/etc/hosts#db: { line: 10.0.0.5 db }
`);
    expect(code).toBe(1);
    const hint = "leave one out: the agent would keep neither";
    const why = "one promises the whole, one a part";
    expect(out).toBe(
      [
        `${file}:4:20: file:/etc/hosts: conflicts with line:/etc/hosts#db: ${why} (${hint})`,
        `${file}:5:23: line:/etc/hosts#db: conflicts with file:/etc/hosts: ${why} (${hint})`,
        "",
      ].join("\n"),
    );
  });

  test("a sound file", async () => {
    const { code, out, file } = await lint(source);
    expect(code).toBe(0);
    expect(out).toBe(`${file}: sound (2 fragments, 3 promises)\n`);
  });

  test("an unknown resource type, a wrong field and a wrong name, each at its place", async () => {
    const { code, out, file } = await lint(`stream: home
name: wrong
promises:
  fiel:/etc/motd: { content: "x" }
  file:/etc/motd: { content: "x", mode: 644 }
  file:etc/motd: { content: "x" }
`);
    expect(code).toBe(1);
    const places = out
      .trimEnd()
      .split("\n")
      .map((line) => line.replace(`${file}:`, "").split(": ")[0]);
    expect(places).toEqual(["4:3", "5:41", "6:3"]);
    expect(out).toContain("there is no resource type fiel (one of agent, capability, clock, command");
  });

  test("what is no YAML, and what is no text", async () => {
    const broken = await lint("stream: [home\n");
    expect(broken.code).toBe(1);
    expect(broken.out).toMatch(/home\.yaml:\d+:\d+: /);
    const binary = await lint(new Uint8Array([0xff, 0xfe, 0x00]));
    expect(binary.code).toBe(1);
    expect(binary.out).toContain("home.yaml:1:1: the file is not text in UTF-8");
  });

  test("a file that is not there", async () => {
    const stage = await setStage();
    const { code, err } = await stage.run("lint", "/nowhere/home.yaml");
    expect(code).toBe(1);
    expect(err).toContain("/nowhere/home.yaml cannot be read");
  });
});

describe("diff", () => {
  test("shows what is added, changed and removed", async () => {
    const stage = await setStage(fullInspection);
    const file = join(stage.state, "home.yaml");
    await writeFile(file, source);
    const { code, out } = await stage.run("diff", file);
    expect(code).toBe(0);
    expect(out.split("\n").slice(0, -1)).toEqual([
      `${file} against generation 4 of stream home:`,
      "+ file:/etc/new",
      "~ process:sensor: command",
      "- file:/etc/missing/parent/file",
      "1 added, 1 changed, 1 removed, 1 unchanged",
    ]);
    expect(schemaProblems((await stage.json("diff", file)).value)).toEqual([]);
  });

  test("asks whose stream, where two authors have one of this name", async () => {
    const streams = fullInspection.streams.map((state) => ({ ...state, stream: streamName("home") }));
    const stage = await setStage({ ...fullInspection, streams });
    const file = join(stage.state, "home.yaml");
    await writeFile(file, source);
    expect((await stage.run("diff", file)).code).toBe(1);
    expect((await stage.run("diff", file, "--author", fullInspection.grants[0]?.author ?? "")).code).toBe(0);
  });
});

describe("publish", () => {
  async function authored(passphrase?: string): Promise<{ stage: Stage; made: Made; file: string }> {
    const stage = await setStage(fullInspection);
    if (passphrase !== undefined) stage.terminal.environment["ANTIBODY_PASSPHRASE"] = passphrase;
    const made = await keygen(stage, ...(passphrase === undefined ? ["--no-passphrase"] : []));
    const file = join(stage.state, "home.yaml");
    await writeFile(file, source);
    return { stage, made, file };
  }

  /** What was offered, verified in order as an agent does, with only what came before. */
  function verifyAll(offers: readonly Uint8Array[]): readonly VerifiedPolicy[] {
    let known: Root | undefined;
    const documents = offers.flatMap((bytes) => decodeBundle(bytes) ?? [bytes]);
    return documents.map((bytes) => {
      const policy = verifyPolicy(bytes, { crypto: nodeCrypto(), rootOf: () => known });
      if (isRejection(policy)) throw new Error(policy.detail);
      if (policy.type === "root") known = policy.root;
      return policy;
    });
  }

  test("finds the key of an author by its name", async () => {
    const { stage, made, file } = await authored();
    const { code, value } = await stage.json("publish", file, "--author", "home");
    expect(code).toBe(0);
    expect(value).toMatchObject({ author: made.author, published: true });
    expect((await stage.run("publish", file, "--author", "nobody")).err).toContain(
      "there is no author's key nobody",
    );
  });

  test("gives root, fragments and manifest to the one agent, in this order", async () => {
    const { stage, made, file } = await authored();
    const { code, value } = await stage.json("publish", file, "--author", made.keyFile, "--note", "first");
    expect(code).toBe(0);
    expect(schemaProblems(value)).toEqual([]);
    const offered = verifyAll(stage.agent.offers);
    expect(offered.map(({ type }) => type)).toEqual(["root", "fragment", "fragment", "manifest"]);
    const fragments = offered.filter(({ type }) => type === "fragment");
    expect(value).toMatchObject({
      author: made.author,
      stream: "home",
      generation: 1,
      published: true,
      fragments: fragments.map(({ id }) => ({ id })),
      manifest: offered.at(-1)?.id,
    });
    const manifest = offered.at(-1);
    if (manifest?.type !== "manifest") throw new Error("the manifest comes last");
    expect(manifest.manifest).toMatchObject({
      note: "first",
      fragments: fragments.map(({ id }) => id).toSorted(),
    });
  });

  test("counts on from the newest generation that the agent has heard of, complete or not", async () => {
    const { stage, made, file } = await authored();
    const streams = fullInspection.streams.map((state) => ({ ...state, author: made.author }));
    stage.agent.inspection = {
      ...fullInspection,
      streams: streams as unknown as typeof fullInspection.streams,
    };
    const { value } = await stage.json("publish", file, "--author", made.keyFile);
    expect(value).toMatchObject({ generation: 6 });
  });

  test("gives nothing to anybody with --dry-run", async () => {
    const { stage, made, file } = await authored();
    const { code, out } = await stage.run("publish", file, "--author", made.keyFile, "--dry-run");
    expect(code).toBe(0);
    expect(out).toContain("would publish generation 1 of stream home: 2 fragments");
    expect(stage.agent.offers).toEqual([]);
  });

  test("signs nothing that has problems", async () => {
    const { stage, made, file } = await authored();
    await writeFile(file, "stream: home\nname: x\npromises: {}\n");
    const { code, err } = await stage.run("publish", file, "--author", made.keyFile);
    expect(code).toBe(1);
    expect(err).toMatch(/next: antibody --state .+ lint /);
    expect(stage.agent.offers).toEqual([]);
  });

  test("tells why the agent rejected it", async () => {
    const { stage, made, file } = await authored();
    stage.agent.offer = async () => ({ type: "rejection", reason: "quota", detail: "too much" });
    const { code, value } = await stage.json("publish", file, "--author", made.keyFile);
    expect(code).toBe(1);
    expect(value).toMatchObject({ error: { code: "quota", cause: "quota: too much" } });
  });

  test("opens the key with its passphrase only, and never signs with the next key", async () => {
    const { stage, made, file } = await authored("correct horse");
    const signed = ["publish", file, "--author", made.keyFile];
    expect((await stage.run(...signed)).code).toBe(0);
    stage.terminal.environment["ANTIBODY_PASSPHRASE"] = "wrong";
    const { code, err } = await stage.run(...signed);
    expect(code).toBe(5);
    expect(err).toContain("the passphrase is wrong, or the file was damaged");
    delete stage.terminal.environment["ANTIBODY_PASSPHRASE"];
    expect((await stage.run(...signed)).code).toBe(2);
    stage.terminal.canAsk = true;
    stage.terminal.secrets = ["correct horse"];
    expect((await stage.run(...signed)).code).toBe(0);
    const next = await stage.run("publish", file, "--author", made.nextKeyFile);
    expect(next.code).toBe(1);
    expect(next.err).toContain("next key");
  });

  test("a root file introduces its author; what is no root does not", async () => {
    const { stage, made, file } = await authored();
    const trust = ["--scope", "**", "--rank", "1", "--yes"];
    expect((await stage.run("trust", "add", made.rootFile, ...trust)).code).toBe(0);
    expect(stage.agent.offers).toHaveLength(1);
    expect(stage.agent.commands).toMatchObject([{ type: "grant", grant: { author: made.author } }]);
    expect((await stage.run("trust", "add", file, ...trust)).code).toBe(1);
    expect(stage.agent.commands).toHaveLength(1);
  });
});
