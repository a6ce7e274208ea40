import type { Input, Output } from "@antibody/core";
import {
  type AuthorId,
  createAuthor,
  isRejection,
  parseStreamName,
  type Root,
  sealBundle,
  verifyPolicy,
} from "@antibody/policy";
import { expect, test } from "vitest";
import { takeOffer } from "../../src/agent/offering.ts";
import { encodeBundle } from "../../src/network/wire/bundle.ts";
import { generateKey } from "../../src/state/keyFile.ts";
import { nodeCrypto } from "../../src/state/nodeCrypto.ts";

const crypto = nodeCrypto();
const signer = generateKey();
const created = createAuthor({ signer, nextPublicKeys: [generateKey().publicKey], crypto });
const root = ((): Root => {
  const policy = verifyPolicy(created.bytes, { crypto, rootOf: () => undefined });
  if (isRejection(policy) || policy.type !== "root") throw new Error("A root");
  return policy.root;
})();

/** A bundle of so many fragments, its manifest last. */
function bundle(fragments: number): readonly Uint8Array[] {
  const stream = parseStreamName("home");
  if (stream === undefined) throw new Error("A name");
  const documents = Array.from({ length: fragments }, (_, index) => ({
    name: `file${index}`,
    promises: { [`file:/etc/${index}`]: { content: "hello" } } as never,
  }));
  const sealed = sealBundle({
    ...{ author: created.author, stream, epoch: 1, generation: 1, documents, signer, crypto },
  });
  return [...sealed.fragments, sealed.manifest];
}

/** A mind that knows the author, and answers every input in a turn of its own, all of what was asked before at once. */
function parts(answer: (input: Input) => readonly Output[] | undefined = () => []) {
  const turns: Input[][] = [];
  const ask = (input: Input): Promise<readonly Output[] | undefined> => {
    const turn = turns.at(-1);
    if (turn === undefined || isOver) turns.push([input]);
    else turn.push(input);
    isOver = false;
    return new Promise((resolve) =>
      setImmediate(() => {
        isOver = true;
        resolve(answer(input));
      }),
    );
  };
  let isOver = false;
  const rootOf = (author: AuthorId): Root | undefined => (author === created.author ? root : undefined);
  const mind = { rootOf, newestRoots: () => [root], rootWithDigest: () => undefined };
  return { turns, parts: { crypto, mind, driver: { ask } } };
}

function bytesIn(turn: readonly Input[]): readonly Uint8Array[] {
  return turn.flatMap((input) => (input.type === "policy" ? [input.policy.bytes] : []));
}

test("a small bundle comes to the mind in one turn, a large one in several, in its order", async () => {
  const small = parts();
  const few = bundle(2);
  expect(await takeOffer(encodeBundle(few), small.parts)).toMatchObject({ type: "accepted" });
  expect(small.turns.map(bytesIn)).toEqual([few]);
  const large = parts();
  const many = bundle(70);
  expect(await takeOffer(encodeBundle(many), large.parts)).toMatchObject({ type: "accepted" });
  expect(large.turns.length).toBeGreaterThan(1);
  expect(large.turns.flatMap(bytesIn)).toEqual(many);
});

test("one envelope is an offer, too; one that does not verify is named beside those that do", async () => {
  const { turns, parts: all } = parts();
  const [fragment = new Uint8Array(), manifest = new Uint8Array()] = bundle(1);
  expect(await takeOffer(fragment, all)).toMatchObject({ type: "accepted" });
  const forged = fragment.slice();
  forged.set([(forged.at(-1) ?? 0) ^ 1], forged.length - 1);
  expect(await takeOffer(encodeBundle([forged, manifest]), all)).toMatchObject({ reason: "badSignature" });
  expect(turns.flatMap(bytesIn)).toEqual([fragment, manifest]);
});

test("what the mind refuses, or is not given, is not told to be accepted", async () => {
  const [fragment = new Uint8Array()] = bundle(1);
  const refusal = (input: Input): readonly Output[] => {
    const id = input.type === "policy" ? input.policy.id : "";
    const fields = { id, reason: "quota", detail: "too much" };
    return [{ type: "tell", event: { name: "policy.rejected", level: "warn", fields } as never }];
  };
  expect(await takeOffer(fragment, parts(refusal).parts)).toMatchObject({
    reason: "quota",
    detail: "too much",
  });
  expect(await takeOffer(fragment, parts(() => undefined).parts)).toMatchObject({ reason: "quota" });
});
