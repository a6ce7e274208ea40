import { canonicalBytes, type Json, type ResourcePromise } from "@antibody/policy";
import * as z from "zod/mini";
import type { Drift, Plan, ResourceContext, ResourceType } from "../contract/resource.ts";
import { defineResource, driftOf, promiseReader } from "./parts/define.ts";
import { durationMs } from "./parts/duration.ts";
import {
  absolutePath,
  type CommonPromise,
  command,
  commonFields,
  duration,
  environment,
  plainNameProblem,
} from "./parts/fields.ts";
import { onDemand, type Shape } from "./parts/onDemand.ts";
import { idempotentPlan, timeoutMsOf } from "./parts/planning.ts";

/** A container that runs, by the engine behind a socket: Docker, or Podman's service of the same words. */
export type ContainerPromise = CommonPromise & {
  /** With a tag or a digest, as `docker pull` takes it. Mandatory but where `absent`. */
  readonly image?: string;
  /** In the place of the image's own. */
  readonly command?: readonly string[];
  readonly env?: { readonly [name: string]: string };
  /** `host:container`, `address:host:container`; each with `/udp` where it is not TCP. */
  readonly ports?: readonly string[];
  /** `/on/the/device:/in/the/container`, with `:ro` where it may only read. */
  readonly volumes?: readonly string[];
  /** `bridge` when not said; `host`, `none`, or one that the engine knows. */
  readonly network?: string;
  /** `missing`: fetched where the engine has none; `never`: it must be there. `missing` when not said. */
  readonly pull?: "missing" | "never";
  /** From SIGTERM to SIGKILL; `10s` when not said, as the engines do. */
  readonly stopTimeout?: string;
  /** Where the engine listens; the first of the usual places when not said. */
  readonly socket?: string;
  /** There may be no such container. */
  readonly absent?: true;
};

/** What the engine says. */
export type ContainerObservation =
  | { readonly type: "absent" }
  | {
      readonly type: "container";
      /** The first twelve digits, as people know it. */
      readonly id: string;
      readonly state: "running" | "stopped";
      /** How it ended, where it is stopped. */
      readonly exitCode?: number;
      /** Of what it was made by, under the agent's digest key; empty where no agent has made it. */
      readonly madeBy: string;
      /** As its own check says, where its image has one. */
      readonly health?: "starting" | "healthy" | "unhealthy";
    };

/**
 * - `create`: fetches the image where it is missing, creates, starts.
 * - `start`: one that is stopped.
 * - `replace`: fetches and creates beside it first; the old one comes back where the new one does not start.
 * - `restart`, `stop` and `remove`.
 */
export type ContainerVerb = "create" | "start" | "replace" | "restart" | "stop" | "remove";

/** From SIGTERM to SIGKILL where the promise does not say. Docker's own. */
export const containerStopTimeoutMsDefault = 10_000;
/** Time for one repair, beyond the time to stop. A guess: an image of 100 MB comes through a slow line. */
const timeoutMsDefault = 600_000;
/** Time between looks where the promise does not say. A guess. */
const everyMsDefault = 5_000;
/** Ports or volumes of one container. A guess. */
const mappingsMax = 64;

const promiseShape: Shape<ContainerPromise> = onDemand(() =>
  z
    .strictObject({
      image: z
        .exactOptional(
          z
            .string()
            .check(
              z.maxLength(512),
              z.regex(
                /^[a-z0-9][A-Za-z0-9._:/@-]*$/,
                "expected an image, such as docker.io/library/nginx:1.27",
              ),
            ),
        )
        .check(z.describe("The image, with a tag or a digest")),
      command: z.exactOptional(command).check(z.describe("In the place of the image's own command")),
      env: z.exactOptional(environment).check(z.describe("Environment variables")),
      ports: z
        .exactOptional(
          z
            .array(
              z
                .string()
                .check(
                  z.regex(
                    /^((\d{1,3}\.){3}\d{1,3}:)?\d{1,5}:\d{1,5}(\/(tcp|udp))?$/,
                    "expected host:container, such as 127.0.0.1:8080:80",
                  ),
                ),
            )
            .check(z.maxLength(mappingsMax)),
        )
        .check(z.describe("Ports of the device and of the container, such as 127.0.0.1:8080:80")),
      volumes: z
        .exactOptional(
          z
            .array(
              z
                .string()
                .check(
                  z.regex(/^\/[^:\0]*:\/[^:\0]+(:ro|:rw)?$/, "expected /device:/container, or with :ro"),
                ),
            )
            .check(z.maxLength(mappingsMax)),
        )
        .check(z.describe("Paths of the device and of the container, such as /srv/www:/www:ro")),
      network: z
        .exactOptional(z.string().check(z.regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/, "expected a network")))
        .check(z.describe("bridge when not said; host, none, or one that the engine knows")),
      pull: z
        .exactOptional(z.enum(["missing", "never"]))
        .check(z.describe("Whether a missing image is fetched; missing when not said")),
      stopTimeout: z.exactOptional(duration).check(z.describe("From SIGTERM to SIGKILL, such as 10s")),
      socket: z
        .exactOptional(absolutePath)
        .check(z.describe("Where the engine listens, such as /run/podman/podman.sock")),
      absent: z.exactOptional(z.literal(true)).check(z.describe("There may be no such container")),
      ...commonFields,
    })
    .check(
      z.refine(
        ({ image, absent }) => (image === undefined) === (absent === true),
        "expected either image or absent",
      ),
    ),
);

