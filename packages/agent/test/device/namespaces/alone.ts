import { type ActionResult, type Input, type Observation, resourceTypes } from "@antibody/core";
import { makeId, parseResourceId, type ResourcePromise } from "@antibody/policy";
import { keyedDigester } from "../../../src/device/digest.ts";
import { Device } from "../../../src/device/index.ts";

/** One look, or one repair. */
export interface Said {
  readonly seen?: Observation;
  readonly drift?: readonly string[];
  readonly verb?: string;
  readonly result?: ActionResult;
}

/** Passes that a resource gets before it is given up; one that fails gets one more. */
const passesMax = 4;
const digestKey = new Uint8Array(32).fill(7);
const context = { digest: keyedDigester(digestKey) };

/** A device of a script in a namespace of its own, where there is no test runner. */
export class Alone {
  readonly #device: Device;
  #hear: (input: Input) => void = () => {};

  constructor(root: string, stateDirectory: string) {
    this.#device = new Device({
      agent: makeId("agent", digestKey),
      root,
      stateDirectory,
      digestKey,
      openRoute: () => Promise.reject(new Error("no peers")),
      localPortOf: () => undefined,
      build: "0.1.0",
      wallMs: () => Date.now(),
      tell: () => {},
      feed: (input) => this.#hear(input),
    });
  }

  /** Looks and repairs until it is kept, or a repair failed twice. */
  async heal(resource: string, promise: ResourcePromise): Promise<readonly Said[]> {
    const parts = parseResourceId(resource);
    const type = resourceTypes.find(({ kind }) => kind === parts?.kind);
    if (parts === undefined || type === undefined) throw new Error(`no such resource: ${resource}`);
    const said: Said[] = [];
    this.#device.watch(parts.id, promise, false);
    for (let pass = 0; pass < passesMax; pass += 1) {
      const seen = await this.#next(() => this.#device.observe(parts.id), "observed");
      if (seen.type !== "observed") throw new Error(JSON.stringify(seen));
      const drift = type.diff(promise, seen.observation, context);
      said.push({ seen: seen.observation, drift: drift?.attributes ?? [] });
      const plan = drift && type.plan(promise, seen.observation, drift);
      if (plan === undefined) break;
      const ended = await this.#next(() => this.#device.act(`1-${pass}`, parts.id, promise, plan), "outcome");
      if (ended.type !== "outcome") throw new Error(JSON.stringify(ended));
      said.push({ verb: plan.verb, result: ended.result });
      if (ended.result.type !== "done") pass = Math.max(pass, passesMax - 2);
    }
    this.#device.unwatch(parts.id);
    return said;
  }

  stop(): Promise<void> {
    return this.#device.stop("stop");
  }

  #next(ask: () => void, wanted: Input["type"]): Promise<Input> {
    const { promise, resolve } = Promise.withResolvers<Input>();
    this.#hear = (input) => {
      if (input.type === wanted || input.type === "unobservable") resolve(input);
    };
    ask();
    return promise;
  }
}

/** Says one broken state, what was promised, and how it went. */
export function say(before: string, promise: ResourcePromise, said: readonly Said[]): void {
  process.stdout.write(`${JSON.stringify({ before, promise, said })}\n`);
}
