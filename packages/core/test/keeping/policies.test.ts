import {
  type AgentId,
  createAuthor,
  type Grant,
  isRejection,
  type Json,
  makeId,
  parseStreamName,
  type ResourceId,
  type Root,
  sealBundle,
  type VerifiedPolicy,
  verifyPolicy,
} from "@antibody/policy";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Output } from "../../src/contract/output.ts";
import type { ResourceType } from "../../src/contract/resource.ts";
import type { Turn } from "../../src/contract/turn.ts";
import { PolicyKeeping } from "../../src/keeping/policies.ts";
import { rootsPerIntroducerMax } from "../../src/limits.ts";
import { Random } from "../../src/random.ts";
import { commonOf } from "../../src/resources/parts/metaparameters.ts";
import { crypto, signer } from "../mind/minds.ts";

/** An author with everything that it publishes, verified. */
function author(seed: number): {
  readonly root: VerifiedPolicy;
  bundle(generation: number, contents: readonly string[]): VerifiedPolicy[];
} {
  const own = signer(seed);
  const made = createAuthor({ signer: own, nextPublicKeys: [signer(seed + 100).publicKey], crypto });
  const open = (bytes: Uint8Array, known?: Root): VerifiedPolicy => {
    const policy = verifyPolicy(bytes, { crypto, rootOf: () => known });
    if (isRejection(policy)) throw new Error(policy.detail);
    return policy;
  };
  const root = open(made.bytes);
  const stream = parseStreamName("home");
  if (root.type !== "root" || stream === undefined) throw new Error("the author is a root");
  return {
    root,
    bundle: (generation, contents) => {
      const documents = contents.map((content, index) => ({
        name: `part-${index}`,
        promises: { [`file:/etc/part-${index}` as ResourceId]: { content } },
      }));
      const sealed = sealBundle({
        author: made.author,
        stream,
        epoch: 1,
        generation,
        documents,
        signer: own,
        crypto,
      });
      return [sealed.manifest, ...sealed.fragments].map((bytes) => open(bytes, root.root));
    },
  };
}

const file: ResourceType = {
  kind: "file",
  observedBy: "body",
  endsByItself: false,
  schema: {},
  powers: () => [],
  check: () => [],
  common: () => commonOf({}, undefined),
  diff: () => undefined,
  rest: () => undefined,
  plan: () => undefined,
  reverse: () => undefined,
  refresh: () => undefined,
  recognizes: () => true,
  fake: {
    initial: () => ({ type: "absent" }),
    repaired: (_promise, observation) => observation,
    damaged: (_promise, observation) => observation,
  },
};

const options = {
  crypto,
  contexts: { arch: "x64", hostname: "h", name: "n", os: "linux", tags: [] },
  resourceTypes: [file],
  protectedResources: [],
};
const empty = { records: [], members: [], policies: [] };
const peer = makeId("agent", new Uint8Array(32).fill(1));

/** A turn that collects what is put out. */
function turn(): Turn & { readonly outputs: Output[] } {
  const outputs: Output[] = [];
  return {
    outputs,
    now: { monoMs: 0, wallMs: 0 },
    random: Random.fromSeed(1),
    emit: (output) => outputs.push(output),
    tell: (name, level, fields) => outputs.push({ type: "tell", event: { name, level, fields } }),
  };
}

function grantTo(policy: VerifiedPolicy): Grant {
  return {
    author: policy.author,
    scope: ["file:/etc/**"],
    rank: 1,
    mode: "enforce",
    powers: [],
    bytesMax: 100_000,
  };
}

/** Names and reasons of the events that were told. */
function told(outputs: readonly Output[]): Json[] {
  return outputs.flatMap((output) =>
    output.type === "tell" ? [`${output.event.name} ${output.event.fields["reason"] ?? ""}`.trim()] : [],
  );
}

function contentsInForce(policies: PolicyKeeping): Json[] {
  return [...policies.current.promises.values()].map(({ promise }) => promise["content"] ?? null);
}

