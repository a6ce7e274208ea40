import type { Duplex } from "node:stream";
import { readListenAddress } from "@antibody/core";
import type { AgentId, ResourceId } from "@antibody/policy";
import { DeviceError } from "../deviceError.ts";
import { connectLocal } from "./connectLocal.ts";
import { Listener } from "./listener.ts";

/** What listeners need of the agent. */
export interface RouteListenersOptions {
  readonly agent: AgentId;
  readonly openRoute: (backend: AgentId, capability: string, signal: AbortSignal) => Promise<Duplex>;
  readonly localPortOf: (capability: string) => number | undefined;
  /** What traffic showed of a backend. */
  readonly routed: (resource: ResourceId, backend: AgentId, result: "answered" | "failed") => void;
  /** A listener closed by itself. */
  readonly changed: (resource: ResourceId) => void;
}

/** The local listeners of the device's routes. */
export class RouteListeners {
  readonly #options: RouteListenersOptions;
  readonly #listeners = new Map<ResourceId, Listener>();
  /** Kept apart from listeners: they come before a listener stands, and outlive one that failed. */
  readonly #backends = new Map<ResourceId, readonly AgentId[]>();

  constructor(options: RouteListenersOptions) {
    this.#options = options;
  }

  /** Where connections go from now on, best first; those that stand are left alone. */
  setBackends(resource: ResourceId, backends: readonly AgentId[]): void {
    this.#backends.set(resource, backends);
  }

  /** The address that a listener has, such as `127.0.0.1:7080`; undefined without one. */
  addressOf(resource: ResourceId): string | undefined {
    return this.#listeners.get(resource)?.address();
  }

  /** Opens the listener of a route, and closes one on another address first. Throws where the address is not to be had. */
  async listen(resource: ResourceId, capability: string, listen: string): Promise<string> {
    const standing = this.addressOf(resource);
    if (standing === listen) return standing;
    await this.close(resource);
    const address = readListenAddress(listen);
    if (address === undefined)
      throw new DeviceError("EINVAL", `${listen} is not a loopback address and port`);
    const listener = new Listener({
      backends: () => this.#backends.get(resource) ?? [],
      open: (backend, signal) => this.#open(backend, capability, signal),
      routed: (backend, result) => this.#options.routed(resource, backend, result),
      closed: () => {
        if (this.#listeners.get(resource) !== listener) return;
        this.#listeners.delete(resource);
        this.#options.changed(resource);
      },
    });
    await listener.listen(address);
    this.#listeners.set(resource, listener);
    return listener.address() ?? listen;
  }

  /** Closes the listener and its connections. */
  async close(resource: ResourceId): Promise<void> {
    const listener = this.#listeners.get(resource);
    this.#listeners.delete(resource);
    await listener?.close();
  }

  /** The route is withdrawn: its backends are forgotten. */
  forget(resource: ResourceId): void {
    this.#backends.delete(resource);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#listeners.keys()].map((resource) => this.close(resource)));
  }

  async #open(backend: AgentId, capability: string, signal: AbortSignal): Promise<Duplex> {
    if (backend !== this.#options.agent) return this.#options.openRoute(backend, capability, signal);
    const port = this.#options.localPortOf(capability);
    if (port === undefined) throw new DeviceError("ENOENT", `${capability} is not served here`);
    return connectLocal(port, signal);
  }
}