const observationShape: Shape<ContainerObservation> = onDemand(() =>
  z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("absent") }),
    z.strictObject({
      type: z.literal("container"),
      id: z.string(),
      state: z.enum(["running", "stopped"]),
      exitCode: z.exactOptional(z.int()),
      madeBy: z.string(),
      health: z.exactOptional(z.enum(["starting", "healthy", "unhealthy"])),
    }),
  ]),
);

/** Reads a promise that `check` passed; throws on any other. */
export const readContainerPromise: (promise: ResourcePromise) => ContainerPromise = promiseReader(
  "container",
  promiseShape,
);

/** The bytes whose keyed digest says what a container was made by: canonical JSON of what matters to it. */
export function containerBytes(promise: ContainerPromise): Uint8Array {
  const { image, command, env, ports, volumes, network } = promise;
  const fields: { [name: string]: Json } = {};
  for (const [name, value] of Object.entries({ image, command, env, ports, volumes, network }))
    if (value !== undefined) fields[name] = value as Json;
  return canonicalBytes(fields);
}

/** One container. */
export const containerType: ResourceType = defineResource<ContainerPromise, ContainerObservation>({
  kind: "container",
  observedBy: "body",
  endsByItself: true,
  powers: ["container"],
  promiseShape,
  observationShape,
  nameProblem: plainNameProblem,
  everyMs: everyMsDefault,
  diff: containerDrift,
  plan: (promise, seen, { attributes }) => {
    // Its own check fails while it runs as promised: to replace it is for a human, or another promise.
    if (attributes.every((attribute) => attribute === "health")) return undefined;
    return planOf(verbFor(promise, seen, attributes), promise, attributes.join(", "));
  },
  reverse: (promise) => (promise.absent === true ? undefined : planOf("stop", promise, "withdrawn")),
  refresh: (promise, seen) =>
    seen.type === "container" && seen.state === "running"
      ? planOf("restart", promise, "what it reads changed")
      : undefined,
  fake: { initial: () => ({ type: "absent" }), repaired: repairedContainer, damaged: damagedContainer },
});

function verbFor(
  promise: ContainerPromise,
  seen: ContainerObservation,
  attributes: readonly string[],
): ContainerVerb {
  if (promise.absent === true) return "remove";
  if (seen.type === "absent") return "create";
  return attributes.includes("made") ? "replace" : "start";
}

function planOf(verb: ContainerVerb, promise: ContainerPromise, why: string): Plan {
  const stopMs =
    promise.stopTimeout === undefined ? containerStopTimeoutMsDefault : durationMs(promise.stopTimeout);
  return idempotentPlan(verb, timeoutMsOf(promise, timeoutMsDefault) + stopMs, `${verb}: ${why}`);
}

function containerDrift(
  promise: ContainerPromise,
  seen: ContainerObservation,
  context: ResourceContext,
): Drift | undefined {
  if (promise.absent === true)
    return seen.type === "absent"
      ? undefined
      : driftOf({ absent: `container ${seen.id} is there, promised absent` });
  if (seen.type === "absent") return driftOf({ container: "there is no such container" });
  const ended = seen.exitCode === undefined ? "" : ` with ${seen.exitCode}`;
  const isMade = seen.madeBy === context.digest(containerBytes(promise));
  return driftOf({
    made: isMade ? undefined : seen.madeBy === "" ? "another has made it" : "it was made by another promise",
    state: seen.state === "running" ? undefined : `stopped${ended}, promised running`,
    health:
      isMade && seen.state === "running" && seen.health === "unhealthy" ? "its own check fails" : undefined,
  });
}

function repairedContainer(
  promise: ContainerPromise,
  seen: ContainerObservation,
  { verb }: Plan,
  context: ResourceContext,
): ContainerObservation {
  if (verb === "remove") return { type: "absent" };
  if (seen.type === "container" && verb === "stop") return { ...seen, state: "stopped", exitCode: 0 };
  if (seen.type === "absent" && verb === "stop") return seen;
  const madeBy = context.digest(containerBytes(promise));
  const id = seen.type === "container" && verb === "start" ? seen.id : madeBy.slice(0, 12);
  return { type: "container", id, state: "running", madeBy };
}

function damagedContainer(
  promise: ContainerPromise,
  seen: ContainerObservation,
  seed: number,
): ContainerObservation {
  if (promise.absent === true) return { type: "container", id: "0123456789ab", state: "running", madeBy: "" };
  if (seed % 3 === 0 || seen.type === "absent") return { type: "absent" };
  const { health: _health, exitCode: _exitCode, ...rest } = seen;
  return seed % 3 === 1
    ? { ...rest, state: "stopped", exitCode: seed % 256 }
    : { ...rest, madeBy: "0".repeat(64) };
}
