import { addressLookIntervalMs, addressLookRestMs } from "./limits.ts";

/** What looking at this host's addresses needs. */
interface AddressLookOptions {
  /** The addresses now. */
  addresses(): readonly string[];
  /** Whether peers are in reach: then there is a network, and it has hardly changed. */
  hasPeers(): boolean;
  /** They are others than before. */
  changed(addresses: readonly string[]): void;
}

/** Looks at the addresses of this host: libp2p tells of listeners, not of interfaces that come and go under them. */
export class AddressLook {
  readonly #options: AddressLookOptions;
  #told: readonly string[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(options: AddressLookOptions) {
    this.#options = options;
  }

  /** Begins, and gives the addresses to begin with. */
  start(): readonly string[] {
    this.#told = this.#options.addresses();
    this.#lookLater();
    return this.#told;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #lookLater(): void {
    const waitMs = this.#options.hasPeers() ? addressLookRestMs : addressLookIntervalMs;
    this.#timer = setTimeout(() => this.#look(), waitMs).unref();
  }

  #look(): void {
    this.#lookLater();
    const addresses = this.#options.addresses();
    if (addresses.join() === this.#told.join()) return;
    this.#told = addresses;
    this.#options.changed(addresses);
  }
}
