import { compareText } from "../bytes.ts";
import { canonicalText } from "../canonical.ts";
import { modes } from "../grant.ts";
import type { HeldClaim, HeldReason, PromiseInForce } from "./types.ts";

/** One granted claim on a resource. */
export interface Contender {
  readonly inForce: PromiseInForce;
  /** Its stream is in dispute: it takes part by its rank, but its value cannot win. */
  readonly dispute?: "equivocation" | "quota";
}

/** Who has a resource. */
export interface Settled {
  readonly inForce?: PromiseInForce;
  readonly held: readonly HeldClaim[];
  /** Neither enforce nor undo. */
  readonly frozen: boolean;
}

/**
 * Settles the claims on one resource. The highest rank wins it whole. Among equal ranks equal values agree;
 * different ones are a conflict that only people can end. A disputed claim keeps its place: if it were dropped,
 * whoever made the dispute would let another value take over.
 */
export function settle(contenders: readonly Contender[]): Settled {
  const sorted = contenders.toSorted(compareContenders);
  const [first] = sorted;
  if (first === undefined) return { held: [], frozen: false };
  const top = sorted.filter((entry) => entry.inForce.rank === first.inForce.rank);
  const outranked = sorted.slice(top.length).map((entry) => hold(entry, "outranked", outrankedBy(first)));
  const disputed = top.some((entry) => entry.dispute !== undefined);
  const agreed = haveOneValue(top);
  if (agreed && !disputed) return { inForce: first.inForce, held: outranked, frozen: false };
  const held = top.map((entry) => {
    if (entry.dispute === "equivocation") {
      return hold(entry, "equivocation", "its author signed two bodies for one version");
    }
    if (entry.dispute === "quota")
      return hold(entry, "quota", "its author's bundles exceed the grant's quota");
    const detail = disputed
      ? "a claim of equal rank is in dispute"
      : "another claim of equal rank has another value";
    return hold(entry, "conflict", detail);
  });
  return { held: [...held, ...outranked], frozen: true };
}

function haveOneValue(contenders: readonly Contender[]): boolean {
  if (contenders.length === 1) return true;
  return new Set(contenders.map((entry) => canonicalText(entry.inForce.promise))).size === 1;
}

/** By rank; then, only to name one of several claims that agree: the strongest mode, then the ids. */
function compareContenders({ inForce: left }: Contender, { inForce: right }: Contender): number {
  return (
    right.rank - left.rank ||
    modes.indexOf(left.mode) - modes.indexOf(right.mode) ||
    compareText(left.author, right.author) ||
    compareText(left.stream, right.stream) ||
    compareText(left.fragment, right.fragment)
  );
}

function outrankedBy({ inForce, dispute }: Contender): string {
  const by = `a claim of rank ${inForce.rank} in stream ${inForce.stream} has the resource`;
  return dispute === undefined ? by : `${by}, and is in dispute`;
}

function hold(entry: Contender, reason: HeldReason, detail: string): HeldClaim {
  const { resource, author, stream, fragment, fragmentName } = entry.inForce;
  return { resource, author, stream, fragment, fragmentName, reason, detail };
}
