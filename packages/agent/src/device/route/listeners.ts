import type { Server } from "node:net";
import type { Duplex } from "node:stream";
import { type RouteProtocol, readListenAddress } from "@antibody/core";
import type { AgentId, ResourceId } from "@antibody/policy";
import { DeviceError } from "../deviceError.ts";
import type { Tree } from "../tree.ts";
import { Backends } from "./backends.ts";
import { connectLocal } from "./connectLocal.ts";
import { HttpListener } from "./httpListener.ts";
import { listenAt } from "./listen.ts";
import type { Listener } from "./listener.ts";
import { TcpListener } from "./tcpListener.ts";

/** What listeners need of the agent. */
export interface RouteListenersOptions {
  readonly agent: AgentId;
  readonly tree: Tree;
  readonly openRoute: (backend: AgentId, capability: string, signal: AbortSignal) => Promise<Duplex>;
  readonly localPortOf: (capability: string) => number | undefined;
  /** What traffic showed of a backend. */
  readonly routed: (resource: ResourceId, backend: AgentId, result: "answered" | "failed") => void;
  /** A listener closed by itself. */
  readonly changed: (resource: ResourceId) => void;
}

/** How a route listens. */
export interface Listening {
  /** As the promise spells it, such as `127.0.0.1:7080`. */
  readonly address: string;
  readonly protocol: RouteProtocol;
}

interface Open extends Listening {
  readonly listener: Listener;
}

/** The local listeners of the device's routes. */
export class RouteListeners {
  readonly #options: RouteListenersOptions;
  readonly #open = new Map<ResourceId, Open>();
  /** Kept apart from listeners: they come before a listener stands, and outlive one that failed. */
  readonly #backends = new Map<ResourceId, readonly AgentId[]>();

  constructor(options: RouteListenersOptions) {
    this.#options = options;
  }

  /** Where connections go from now on, best first; those that stand are left alone. */
  setBackends(resource: ResourceId, backends: readonly AgentId[]): void {
    this.#backends.set(resource, backends);
    this.#open.get(resource)?.listener.backendsChanged();
  }

  /** How a route listens now; undefined where it does not. */
  listening(resource: ResourceId): Listening | undefined {
    return this.#open.get(resource);
  }

  /** Opens the listener of a route, and closes another one first. Throws where the address is not to be had. */
  async listen(resource: ResourceId, capability: string, { address, protocol }: Listening): Promise<void> {
    const standing = this.#open.get(resource);
    if (standing?.address === address && standing.protocol === protocol) return;
    await this.close(resource);
    const place = readListenAddress(address);
    if (place === undefined) throw new DeviceError("EINVAL", `${address} is no address of a route`);
    const backends = new Backends({
      list: () => this.#backends.get(resource) ?? [],
      open: (backend, signal) => this.#reach(backend, capability, signal),
      routed: (backend, result) => this.#options.routed(resource, backend, result),
    });
    const listener = protocol === "http" ? new HttpListener(backends) : new TcpListener(backends);
    const open = { address, protocol, listener };
    await listenAt(listener.server, place, this.#options.tree);
    // A connection that could not be accepted, for want of descriptors: the listener stands.
    listener.server.on("error", () => {});
    listener.server.once("close", () => {
      if (this.#open.get(resource) !== open) return;
      this.#open.delete(resource);
      this.#options.changed(resource);
    });
    this.#open.set(resource, open);
  }

  /** Closes the listener and its connections. */
  async close(resource: ResourceId): Promise<void> {
    const open = this.#open.get(resource);
    this.#open.delete(resource);
    if (open !== undefined) await closeServer(open.listener);
  }

  /** The route is withdrawn: its backends are forgotten. */
  forget(resource: ResourceId): void {
    this.#backends.delete(resource);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#open.keys()].map((resource) => this.close(resource)));
  }

  async #reach(backend: AgentId, capability: string, signal: AbortSignal): Promise<Duplex> {
    if (backend !== this.#options.agent) return this.#options.openRoute(backend, capability, signal);
    const port = this.#options.localPortOf(capability);
    if (port === undefined) throw new DeviceError("ENOENT", `${capability} is not served here`);
    return connectLocal(port, signal);
  }
}

function closeServer(listener: Listener): Promise<void> {
  const server: Server = listener.server;
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  listener.destroyConnections();
  return promise;
}
