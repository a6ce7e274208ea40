import { basename, dirname, join } from "node:path";
import type { Duplex } from "node:stream";
import { setImmediate as turned } from "node:timers/promises";
import type { ActionId, ActionResult, JointPart, Plan } from "@antibody/core";
import { type AgentId, parseResourceId, type ResourceId, type ResourcePromise } from "@antibody/policy";
import { Plugins } from "../plugins/plugins.ts";
import type { PluginRegistry } from "../plugins/registry.ts";
import type { DevicePort, Feed } from "../ports.ts";
import { switchTogether } from "./barrier.ts";
import { makeBodies } from "./bodies.ts";
import { codeOf } from "./deviceError.ts";
import { type Digest, keyedDigester } from "./digest.ts";
import { DirectoryWatches, type WatchDirectory, watchWithNode } from "./directoryWatches.ts";
import { type Looked, Looks, unseen } from "./looks.ts";
import { Supervisor } from "./process/supervisor.ts";
import { type ActionRun, type ResourceBody, type Subject, type Tell, thrownResult } from "./resourceBody.ts";
import { findRival } from "./rivals.ts";
import { RouteListeners } from "./route/listeners.ts";
import { Tree } from "./tree.ts";

/** What a device is made of. */
export interface DeviceOptions {
  readonly agent: AgentId;
  /** Prefixes every path of file-like resources, and working directories. `/` on a real device. Must exist. */
  readonly root: string;
  /** Holds what is known of supervised children, and their output. Made when missing. */
  readonly stateDirectory: string;
  /** 32 secret bytes; the same that the mind's digests are keyed by. */
  readonly digestKey: Uint8Array;
  readonly feed: Feed;
  /** As in NetworkPort. */
  readonly openRoute: (backend: AgentId, capability: string, signal: AbortSignal) => Promise<Duplex>;
  /** The local port of a capability that this agent itself serves. */
  readonly localPortOf: (capability: string) => number | undefined;
  readonly tell: Tell;
  /** The version of this build. */
  readonly build: string;
  /** The wall clock, by which timers run. */
  readonly wallMs: () => number;
  /** What the owner registered; nothing where it is not said. */
  readonly plugins?: PluginRegistry;
  /** Replaced in tests that need a device without watches. */
  readonly watchDirectory?: WatchDirectory;
}

/** The device that an agent lives on. What it sees and does comes back through `feed`. */
export class Device implements DevicePort {
  readonly #feed: Feed;
  readonly #digest: Digest;
  readonly #tree: Tree;
  readonly #bodies: ReadonlyMap<string, ResourceBody>;
  readonly #supervisor: Supervisor;
  readonly #routes: RouteListeners;
  readonly #plugins: Plugins;
  readonly #watches: DirectoryWatches;
  readonly #looks: Looks;
  readonly #looked = new Map<ResourceId, Looked>();
  readonly #withEvents = new Set<ResourceId>();
  readonly #actions = new Map<ActionId, { readonly abort: AbortController; readonly ended: Promise<void> }>();
  /** Searches for rivals, which end within a second. */
  readonly #searches = new Set<Promise<void>>();
  #stopped = false;