describe("the store of policy", () => {
  const home = author(1);
  const first = home.bundle(1, ["a", "b", "c"]);
  const second = home.bundle(2, ["d", "e"]);

  it("reaches one view whatever the order of arrival", () => {
    const everything = [home.root, ...first, ...second];
    fc.assert(
      fc.property(fc.shuffledSubarray(everything, { minLength: everything.length }), (order) => {
        const policies = PolicyKeeping.create(options, empty);
        policies.grant(grantTo(home.root), turn());
        for (const policy of order) policies.accept(policy, peer, turn());
        expect(contentsInForce(policies)).toEqual(["d", "e"]);
      }),
      { numRuns: 50 },
    );
  });

  it("makes floor, roots and generation durable with sync before anything of it takes effect", () => {
    const policies = PolicyKeeping.create(options, empty);
    policies.grant(grantTo(home.root), turn());
    const last = turn();
    for (const policy of [home.root, ...first]) policies.accept(policy, peer, last);
    const synced = last.outputs.filter((output) => output.type === "persist" && output.durability === "sync");
    // The root of an accepted author as soon as it comes, all of it again with the floor.
    expect(synced).toHaveLength(2);
    const keys = synced
      .slice(1)
      .flatMap((output) => (output.type === "persist" ? output.records.map(({ key }) => key) : []));
    expect(keys).toContain(`floor/${home.root.author}/home`);
    for (const policy of [home.root, ...first]) expect(keys).toContain(`policy/${policy.id}`);
    expect(told(last.outputs).at(-1)).toBe("policy.activated");
  });

  // A root that came before the grant was lost with the power: nothing of the generation could be verified.
  it("has in force after a power cut what was in force before it, whatever came first", () => {
    const everything = [home.root, ...second];
    fc.assert(
      fc.property(
        fc.shuffledSubarray(everything, { minLength: everything.length }),
        fc.nat(everything.length),
        (order, grantedAt) => {
          const policies = PolicyKeeping.create(options, empty);
          const written = turn();
          order.forEach((policy, index) => {
            if (index === grantedAt) policies.grant(grantTo(home.root), written);
            policies.accept(policy, peer, written);
          });
          if (grantedAt === order.length) policies.grant(grantTo(home.root), written);
          const onCard = new Set(
            written.outputs.flatMap((output) =>
              output.type === "persist" && output.durability === "sync"
                ? output.records.map(({ key }) => key)
                : [],
            ),
          );
          expect(contentsInForce(policies)).toEqual(["d", "e"]);
          for (const policy of everything) expect(onCard).toContain(`policy/${policy.id}`);
        },
      ),
      { numRuns: 50 },
    );
  });

  it("refuses an older generation and does not ask for it again", () => {
    const policies = PolicyKeeping.create(options, empty);
    policies.grant(grantTo(home.root), turn());
    for (const policy of [home.root, ...second]) policies.accept(policy, peer, turn());
    const replay = turn();
    for (const policy of first) policies.accept(policy, peer, replay);
    expect(told(replay.outputs)).toEqual(first.map(() => "policy.rejected olderGeneration"));
    const theirs = { ids: first.map(({ id }) => id), streams: [] };
    expect(policies.wantedFrom(theirs)).toEqual([]);
    expect(contentsInForce(policies)).toEqual(["d", "e"]);
  });

  it("keeps floors, grants and policy across a restart, and the floor alone when the policy was lost", () => {
    const policies = PolicyKeeping.create(options, empty);
    const written = turn();
    policies.grant(grantTo(home.root), written);
    for (const policy of [home.root, ...first, ...second]) policies.accept(policy, peer, written);
    const records = new Map(
      written.outputs
        .flatMap((output) => (output.type === "persist" ? output.records : []))
        .map((record) => [record.key, record]),
    );
    const kept = [...records.values()].filter(
      ({ key, value }) => !key.startsWith("policy/") && value !== null,
    );
    const survivors = [home.root, ...first, ...second].filter(
      ({ id }) => records.get(`policy/${id}`)?.value !== null,
    );
    const again = PolicyKeeping.create(options, { records: kept, members: [], policies: survivors });
    again.start(turn());
    expect(contentsInForce(again)).toEqual(["d", "e"]);
    const bare = PolicyKeeping.create(options, { records: kept, members: [], policies: [] });
    const replay = turn();
    for (const policy of [home.root, ...first]) bare.accept(policy, peer, replay);
    expect(told(replay.outputs)).toContain("policy.rejected olderGeneration");
    expect(contentsInForce(bare)).toEqual([]);
  });

  it("gives a peer exactly what it lacks, roots first, and nothing outdated", () => {
    const full = PolicyKeeping.create(options, empty);
    full.grant(grantTo(home.root), turn());
    for (const policy of [home.root, ...second]) full.accept(policy, peer, turn());
    const blank = PolicyKeeping.create(options, empty);
    expect(blank.digest()).not.toBe(full.digest());
    const wanted = blank.wantedFrom(full.heads());
    const taken = full.take(wanted);
    expect(taken.map(({ type }) => type)).toEqual(["root", "manifest", "fragment", "fragment"]);
    for (const policy of taken) blank.accept(policy, peer, turn());
    expect(blank.digest()).toBe(full.digest());
    const behind = PolicyKeeping.create(options, empty);
    for (const policy of [home.root, ...first]) behind.accept(policy, peer, turn());
    expect(behind.lackedBy(full.heads())).toEqual([]);
    expect(full.lackedBy(behind.heads())).toEqual(second.map(({ id }) => id).sort());
  });

  it("limits how many authors one peer may introduce, never the owner", () => {
    const policies = PolicyKeeping.create(options, empty);
    const roots = Array.from({ length: rootsPerIntroducerMax + 1 }, (_, index) => author(index + 1).root);
    const last = turn();
    for (const root of roots) policies.accept(root, peer, last);
    expect(told(last.outputs).filter((line) => line === "policy.rejected quota")).toHaveLength(1);
    const owner = PolicyKeeping.create(options, empty);
    const owned = turn();
    for (const root of roots) owner.accept(root, "owner", owned);
    expect(told(owned.outputs)).not.toContain("policy.rejected quota");
  });

  it("restores from a dump to the same answers", () => {
    const policies = PolicyKeeping.create(options, empty);
    policies.grant(grantTo(home.root), turn());
    for (const policy of [home.root, ...first]) policies.accept(policy, peer as AgentId, turn());
    const again = PolicyKeeping.restore(options, structuredClone(policies.dump()));
    expect(again.dump()).toEqual(policies.dump());
    const [left, right] = [turn(), turn()];
    for (const policy of second) policies.accept(policy, peer, left);
    for (const policy of second) again.accept(policy, peer, right);
    expect(right.outputs).toEqual(left.outputs);
    expect(again.current).toEqual(policies.current);
  });
});
