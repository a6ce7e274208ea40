import type { Duplex } from "node:stream";
import type { HealthRumor, PeerMessage } from "@antibody/core";
import type { AgentId } from "@antibody/policy";
import type { Feed, IgnoredKind, NetworkPort, Relayed } from "../ports.ts";

/** Dials that wait for the network. Guess: a mind asks for its observers, a dozen at most, and their retries. */
const waitingDialsMax = 256;

/** A route asked for before there is a network. */
class NetworkDownError extends Error {
  readonly code = "ENETDOWN";
}

/**
 * The network as the mind sees it from the first moment on: healing does not wait for sockets. What is asked of
 * it before it is there is kept where it lasts (dials, capabilities), and otherwise fails, as it does on a device
 * without a network.
 */
export class LateNetwork implements NetworkPort {
  readonly #feed: Feed;
  readonly #waitingDials = new Map<string, Parameters<NetworkPort["dial"]>>();
  #served: Parameters<NetworkPort["serve"]>[0] = [];
  #network: NetworkPort | undefined;

  constructor(feed: Feed) {
    this.#feed = feed;
  }

  /** The network is there. */
  arrive(network: NetworkPort): void {
    this.#network = network;
    network.serve(this.#served);
    this.#feed({ type: "addresses", addresses: network.addresses() });
    for (const dial of this.#waitingDials.values()) network.dial(...dial);
    this.#waitingDials.clear();
  }

  addresses(): readonly string[] {
    return this.#network?.addresses() ?? [];
  }

  send(to: AgentId, message: PeerMessage): void {
    if (this.#network === undefined) this.#feed({ type: "unsent", to, message: message.type });
    else this.#network.send(to, message);
  }

  /** Rumors and policy of the first moments are not lost: anti-entropy carries them. */
  publishRumor(rumor: HealthRumor): void {
    this.#network?.publishRumor(rumor);
  }

  publishPolicy(bytes: Uint8Array): void {
    this.#network?.publishPolicy(bytes);
  }

  dial(...dial: Parameters<NetworkPort["dial"]>): void {
    const [peer, , purpose] = dial;
    if (this.#network !== undefined) this.#network.dial(...dial);
    else if (this.#waitingDials.size < waitingDialsMax) this.#waitingDials.set(`${purpose} ${peer}`, dial);
    else this.#feed({ type: "dialed", peer, purpose, result: "failed" });
  }

  hangUp(peer: AgentId): void {
    if (this.#network !== undefined) this.#network.hangUp(peer);
    else this.#waitingDials.delete(`session ${peer}`);
  }

  release(peer: AgentId): void {
    this.#network?.release(peer);
  }

  relayed(): readonly Relayed[] {
    return this.#network?.relayed() ?? [];
  }

  ignored(): readonly IgnoredKind[] {
    return this.#network?.ignored() ?? [];
  }

  serve(capabilities: Parameters<NetworkPort["serve"]>[0]): void {
    this.#served = capabilities;
    this.#network?.serve(capabilities);
  }

  /** The local port of a capability that this agent serves. */
  localPortOf(capability: string): number | undefined {
    return this.#served.find(({ name }) => name === capability)?.port;
  }

  openRoute(backend: AgentId, capability: string, signal: AbortSignal): Promise<Duplex> {
    if (this.#network !== undefined) return this.#network.openRoute(backend, capability, signal);
    return Promise.reject(new NetworkDownError("the network is not there yet"));
  }

  async stop(): Promise<void> {
    await this.#network?.stop();
  }
}
