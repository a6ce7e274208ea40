import type { ResourcePromise } from "@antibody/policy";
import * as z from "zod/mini";
import type { Drift, ResourceType } from "../contract/resource.ts";
import { defineResource, driftOf, promiseReader } from "./parts/define.ts";
import { oneLine } from "./parts/edit.ts";
import { type CommonPromise, commonFields } from "./parts/fields.ts";
import { onDemand, type Shape } from "./parts/onDemand.ts";
import { idempotentPlan, timeoutMsOf } from "./parts/planning.ts";

/** A public key that lets in as a user, kept in the user's `authorized_keys` among others. */
export type SshkeyPromise = CommonPromise & {
  /** Type and key, without a comment: `ssh-ed25519 AAAA…`. */
  readonly key: string;
  /** What stands before the key (sshd(8), AUTHORIZED_KEYS FILE FORMAT); none when not said. */
  readonly options?: string;
  /** The key may not be there. */
  readonly absent?: true;
};

/** How the user's file stands to the key. */
export type SshkeyObservation =
  /** There is no such user, or it has no home. */
  | { readonly type: "noUser" }
  | {
      readonly type: "keys";
      /** Lines with the key and the promised options. */
      readonly same: number;
      /** Lines with the key and other options. */
      readonly other: number;
      /** Whether sshd takes the file: its and its directory's owner and mode let nobody else write (StrictModes). */
      readonly isSafe: boolean;
    };

/** `edit`: file and directory as promised and safe; `remove`: the key goes, all else stays. */
export type SshkeyVerb = "edit" | "remove";

/** A guess, as for files. */
const timeoutMsDefault = 30_000;

const promiseShape: Shape<SshkeyPromise> = onDemand(() =>
  z.strictObject({
    key: z
      .string()
      .check(
        z.maxLength(4_096),
        z.regex(
          /^(ssh-|ecdsa-|sk-ssh-|sk-ecdsa-)[a-z0-9@.-]+ [A-Za-z0-9+/]+={0,2}$/,
          "expected a public key without a comment, such as ssh-ed25519 AAAA…",
        ),
        z.describe("Type and key, without a comment, such as ssh-ed25519 AAAA…"),
      ),
    options: z
      .exactOptional(oneLine.check(z.regex(/^[^\s#][^\n]*$/, "expected options, such as restrict")))
      .check(z.describe('What stands before the key, such as restrict or from="10.0.0.0/8"')),
    absent: z.exactOptional(z.literal(true)).check(z.describe("The key may not be there")),
    ...commonFields,
  }),
);

const observationShape: Shape<SshkeyObservation> = onDemand(() =>
  z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("noUser") }),
    z.strictObject({ type: z.literal("keys"), same: z.int(), other: z.int(), isSafe: z.boolean() }),
  ]),
);

/** Reads a promise that `check` passed; throws on any other. */
export const readSshkeyPromise: (promise: ResourcePromise) => SshkeyPromise = promiseReader(
  "sshkey",
  promiseShape,
);

/** Reads `user/label`. Undefined when it is no such name. */
export function readSshkeyName(name: string): { readonly user: string; readonly label: string } | undefined {
  const [, user, label] = /^([a-z_][a-z0-9_-]{0,30})\/([A-Za-z0-9][A-Za-z0-9._@-]{0,62})$/.exec(name) ?? [];
  return user === undefined || label === undefined ? undefined : { user, label };
}

/** One key of one user. */
export const sshkeyType: ResourceType = defineResource<SshkeyPromise, SshkeyObservation>({
  kind: "sshkey",
  observedBy: "body",
  powers: ["user"],
  promiseShape,
  observationShape,
  nameProblem: (name) =>
    readSshkeyName(name) === undefined
      ? "the name must be a user and a label, such as sshkey:alice/laptop"
      : undefined,
  diff: sshkeyDrift,
  plan: (promise, seen, { attributes }) =>
    // Without a user there is nothing to write in; a user, or a directory, has to be promised.
    seen.type === "noUser"
      ? undefined
      : idempotentPlan("edit", timeoutMsOf(promise, timeoutMsDefault), `edit: ${attributes.join(", ")}`),
  reverse: (promise, asked) =>
    asked && promise.absent !== true
      ? idempotentPlan("remove", timeoutMsOf(promise, timeoutMsDefault), "remove: withdrawn")
      : undefined,
  fake: {
    initial: () => ({ type: "keys", same: 0, other: 0, isSafe: true }),
    repaired: ({ absent }, seen, { verb }) => {
      if (seen.type === "noUser") return seen;
      const isGone = absent === true || verb === "remove";
      return {
        type: "keys",
        same: isGone ? 0 : Math.max(1, seen.same),
        other: 0,
        isSafe: isGone ? seen.isSafe : true,
      };
    },
    damaged: damagedSshkey,
  },
});

function sshkeyDrift({ absent }: SshkeyPromise, seen: SshkeyObservation): Drift | undefined {
  if (absent === true) {
    const there = seen.type === "noUser" ? 0 : seen.same + seen.other;
    return there === 0 ? undefined : driftOf({ key: `the key is there ${there} times, promised absent` });
  }
  if (seen.type === "noUser") return driftOf({ user: "there is no such user with a home" });
  const { same, other, isSafe } = seen;
  const options = "the key has other options than promised";
  return driftOf({
    key: other > 0 ? options : same > 0 ? undefined : "the key is not there",
    safety: isSafe ? undefined : "others may write the keys, or sshd cannot read them",
  });
}

function damagedSshkey({ absent }: SshkeyPromise, seen: SshkeyObservation, seed: number): SshkeyObservation {
  if (seen.type === "noUser") return seen;
  if (absent === true) return { ...seen, same: 1 + (seed % 2) };
  if (seed % 3 === 0) return { ...seen, isSafe: false };
  return seed % 3 === 1 ? { ...seen, same: 0 } : { ...seen, other: seen.other + 1 };
}
