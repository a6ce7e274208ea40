import { createHash } from "node:crypto";
import { toHex } from "@antibody/policy";
import { add, multiply, order, type Point, p, pointAt } from "../../packages/policy/test/torsion.ts";

/** A signature on which verifiers may disagree; all in hexadecimal. */
export interface EdgeSignature {
  readonly key: string;
  readonly message: string;
  readonly signature: string;
}

/** RFC 8032, 5.1: y = 4/5, and the even x. */
const basePoint = base();
const identity: Point = [0n, 1n];
/** Messages of each pair: by chance one in eight satisfies the equation without cofactor where torsion is in it. */
const messages = ["", "00", "0102", "a5".repeat(40)];

/** A point in one of the forms in which it can be written, with its logarithm to the base but for its torsion. */
interface Written {
  readonly bytes: Uint8Array;
  readonly scalar: bigint;
}

/**
 * Every pair of a key and an R that are sound, have torsion mixed in, are of small order, or are written with y not
 * below p or with the sign of no x; with S so that the equation holds but for torsion, and with S + L. What CCTV
 * (github.com/C2SP/CCTV, ed25519) calls low order, mixed order, not canonical and repudiable.
 */
export function edgeSignatures(): readonly EdgeSignature[] {
  const keys = forms(0x1d_5eedn);
  const rs = forms(0x2e_5eedn);
  return keys.flatMap((key) => rs.flatMap((r) => messages.flatMap((message) => signed(key, r, message))));
}

function signed(key: Written, r: Written, message: string): readonly EdgeSignature[] {
  const hash = createHash("sha512").update(r.bytes).update(key.bytes).update(Buffer.from(message, "hex"));
  const s = (r.scalar + numberOf(hash.digest()) * key.scalar) % order;
  return [s, s + order].map((number) => ({
    key: toHex(key.bytes),
    message,
    signature: toHex(r.bytes) + toHex(bytesOf(number)),
  }));
}

/** One point of prime order, with each torsion mixed in; and the points of small order alone. */
function forms(scalar: bigint): readonly Written[] {
  const sound = multiply(basePoint, scalar);
  const torsions = smallOrderPoints();
  return [
    ...torsions.flatMap((torsion) => written(add(sound, torsion), scalar)),
    ...torsions.flatMap((torsion) => written(torsion, 0n)),
  ];
}

/** The ways to write a point: the canonical one first. */
function written([x, y]: Point, scalar: bigint): readonly Written[] {
  const ys = y + p < 2n ** 255n ? [y, y + p] : [y];
  const signs = x === 0n ? [0n, 1n] : [x & 1n];
  return ys.flatMap((each) => signs.map((sign) => ({ bytes: bytesOf(each + (sign << 255n)), scalar })));
}

function smallOrderPoints(): readonly Point[] {
  for (let y = 2n; ; y += 1n) {
    const point = pointAt(y);
    const generator = point === undefined ? identity : multiply(point, order);
    if (multiply(generator, 4n)[1] === 1n) continue;
    return Array.from({ length: 8 }, (_none, times) => multiply(generator, BigInt(times)));
  }
}

function base(): Point {
  for (let y = 4n; ; y += p) {
    if (y % 5n !== 0n) continue;
    const point = pointAt(y / 5n);
    if (point === undefined) throw new Error("the base is a point of the curve");
    return (point[0] & 1n) === 0n ? point : [p - point[0], point[1]];
  }
}

function numberOf(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
}

function bytesOf(number: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_none, index) => Number((number >> BigInt(8 * index)) & 255n));
}
