import { networkInterfaces } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { addressesMax, type DialResult } from "@antibody/core";
import type { Connection, PeerId } from "@libp2p/interface";
import type { Multiaddr } from "@multiformats/multiaddr";
import { withDeadline } from "../../deadline.ts";
import { dialStaggerMs, hintGraceMs } from "../limits.ts";
import { type NetworkNode, parseAddress } from "../node.ts";
import { breakOff } from "./breakOff.ts";

/** How an attempt to reach a peer ended: a connection whose other end has proved the peer's key, or why not. */
export type Reached =
  | { readonly type: "connection"; readonly connection: Connection }
  | { readonly type: Exclude<DialResult, "connected">; readonly detail: string };

type Unreached = Exclude<Reached, { readonly type: "connection" }>;

/** How far an attempt is, for whoever cannot wait for its end. */
export interface Progress {
  /** Connections that the other end has accepted, and on which nothing is decided yet. */
  accepted: number;
  /** The same at hints: anybody may have given them, so that who accepts there may be somebody else. */
  acceptedAtHints: number;
}

/** Nothing is under way yet. */
export function noProgress(): Progress {
  return { accepted: 0, acceptedAtHints: 0 };
}

/** Addresses that mean the dialing host itself. */
const loopbackPattern = /^\/(?:ip4\/127\.|ip6\/::1\/)/;

/** Errors of connect(2) that tell of the way to the other host, and not of this one. */
const cutCodes: ReadonlySet<string> = new Set(["EHOSTUNREACH", "ENETUNREACH", "EHOSTDOWN", "ETIMEDOUT"]);

/** An accepted connection that breaks is tried once more: a process that was just killed refuses by then. */
const retryAfterMs = 20;

/**
 * Makes a new connection to a peer, at whichever of its addresses answers first, and has it prove its identity.
 *
 * - `refused`: every address answered that nobody listens, or somebody else answers there.
 * - `silent`: an address accepted the connection, and no handshake followed before the signal.
 * - `cut`: no answer at all, or no way to the host.
 * - `failed`: we could not try (no address, no descriptor, no network of our own), or the other end hung up in the
 *   middle. Says nothing of the peer.
 */
export async function reach(
  node: Pick<NetworkNode, "dial">,
  peer: PeerId,
  addresses: readonly string[],
  signal: AbortSignal,
  progress: Progress = noProgress(),
): Promise<Reached> {
  return reachFrom(node, peer, addresses, signal, (by) => {
    progress.accepted += by;
  });
}

/** `accepted` is told how many more connections, or fewer, are accepted and undecided. */
async function reachFrom(
  node: Pick<NetworkNode, "dial">,
  peer: PeerId,
  addresses: readonly string[],
  signal: AbortSignal,
  accepted: (by: number) => void,
): Promise<Reached> {
  const done = new AbortController();
  const attempts: Promise<Reached>[] = [];
  const reached = await withDeadline({ signals: [signal, done.signal] }, async (either) => {
    for (const target of usableAddresses(addresses)) {
      // RFC 8305: the next address starts when the one before has failed, or has taken its time.
      const previous = attempts.at(-1);
      const turn =
        previous === undefined ? Promise.resolve() : Promise.race([previous, delay(dialStaggerMs)]);
      attempts.push(turn.then(() => attemptTwice(node, peer, target, either, accepted)));
    }
    const first = await firstConnection(attempts);
    done.abort();
    return first;
  });
  closeOthers(attempts, reached);
  return reached;
}

function closeOthers(attempts: readonly Promise<Reached>[], needed: Reached): void {
  for (const attempt of attempts) {
    void attempt.then((late) => {
      if (isConnection(late) && late !== needed) breakOff(late.connection, new Error("Not needed"));
    });
  }
}

/**
 * The same, and at hints at the same time: addresses that were only heard of. What answers there must prove the same
 * key; that nobody does says nothing of the peer, and holds up for `hintGraceMs` at most what its own addresses say.
 */
export async function reachByHints(
  node: Pick<NetworkNode, "dial">,
  peer: PeerId,
  addresses: readonly string[],
  hints: readonly string[],
  signal: AbortSignal,
  progress: Progress = noProgress(),
): Promise<Reached> {
  const others = hints.filter((hint) => !addresses.includes(hint));
  if (others.length === 0) return reach(node, peer, addresses, signal, progress);
  const enough = new AbortController();
  return withDeadline({ signals: [signal, enough.signal] }, async (either) => {
    const told = reach(node, peer, addresses, either, progress);
    const hinted = reachFrom(node, peer, others, either, (by) => {
      progress.acceptedAtHints += by;
    });
    const first = await Promise.race([told, hinted.then((found) => (isConnection(found) ? found : told))]);
    const late = isConnection(first) ? first : delay(hintGraceMs, first, { ref: false });
    const found = await Promise.race([late, hinted.then((last) => (isConnection(last) ? last : first))]);
    enough.abort();
    closeOthers([told, hinted], found);
    return found;
  });
}

