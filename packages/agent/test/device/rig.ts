import { hash } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type ActionId,
  type ActionResult,
  type Input,
  type Observation,
  type ObservationFailure,
  type Plan,
  resourceTypes,
} from "@antibody/core";
import {
  type AgentId,
  makeId,
  parseResourceId,
  type ResourceId,
  type ResourcePromise,
} from "@antibody/policy";
import { onTestFinished } from "vitest";
import { keyedDigester } from "../../src/device/digest.ts";
import { Device, type DeviceOptions } from "../../src/device/index.ts";

export const digestKey: Uint8Array = new Uint8Array(32).fill(7);
/** The id of the agent of a place. Each has its own: children carry it, and tests run side by side. */
export function agentOf(place: { readonly state: string }): AgentId {
  return makeId("agent", hash("sha256", place.state, "buffer"));
}

/** The id of an agent elsewhere. */
export function peerId(n: number): AgentId {
  return makeId("agent", new Uint8Array(32).fill(n));
}

/** A resource id that the test knows to be one. */
export function resource(text: string): ResourceId {
  const parts = parseResourceId(text);
  if (parts === undefined) throw new Error(`not a resource: ${text}`);
  return parts.id;
}

/** Waits for a condition, and says what was waited for when it does not come. */
export async function until<Value>(
  what: string,
  condition: () => Value | undefined | false,
  withinMs = 40_000,
): Promise<Value> {
  const endMs = performance.now() + withinMs;
  for (;;) {
    const value = condition();
    if (value !== undefined && value !== false) return value;
    if (performance.now() >= endMs) throw new Error(`waited ${withinMs} ms for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** A temporary directory with a root for files and a place for state; removed after the test. */
export function makePlace(): { readonly root: string; readonly state: string } {
  const base = mkdtempSync(join(tmpdir(), "antibody-device-"));
  const place = { root: join(base, "root"), state: join(base, "state") };
  mkdirSync(place.root);
  chmodSync(base, 0o755);
  onTestFinished(() => rmSync(base, { recursive: true, force: true }));
  return place;
}

/** What a test keeps of one resource. */
interface Kept {
  readonly promise: ResourcePromise;
  observation: Observation | undefined;
  failure: ObservationFailure | undefined;
  drifted: boolean | undefined;
  acting: ActionId | undefined;
}

const digest = keyedDigester(digestKey);

/**
 * A device with the least mind that heals: observation, difference, plan, action, and a look after it. Backoff
 * and contest are the mind's, and are not tested here.
 */
export class Rig {
  readonly place: { readonly root: string; readonly state: string };
  readonly inputs: Input[] = [];
  readonly told: { readonly event: string; readonly fields: object }[] = [];
  readonly results: ActionResult[] = [];
  readonly device: Device;
  /** The wall clock, which a test may move. */
  wallMs = Date.parse("2026-03-02T12:00:00Z");
  /** Set to false to look without repairing. */
  heals = true;
  readonly #kept = new Map<ResourceId, Kept>();
  #actions = 0;

  constructor(
    options: Partial<DeviceOptions> = {},
    place: { readonly root: string; readonly state: string } = makePlace(),
  ) {
    this.place = place;
    this.device = new Device({
      agent: agentOf(place),
      root: place.root,
      stateDirectory: place.state,
      digestKey,
      feed: (input) => this.#take(input),
      openRoute: () => Promise.reject(Object.assign(new Error("no such peer"), { code: "ENOENT" })),
      localPortOf: () => undefined,
      build: "0.1.0",
      wallMs: () => this.wallMs,
      tell: (_level, event, fields) => this.told.push({ event, fields }),
      ...options,
    });
    onTestFinished(() => this.device.stop("stop"));
  }

  /** The path on this machine of a path on the device. */
  real(path: string): string {
    return join(this.place.root, path);
  }

  /** Promises and looks, as the mind does for a new promise. */
  promise(id: string, promise: ResourcePromise): ResourceId {
    const known = resource(id);
    const type = typeOf(known);
    const problems = type.check(parseResourceId(known)?.name ?? "", promise);
    if (problems.length > 0) throw new Error(`${id}: ${problems[0]?.message}`);
    this.#kept.set(known, {
      promise,
      observation: undefined,
      failure: undefined,
      drifted: undefined,
      acting: undefined,
    });
    this.device.watch(known, promise, true);
    this.device.observe(known);
    return known;
  }

  withdraw(id: ResourceId): void {
    this.#kept.delete(id);
    this.device.unwatch(id);
  }

  observation(id: ResourceId): Observation | undefined {
    return this.#kept.get(id)?.observation;
  }

  failure(id: ResourceId): ObservationFailure | undefined {
    return this.#kept.get(id)?.failure;
  }

  isKept(id: ResourceId): boolean {
    return this.#kept.get(id)?.drifted === false;
  }

  kept(id: ResourceId): Promise<true> {
    return until(
      `${id} kept; last result ${JSON.stringify(this.results.at(-1))}`,
      () => this.isKept(id) || undefined,
    ) as Promise<true>;
  }

  /** Acts, whatever was seen; returns how it ended. */
  async act(id: ResourceId, promise: ResourcePromise, verb: string): Promise<ActionResult> {
    const plan: Plan = { verb, idempotent: true, timeoutMs: 10_000, summary: verb };
    const action = this.start(id, promise, plan);
    return this.outcome(action);
  }

  start(id: ResourceId, promise: ResourcePromise, plan: Plan): ActionId {
    this.#actions += 1;
    const action: ActionId = `1-${this.#actions}`;
    this.device.act(action, id, promise, plan);
    return action;
  }

  outcome(action: ActionId): Promise<ActionResult> {
    return until(`outcome of ${action}`, () => {
      const found = this.inputs.find((input) => input.type === "outcome" && input.action === action);
      return found?.type === "outcome" ? found.result : undefined;
    });
  }

  #take(input: Input): void {
    this.inputs.push(input);
    switch (input.type) {
      case "observed":
        this.#observed(input.resource, input.observation);
        return;
      case "unobservable": {
        const kept = this.#kept.get(input.resource);
        if (kept === undefined) return;
        kept.failure = input.failure;
        kept.observation = undefined;
        kept.drifted = undefined;
        return;
      }
      case "outcome":
        this.#ended(input.action, input.result);
        return;
      default:
    }
  }

  #observed(id: ResourceId, observation: Observation): void {
    const kept = this.#kept.get(id);
    if (kept === undefined || kept.acting !== undefined) return;
    const type = typeOf(id);
    const drift = type.diff(kept.promise, observation, { digest });
    kept.observation = observation;
    kept.failure = undefined;
    kept.drifted = drift !== undefined;
    if (drift === undefined || !this.heals) return;
    const plan = type.plan(kept.promise, observation, drift);
    if (plan === undefined) return;
    this.#actions += 1;
    kept.acting = `1-${this.#actions}`;
    // As in the agent: inputs are taken one after the other, never within another.
    const { acting } = kept;
    queueMicrotask(() => this.device.act(acting, id, kept.promise, plan));
  }

  #ended(action: ActionId, result: ActionResult): void {
    this.results.push(result);
    for (const [id, kept] of this.#kept) {
      if (kept.acting !== action) continue;
      kept.acting = undefined;
      if (result.type === "done") this.device.observe(id);
    }
  }
}

function typeOf(id: ResourceId) {
  const type = resourceTypes.find(({ kind }) => id.startsWith(`${kind}:`));
  if (type === undefined) throw new Error(`no type for ${id}`);
  return type;
}
