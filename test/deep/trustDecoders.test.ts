import {
  compileGuard,
  createAuthor,
  evaluateGuard,
  followRoots,
  isRejection,
  rotateAuthor,
  sealHeartbeat,
  sealOwnerWord,
  toHex,
  verifyPolicy,
} from "@antibody/policy";
import { describe, expect, it } from "vitest";
import { accepted, authorOf, crypto, signerOf, streamOf } from "../../packages/policy/test/support.ts";
import { faultsOf, fuzz } from "./fuzz.ts";

const author = authorOf("fuzzed");
const trust = {
  crypto,
  rootOf: () => author.root,
  newestRoots: () => [author.root],
  rootWithDigest: () => author.root,
};
const owner = signerOf("owner");

const word = {
  v: 1,
  type: "owner",
  owner: toHex(owner.publicKey),
  subject: author.author,
  sequence: 1,
} as const;
const grant = {
  scope: ["file:/etc/**"],
  rank: 1,
  mode: "enforce",
  powers: ["process"],
  bytesMax: 9,
} as const;
const words = [sealOwnerWord({ ...word, grant }, owner), sealOwnerWord({ ...word, sequence: 2 }, owner)];

const beat = {
  v: 1,
  type: "heartbeat",
  author: author.author,
  epoch: 1,
  wallMs: 1,
  freshUntilMs: 2,
} as const;
const beats = [
  sealHeartbeat({ ...beat, streams: [] }, [author.signer]),
  sealHeartbeat({ ...beat, streams: [{ stream: streamOf("home"), generation: 4 }] }, [author.signer]),
];

const [one, two, three] = [signerOf("one"), signerOf("two"), signerOf("three")];
const nextPublicKeys = [three.publicKey];
const together = createAuthor({ signer: one, otherSigners: [two], threshold: 2, nextPublicKeys, crypto });
const rotation = {
  author: author.author,
  previous: author.root,
  signers: [author.signer],
  nextSigners: [author.nextSigner],
  nextPublicKeys,
  crypto,
};
const roots = [
  author.rootBytes,
  together.bytes,
  rotateAuthor(rotation),
  rotateAuthor({ ...rotation, carry: ["0".repeat(64)], scopes: ["file:/etc/**"] }),
];

/** What a device makes of roots, however they are bent: they are followed only where their signatures are good. */
function follow(input: Uint8Array): unknown {
  const root = verifyPolicy(input, trust);
  if (isRejection(root) || root.type !== "root") return root;
  return followRoots(
    [accepted(verifyPolicy(author.rootBytes, trust)), root].filter((each) => each.type === "root"),
  );
}

const hostile = [
  "((((((((((((((((((((((((((((((((true))))))))))))))))))))))))))))))))",
  `${"!".repeat(400)}true`,
  '"a".matches("(a+)+$")',
  "[1,2,3].all(x, [1,2,3].all(y, [1,2,3].all(z, x + y + z < 10)))",
  'name in ["a","b","c","d"] && tags.exists("greenhouse") || cores >= 4 && !(arch == "x64")',
  "1/0 == 1 || -9223372036854775808 / -1 > 0",
  '{"a": {"b": [name, os]}}.a.b[0] == "pi"',
  'hostname + hostname + hostname == "x"',
].map((text) => new TextEncoder().encode(text));

const contexts = { arch: "arm64", hostname: "pi", name: "pi", os: "linux", tags: ["greenhouse"] };

/** What both the author's machine and the device do with a guard. */
function guard(input: Uint8Array): unknown {
  const compiled = compileGuard(Buffer.from(input).toString("utf8"));
  return "expression" in compiled ? evaluateGuard(compiled, contexts) : compiled;
}

describe("decoders of trust under a million damaged inputs each: none throws, none is slow, memory stays flat", () => {
  it.each<[string, readonly Uint8Array[], (input: Uint8Array) => unknown]>([
    ["owner's word", words, (input) => verifyPolicy(input, trust)],
    ["heartbeat", beats, (input) => verifyPolicy(input, trust)],
    ["roots", roots, follow],
    ["hostile guard", hostile, guard],
  ])("%s", (name, examples, decode) => {
    const seed = [...name].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7) % 2 ** 31;
    expect(faultsOf(fuzz(seed, examples, decode))).toEqual([]);
  });
});
