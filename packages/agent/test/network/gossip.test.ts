import {
  type AuthorId,
  createAuthor,
  isRejection,
  parseStreamName,
  sealBundle,
  verifyPolicy,
} from "@antibody/policy";
import { afterEach, expect, test } from "vitest";
import { generateKey } from "../../src/state/keyFile.ts";
import { crypto, enroll, found, memberOf, Station, sound } from "./swarm.ts";

const open: Station[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((station) => station.close()));
});

/** Three agents in a row: the ends have no session with each other. */
async function row(): Promise<readonly [Station, Station, Station]> {
  const founded = found();
  const stations = await Promise.all(
    [founded, enroll(founded, "middle"), enroll(founded, "end")].map((one) => new Station(one).open()),
  );
  open.push(...stations);
  const [first, middle, end] = stations;
  if (first === undefined || middle === undefined || end === undefined) throw new Error("Three were opened");
  for (const station of stations) for (const other of stations) station.know(other);
  first.dial(middle);
  end.dial(middle);
  await Promise.all([first.input("connected"), end.input("connected")]);
  await middle.input("connected", ({ peer }) => peer === first.agent);
  await middle.input("connected", ({ peer }) => peer === end.agent);
  return [first, middle, end];
}

function author(): { author: AuthorId; root: Uint8Array; manifest: Uint8Array; fragment: Uint8Array } {
  const signer = generateKey();
  const { author, bytes: root } = createAuthor({ signer, nextPublicKeys: [generateKey().publicKey], crypto });
  const stream = parseStreamName("home");
  if (stream === undefined) throw new Error("A name");
  const documents = [{ name: "motd", promises: { "file:/etc/motd": { content: "hello" } } }] as never;
  const { manifest, fragments } = sealBundle({
    author,
    stream,
    epoch: 1,
    generation: 1,
    documents,
    signer,
    crypto,
  });
  const [fragment] = fragments;
  if (fragment === undefined) throw new Error("One fragment");
  return { author, root, manifest, fragment };
}

/** Publishes again and again until it arrives: gossip makes no promise, and needs a moment to form. */
async function publishUntil(arrived: Promise<unknown>, publish: () => void): Promise<void> {
  publish();
  const again = setInterval(publish, 50);
  await arrived.finally(() => clearInterval(again));
}

test("policy travels over an agent in between, the root before what it signs", async () => {
  const [first, middle, end] = await row();
  const { root, fragment } = author();
  // Rumors make sure that the mesh stands: policy is not repeated.
  const own = memberOf(first.founded, first.network.addresses(), 2);
  await publishUntil(end.input("rumor"), () =>
    first.network.publishRumor({ type: "members", members: [own] }),
  );
  first.network.publishPolicy(root);
  first.network.publishPolicy(fragment);
  const got = await end.input("policy", ({ policy }) => policy.type === "fragment");
  expect(got.from).toBe(middle.agent);
  expect(got.policy.bytes).toEqual(fragment);
  expect(end.inputs.filter((input) => input.type === "policy").map(({ policy }) => policy.type)).toEqual([
    "root",
    "fragment",
  ]);
});

test("a forgery ends at the first agent, and names its sender", async () => {
  const [first, middle, end] = await row();
  const { root, fragment } = author();
  const own = memberOf(first.founded, first.network.addresses(), 2);
  await publishUntil(end.input("rumor"), () =>
    first.network.publishRumor({ type: "members", members: [own] }),
  );
  const forged = fragment.slice();
  forged.set([(forged.at(-1) ?? 0) ^ 1], forged.length - 1);
  first.network.publishPolicy(root);
  first.network.publishPolicy(forged);
  first.network.publishPolicy(fragment);
  const event = await middle.event("policy.rejected");
  expect(event.fields).toMatchObject({ from: first.agent });
  await end.input("policy", ({ policy }) => policy.type === "fragment");
  expect(end.events.filter(({ name }) => name === "policy.rejected")).toEqual([]);
  expect(isRejection(verifyPolicy(fragment, { crypto, rootOf: () => undefined }))).toBe(true);
});

test("policy of an unknown author is ignored, and nobody is blamed", async () => {
  const [first, middle, end] = await row();
  const { fragment } = author();
  const own = memberOf(first.founded, first.network.addresses(), 2);
  await publishUntil(end.input("rumor"), () =>
    first.network.publishRumor({ type: "members", members: [own] }),
  );
  first.network.publishPolicy(fragment);
  const event = await middle.event("policy.rejected");
  expect(event).toMatchObject({ level: "info", fields: { reason: "unknownAuthor" } });
  expect(middle.inputs.some((input) => input.type === "policy")).toBe(false);
  expect(middle.events.some(({ name }) => name === "network.banned")).toBe(false);
  expect(sound(verifyPolicy(author().root, { crypto, rootOf: () => undefined })).type).toBe("root");
});

test("gossip comes back after its streams were lost", async () => {
  const [first, , end] = await row();
  const own = memberOf(first.founded, first.network.addresses(), 2);
  await publishUntil(end.input("rumor"), () =>
    first.network.publishRumor({ type: "members", members: [own] }),
  );
});

test("publishing without a peer does nothing", async () => {
  const station = await new Station(found()).open();
  open.push(station);
  station.network.publishPolicy(author().root);
  const own = memberOf(station.founded, station.network.addresses(), 2);
  station.network.publishRumor({ type: "members", members: [own] });
  await new Promise((resolve) => setImmediate(resolve));
  expect(station.events).toEqual([]);
});
