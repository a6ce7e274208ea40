import { createHash, createHmac } from "node:crypto";
import {
  type AgentId,
  type AuthorId,
  compareText,
  type FragmentId,
  type Mode,
  type PromiseInForce,
  parseResourceId,
  type ResourceId,
  type ResourcePromise,
  type StreamName,
  type View,
} from "@antibody/policy";
import type { ResourceView } from "../../src/contract/inspection.ts";
import type { ActionId, JournalRecord, Output } from "../../src/contract/output.ts";
import type { Observation, ResourceContext, ResourceType } from "../../src/contract/resource.ts";
import type { Turn } from "../../src/contract/turn.ts";
import type { HealingCommand } from "../../src/healing/commanding.ts";
import { Healing, type HealingInput } from "../../src/healing/healing.ts";
import type { HealingOptions } from "../../src/healing/parts.ts";
import { Random } from "../../src/random.ts";
import { resourceTypes } from "../../src/resources/index.ts";
import { defaultSettings, type Settings } from "../../src/settings.ts";

export const digestKey = new Uint8Array(32).fill(7);
export const testCrypto = {
  sha256: (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest(),
};
export const agent = `agent_${"a".repeat(52)}` as AgentId;

export const testContext: ResourceContext = {
  digest: (bytes) => createHmac("sha256", digestKey).update(bytes).digest("hex"),
};

/** Digest of a text as a body computes it: with the platform's own HMAC. */
export function digestOf(text: string): string {
  return createHmac("sha256", digestKey).update(text).digest("hex");
}

export function id(text: string): ResourceId {
  const parts = parseResourceId(text);
  if (parts === undefined) throw new Error(`not a resource: ${text}`);
  return parts.id;
}

/** Promises by resource, as a test writes them. */
export interface Desired {
  readonly [resource: string]: ResourcePromise;
}

/** A view in which the given promises are in force. */
export function viewOf(
  desired: Desired,
  options: { readonly mode?: Mode; readonly frozen?: readonly string[]; readonly generation?: number } = {},
): View {
  const { mode = "enforce", frozen = [], generation = 1 } = options;
  const promises = Object.entries(desired)
    .sort(([left], [right]) => compareText(left, right))
    .map(([resource, promise]): [ResourceId, PromiseInForce] => [
      id(resource),
      {
        resource: id(resource),
        promise,
        author: `author_${"b".repeat(52)}` as AuthorId,
        stream: "home" as StreamName,
        version: { epoch: 1, generation },
        fragment: `frag_${"c".repeat(52)}` as FragmentId,
        fragmentName: "test",
        rank: 10,
        mode,
      },
    ]);
  return { promises: new Map(promises), held: [], frozen: new Set(frozen.map(id)), dormant: [], streams: [] };
}

/** One output as a line of a transcript. */
export function line(output: Output): string {
  switch (output.type) {
    case "persist":
      return `persist ${output.durability} ${output.records.map(({ key, value }) => (value === null ? `-${key}` : key)).join(" ")}`;
    case "watch":
      return `watch ${output.resource}${output.events ? "" : " without events"}`;
    case "unwatch":
    case "observe":
    case "identify":
      return `${output.type} ${output.resource}`;
    case "act":
      return `act ${output.action} ${output.plan.verb} ${output.resource}`;
    case "cancel":
      return `cancel ${output.action}`;
    case "tell": {
      const { name, level, fields } = output.event;
      return `tell ${level} ${name} ${fields["resource"] ?? fields["target"] ?? ""}`.trimEnd();
    }
    case "reply":
      return `reply ${output.id} ${output.result.type}`;
    case "route":
      return `route ${output.resource} [${output.backends.join(" ")}]`;
    case "serve":
      return `serve ${output.capabilities.map(({ name, port }) => `${name}:${port}`).join(" ")}`.trimEnd();
    default:
      return output.type;
  }
}

/** Time, randomness and a recorder of outputs. */
export class Clock {
  monoMs = 1_000;
  wallMs = 1_700_000_000_000;
  random: Random;
  outputs: Output[] = [];

  constructor(seed = 1) {
    this.random = Random.fromSeed(seed);
  }

  turn(): Turn {
    return {
      now: { monoMs: this.monoMs, wallMs: this.wallMs },
      random: this.random,
      emit: (output) => this.outputs.push(output),
      tell: (name, level, fields) => this.outputs.push({ type: "tell", event: { name, level, fields } }),
    };
  }

  advance(ms: number): void {
    this.monoMs += ms;
    this.wallMs += ms;
  }

  /** What was put out since the last call. */
  take(): Output[] {
    const taken = this.outputs;
    this.outputs = [];
    return taken;
  }
}

/** Healing with a test's hands on its inputs. */
export class Bench {
  readonly clock: Clock;
  readonly options: HealingOptions;
  healing: Healing;

  constructor(
    options: {
      readonly settings?: Partial<Settings>;
      readonly records?: readonly JournalRecord[];
      readonly boot?: number;
      readonly seed?: number;
    } = {},
  ) {
    this.clock = new Clock(options.seed);
    this.options = {
      agent,
      crypto: testCrypto,
      digestKey,
      settings: { ...defaultSettings, ...options.settings },
      resourceTypes,
      boot: options.boot ?? 1,
      peers: { glance: () => ({ cutOff: false, reachable: 2, missing: ["attic"] }) },
    };
    this.healing = Healing.create(this.options, options.records ?? []);
  }

  desire(desired: Desired, options: Parameters<typeof viewOf>[1] = {}): string[] {
    this.healing.desire(viewOf(desired, options), this.clock.turn());
    return this.lines();
  }

  handle(input: HealingInput): string[] {
    this.healing.handle(input, this.clock.turn());
    return this.lines();
  }

  see(resource: string, observation: Observation): string[] {
    return this.handle({ type: "observed", resource: id(resource), observation });
  }

  done(action: `${number}-${number}`, detail = "ok"): string[] {
    return this.handle({ type: "outcome", action, result: { type: "done", detail } });
  }

  fail(action: `${number}-${number}`, code = "EIO", detail = "broken"): string[] {
    return this.handle({ type: "outcome", action, result: { type: "failed", code, detail } });
  }

  command(command: HealingCommand, commandId = "c"): string[] {
    this.healing.command({ id: commandId, command }, this.clock.turn());
    return this.lines();
  }

  /** Lets time pass to a moment and wakes. */
  wakeAfter(ms: number): string[] {
    this.clock.advance(ms);
    return this.handle({ type: "wake" });
  }

  /** Lets time pass to the next retry of a resource, through every wake before it, and answers nothing. */
  wakeForRetry(resource: string): string[] {
    const { nextMs } = this.view(resource);
    if (nextMs === undefined) throw new Error(`${resource} waits for no time`);
    return this.wakeAfter(nextMs - this.clock.monoMs);
  }

  lines(): string[] {
    return this.clock.take().map(line);
  }

  view(resource: string): ResourceView {
    const view = this.healing.inspect().resources.find((each) => each.resource === resource);
    if (view === undefined) throw new Error(`nothing is known of ${resource}`);
    return view;
  }

  phase(resource: string): string | undefined {
    return this.healing.phaseOf(id(resource));
  }
}

/** A body that does what it is told, over the fakes of the resource types. */
export class HonestBody {
  readonly #bench: Bench;
  readonly #states = new Map<ResourceId, Observation>();

  constructor(bench: Bench) {
    this.#bench = bench;
  }

  /** Runs something, and then everything that it and its consequences ask of a body. */
  run(cause: () => void): void {
    const { healing, clock } = this.#bench;
    cause();
    for (let rounds = 0; clock.outputs.length > 0; rounds += 1) {
      if (rounds > 1_000) throw new Error("healing and an honest body do not come to rest");
      for (const output of clock.take()) {
        if (output.type === "observe") {
          const observation = this.#stateOf(output.resource);
          healing.handle({ type: "observed", resource: output.resource, observation }, clock.turn());
        }
        if (output.type === "act") {
          const { fake } = this.#typeOf(output.resource);
          const before = this.#stateOf(output.resource, output.promise);
          this.#states.set(output.resource, fake.repaired(output.promise, before, output.plan, testContext));
          this.#end(output.action);
        }
      }
    }
  }

  /** Reports the end of an action that was started before this body's time. */
  end(action: ActionId): void {
    this.run(() => this.#end(action));
  }

  #end(action: ActionId): void {
    const { healing, clock } = this.#bench;
    healing.handle({ type: "outcome", action, result: { type: "done", detail: "" } }, clock.turn());
  }

  #typeOf(resource: ResourceId): ResourceType {
    const kind = parseResourceId(resource)?.kind;
    const type = resourceTypes.find((each) => each.kind === kind);
    if (type === undefined) throw new Error(`no type of ${resource}`);
    return type;
  }

  #stateOf(
    resource: ResourceId,
    promise = this.#bench.view(resource).promise as ResourcePromise,
  ): Observation {
    return this.#states.get(resource) ?? this.#typeOf(resource).fake.initial(promise, testContext);
  }
}

/** A file as a body would see it. */
export function fileWith(content: string, mode = "0644"): Observation {
  return { type: "file", digest: digestOf(content), size: content.length, mode, owner: "root:root" };
}
