import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { nodeCrypto } from "@antibody/agent/state";
import { parseStreamName, type ResourceId, type StreamName, sealBundle } from "@antibody/policy";
import { afterAll, expect, it } from "vitest";
import { eventually, makeColony, readPlainKey } from "./harness/colonies.ts";

const test = makeColony();
const { colony } = test;

afterAll(() => test.end());

function motd(name: string): string | undefined {
  try {
    return readFileSync(join(colony.rootOf(name), "etc", "motd"), "utf8");
  } catch {
    return undefined;
  }
}

async function publish(content: string): Promise<void> {
  const file = join(colony.directory, "motd.yaml");
  writeFileSync(file, `stream: home\nname: motd\npromises:\n  file:/etc/motd: { content: "${content}" }\n`);
  await colony.command("one", "publish", file, "--author", "home");
}

function allHave(content: string): Promise<void> {
  return eventually(`both to have ${content}`, () => motd("one") === content && motd("two") === content);
}

function allSay(what: string, is: (name: string) => Promise<boolean>): Promise<void> {
  return eventually(what, async () => (await is("one")) && (await is("two")));
}

it("an owner grants once for two devices; its author rotates, is robbed, revokes, and is dismissed", async () => {
  await colony.command("one", "init", "--name", "one");
  await colony.start("one");
  const { owner } = await colony.command("one", "trust", "list");
  const { code } = await colony.command("one", "invite");
  await colony.command("two", "join", String(code), "--name", "two", "--owner", String(owner));
  await colony.start("two");

  const made = await colony.command("one", "author", "keygen", "--name", "home", "--no-passphrase");
  const scope = ["--scope", "file:/etc/**", "--rank", "10"];
  await colony.command("one", "trust", "add", String(made["rootFile"]), ...scope, "--everywhere", "--yes");
  await publish("first");
  await allHave("first");

  const before = await readPlainKey(String(made["keyFile"]));
  await colony.command("one", "author", "rotate", "--author", "home");
  await publish("rotated");
  await allHave("rotated");
  // A thief of the old key signs in vain.
  const forged = (key: typeof before, generation: number) =>
    sealBundle({
      author: key.author,
      stream: parseStreamName("home") as StreamName,
      epoch: key.root.epoch,
      generation,
      documents: [{ name: "motd", promises: { ["file:/etc/motd" as ResourceId]: { content: "stolen" } } }],
      signer: key.key,
      crypto: nodeCrypto(),
    });
  const two = colony.agent("two");
  expect(await two.client.offer(forged(before, 2).manifest)).toMatchObject({ reason: "olderGeneration" });

  // A thief of the new key signs a second body of what is in force: both devices hold it, and say why.
  const stolen = await readPlainKey(String(made["keyFile"]));
  const { manifest, fragments } = forged(stolen, 1);
  for (const bytes of [manifest, ...fragments]) await two.client.offer(bytes);
  await allSay("both to be in dispute", async (name) => {
    const { incidents } = await colony.agent(name).inspect();
    return incidents.some(({ resource }) => resource.startsWith("policy:"));
  });
  expect(motd("two")).toBe("rotated");

  await colony.command("one", "revoke", "--author", "home", "--yes");
  await publish("revoked");
  await allHave("revoked");
  await allSay("no case to be open", async (name) => {
    const { incidents } = await colony.agent(name).inspect();
    return incidents.every(({ mendedWallMs }) => mendedWallMs !== undefined);
  });

  await colony.command("one", "trust", "remove", stolen.author, "--everywhere", "--yes");
  await allSay("nobody to accept the author", async (name) => {
    const { grants } = await colony.agent(name).inspect();
    return grants.length === 0;
  });
});
