import {
  type BundleDocument,
  type Grant,
  makeId,
  type ResourceId,
  rootDigest,
  type VerifiedPolicy,
} from "@antibody/policy";
import { describe, expect, it } from "vitest";
import type { Output } from "../../src/contract/output.ts";
import type { Turn } from "../../src/contract/turn.ts";
import { PolicyKeeping } from "../../src/keeping/policies.ts";
import { headStreamsMax, strangersIdsMax } from "../../src/limits.ts";
import { Random } from "../../src/random.ts";
import { resourceTypes } from "../../src/resources/index.ts";
import { author, crypto, grantTo, options, type TestAuthor } from "../mind/minds.ts";

const peer = makeId("agent", new Uint8Array(32).fill(1));

/** A store of policy with what it put out. */
class Keeper {
  readonly policies: PolicyKeeping = PolicyKeeping.create(
    { crypto, contexts: options.contexts, resourceTypes, protectedResources: [] },
    { records: [], members: [], policies: [] },
  );

  take(policy: VerifiedPolicy): readonly Output[] {
    return this.#turn((turn) => this.policies.accept(policy, peer, turn));
  }

  grant(grant: Grant): readonly Output[] {
    return this.#turn((turn) => this.policies.grant(grant, turn));
  }

  /** How many of these the store would ask for from a peer that holds them. */
  wanted(policies: readonly VerifiedPolicy[]): number {
    return this.policies.wantedFrom({ ids: policies.map(({ id }) => id).sort(), streams: [] }).length;
  }

  get heldCount(): number {
    return this.policies.heads().ids.length;
  }

  #turn(step: (turn: Turn) => void): readonly Output[] {
    const outputs: Output[] = [];
    step({
      now: { monoMs: 0, wallMs: 0 },
      random: Random.fromSeed(1),
      emit: (output) => outputs.push(output),
      tell: (name, level, fields) => outputs.push({ type: "tell", event: { name, level, fields } }),
    });
    return outputs;
  }
}

/** A store whose owner has accepted an author, and what the author published. */
function trusting(writer: TestAuthor, bytesMax: number, ...published: readonly VerifiedPolicy[]): Keeper {
  const keeper = new Keeper();
  keeper.grant({ ...grantTo(writer.root), bytesMax });
  for (const policy of [writer.root, ...published]) keeper.take(policy);
  return keeper;
}

function told(outputs: readonly Output[]): readonly string[] {
  return outputs.flatMap((output) =>
    output.type === "tell" ? [`${output.event.name} ${output.event.fields["reason"] ?? ""}`.trim()] : [],
  );
}

/** Why the streams of an author are held. */
function heldOf({ policies }: Keeper, { author: who }: TestAuthor): readonly (string | undefined)[] {
  return policies.current.streams.filter((state) => state.author === who).map(({ held }) => held);
}

/** A generation of one document of about so many bytes. */
function large(writer: TestAuthor, generation: number, bytes = 20_000): VerifiedPolicy[] {
  const promises: BundleDocument["promises"] = {
    ["file:/etc/large" as ResourceId]: { content: "x".repeat(bytes) },
  };
  return writer.publish(generation, [{ name: "large", promises }]);
}

describe("an author that signs two bodies for one version", () => {
  it("is held as soon as the second fragment comes, which no manifest names", () => {
    const writer = author(1);
    const keeper = trusting(writer, 100_000, ...writer.files(1, ["good"]));
    expect(heldOf(keeper, writer)).toEqual([undefined]);
    const [, second] = writer.files(1, ["evil"]);
    if (second === undefined) throw new Error("a bundle has a fragment");
    expect(told(keeper.take(second))).toContain("policy.held equivocation");
    expect(heldOf(keeper, writer)).toEqual(["equivocation"]);
  });

  it("is held when it makes two roots of one number, and the older root stays known", () => {
    const writer = author(1);
    const keeper = trusting(writer, 100_000, writer.rotate(), writer.rotate(["file:/etc/**"]));
    for (const policy of writer.publish(1, [], { epoch: 2 })) keeper.take(policy);
    expect(heldOf(keeper, writer)).toEqual(["equivocation"]);
    const first = writer.root.type === "root" ? writer.root.root : undefined;
    if (first === undefined) throw new Error("an author has a root");
    expect(keeper.policies.rootWithDigest(writer.author, rootDigest(crypto, first))).toEqual(first);
    expect(keeper.policies.newestRoots(writer.author)).toHaveLength(2);
  });
});

describe("what was refused for want of room", () => {
  it("is asked for again when the owner grants more", () => {
    const writer = author(1);
    const bundle = large(writer, 1);
    const keeper = trusting(writer, 5_000, ...bundle);
    expect(keeper.wanted(bundle)).toBe(0);
    keeper.grant(grantTo(writer.root));
    expect(keeper.wanted(bundle)).toBe(1);
  });

  it("is asked for again when something made room", () => {
    const writer = author(1);
    const keeper = trusting(writer, 25_000, ...large(writer, 1));
    const [second, third] = [large(writer, 2), large(writer, 3)];
    for (const policy of [...second.slice(1), ...third]) keeper.take(policy);
    expect(keeper.wanted(third)).toBe(0);
    for (const policy of second) keeper.take(policy);
    expect(keeper.wanted(third)).toBe(1);
  });
});

