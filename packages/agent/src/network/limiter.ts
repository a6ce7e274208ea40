/** Time on a clock that never goes back, in milliseconds. */
export type Clock = () => number;

/** The monotonic clock of this process. */
export const monotonicMs: Clock = () => performance.now();

/** A token bucket: at most `burst` at once and `perSecond` on average. */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #clock: Clock;
  #tokens: number;
  #filledMs: number;

  constructor(perSecond: number, burst: number, clock: Clock = monotonicMs) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#clock = clock;
    this.#tokens = burst;
    this.#filledMs = clock();
  }

  /** Takes tokens if they are there. */
  take(count: number): boolean {
    this.#fill();
    if (this.#tokens < count) return false;
    this.#tokens -= count;
    return true;
  }

  /** Takes tokens in any case, and says how long to wait before the debt is paid: 0 when there is none. */
  owe(count: number): number {
    this.#fill();
    this.#tokens -= count;
    return this.#tokens >= 0 ? 0 : (-this.#tokens / this.#perSecond) * 1_000;
  }

  #fill(): void {
    const nowMs = this.#clock();
    const filled = this.#tokens + ((nowMs - this.#filledMs) / 1_000) * this.#perSecond;
    this.#tokens = Math.min(this.#burst, filled);
    this.#filledMs = nowMs;
  }
}

/** Bounds of a blame book. */
export interface BlameLimits {
  readonly offensesMax: number;
  readonly windowMs: number;
  readonly banMs: number;
  /** Names remembered; the oldest goes first. */
  readonly namesMax: number;
}

interface Offender {
  offenses: number;
  sinceMs: number;
  bannedUntilMs: number;
}

/** Who misbehaved how often: `offensesMax` offenses within a window ban a name for a while. */
export class BlameBook {
  readonly #limits: BlameLimits;
  readonly #clock: Clock;
  readonly #offenders = new Map<string, Offender>();

  constructor(limits: BlameLimits, clock: Clock = monotonicMs) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Counts offenses. True when they ban the name now. */
  blame(name: string, offenses: number): boolean {
    const nowMs = this.#clock();
    const offender = this.#offenderOf(name, nowMs);
    offender.offenses += offenses;
    if (offender.offenses < this.#limits.offensesMax) return false;
    offender.bannedUntilMs = nowMs + this.#limits.banMs;
    offender.offenses = 0;
    return true;
  }

  /** Whether a name is banned. */
  banned(name: string): boolean {
    return (this.#offenders.get(name)?.bannedUntilMs ?? 0) > this.#clock();
  }

  #offenderOf(name: string, nowMs: number): Offender {
    const known = this.#offenders.get(name);
    if (known !== undefined) {
      if (nowMs - known.sinceMs >= this.#limits.windowMs) {
        known.offenses = 0;
        known.sinceMs = nowMs;
      }
      return known;
    }
    const oldest =
      this.#offenders.size >= this.#limits.namesMax ? this.#offenders.keys().next().value : undefined;
    if (oldest !== undefined) this.#offenders.delete(oldest);
    const offender: Offender = { offenses: 0, sinceMs: nowMs, bannedUntilMs: 0 };
    this.#offenders.set(name, offender);
    return offender;
  }
}

/** A map of at most `size` entries; the one that was set first goes first. */
export class BoundedMap<Value> {
  readonly #size: number;
  readonly #entries = new Map<string, Value>();

  constructor(size: number) {
    this.#size = size;
  }

  get(key: string): Value | undefined {
    return this.#entries.get(key);
  }

  set(key: string, value: Value): void {
    this.#entries.delete(key);
    const oldest = this.#entries.size >= this.#size ? this.#entries.keys().next().value : undefined;
    if (oldest !== undefined) this.#entries.delete(oldest);
    this.#entries.set(key, value);
  }
}

/** Bounds of what hosts may ask for. */
export interface HostRateLimits {
  /** Of one host, and of all together. */
  readonly perSecond: number;
  readonly burst: number;
  readonly totalPerSecond: number;
  readonly totalBurst: number;
  /** Hosts remembered; the one that was first heard of is forgotten first. */
  readonly hostsMax: number;
}

/** A token bucket for each host below one for all: one host alone cannot use up what others need. */
export class HostRates {
  readonly #limits: HostRateLimits;
  readonly #clock: Clock;
  readonly #hosts: BoundedMap<TokenBucket>;
  readonly #total: TokenBucket;

  constructor(limits: HostRateLimits, clock: Clock = monotonicMs) {
    this.#limits = limits;
    this.#clock = clock;
    this.#hosts = new BoundedMap(limits.hostsMax);
    this.#total = new TokenBucket(limits.totalPerSecond, limits.totalBurst, clock);
  }

  /** Takes one token of a host if it and all together may have one. */
  take(host: string): boolean {
    const known = this.#hosts.get(host);
    const bucket = known ?? new TokenBucket(this.#limits.perSecond, this.#limits.burst, this.#clock);
    if (known === undefined) this.#hosts.set(host, bucket);
    return bucket.take(1) && this.#total.take(1);
  }
}
