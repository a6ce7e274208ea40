import type { Incarnation } from "../contract/statements.ts";
import { bootJumpMax } from "../limits.ts";

/** The order of incarnations of one subject: by serial, then by boot counter, then by n. */
export function compareIncarnation(left: Incarnation, right: Incarnation): -1 | 0 | 1 {
  for (let part = 0; part < 3; part += 1) {
    const difference = (left[part] ?? 0) - (right[part] ?? 0);
    if (difference !== 0) return difference < 0 ? -1 : 1;
  }
  return 0;
}

/**
 * Whether an incarnation is further ahead than honest restarts and refutations get: a forged maximum would
 * silence its subject for good (memberlist#358). `known` is undefined for a member never heard of.
 */
export function isJumpTooLarge(known: Incarnation | undefined, next: Incarnation): boolean {
  const [serial, boot, n] = next;
  const sameSerial = known !== undefined && known[0] === serial;
  const knownBoot = sameSerial ? known[1] : 0;
  const knownN = sameSerial && known[1] === boot ? known[2] : 0;
  return boot - knownBoot > bootJumpMax || n - knownN > bootJumpMax;
}

/** Whether two incarnations are of one run of an agent. */
export function isSameLife([serial, boot]: Incarnation, [otherSerial, otherBoot]: Incarnation): boolean {
  return serial === otherSerial && boot === otherBoot;
}

/** An incarnation as people read it: `1.4.0`. */
export function incarnationText(incarnation: Incarnation): string {
  return incarnation.join(".");
}
