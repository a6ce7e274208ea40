import type { ResourcePromise } from "@antibody/policy";
import * as z from "zod/mini";
import type { Drift, Plan, ResourceType } from "../contract/resource.ts";
import { defineResource, driftOf, promiseReader } from "./parts/define.ts";
import { absolutePath, type CommonPromise, commonFields } from "./parts/fields.ts";
import { onDemand, type Shape } from "./parts/onDemand.ts";
import { idempotentPlan, timeoutMsOf } from "./parts/planning.ts";

/** A user of the device, by the files of its users. Passwords are no part of policy: everyone could read them there. */
export type UserPromise = CommonPromise & {
  /** By number; the next free one when not said. */
  readonly uid?: number;
  /** The primary group, by name; one of the user's own name when not said. */
  readonly group?: string;
  /** Groups that it is in besides, by name; others stay. */
  readonly groups?: readonly string[];
  /** Its home; a promise of a directory makes it. */
  readonly home?: string;
  readonly shell?: string;
  /** No password lets it in; as it is when not said. To unlock needs a password, which is for a human to set. */
  readonly locked?: true;
  /** There may be no such user. Its files stay. Excludes the other fields. */
  readonly absent?: true;
};

/** What the files say. */
export type UserObservation =
  | { readonly type: "absent" }
  | {
      readonly type: "user";
      readonly uid: number;
      /** By name; by number where there is none. */
      readonly group: string;
      /** Sorted. */
      readonly groups: readonly string[];
      readonly home: string;
      readonly shell: string;
      /** `unknown` where the agent may not read it. */
      readonly locked: "yes" | "no" | "unknown";
    };

/** `create` with what is promised; `change` what differs; `remove`, and leave its files. */
export type UserVerb = "create" | "change" | "remove";

/** Time for one change. A guess: the tools wait 15 s for a lock. */
const timeoutMsDefault = 30_000;
/** Groups of one user. A guess. */
const groupsMax = 64;
/** The largest number that is a user's; the last ones have meanings of their own. */
const uidMax = 4_294_967_293;

/** As Debian's useradd takes them. */
const namePattern = /^[a-z_][a-z0-9_-]{0,30}$/;
const name = z.string().check(z.regex(namePattern, "expected a name of small letters, digits, '_' and '-'"));

const promiseShape: Shape<UserPromise> = onDemand(() =>
  z
    .strictObject({
      uid: z
        .exactOptional(z.int().check(z.minimum(1), z.maximum(uidMax)))
        .check(z.describe("By number; the next free one when not said")),
      group: z
        .exactOptional(name)
        .check(z.describe("The primary group; one of the user's own name when not said")),
      groups: z
        .exactOptional(z.array(name).check(z.maxLength(groupsMax)))
        .check(z.describe("Groups that it is in besides; others stay")),
      home: z.exactOptional(absolutePath).check(z.describe("Its home, which a promise of a directory makes")),
      shell: z.exactOptional(absolutePath).check(z.describe("Its shell, such as /usr/sbin/nologin")),
      locked: z.exactOptional(z.literal(true)).check(z.describe("No password lets it in")),
      absent: z.exactOptional(z.literal(true)).check(z.describe("There may be no such user; its files stay")),
      ...commonFields,
    })
    .check(
      z.refine(
        ({ absent, uid, group, groups, home, shell, locked }) =>
          absent === undefined ||
          [uid, group, groups, home, shell, locked].every((field) => field === undefined),
        "absent excludes the other fields",
      ),
      z.refine(
        ({ home, shell }) => [home, shell].every((path) => path === undefined || !/[:\n]/.test(path)),
        "expected no ':' in home and shell",
      ),
    ),
);

const observationShape: Shape<UserObservation> = onDemand(() =>
  z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("absent") }),
    z.strictObject({
      type: z.literal("user"),
      uid: z.int(),
      group: z.string(),
      groups: z.array(z.string()),
      home: z.string(),
      shell: z.string(),
      locked: z.enum(["yes", "no", "unknown"]),
    }),
  ]),
);

/** Reads a promise that `check` passed; throws on any other. */
export const readUserPromise: (promise: ResourcePromise) => UserPromise = promiseReader("user", promiseShape);

/** One user. */
export const userType: ResourceType = defineResource<UserPromise, UserObservation>({
  kind: "user",
  observedBy: "body",
  powers: ["user"],
  promiseShape,
  observationShape,
  nameProblem: (text) =>
    namePattern.test(text)
      ? undefined
      : "the name must be small letters, digits, '_' and '-', such as user:alice",
  diff: userDrift,
  plan: (promise, seen, { attributes }) => {
    const verb = promise.absent === true ? "remove" : seen.type === "absent" ? "create" : "change";
    return planOf(verb, promise, attributes.join(", "));
  },
  reverse: (promise, asked) =>
    asked && promise.absent !== true ? planOf("remove", promise, "withdrawn") : undefined,
  fake: { initial: () => ({ type: "absent" }), repaired: repairedUser, damaged: damagedUser },
});

function planOf(verb: UserVerb, promise: UserPromise, why: string): Plan {
  return idempotentPlan(verb, timeoutMsOf(promise, timeoutMsDefault), `${verb}: ${why}`);
}

function userDrift(promise: UserPromise, seen: UserObservation): Drift | undefined {
  if (promise.absent === true)
    return seen.type === "absent"
      ? undefined
      : driftOf({ absent: `user ${seen.uid} is there, promised absent` });
  if (seen.type === "absent") return driftOf({ user: "there is no such user" });
  const missing = missingGroups(promise, seen.groups);
  return driftOf({
    uid: differs("uid", promise.uid, seen.uid),
    group: differs("group", promise.group, seen.group),
    groups: missing.length === 0 ? undefined : `not in ${missing.join(", ")}`,
    home: differs("home", promise.home, seen.home),
    shell: differs("shell", promise.shell, seen.shell),
    locked:
      promise.locked === true && seen.locked === "no" ? "a password lets it in, promised none" : undefined,
  });
}

/** Groups that are promised and that it is not in. */
export function missingGroups({ groups = [] }: UserPromise, seen: readonly string[]): readonly string[] {
  return groups.filter((group) => !seen.includes(group));
}

function differs<Value>(what: string, promised: Value | undefined, seen: Value): string | undefined {
  return promised === undefined || promised === seen ? undefined : `${what} is ${seen}, promised ${promised}`;
}

function repairedUser(promise: UserPromise, seen: UserObservation, { verb }: Plan): UserObservation {
  if (verb === "remove") return { type: "absent" };
  const before = seen.type === "user" ? seen : undefined;
  return {
    type: "user",
    uid: promise.uid ?? before?.uid ?? 1_000,
    group: promise.group ?? before?.group ?? "own",
    groups: [...new Set([...(before?.groups ?? []), ...(promise.groups ?? [])])].sort(),
    home: promise.home ?? before?.home ?? "/home/own",
    shell: promise.shell ?? before?.shell ?? "/bin/sh",
    locked: promise.locked === true ? "yes" : (before?.locked ?? "yes"),
  };
}

function damagedUser(promise: UserPromise, seen: UserObservation, seed: number): UserObservation {
  if (promise.absent === true) return repairedUser({ uid: 1_000 + seed }, seen, planOf("create", {}, ""));
  if (seed % 4 === 0 || seen.type === "absent") return { type: "absent" };
  if (seed % 4 === 1) return { ...seen, groups: [] };
  return seed % 4 === 2 ? { ...seen, shell: "/bin/damage" } : { ...seen, uid: 60_000, home: "/damage" };
}
