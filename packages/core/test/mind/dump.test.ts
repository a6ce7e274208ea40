import type { ResourceId, VerifiedPolicy } from "@antibody/policy";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { Input, OwnerCommand } from "../../src/contract/input.ts";
import type { Output } from "../../src/contract/output.ts";
import { enrol, memberOf, signMember } from "../swarm/people.ts";
import { author, grantTo, type Life, mindOf } from "./minds.ts";

const own = enrol("own");
const peers = ["p0", "p1", "p2"].map(enrol);
const writers = [author(1), author(2)];
/** Everything that two authors ever published, with two bodies for one version and two roots of one number. */
const documents: readonly VerifiedPolicy[] = writers.flatMap((writer) => [
  writer.root,
  ...writer.files(1, ["a", "b", "c"]),
  ...writer.files(2, ["d", "e"]),
  ...writer.files(2, ["rival"]),
  ...writer.files(3, ["f", "g", "h"]),
  ...writer.publish(
    1,
    [{ name: "more", promises: { ["file:/etc/part-0" as ResourceId]: { content: "x" } } }],
    {
      stream: "more",
    },
  ),
  writer.rotate(),
  writer.rotate(["file:/etc/part-1"]),
  ...writer.publish(
    1,
    [{ name: "new", promises: { ["file:/etc/part-0" as ResourceId]: { content: "n" } } }],
    {
      epoch: 2,
    },
  ),
]);
const resources = [0, 1, 2].map((index) => `file:/etc/part-${index}` as ResourceId);

type Happening =
  | { readonly type: "wait" }
  | { readonly type: "policy"; readonly index: number }
  | { readonly type: "items"; readonly from: number; readonly indices: readonly number[] }
  | { readonly type: "meet"; readonly index: number; readonly n: number }
  | { readonly type: "probe"; readonly index: number }
  | { readonly type: "see"; readonly index: number; readonly what: number }
  | { readonly type: "sign" }
  | { readonly type: "end"; readonly index: number; readonly how: number }
  | { readonly type: "command"; readonly what: number; readonly index: number };

const small = fc.nat({ max: 100 });
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 2, arbitrary: fc.constant<Happening>({ type: "wait" }) },
  { weight: 8, arbitrary: fc.record({ type: fc.constant("policy"), index: small }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant("items"),
      from: small,
      indices: fc.array(small, { maxLength: 6 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("meet"), index: small, n: fc.nat({ max: 2 }) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("probe"), index: small }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant("see"), index: small, what: small }) },
  { weight: 2, arbitrary: fc.constant<Happening>({ type: "sign" }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant("end"), index: small, how: small }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant("command"), what: small, index: small }) },
);
const story = fc.array(fc.record({ afterMs: fc.nat({ max: 1_500 }), what: happening }), {
  minLength: 5,
  maxLength: 80,
});

/** What a body would have to answer: statements to sign, actions to end. */
interface Body {
  readonly unsigned: Extract<Output, { type: "sign" }>["statement"][];
  readonly running: Extract<Output, { type: "act" }>["action"][];
}

function pick<Item>(items: readonly Item[], index: number): Item {
  const item = items[index % items.length];
  if (item === undefined) throw new Error("nothing to pick from");
  return item;
}

function commandOf(what: number, index: number): OwnerCommand {
  const target = pick<ResourceId | "*">([...resources, "*"], index);
  const { root } = pick(writers, index);
  const commands: readonly OwnerCommand[] = [
    { type: "grant", grant: grantTo(root) },
    { type: "grant", grant: { ...grantTo(root), bytesMax: 3_000, mode: "warn" } },
    { type: "revokeGrant", author: root.author },
    { type: "pause", target, reason: "test", forMs: 2_000 },
    { type: "resume", target },
    { type: "step", target },
  ];
  return what === 100 ? { type: "stop" } : pick(commands, what);
}

function inputOf(what: Happening, body: Body): Input | undefined {
  switch (what.type) {
    case "wait":
      return { type: "wake" };
    case "policy":
      return { type: "policy", policy: pick(documents, what.index), from: pick(peers, what.index).agent };
    case "items": {
      const policy = what.indices.map((index) => pick(documents, index));
      const from = pick(peers, what.from).agent;
      return { type: "message", from, message: { type: "items", members: [], deaths: [], policy } };
    }
    case "meet": {
      const person = pick(peers, what.index);
      return { type: "connected", peer: person.agent, member: memberOf(person, [1, 1, what.n]) };
    }
    case "probe": {
      const digests = { members: "00".repeat(8), policy: "11".repeat(8) };
      return {
        type: "message",
        from: pick(peers, what.index).agent,
        message: { type: "probe", sequence: 1, digests },
      };
    }
    case "see": {
      const resource = pick(resources, what.index);
      const file = {
        type: "file",
        digest: String(what.what),
        size: 1,
        mode: "0644",
        owner: "root:root",
      } as const;
      return { type: "observed", resource, observation: what.what % 2 === 0 ? { type: "absent" } : file };
    }
    case "sign": {
      const statement = body.unsigned.shift();
      if (statement?.type !== "entry") return undefined;
      return { type: "signed", statement: { type: "entry", entry: signMember(own, statement).entry } };
    }
    case "end": {
      const action = body.running.length === 0 ? "9-9" : pick(body.running, what.index);
      const result =
        what.how % 2 === 0 ? ({ type: "done", detail: "" } as const) : ({ type: "canceled" } as const);
      return { type: "outcome", action, result };
    }
    case "command":
      return { type: "command", id: "c", command: commandOf(what.what, what.index) };
    default:
      throw new Error(`unknown happening ${what satisfies never}`);
  }
}

function seen(life: Life, outputs: unknown): string {
  return JSON.stringify([outputs, life.mind.inspect(life.now)]);
}

it("a whole mind goes on from its dump as if nothing had happened, whatever happens", () => {
  fc.assert(
    fc.property(story, fc.nat(), (happenings, at) => {
      const life = mindOf();
      const body: Body = { unsigned: [], running: [] };
      let moved: Life | undefined;
      const start: Input = { type: "started", addresses: [] };
      const grants = writers.slice(0, 1).map(({ root }): Input => {
        return { type: "command", id: "g", command: { type: "grant", grant: grantTo(root) } };
      });
      for (const input of [start, ...grants]) {
        for (const output of life.step(input).outputs)
          if (output.type === "sign") body.unsigned.push(output.statement);
      }
      for (const [index, { afterMs, what }] of happenings.entries()) {
        if (index === at % happenings.length) moved = life.moved();
        life.now = { monoMs: life.now.monoMs + afterMs, wallMs: 0 };
        const input = inputOf(what, body);
        if (input === undefined) continue;
        const result = life.step(input);
        for (const output of result.outputs) {
          if (output.type === "sign") body.unsigned.push(output.statement);
          if (output.type === "act") body.running.push(output.action);
        }
        if (moved === undefined) continue;
        moved.now = life.now;
        expect(seen(moved, moved.step(input))).toBe(seen(life, result));
      }
      if (moved !== undefined) expect(moved.mind.dump()).toEqual(life.mind.dump());
    }),
    { numRuns: 150 },
  );
});
