import { compareText } from "../bytes.ts";
import { promisesOf, type ResourcePromise } from "../fragment.ts";
import type { Mode } from "../grant.ts";
import type { Contexts } from "../guard/contexts.ts";
import { compiledGuard, evaluateGuard } from "../guard/guard.ts";
import type { AuthorId, FragmentId } from "../ids.ts";
import { isRejection, type Rejection } from "../rejection.ts";
import type { ResourceId } from "../resourceId.ts";
import { followRoots, type RootsState } from "../rootTree.ts";
import type { VerifiedFragment } from "../verify.ts";
import { judgeClaim } from "./claim.ts";
import { type AuthorDocuments, groupByAuthor, latestHeartbeat } from "./documents.ts";
import { freshnessOf, staleOf } from "./freshness.ts";
import { type Contender, settle } from "./settle.ts";
import { type ResolvedStream, resolveStreams } from "./stream.ts";
import type {
  DormantFragment,
  Freshness,
  HeldClaim,
  HeldReason,
  PromiseInForce,
  StreamState,
  View,
  ViewInput,
} from "./types.ts";

/** What the parts of the view are collected in while it is made. */
interface Draft {
  readonly contenders: Map<ResourceId, Contender[]>;
  readonly held: HeldClaim[];
  readonly dormant: DormantFragment[];
  readonly streams: StreamState[];
}

/**
 * What policy asks of this device: a pure function of the set, the grants, the contexts and the floors. Neither
 * the order of arrival nor a repetition changes it, so devices with equal sets agree without talking.
 *
 * Of each stream the highest complete generation at or above its floor is active. Of the claims on a resource
 * the highest rank wins it whole. Nothing is decided by a hash, a timestamp or who came first: an author
 * could grind those.
 */
export function view(input: ViewInput): View {
  const draft: Draft = { contenders: new Map(), held: [], dormant: [], streams: [] };
  for (const documents of groupByAuthor(input.set)) addAuthor(draft, documents, input);
  const promises = new Map<ResourceId, PromiseInForce>();
  const frozen = new Set<ResourceId>();
  const resources = [...draft.contenders.keys()].sort(compareText);
  for (const resource of resources) {
    const settled = settle(draft.contenders.get(resource) ?? []);
    if (settled.inForce !== undefined) promises.set(resource, settled.inForce);
    if (settled.frozen) frozen.add(resource);
    draft.held.push(...settled.held);
  }
  return {
    promises,
    held: draft.held.sort(compareHeld),
    frozen,
    dormant: draft.dormant,
    streams: draft.streams,
  };
}

function addAuthor(draft: Draft, documents: AuthorDocuments, input: ViewInput): void {
  const grants = input.grants.filter((grant) => grant.author === documents.author);
  const bytesMax = grants.reduce((most, grant) => Math.max(most, grant.bytesMax), 0);
  const pins = grants.flatMap(({ root }) => (root === undefined ? [] : [root]));
  const state = followRoots(documents.roots, pins);
  const heartbeat = latestHeartbeat(documents.heartbeats, state.root?.epoch)?.heartbeat;
  const freshness = freshnessOf(heartbeat, input.wallMs);
  const streams = resolveStreams(documents, {
    root: state.root,
    floors: input.floors,
    disputes: input.disputes ?? new Map(),
    // A claim of an author without a grant is held in any case; its size is no reason.
    bytesMax: grants.length === 0 ? Infinity : bytesMax,
    freshness,
    stageOf: input.stageOf,
  });
  for (const resolved of streams) {
    const held = streamHeld(resolved, state, grants.length > 0);
    draft.streams.push(streamState(documents.author, resolved, state, held, freshness));
    addStream(draft, documents.author, resolved, state, held, input);
  }
}

/** Why a whole stream is held. Two roots of one number put all of the author's streams in dispute. */
function streamHeld(resolved: ResolvedStream, state: RootsState, granted: boolean): StreamState["held"] {
  if (!granted) return "noGrant";
  if (state.proof !== undefined) return "equivocation";
  return state.root === undefined ? "unknownAuthor" : resolved.dispute;
}

