import type { Random } from "@antibody/core";

/** How the links between hosts behave. Whole numbers, so that every machine computes the same. */
export interface LinkModel {
  /** One way, drawn once for each session, evenly between the two. */
  readonly latencyUsMin: number;
  readonly latencyUsMax: number;
  /** Added to every message, evenly from 0. */
  readonly jitterUs: number;
  /** Packets lost of a million. TCP sends again: a loss is a delay, and delays all that follow it. */
  readonly lossPerMillion: number;
  /** After how long TCP sends again; doubles with each loss in a row. Linux' minimum. */
  readonly retransmitUs: number;
  /** After how long the first packet of a connection is sent again. Linux' default. */
  readonly connectRetryUs: number;
  /**
   * A session over which nothing comes back is given up by TCP after this long: Linux with tcp_retries2 = 15. The
   * agent runs libp2p without its connection monitor; the mind itself looks at silence.
   */
  readonly silenceUs: number;
}

/** A local network, as a home or a hall has it. Latency and jitter are guesses. */
export const localLinks: LinkModel = {
  latencyUsMin: 300,
  latencyUsMax: 2_000,
  jitterUs: 800,
  lossPerMillion: 0,
  retransmitUs: 200_000,
  connectRetryUs: 1_000_000,
  silenceUs: 924_600_000,
};

/** Losses in a row after which the delay no longer doubles. */
const lossesMax = 8;

/**
 * Where a host loses more than this of its packets, nothing comes through in time for certain: a message over TCP takes
 * more than 3 s with the fifth loss in a row, which is one of 32 at a half, and one of three at four fifths.
 */
const bearableLossPerMillion = 500_000;

/** For each host, what it adds to the model for every packet from it and to it. */
interface Weather {
  readonly lossPerMillion: Int32Array;
  /** Since when the host loses no more than is bearable; infinite while it does. */
  readonly bearableSinceUs: Float64Array;
  readonly addedUs: Int32Array;
  readonly jitterUs: Int32Array;
}

function createWeather(hosts: number): Weather {
  const column = (): Int32Array => new Int32Array(hosts);
  return {
    lossPerMillion: column(),
    bearableSinceUs: new Float64Array(hosts),
    addedUs: column(),
    jitterUs: column(),
  };
}

function sumOf(column: Int32Array | undefined, source: number, destination: number): number {
  return column === undefined ? 0 : (column[source] as number) + (column[destination] as number);
}

/** Who can reach whom, and after how long. Reachability is per direction. */
export class Links {
  readonly model: LinkModel;
  /** By host, for all that it sends: what others do meanwhile changes none of it. */
  readonly #randoms: readonly Random[];
  readonly #group: Int16Array;
  readonly #agents: number;
  /** Directed pairs that are cut, as source × agents + destination. */
  readonly #cut = new Set<number>();
  #intact = true;
  /** What makes the links of single hosts worse than the model; undefined until one is. */
  #weather: Weather | undefined;
  /** Packets that had to be sent again. */
  retransmissions = 0;

  constructor(agents: number, model: LinkModel, random: Random) {
    this.model = model;
    this.#randoms = Array.from({ length: agents }, () => random.fork());
    this.#agents = agents;
    this.#group = new Int16Array(agents);
  }

  /** Puts agents into groups that cannot reach each other: `groups[agent]`. */
  partition(groups: ArrayLike<number>): void {
    this.#group.set(groups);
    this.#findIntact();
  }

  /** Cuts one direction. */
  cut(source: number, destination: number): void {
    this.#cut.add(source * this.#agents + destination);
    this.#findIntact();
  }

  /** Everyone reaches everyone again. */
  heal(): void {
    this.#group.fill(0);
    this.#cut.clear();
    this.#intact = true;
  }

  /** Whether packets from one host arrive at another. */
  reaches(source: number, destination: number): boolean {
    if (this.#intact) return true;
    return (
      this.#group[source] === this.#group[destination] && !this.#cut.has(source * this.#agents + destination)
    );
  }

  /** Whether packets go both ways, as every connection needs. */
  joins(left: number, right: number): boolean {
    return this.reaches(left, right) && this.reaches(right, left);
  }

  /** The latency of a new session that a host opens, one way. */
  drawLatencyUs(host: number): number {
    return this.#randomOf(host).between(this.model.latencyUsMin, this.model.latencyUsMax);
  }

  /** Makes the links of a host lose more packets, or again less where negative. */
  worsenLoss(host: number, perMillion: number, nowUs: number): void {
    this.#weather ??= createWeather(this.#agents);
    const { lossPerMillion, bearableSinceUs } = this.#weather;
    (lossPerMillion[host] as number) += perMillion;
    const isBearable = this.model.lossPerMillion + (lossPerMillion[host] as number) <= bearableLossPerMillion;
    if (!isBearable) bearableSinceUs[host] = Number.POSITIVE_INFINITY;
    else if (bearableSinceUs[host] === Number.POSITIVE_INFINITY) bearableSinceUs[host] = nowUs;
  }

  /** Since when a host loses no more than `bearableLossPerMillion`; infinite while it does. */
  bearableSinceUs(host: number): number {
    return this.#weather?.bearableSinceUs[host] ?? 0;
  }

  /** Makes the links of a host slower, one way, or again faster where negative. */
  worsenLatency(host: number, addedUs: number, jitterUs: number): void {
    this.#weather ??= createWeather(this.#agents);
    (this.#weather.addedUs[host] as number) += addedUs;
    (this.#weather.jitterUs[host] as number) += jitterUs;
  }

  /** How long a message takes over a session of this latency. */
  delayUs(latencyUs: number, source: number, destination: number): number {
    const weather = this.#weather;
    const jitterUs = this.model.jitterUs + sumOf(weather?.jitterUs, source, destination);
    const jitter = jitterUs > 0 ? this.#randomOf(source).below(jitterUs) : 0;
    const addedUs = sumOf(weather?.addedUs, source, destination);
    return latencyUs + jitter + addedUs + this.#lossUs(this.model.retransmitUs, source, destination);
  }

  /** What losses add to the opening of a connection. */
  connectLossUs(source: number, destination: number): number {
    return this.#lossUs(this.model.connectRetryUs, source, destination);
  }

  #lossUs(firstUs: number, source: number, destination: number): number {
    const perMillion = this.model.lossPerMillion + sumOf(this.#weather?.lossPerMillion, source, destination);
    if (perMillion === 0) return 0;
    const random = this.#randomOf(source);
    let delayUs = 0;
    let waitUs = firstUs;
    for (let losses = 0; losses < lossesMax; losses += 1) {
      if (random.below(1_000_000) >= perMillion) break;
      this.retransmissions += 1;
      delayUs += waitUs;
      waitUs *= 2;
    }
    return delayUs;
  }

  #randomOf(host: number): Random {
    return this.#randoms[host] as Random;
  }

  #findIntact(): void {
    this.#intact = this.#cut.size === 0 && this.#group.every((group) => group === this.#group[0]);
  }
}
