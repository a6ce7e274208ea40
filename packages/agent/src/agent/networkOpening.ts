import { setTimeout } from "node:timers/promises";
import type { LogEntry } from "../log/log.ts";
import { listenFailure } from "../network/listenFailure.ts";
import type { Network } from "../network/network.ts";
import type { NetworkOptions } from "../network/networkOptions.ts";

/** A network that could not be opened is tried again this often: an interface may come up late. Guess. */
const retryMs = 5_000;
/** An opening that hangs does not keep an agent from ending. Guess: many times what opening takes. */
const giveUpMsMax = 2_000;

/** It is tried again, and the device is healed meanwhile. */
const listenNext =
  "free the address, or start the agent with another one: antibody run --listen /ip4/0.0.0.0/tcp/0";

/** Opens the network: libp2p on a device, something simpler in tests. */
export type OpenNetwork = (options: NetworkOptions) => Promise<Network>;

/** The way to a network: opened apart from everything else, and tried again until it is there or given up. */
export class NetworkOpening {
  readonly #open: OpenNetwork;
  readonly #needs: Omit<NetworkOptions, "listen">;
  readonly #tell: (entry: LogEntry) => void;
  readonly #listenChoices: readonly (readonly string[])[];
  readonly #opened = Promise.withResolvers<Network>();
  readonly #givenUp = new AbortController();
  #trying: Promise<void> = Promise.resolve();

  /** Each of `listenChoices` is tried in its turn, best first. */
  constructor(
    open: OpenNetwork,
    needs: Omit<NetworkOptions, "listen" | "tell">,
    tell: (entry: LogEntry) => void,
    listenChoices: readonly (readonly string[])[],
  ) {
    this.#open = open;
    this.#needs = { ...needs, tell };
    this.#tell = tell;
    this.#listenChoices = listenChoices;
    // Whoever waits for it hears of it; nobody needs to.
    this.#opened.promise.catch(() => undefined);
  }

  /** The network as soon as it is there. Rejects when it is given up. */
  get network(): Promise<Network> {
    return this.#opened.promise;
  }

  begin(): void {
    this.#trying = this.#try();
  }

  /** Tries no more; resolves when nothing is left open by it but what it gave away, or that takes too long. */
  async giveUp(): Promise<void> {
    this.#givenUp.abort();
    this.#opened.reject(new Error("the agent is stopping"));
    const tried = new AbortController();
    await Promise.race([
      this.#trying,
      setTimeout(giveUpMsMax, undefined, { signal: tried.signal }).catch(() => undefined),
    ]);
    tried.abort();
  }

  async #try(): Promise<void> {
    const { signal } = this.#givenUp;
    while (!signal.aborted) {
      for (const listen of this.#listenChoices) {
        if (await this.#tryOn(listen, signal)) return;
      }
      await setTimeout(retryMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #tryOn(listen: readonly string[], signal: AbortSignal): Promise<boolean> {
    try {
      const network = await this.#open({ ...this.#needs, listen });
      if (signal.aborted) await network.stop();
      else this.#opened.resolve(network);
      return true;
    } catch (error) {
      this.#tell({
        name: "agent.networkFailed",
        level: "error",
        fields: { message: listenFailure(error), listen, next: listenNext },
      });
      return signal.aborted;
    }
  }
}