function streamState(
  author: AuthorId,
  resolved: ResolvedStream,
  state: RootsState,
  held: StreamState["held"],
  freshness: Freshness | undefined,
): StreamState {
  const { stream, active, pending } = resolved;
  const proof = state.proof ?? resolved.proof;
  const stale = staleOf(resolved, freshness);
  return {
    author,
    stream,
    ...(active === undefined ? {} : { active: { version: active.version, manifest: active.manifest.id } }),
    ...(pending === undefined ? {} : { pending: pendingState(pending) }),
    ...(stale === undefined ? {} : { stale }),
    ...(held === undefined ? {} : { held }),
    ...(proof === undefined ? {} : { proof }),
  };
}

function pendingState(pending: NonNullable<ResolvedStream["pending"]>): NonNullable<StreamState["pending"]> {
  const { version, manifest, missing, stage } = pending;
  if (manifest === undefined) return { version, missing };
  return { version, manifest, missing, ...(stage === undefined ? {} : { stage }) };
}

const stageDetails = {
  waiting: "its generation waits for its turn here",
  blocked: "its generation failed here or was halted, and stays out of force",
  stale: "its generation came after its author's last sign of life had expired",
} as const;

function addStream(
  draft: Draft,
  author: AuthorId,
  resolved: ResolvedStream,
  state: RootsState,
  held: StreamState["held"],
  input: ViewInput,
): void {
  const { stream, active, pending, disputed } = resolved;
  for (const fragment of pending?.fragments ?? []) {
    if (pending?.stage === undefined) {
      holdAll(draft, fragment, "incomplete", "its generation is not complete here");
    } else holdAll(draft, fragment, "staged", stageDetails[pending.stage]);
  }
  const fragments = resolved.dispute === undefined ? (active?.fragments ?? []) : disputed;
  for (const fragment of fragments) {
    if (held === "unknownAuthor") {
      holdAll(draft, fragment, held, "no root of its author is known here");
      continue;
    }
    const applies = guardHolds(fragment, input.contexts);
    if (isRejection(applies)) holdAll(draft, fragment, "guardFailed", applies.detail);
    else if (applies) addClaims(draft, fragment, state, held, input);
    else draft.dormant.push({ author, stream, ...named(fragment), when: fragment.fragment.when ?? "" });
  }
}

function addClaims(
  draft: Draft,
  fragment: VerifiedFragment,
  state: RootsState,
  held: StreamState["held"],
  input: ViewInput,
): void {
  const dispute = held === "equivocation" || held === "quota" ? held : undefined;
  for (const [resource, promise] of promisesOf(fragment.fragment)) {
    const judged = judgeClaim(fragment.author, state.root?.scopes ?? [], resource, promise, input);
    if (judged.type === "refused") {
      draft.held.push(holdClaim(fragment, resource, judged.reason, judged.detail));
      continue;
    }
    const inForce = promiseInForce(fragment, resource, promise, judged.rank, judged.mode);
    const contenders = draft.contenders.get(resource) ?? [];
    contenders.push(dispute === undefined ? { inForce } : { inForce, dispute });
    draft.contenders.set(resource, contenders);
  }
}

function guardHolds({ fragment }: VerifiedFragment, contexts: Contexts): boolean | Rejection {
  if (fragment.when === undefined) return true;
  const guard = compiledGuard(fragment.when);
  return "expression" in guard ? evaluateGuard(guard, contexts) : guard;
}

function promiseInForce(
  entry: VerifiedFragment,
  resource: ResourceId,
  promise: ResourcePromise,
  rank: number,
  mode: Mode,
): PromiseInForce {
  const { stream, epoch, generation } = entry.fragment;
  const version = { epoch, generation };
  return { resource, promise, author: entry.author, stream, version, ...named(entry), rank, mode };
}

function holdAll(draft: Draft, entry: VerifiedFragment, reason: HeldReason, detail: string): void {
  for (const [resource] of promisesOf(entry.fragment))
    draft.held.push(holdClaim(entry, resource, reason, detail));
}

function holdClaim(
  entry: VerifiedFragment,
  resource: ResourceId,
  reason: HeldReason,
  detail: string,
): HeldClaim {
  const { author, stream } = entry.fragment;
  return { resource, author, stream, ...named(entry), reason, detail };
}

function named(entry: VerifiedFragment): { readonly fragment: FragmentId; readonly fragmentName: string } {
  return { fragment: entry.id, fragmentName: entry.fragment.name };
}

function compareHeld(left: HeldClaim, right: HeldClaim): number {
  return (
    compareText(left.resource, right.resource) ||
    compareText(left.author, right.author) ||
    compareText(left.stream, right.stream) ||
    compareText(left.fragment, right.fragment)
  );
}
