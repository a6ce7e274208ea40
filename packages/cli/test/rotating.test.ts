import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { nodeCrypto, readKeyFile as readSeed } from "@antibody/agent/state";
import {
  isRejection,
  type Root,
  rootDigest,
  toHex,
  type VerifiedPolicy,
  verifyPolicy,
} from "@antibody/policy";
import { expect, test } from "vitest";
import { readKeyFile } from "../src/author/keyFile.ts";
import { ownerText } from "../src/trust/ownerKey.ts";
import { type Stage, setStage } from "./commandLine.ts";
import { wellInspection } from "./fixtures.ts";
import { schemaProblems } from "./schemas.ts";

async function told(stage: Stage, ...args: readonly string[]): Promise<Record<string, unknown>> {
  const { code, value } = await stage.json(...args);
  expect([value, code]).toEqual([value, 0]);
  expect(schemaProblems(value)).toEqual([]);
  return value;
}

/** What the fake agent was offered, verified one after the other as a device would. */
function verifiedOf(stage: Stage): readonly VerifiedPolicy[] {
  let root: Root | undefined;
  return stage.agent.offers.map((bytes) => {
    const known = root;
    const policy = verifyPolicy(bytes, { crypto: nodeCrypto(), rootOf: () => known });
    if (isRejection(policy)) throw new Error(policy.detail);
    if (policy.type === "root") root = policy.root;
    return policy;
  });
}

test("author rotate makes the next key the signing key, carries what is in force, and keeps the old key apart", async () => {
  const stage = await setStage(wellInspection);
  stage.terminal.environment["ANTIBODY_PASSPHRASE"] = "correct horse";
  const made = await told(stage, "author", "keygen", "--name", "home");
  const keyFile = String(made["keyFile"]);
  const old = JSON.parse(await readFile(keyFile, "utf8"));
  const next = JSON.parse(await readFile(String(made["nextKeyFile"]), "utf8"));
  const rotated = await told(stage, "author", "rotate", "--author", "home");
  expect(rotated).toMatchObject({ rootNumber: 2, epoch: 2, carriedCount: 0, keyFiles: [keyFile] });
  expect(verifiedOf(stage).map(({ type }) => type)).toEqual(["root", "root"]);
  const now = JSON.parse(await readFile(keyFile, "utf8"));
  expect(now).toMatchObject({
    role: "signing",
    publicKey: next.publicKey,
    secret: { type: "scrypt-aes-256-gcm" },
  });
  expect(JSON.parse(await readFile(`${keyFile}.1`, "utf8"))).toEqual(old);
  expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
});

test("a key that a rotation has made rotates as well", async () => {
  const stage = await setStage(wellInspection);
  const made = await told(stage, "author", "keygen", "--name", "home", "--no-passphrase");
  for (const rootNumber of [2, 3, 4]) {
    expect(await told(stage, "author", "rotate", "--author", "home")).toMatchObject({
      rootNumber,
      epoch: rootNumber,
    });
  }
  const opened = await readKeyFile(String(made["keyFile"]), stage.terminal);
  expect(opened.root.number).toBe(4);
  expect(opened.roots).toHaveLength(4);
  // Of two roots of one number an owner follows the one whose file it was given.
  const later = join(stage.state, "author-keys", "home.4.root");
  await told(stage, "trust", "add", later, "--scope", "**", "--rank", "1", "--yes");
  const root = rootDigest(nodeCrypto(), opened.root);
  expect(stage.agent.commands.at(-1)).toMatchObject({
    type: "grant",
    grant: { author: opened.author, root },
  });
});

test("a rotation that the agent rejects leaves the keys as they were", async () => {
  const stage = await setStage(wellInspection);
  const made = await told(stage, "author", "keygen", "--name", "home", "--no-passphrase");
  const before = await readFile(String(made["keyFile"]));
  stage.agent.offer = async () => ({ type: "rejection", reason: "quota", detail: "too many roots" });
  const { code, err } = await stage.run("author", "rotate", "--author", "home");
  expect(code).toBe(1);
  expect(err).toContain("the keys are as they were");
  expect(await readFile(String(made["keyFile"]))).toEqual(before);
});