describe("a thief of a signing key", () => {
  it("cannot keep out the root that revokes it by filling the author's room", () => {
    const writer = author(1);
    const keeper = trusting(writer, 50_000, ...writer.files(1, ["good"]));
    // No manifest completes them; the small ones fill what room is left, to less than a root.
    const loot = Array.from({ length: 100 }, (_, index) =>
      large(writer, Number.MAX_SAFE_INTEGER - index, index < 6 ? 20_000 : 1).slice(1),
    ).flat();
    for (const policy of loot) keeper.take(policy);
    const heldOfThief = keeper.heldCount - 3;
    const revocation = keeper.take(writer.rotate());
    for (const policy of writer.publish(1, [], { epoch: 2 })) keeper.take(policy);
    const [stream] = keeper.policies.current.streams;
    expect(stream?.active?.version).toEqual({ epoch: 2, generation: 1 });
    // What was revoked takes no room any more, here and on the disk, and does not come back.
    expect(keeper.heldCount).toBe(3);
    const deleted = revocation.flatMap((output) =>
      output.type === "persist"
        ? output.records.filter(({ key, value }) => key.startsWith("policy/") && value === null)
        : [],
    );
    expect(deleted).toHaveLength(heldOfThief + 2);
    expect(told(keeper.take(loot[0] as VerifiedPolicy))).toContain("policy.rejected olderGeneration");
    expect(keeper.wanted(loot)).toBe(loot.length - heldOfThief);
  });

  it("cannot make a new epoch older than its far future", () => {
    const writer = author(1);
    const future = writer.files(Number.MAX_SAFE_INTEGER, ["evil"]);
    const keeper = trusting(writer, 100_000, ...future);
    expect(keeper.policies.current.streams[0]?.active?.version.generation).toBe(Number.MAX_SAFE_INTEGER);
    keeper.take(writer.rotate());
    expect(keeper.policies.current.promises.size).toBe(0);
    for (const policy of writer.publish(1, [], { epoch: 2 })) keeper.take(policy);
    expect(keeper.policies.current.streams[0]?.active?.version).toEqual({ epoch: 2, generation: 1 });
  });
});

describe("an author that the owner has not accepted", () => {
  it("activates nothing and costs no sync, until it is granted", () => {
    const stranger = author(1);
    const keeper = new Keeper();
    const published = [stranger.root, ...stranger.files(1, ["a"]), ...stranger.files(2, ["b"])];
    const outputs = published.flatMap((policy) => keeper.take(policy));
    expect(told(outputs)).not.toContain("policy.activated");
    const written = outputs.flatMap((output) => (output.type === "persist" ? [output] : []));
    expect(written.filter(({ durability }) => durability === "sync")).toEqual([]);
    expect(heldOf(keeper, stranger)).toEqual(["noGrant"]);
    const granted = keeper.grant(grantTo(stranger.root));
    expect(told(granted)).toContain("policy.activated");
    const synced = granted.flatMap((output) =>
      output.type === "persist" && output.durability === "sync" ? output.records.map(({ key }) => key) : [],
    );
    expect(synced).toContain(`floor/${stranger.author}/home`);
  });

  it("cannot take the room of one that is granted, however many come", () => {
    const keeper = new Keeper();
    const strangers = [2, 3, 4, 5].map(author);
    for (const stranger of strangers) {
      keeper.take(stranger.root);
      for (let index = 0; index <= strangersIdsMax / strangers.length; index += 1) {
        for (const policy of stranger.publish(1, [], { stream: `s${index}` })) keeper.take(policy);
      }
    }
    expect(keeper.heldCount).toBe(strangersIdsMax);
    const writer = author(1);
    keeper.grant(grantTo(writer.root));
    for (const policy of [writer.root, ...writer.files(1, ["good"])]) keeper.take(policy);
    expect(heldOf(keeper, writer)).toEqual([undefined]);
    // What is granted takes no stranger's room.
    const [befriended, still] = strangers;
    if (befriended === undefined || still === undefined) throw new Error("there are strangers");
    const more = still.publish(1, [], { stream: "more" });
    const before = keeper.heldCount;
    for (const policy of more) keeper.take(policy);
    expect(keeper.heldCount).toBe(before);
    keeper.grant(grantTo(befriended.root));
    for (const policy of more) keeper.take(policy);
    expect(keeper.heldCount).toBe(before + more.length);
    // Of the heads of so many streams only some are told: the message that carries them has a bound.
    expect(keeper.policies.heads().streams.length).toBeLessThanOrEqual(headStreamsMax);
  });
});

it("sends what was asked for several times once", () => {
  const writer = author(1);
  const keeper = trusting(writer, 100_000);
  expect(keeper.policies.take(Array.from({ length: 1_000 }, () => writer.root.id))).toEqual([writer.root]);
});
