import type { OwnerWord, VerifiedPolicy } from "@antibody/policy";

/** Whether a document is of those of which only the newest are kept. */
export function isReplaceable({ type }: VerifiedPolicy): boolean {
  return type === "heartbeat" || type === "owner";
}

/**
 * Whether a document takes the place of another: of an author's heartbeats only the latest is kept, of an owner's
 * words on an author those of the highest sequence (two of one sequence are a dispute, and both stay).
 */
export function replaces(newer: VerifiedPolicy, older: VerifiedPolicy): boolean {
  if (newer.type === "heartbeat" && older.type === "heartbeat") {
    if (newer.author !== older.author || newer.id === older.id) return false;
    const [left, right] = [newer.heartbeat, older.heartbeat];
    const byTime = left.wallMs - right.wallMs || left.freshUntilMs - right.freshUntilMs;
    return (left.epoch - right.epoch || byTime || (newer.id > older.id ? 1 : -1)) > 0;
  }
  if (newer.type !== "owner" || older.type !== "owner") return false;
  return isSameMatter(newer.word, older.word) && newer.word.sequence > older.word.sequence;
}

function isSameMatter(left: OwnerWord, right: OwnerWord): boolean {
  return left.owner === right.owner && left.subject === right.subject;
}