test("revoke shows what ends and asks; without its next key it says where to look", async () => {
  const stage = await setStage(wellInspection);
  await told(stage, "author", "keygen", "--name", "home", "--no-passphrase");
  const asked = await stage.run("revoke", "--author", "home");
  expect(asked.code).toBe(2);
  expect(asked.err).toContain("everything that author_");
  expect(stage.agent.offers).toEqual([]);
  expect(await told(stage, "revoke", "--author", "home", "--yes")).toMatchObject({
    epoch: 2,
    carriedCount: 0,
  });
  const lost = await setStage(wellInspection);
  const made = await told(lost, "author", "keygen", "--name", "home", "--no-passphrase", "--out", lost.state);
  const { err } = await lost.run(
    "author",
    "rotate",
    "--author",
    String(made["keyFile"]),
    "--next",
    "/nowhere.key",
  );
  expect(err).toContain("/nowhere.key");
});

test("an author of three signs with two of its keys, and says so where one is missing", async () => {
  const stage = await setStage(wellInspection);
  const three = ["--keys", "3", "--threshold", "2", "--no-passphrase"];
  const made = await told(stage, "author", "keygen", "--name", "house", ...three);
  expect(made["keyFiles"]).toHaveLength(3);
  const alone = await stage.run("author", "heartbeat", "--author", "house.1");
  expect(alone.code).toBe(1);
  expect(alone.err).toContain("1 of 2 signatures");
  const together = await told(stage, "author", "heartbeat", "--author", "house.1", "--also", "house.3");
  expect(together).toMatchObject({ author: made["author"], epoch: 1, streams: [] });
  expect(verifiedOf(stage).map(({ type }) => type)).toEqual(["root", "heartbeat"]);
  const next = (made["nextKeyFiles"] as string[]).flatMap((path) => ["--next", path]);
  const rotated = await told(stage, "author", "rotate", "--author", "house.1", "--also", "house.2", ...next);
  expect(rotated).toMatchObject({ rootNumber: 2 });
  expect(rotated["keyFiles"]).toHaveLength(3);
});

test("trust add and remove --everywhere sign the owner's word, with the next sequence", async () => {
  const stage = await setStage();
  expect((await stage.run("init", "--name", "pi")).code).toBe(0);
  const key = toHex(readSeed(join(stage.state, "owner.key")).publicKey);
  const live = await setStage({ ...wellInspection, owner: { key, stands: [] } });
  const args = ["--owner-key", join(stage.state, "owner.key"), "--everywhere", "--yes"];
  const made = await told(live, "author", "keygen", "--name", "home", "--no-passphrase");
  const scope = ["--scope", "process:*", "--scope", "file:/etc/**", "--rank", "4"];
  await told(live, "trust", "add", String(made["rootFile"]), ...scope, ...args);
  const [, word] = verifiedOf(live);
  expect(word).toMatchObject({ type: "owner", word: { owner: key, subject: made["author"], sequence: 1 } });
  expect(word).toMatchObject({ word: { grant: { scope: ["file:/etc/**", "process:*"], rank: 4 } } });
  expect(live.agent.commands).toEqual([]);
  // A device of another owner obeys another key.
  const other = await setStage({ ...wellInspection, owner: { key: "ab".repeat(32), stands: [] } });
  const refused = await other.run("trust", "add", String(made["rootFile"]), ...scope, ...args);
  expect(refused.code).toBe(5);
  expect(refused.err).toContain(ownerText("ab".repeat(32)));
});

test("init --owner pins a key that was made elsewhere", async () => {
  const stage = await setStage();
  const owner = ownerText("cd".repeat(32));
  expect((await stage.run("init", "--name", "pi", "--owner", owner)).code).toBe(0);
  expect(JSON.parse(await readFile(join(stage.state, "charter.json"), "utf8"))).toMatchObject({
    owner: "cd".repeat(32),
  });
  expect((await (await setStage()).run("init", "--name", "pi", "--owner", "owner_short")).code).toBe(2);
});
