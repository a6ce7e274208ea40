import type { Input, Inspection, Now, Output, SignedStatement, Snapshot, StepResult } from "@antibody/core";
import type { AgentId, ResourceId } from "@antibody/policy";
import type { Clock } from "../../src/mind/clock.ts";
import type { DrivenMind } from "../../src/mind/driver.ts";
import type { OutputPorts } from "../../src/mind/outputs.ts";

export const peer = "agent_peer" as AgentId;
export const motd = "file:/etc/motd" as ResourceId;

/** What stands for a signed statement where nobody looks at its signature. */
export const signedStatement = { type: "entry", entry: {} } as unknown as SignedStatement;

/** A mind that answers by a script, and remembers what it was given and when. */
export class ScriptedMind implements DrivenMind {
  readonly seen: { readonly input: Input; readonly now: Now }[] = [];
  readonly #answer: (input: Input, count: number) => readonly Output[];
  wakeAt: number;
  #sum: number;

  constructor(answer: (input: Input, count: number) => readonly Output[], sum = 0) {
    this.#answer = answer;
    this.#sum = sum;
    this.wakeAt = Number.POSITIVE_INFINITY;
  }

  step(input: Input, now: Now): StepResult {
    this.seen.push({ input, now });
    this.#sum += 1;
    return { outputs: this.#answer(input, this.#sum), wakeAt: this.wakeAt };
  }

  inspect(now: Now): Inspection {
    return { nowMs: now.monoMs } as Inspection;
  }

  dump(): Snapshot {
    return { v: 1, sum: this.#sum };
  }

  static restore(answer: (input: Input, count: number) => readonly Output[], dump: Snapshot): ScriptedMind {
    return new ScriptedMind(answer, (dump as { readonly sum: number }).sum);
  }
}

/** A clock that stands until it is moved. */
export class StandingClock implements Clock {
  monoMs = 1_000;
  alarmMs = Number.POSITIVE_INFINITY;
  #ring: () => void = () => undefined;

  now(): Now {
    return { monoMs: this.monoMs, wallMs: 1_700_000_000_000 + this.monoMs };
  }

  setAlarm(delayMs: number, ring: () => void): void {
    this.alarmMs = this.monoMs + delayMs;
    this.#ring = ring;
  }

  clearAlarm(): void {
    this.alarmMs = Number.POSITIVE_INFINITY;
  }

  /** Moves the time, and rings when the alarm is due. */
  advanceTo(monoMs: number): void {
    this.monoMs = monoMs;
    if (this.alarmMs <= monoMs) this.#ring();
  }
}

/** Ports that write down what they are asked, in words. */
export function writtenPorts(said: string[], change: Partial<OutputPorts> = {}): OutputPorts {
  return {
    journal: {
      persist: (durability, records) =>
        void said.push(`persist ${durability} ${records.map(({ key }) => key)}`),
    },
    network: {
      addresses: () => [],
      send: (to, message) => void said.push(`send ${to} ${message.type}`),
      publishRumor: (rumor) => void said.push(`publishRumor ${rumor.type}`),
      publishPolicy: (bytes) => void said.push(`publishPolicy ${bytes.length}`),
      dial: (to, _addresses, purpose) => void said.push(`dial ${to} ${purpose}`),
      hangUp: (to) => void said.push(`hangUp ${to}`),
      release: (to) => void said.push(`release ${to}`),
      relayed: () => [],
      ignored: () => [],
      serve: (capabilities) => void said.push(`serve ${capabilities.length}`),
      openRoute: () => Promise.reject(new Error("no routes here")),
      stop: () => Promise.resolve(),
    },
    device: {
      watch: (resource) => void said.push(`watch ${resource}`),
      unwatch: (resource) => void said.push(`unwatch ${resource}`),
      observe: (resource) => void said.push(`observe ${resource}`),
      identify: (resource) => void said.push(`identify ${resource}`),
      act: (action) => void said.push(`act ${action}`),
      cancel: (action) => void said.push(`cancel ${action}`),
      route: (resource) => void said.push(`route ${resource}`),
      stop: () => Promise.resolve(),
    },
    signer: {
      sign: (statement) => {
        said.push(`sign ${statement.type}`);
        return signedStatement;
      },
    },
    tell: (entry) => void said.push(`tell ${entry.name} ${JSON.stringify(entry.fields)}`),
    ...change,
  };
}

/** Lets every microtask that waits run, and the event loop turn a few times. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((turned) => setImmediate(turned));
}
