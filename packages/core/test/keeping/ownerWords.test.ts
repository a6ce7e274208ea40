import {
  type AuthorId,
  type OwnerGrant,
  ownersWord,
  type Signer,
  sealOwnerWord,
  toHex,
} from "@antibody/policy";
import { describe, expect, it } from "vitest";
import { Device, grantAll, settle } from "./device.ts";
import { Pen } from "./pen.ts";
import { owner, signerOf } from "./quickKeys.ts";

const grant: OwnerGrant = { scope: ["**"], rank: 5, mode: "enforce", powers: [], bytesMax: 1_000_000 };

function word(subject: AuthorId, sequence: number, given?: OwnerGrant, by: Signer = owner): Uint8Array {
  const said = { v: 1, type: "owner", owner: toHex(by.publicKey), subject, sequence } as const;
  return sealOwnerWord(given === undefined ? said : { ...said, grant: given }, by);
}

function ranks(device: Device): readonly number[] {
  return device.policies.grants.map(({ rank }) => rank);
}

describe("an owner's word", () => {
  it("is obeyed where its key is pinned, and relayed everywhere", () => {
    const pen = new Pen("alice");
    const foreign = { owner: toHex(signerOf("another owner").publicKey) };
    const [mine, theirs, mineToo] = [new Device([]), new Device([], foreign), new Device([])];
    mine.hear(word(pen.author, 1, grant));
    for (const bytes of [...pen.roots, ...pen.motd(1, "good")]) mine.hear(bytes);
    settle([mine, theirs]);
    settle([theirs, mineToo]);
    expect([mine, theirs, mineToo].map(ranks)).toEqual([[5], [], [5]]);
    expect(mineToo.policies.grants[0]?.introducedBy).toBe(ownersWord);
    expect(mineToo.policies.current.promises.size).toBe(1);
    expect(theirs.policies.current.promises.size).toBe(0);
  });

  it("counts by its sequence, whatever comes first, and never comes back", () => {
    const pen = new Pen("alice");
    const words = [
      word(pen.author, 1, grant),
      word(pen.author, 2),
      word(pen.author, 3, { ...grant, rank: 7 }),
    ];
    const [one, two, three] = words as [Uint8Array, Uint8Array, Uint8Array];
    for (const order of [words, words.toReversed(), [two, three, one]]) {
      const device = new Device([]);
      for (const bytes of order) device.hear(bytes);
      expect(ranks(device)).toEqual([7]);
      device.restart();
      device.hear(one);
      expect(ranks(device)).toEqual([7]);
      expect(device.policies.heads().ids).toHaveLength(1);
    }
  });

  it("is less trust, never more, where two of one sequence differ", () => {
    const pen = new Pen("alice");
    const [narrow, wide] = [{ ...grant, scope: ["file:/etc/**"] }, grant];
    const [first, second] = [word(pen.author, 1, narrow), word(pen.author, 1, wide)];
    for (const order of [
      [first, second],
      [second, first],
    ]) {
      const device = new Device([]);
      for (const bytes of order) device.hear(bytes);
      expect(ranks(device)).toEqual([]);
      expect(device.policies.inspect().owner?.stands).toMatchObject([{ isDisputed: true, sequence: 1 }]);
      device.hear(word(pen.author, 2, { ...grant, rank: 9 }));
      expect(ranks(device)).toEqual([9]);
    }
  });

  it("that ends an author ends what was granted on one device before it, and not what is granted later", () => {
    const pen = new Pen("alice");
    const device = new Device([grantAll(pen.author, 3)]);
    for (const bytes of [...pen.roots, ...pen.motd(1, "good"), word(pen.author, 1, grant)])
      device.hear(bytes);
    expect(ranks(device)).toEqual([5, 3]);
    device.hear(word(pen.author, 2));
    expect(ranks(device)).toEqual([]);
    expect(device.policies.current.promises.size).toBe(0);
    device.restart();
    expect(ranks(device)).toEqual([]);
    device.grant(grantAll(pen.author, 3));
    expect(ranks(device)).toEqual([3]);
    device.restart();
    expect(ranks(device)).toEqual([3]);
  });

  it("of strangers takes no room of the author that it speaks of", () => {
    const pen = new Pen("alice");
    const device = new Device([{ ...grantAll(pen.author, 1), bytesMax: 2_000 }]);
    for (let stranger = 0; stranger < 50; stranger += 1) {
      device.hear(word(pen.author, 1, grant, signerOf(`stranger ${stranger}`)));
    }
    for (const bytes of [...pen.roots, ...pen.motd(1, "good")]) device.hear(bytes);
    expect(device.policies.current.promises.size).toBe(1);
    expect(ranks(device)).toEqual([1]);
  });

  it("by another key than it names is refused", () => {
    const pen = new Pen("alice");
    const device = new Device([]);
    const thief = signerOf("thief");
    const forged = word(pen.author, 1, grant, {
      publicKey: owner.publicKey,
      sign: (message) => thief.sign(message),
    });
    expect(device.hear(forged)).toBe("badSignature");
  });
});