  constructor(options: DeviceOptions) {
    this.#feed = (input) => {
      if (!this.#stopped) options.feed(input);
    };
    const wake = (resource: ResourceId): void => this.#wake(resource);
    this.#tree = new Tree(options.root);
    this.#digest = keyedDigester(options.digestKey);
    this.#supervisor = new Supervisor({
      agent: options.agent,
      directory: join(options.stateDirectory, "processes"),
      tree: this.#tree,
      changed: wake,
    });
    this.#routes = new RouteListeners({
      agent: options.agent,
      tree: this.#tree,
      openRoute: options.openRoute,
      localPortOf: options.localPortOf,
      routed: (resource, backend, result) => this.#feed({ type: "routed", resource, backend, result }),
      changed: wake,
    });
    this.#plugins = new Plugins(options.plugins ?? { v: 1, plugins: {} }, wake);
    this.#bodies = makeBodies({
      agent: options.agent,
      tree: this.#tree,
      digest: this.#digest,
      supervisor: this.#supervisor,
      routes: this.#routes,
      plugins: this.#plugins,
      stateDirectory: options.stateDirectory,
      build: options.build,
      wallMs: options.wallMs,
      wake,
    });
    this.#watches = new DirectoryWatches({
      wake,
      tell: options.tell,
      watchDirectory: options.watchDirectory ?? watchWithNode,
    });
    this.#looks = new Looks(
      this.#feed,
      ({ id }) => this.#watches.check(id),
      () => this.#tree.endLooks(),
    );
  }

  watch(resource: ResourceId, promise: ResourcePromise, events: boolean): void {
    if (this.#stopped) return;
    const before = this.#looked.get(resource);
    if (before !== undefined) this.#looks.forget(before);
    const { body, subject } = this.#subject(resource, promise);
    this.#looked.set(resource, unseen(body, subject));
    // A look that the mind waits for must not be lost with the promise that it was to be made for.
    if (before !== undefined && before.state !== "idle") this.#looks.ask(this.#known(resource));
    if (events === this.#withEvents.has(resource)) return;
    const path = body.watchedPath?.(subject);
    if (events && path !== undefined) this.#startEvents(resource, path);
    else this.#stopEvents(resource);
  }

  unwatch(resource: ResourceId): void {
    const looked = this.#looked.get(resource);
    if (looked === undefined) return;
    this.#looks.forget(looked);
    this.#looked.delete(resource);
    this.#stopEvents(resource);
  }

  observe(resource: ResourceId): void {
    if (!this.#stopped) this.#looks.ask(this.#known(resource));
  }

  /** Finds out who works against a promise. */
  identify(resource: ResourceId): void {
    const looked = this.#looked.get(resource);
    const path = looked?.body.watchedPath?.(looked.subject);
    if (looked === undefined || path === undefined || this.#stopped) return;
    const found = findRival(this.#tree.real(path), looked.gone.signal).then((rival) => {
      this.#searches.delete(found);
      if (rival !== undefined) this.#feed({ type: "rival", resource, rival });
    });
    this.#searches.add(found);
  }

  act(action: ActionId, resource: ResourceId, promise: ResourcePromise, plan: Plan): void {
    if (this.#stopped) return;
    const { body, subject } = this.#subject(resource, promise);
    const abort = new AbortController();
    const run = {
      signal: abort.signal,
      progress: (step: number, of: number, note: string) => {
        if (this.#actions.has(action)) this.#feed({ type: "progress", action, step, of, note });
      },
    };
    let result: ActionResult | Promise<ActionResult>;
    const ended = Promise.withResolvers<void>();
    this.#actions.set(action, { abort, ended: ended.promise });
    const end = (result: ActionResult): void => {
      this.#actions.delete(action);
      ended.resolve();
      const looked = this.#looked.get(resource);
      if (looked !== undefined) this.#looks.outdate(looked);
      this.#feed({ type: "outcome", action, result });
    };
    try {
      result =
        plan.joint === undefined ? body.act(subject, plan, run) : this.#switchTogether(plan.joint, run);
    } catch (error) {
      end(thrownResult(error, abort.signal));
      return;
    }
    if (result instanceof Promise)
      result.then(end, (error: unknown) => end(thrownResult(error, abort.signal)));
    else end(result);
  }

  /** All of a barrier, or nothing. */
  async #switchTogether(parts: readonly JointPart[], run: ActionRun): Promise<ActionResult> {
    const members = parts.map((part) => ({ ...this.#subject(part.resource, part.promise), part }));
    const result = await switchTogether(members, this.#digest, run);
    for (const { resource } of parts) {
      const looked = this.#looked.get(resource);
      if (looked !== undefined) this.#looks.outdate(looked);
    }
    return result;
  }

  /** Removes what actions on these resources left behind, that a kill of the agent interrupted. */
  tidy(resources: readonly ResourceId[]): void {
    for (const resource of resources) {
      const parts = parseResourceId(resource);
      try {
        if (parts !== undefined) this.#bodies.get(parts.kind)?.tidy?.(parts.name);
      } catch (error) {
        // Where the place is gone, or cannot be written, the next repair meets what is left.
        if (codeOf(error) === "ERROR") throw error;
      }
    }
  }

  /** Resolves when no quick look waits and no action runs, or at the abort. */
  async rest(signal: AbortSignal): Promise<void> {
    const aborted = new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    while (!signal.aborted && (this.#looks.isWaiting || this.#actions.size > 0)) {
      await Promise.race([aborted, Promise.all([...this.#actions.values()].map(({ ended }) => ended))]);
      // What follows from it is begun by then.
      await turned();
    }
  }

  cancel(action: ActionId): void {
    this.#actions.get(action)?.abort.abort();
  }

  route(resource: ResourceId, backends: readonly AgentId[]): void {
    if (!this.#stopped) this.#routes.setBackends(resource, backends);
  }

  async stop(children: "stop" | "leave"): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#watches.close();
    for (const looked of this.#looked.values()) looked.gone.abort();
    for (const { abort } of this.#actions.values()) abort.abort();
    await Promise.all([
      this.#looks.stop(),
      ...this.#searches,
      ...[...this.#actions.values()].map(({ ended }) => ended),
    ]);
    await Promise.all([
      this.#routes.stop(),
      this.#supervisor.stop(children),
      this.#plugins.stop(),
      this.#tree.attributes.stop(),
    ]);
    this.#looked.clear();
  }

  #subject(
    id: ResourceId,
    promise: ResourcePromise,
  ): { readonly body: ResourceBody; readonly subject: Subject } {
    const parts = parseResourceId(id);
    const body = parts === undefined ? undefined : this.#bodies.get(parts.kind);
    if (parts === undefined || body === undefined) throw new Error(`${id} is not for the body to look at`);
    return { body, subject: { id, name: parts.name, promise } };
  }

  #known(resource: ResourceId): Looked {
    const looked = this.#looked.get(resource);
    if (looked === undefined) throw new Error(`${resource} is to be observed and was never watched`);
    return looked;
  }

  #wake(resource: ResourceId): void {
    const looked = this.#looked.get(resource);
    if (looked !== undefined) this.#looks.wake(looked);
  }

  #startEvents(resource: ResourceId, path: string): void {
    const real = this.#tree.real(path);
    this.#withEvents.add(resource);
    this.#watches.add(resource, dirname(real), basename(real));
  }

  #stopEvents(resource: ResourceId): void {
    this.#withEvents.delete(resource);
    this.#watches.remove(resource);
  }
}