/** Whether an attempt ended with a connection. */
export function isConnection(reached: Reached): reached is Extract<Reached, { readonly type: "connection" }> {
  return reached.type === "connection";
}

/** The first connection of attempts at one peer, or what they say together; the others are closed. */
export async function reachFirst(attempts: readonly Promise<Reached>[]): Promise<Reached> {
  const reached = await firstConnection(attempts);
  closeOthers(attempts, reached);
  return reached;
}

async function firstConnection(attempts: readonly Promise<Reached>[]): Promise<Reached> {
  const unreached: Unreached[] = [];
  const connections = attempts.map(async (attempt) => {
    const result = await attempt;
    if (result.type === "connection") return result;
    unreached.push(result);
    throw new Error(result.detail);
  });
  return Promise.any(connections).catch(() => weakest(unreached));
}

/** What several addresses say together: the finding that accuses least, of those that could be tried. */
function weakest(results: readonly Unreached[]): Unreached {
  for (const type of ["silent", "cut", "refused", "failed"] as const) {
    const found = results.find((result) => result.type === type);
    if (found !== undefined) return found;
  }
  return { type: "failed", detail: "no address to dial" };
}

async function attemptTwice(
  node: Pick<NetworkNode, "dial">,
  peer: PeerId,
  target: Multiaddr,
  signal: AbortSignal,
  accepted: (by: number) => void,
): Promise<Reached> {
  const first = await attemptOnce(node, peer, target, signal, accepted);
  if (first !== "dropped") return first;
  await delay(retryAfterMs);
  const second = await attemptOnce(node, peer, target, signal, accepted);
  if (second !== "dropped") return second;
  return { type: "failed", detail: `${target} accepts connections and drops them` };
}

async function attemptOnce(
  node: Pick<NetworkNode, "dial">,
  peer: PeerId,
  target: Multiaddr,
  signal: AbortSignal,
  accepted: (by: number) => void,
): Promise<Reached | "dropped"> {
  let isAccepted = false;
  try {
    const connection = await dialUntil(node, target, signal, () => {
      if (!isAccepted) accepted(1);
      isAccepted = true;
    });
    if (connection.remotePeer.equals(peer)) return { type: "connection", connection };
    breakOff(connection, new Error("Another identity"));
    return { type: "refused", detail: `another identity answers at ${target}` };
  } catch (error) {
    if (signal.aborted) {
      return isAccepted
        ? { type: "silent", detail: `${target} accepted, and said nothing` }
        : { type: "cut", detail: `no answer from ${target}` };
    }
    return isAccepted ? brokenHandshake(error, target) : classify(error, target);
  } finally {
    if (isAccepted) accepted(-1);
  }
}

/**
 * Dials with a signal of its own: the TCP transport hands it to the socket, which would be destroyed whenever it
 * aborts, also long after the dial. A dial that is given up may still succeed: what comes too late is closed.
 */
async function dialUntil(
  node: Pick<NetworkNode, "dial">,
  target: Multiaddr,
  signal: AbortSignal,
  accepted: () => void,
): Promise<Connection> {
  const dialing = new AbortController();
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => {
    dialing.abort(signal.reason);
    aborted.reject(signal.reason);
  };
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  const dialed = node.dial(target, { signal: dialing.signal, accepted });
  try {
    return await Promise.race([dialed, aborted.promise]);
  } catch (error) {
    void dialed.then(
      (late) => late.abort(new Error("Too late")),
      () => undefined,
    );
    throw error;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function brokenHandshake(error: unknown, target: Multiaddr): Unreached | "dropped" {
  // libp2p's word for an address that turns out to be our own.
  const isSelf = error instanceof Error && error.name === "InvalidPeerIdError";
  return isSelf ? { type: "refused", detail: `we ourselves answer at ${target}` } : "dropped";
}

function classify(error: unknown, target: Multiaddr): Unreached {
  const code = errorCode(error);
  if (code === "ECONNREFUSED") return { type: "refused", detail: `nobody listens at ${target}` };
  const detail = `${code ?? String(error)} at ${target}`;
  if (code === undefined || !cutCodes.has(code)) return { type: "failed", detail };
  return { type: isLoopback(target.toString()) || hasNetwork() ? "cut" : "failed", detail };
}

function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ("code" in error && typeof error.code === "string") return error.code;
  return errorCode(error.cause);
}

/** Addresses that can be dialed, at most `addressesMax`. Loopback means another host there: only if there is no other. */
function usableAddresses(addresses: readonly string[]): readonly Multiaddr[] {
  const distant = addresses.filter((address) => !isLoopback(address));
  const chosen = distant.length > 0 ? distant : addresses;
  return chosen
    .slice(0, addressesMax)
    .map(parseAddress)
    .filter((address) => address !== undefined);
}

/** Whether an address means the host that dials it. */
export function isLoopback(address: string): boolean {
  return loopbackPattern.test(address);
}

/** Whether this host has any network but its own loopback. */
function hasNetwork(): boolean {
  return Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ internal }) => !internal));
}
