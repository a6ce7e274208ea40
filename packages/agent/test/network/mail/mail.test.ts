import type { PeerMessage } from "@antibody/core";
import {
  createAuthor,
  makeId,
  parseStreamName,
  type Signer,
  sealBundle,
  type VerifiedPolicy,
  verifyPolicy,
} from "@antibody/policy";
import { afterEach, expect, test } from "vitest";
import { mailProtocols } from "../../../src/network/mail/mail.ts";
import { generateKey } from "../../../src/state/keyFile.ts";
import { Rogue } from "../rogue.ts";
import { crypto, enroll, found, memberOf, pair, Station, sound } from "../swarm.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

async function stations(): Promise<readonly [Station, Station]> {
  const made = await pair();
  open.push(...made);
  return made;
}

const noHeads = { ids: [], streams: [] };

/** A root, a manifest and a fragment of a new author. */
function documents(): readonly VerifiedPolicy[] {
  const signer: Signer = generateKey();
  const { author, bytes } = createAuthor({ signer, nextPublicKeys: [generateKey().publicKey], crypto });
  const root = sound(verifyPolicy(bytes, { crypto, rootOf: () => undefined }));
  const stream = parseStreamName("home");
  if (root.type !== "root" || stream === undefined) throw new Error("A root and a name");
  const promises = { "file:/etc/motd": { content: "x".repeat(60_000) } } as never;
  const input = {
    author,
    stream,
    epoch: 1,
    generation: 1,
    documents: [{ name: "motd", promises }],
    signer,
    crypto,
  };
  const { manifest, fragments } = sealBundle(input);
  const sealed = [manifest, ...fragments].map((one) =>
    sound(verifyPolicy(one, { crypto, rootOf: () => root.root })),
  );
  return [root, ...sealed];
}

test("items arrive verified, also when the root comes with what it signs", async () => {
  const [left, right] = await stations();
  const policy = documents();
  const members = [memberOf(left.founded, ["/ip4/192.0.2.1/tcp/1"], 2)];
  left.network.send(right.agent, { type: "items", members, deaths: [], policy });
  left.network.send(right.agent, { type: "want", members: [], policy: [] });
  await right.input("message", ({ message }) => message.type === "want");
  const items = right.inputs.flatMap((input) =>
    input.type === "message" && input.message.type === "items" ? [input.message] : [],
  );
  expect(items.flatMap((one) => one.members)).toEqual(members);
  expect(items.flatMap((one) => one.policy.map(({ id }) => id))).toEqual(policy.map(({ id }) => id));
  expect(right.events).toEqual([]);
});

test("a digest of everything that an agent may hold passes in several frames", async () => {
  const [left, right] = await stations();
  const ids = Array.from({ length: 16_384 }, (_, index) => {
    const digest = new Uint8Array(32);
    new DataView(digest.buffer).setUint32(0, index);
    return makeId("frag", digest);
  });
  const message: PeerMessage = {
    type: "digest",
    buckets: ["", "00112233445566aa"],
    policy: { ids, streams: [] },
  };
  left.network.send(right.agent, message);
  expect((await right.input("message")).message).toEqual(message);
});

test("messages of one class keep their order", async () => {
  const [left, right] = await stations();
  for (let sequence = 0; sequence < 200; sequence += 1) {
    left.network.send(right.agent, { type: "probeRequest", sequence, subject: left.agent });
  }
  await right.input("message", ({ message }) => message.type === "probeRequest" && message.sequence === 199);
  const sequences = right.inputs.flatMap((input) =>
    input.type === "message" && input.message.type === "probeRequest" ? [input.message.sequence] : [],
  );
  expect(sequences).toEqual(Array.from({ length: 200 }, (_, index) => index));
});

test("a message to nobody is unsent", async () => {
  const founded = found();
  const station = await new Station(founded).open();
  open.push(station);
  const absent = new Station(enroll(founded, "absent"));
  station.network.send(absent.agent, { type: "want", members: [], policy: [] });
  expect(station.inputs).toEqual([{ type: "unsent", to: absent.agent, message: "want" }]);
});

test("a session that ends hands back what was not sent", async () => {
  const [left, right] = await stations();
  left.network.hangUp(right.agent);
  left.network.send(right.agent, { type: "want", members: [], policy: [] });
  await left.input("unsent");
  expect(left.inputs.map(({ type }) => type)).toEqual(["connected", "dialed", "disconnected", "unsent"]);
  await right.input("disconnected");
});

test("a peer that reads nothing costs a bounded queue, and does not hold up its probes", async () => {
  const founded = found();
  const honest = await new Station(founded).open();
  const lazy = await Rogue.start(enroll(founded, "lazy"));
  open.push(honest, { close: () => lazy.stop() });
  const probed = Promise.withResolvers<void>();
  await lazy.node.libp2p.handle([...mailProtocols.sync], (stream) => stream.pause());
  await lazy.node.libp2p.handle([...mailProtocols.probe], () => probed.resolve());
  await lazy.hello(await lazy.connect(honest));
  const { peer } = await honest.input("connected");
  const buckets = new Array<string>(256).fill("00112233445566aa");
  for (let count = 0; count < 600; count += 1) {
    honest.network.send(peer, { type: "digest", buckets, policy: noHeads });
  }
  honest.network.send(peer, { type: "probeRequest", sequence: 1, subject: peer });
  await Promise.all([honest.input("unsent", ({ message }) => message === "digest"), probed.promise]);
  const unsent = honest.inputs.filter(({ type }) => type === "unsent").length;
  expect(unsent).toBeGreaterThanOrEqual(600 - 256 - 150);
  expect(honest.inputs.some((input) => input.type === "unsent" && input.message === "probeRequest")).toBe(
    false,
  );
});
