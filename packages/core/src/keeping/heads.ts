import {
  type AuthorId,
  type Crypto,
  compareText,
  compareVersions,
  type Fragment,
  type StreamKey,
  type StreamName,
  streamKey,
  toHex,
  type VerifiedPolicy,
  type Version,
} from "@antibody/policy";
import type { PolicyHeads, StreamHead } from "../contract/messages.ts";
import { headStreamsMax } from "../limits.ts";

/** The stream and version of a document, or of what it is about; some are of no version. */
export function versionOf(
  policy: VerifiedPolicy,
): { readonly stream: StreamName; readonly version: Version } | undefined {
  switch (policy.type) {
    case "root":
    case "heartbeat":
    case "owner":
      return undefined;
    case "manifest": {
      const { stream, epoch, generation } = policy.manifest;
      return { stream, version: { epoch, generation } };
    }
    case "fragment": {
      const { stream, epoch, generation } = policy.fragment;
      return { stream, version: { epoch, generation } };
    }
    case "directive": {
      const { stream, epoch, generation } = policy.directive;
      return { stream, version: { epoch, generation } };
    }
    case "report": {
      const { stream, epoch, generation } = policy.report;
      return { stream, version: { epoch, generation } };
    }
    default:
      throw new Error(`unknown policy ${policy satisfies never}`);
  }
}

/** Whether a newer version of its stream is named. */
export function isOutdated(policy: VerifiedPolicy, newest: ReadonlyMap<string, Version>): boolean {
  const made = versionOf(policy);
  if (made === undefined) return false;
  const newer = newest.get(streamKey(policy.author, made.stream));
  return newer !== undefined && compareVersions(made.version, newer) < 0;
}

/** Ids of everything held, and the newest manifest of each stream (of the first `headStreamsMax`). */
export function headsOf(held: readonly VerifiedPolicy[]): PolicyHeads {
  const newest = new Map<StreamKey, StreamHead>();
  for (const policy of held) {
    if (policy.type !== "manifest") continue;
    const { stream, epoch, generation } = policy.manifest;
    const author: AuthorId = policy.author;
    const head: StreamHead = { author, stream, version: { epoch, generation }, manifest: policy.id };
    const key = streamKey(author, stream);
    const known = newest.get(key);
    // Of two manifests of one version (an equivocation) the smaller id stands, so that heads are equal everywhere.
    const order = known === undefined ? 1 : compareVersions(head.version, known.version);
    if (order > 0 || (order === 0 && known !== undefined && compareText(head.manifest, known.manifest) < 0)) {
      newest.set(key, head);
    }
  }
  const sorted = [...newest].sort(([left], [right]) => compareText(left, right));
  // A peer that is not told of a stream sends what is outdated, which is refused: no harm in leaving some out.
  const streams = sorted.slice(0, headStreamsMax).map(([, head]) => head);
  return { ids: held.map(({ id }) => id).sort(compareText), streams };
}

/** Digest over sorted ids, 16 hex digits. */
export function digestOfIds(ids: readonly string[], crypto: Crypto): string {
  const digest = toHex(crypto.sha256(new TextEncoder().encode(ids.join("\n"))).subarray(0, 8));
  if (digest !== lastDigest) lastDigest = digest;
  return lastDigest;
}

/** The one that was reckoned last, by whomever: the minds of a simulator hold the same, and share its text. */
let lastDigest = "";

/**
 * Whether a version cannot be in force without it: its manifest, its fragments, and every root of its author, since
 * without them nothing of it could be verified when the journal is read.
 */
export function takesPartIn(
  policy: VerifiedPolicy,
  author: AuthorId,
  stream: StreamName,
  version: Version,
): boolean {
  if (policy.author !== author) return false;
  const made = versionOf(policy);
  if (policy.type === "root") return true;
  return made !== undefined && made.stream === stream && compareVersions(made.version, version) === 0;
}

/** Two bodies of one name and version of one author: an equivocation. */
export function isRival(left: Fragment, right: Fragment): boolean {
  const isOneName = left.name === right.name && left.stream === right.stream;
  return left !== right && isOneName && compareVersions(left, right) === 0;
}
