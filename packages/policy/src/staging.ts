import * as z from "zod/mini";
import { fromHex } from "./bytes.ts";
import type { Crypto } from "./crypto.ts";
import { type AgentId, idDigest } from "./ids.ts";
import { rolloutWavesMax, saltCharactersMax, stageMsMax, swarmReportersMax } from "./limits.ts";
import { type Rejection, reject } from "./rejection.ts";

/** One wave of a rollout. */
export interface Wave {
  /** Of all devices, those of earlier waves included: 1 to 100, rising, the last one 100. */
  readonly percent: number;
  /** So many members of this wave say that they are well before the next one begins. 0 where the wave is empty. */
  readonly reportersMin: number;
}

/** How a generation takes effect in waves. Which wave a device is in follows from the salt and its id alone. */
export interface Rollout {
  /** 16 bytes in hexadecimal, chosen by the author: it decides who goes first. */
  readonly salt: string;
  readonly waves: readonly Wave[];
  /** So many members that say it failed halt the generation for good. */
  readonly failuresMax: number;
  /** A wave that is not through for so long is shown as stalled. Nothing else happens. */
  readonly stallAfterMs: number;
}

/** How a generation takes effect at once everywhere: who is ready waits for the author's word. */
export interface Barrier {
  /** How many members the author waits for. */
  readonly readyMin: number;
  /** A device that is not ready within this time after it has the generation does not become so. */
  readonly readyWithinMs: number;
}

/** How a generation comes into force. A manifest that has none takes effect at once, and for good. */
export interface Staging {
  /** It counts as healthy when all its promises were kept for `holdMs` on end, within `withinMs`; else it is undone. */
  readonly health: { readonly holdMs: number; readonly withinMs: number };
  readonly rollout?: Rollout;
  readonly barrier?: Barrier;
}

const durationMs = z.int().check(z.minimum(1), z.maximum(stageMsMax));
const reporters = z.int().check(z.minimum(0), z.maximum(swarmReportersMax));

export const stagingShape: z.ZodMiniType<Staging, unknown> = z.strictObject({
  health: z.strictObject({
    holdMs: z.int().check(z.minimum(0), z.maximum(stageMsMax)),
    withinMs: durationMs,
  }),
  rollout: z.exactOptional(
    z.strictObject({
      salt: z.string().check(z.regex(/^[0-9a-f]+$/), z.maxLength(saltCharactersMax)),
      waves: z
        .array(
          z.strictObject({
            percent: z.int().check(z.minimum(1), z.maximum(100)),
            reportersMin: reporters,
          }),
        )
        .check(z.minLength(1), z.maxLength(rolloutWavesMax)),
      failuresMax: reporters.check(z.minimum(1)),
      stallAfterMs: durationMs,
    }),
  ),
  barrier: z.exactOptional(z.strictObject({ readyMin: reporters, readyWithinMs: durationMs })),
});

/** What the shape cannot say: waves only rise, and the last one is everybody; health fits its own time. */
export function stagingProblem({ health, rollout }: Staging): Rejection | undefined {
  if (health.holdMs >= health.withinMs) return reject("malformed", "staging: holdMs must be below withinMs");
  if (rollout === undefined) return undefined;
  const rises = rollout.waves.every(
    ({ percent }, index) => index === 0 || percent > (rollout.waves[index - 1]?.percent ?? 0),
  );
  if (!rises) return reject("malformed", "staging: the waves must rise");
  if (rollout.waves.at(-1)?.percent !== 100) return reject("malformed", "staging: the last wave must be 100");
  return rollout.salt.length % 2 === 0 ? undefined : reject("malformed", "staging: the salt is not bytes");
}

/**
 * The wave of a device, from 0: the first whose percentage lies above SHA-256(salt ‖ device id), read as a part of
 * 2^32. Whole numbers only, so that every machine finds the same one.
 */
export function waveOf(
  { salt, waves }: Pick<Rollout, "salt" | "waves">,
  agent: AgentId,
  crypto: Pick<Crypto, "sha256">,
): number {
  const saltBytes = fromHex(salt) ?? new Uint8Array();
  const id = idDigest(agent) ?? new Uint8Array();
  const input = new Uint8Array(saltBytes.length + id.length);
  input.set(saltBytes);
  input.set(id, saltBytes.length);
  const digest = crypto.sha256(input);
  const place = digest.subarray(0, 4).reduce((sum, byte) => sum * 256 + byte, 0);
  const wave = waves.findIndex(({ percent }) => place * 100 < percent * 2 ** 32);
  return wave < 0 ? waves.length - 1 : wave;
}
