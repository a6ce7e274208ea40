import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Incident, Inspection } from "@antibody/core";
import { isPlainObject } from "@antibody/policy";
import { writeFileAtomic } from "../state/atomicFile.ts";
import { errnoOf, messageOf } from "../state/stateError.ts";
import { Cases, type CasesDump, type Telling } from "./cases.ts";
import { type HandoffConfig, handoffSpans, readHandoffConfig } from "./config.ts";
import { handedOffMessage, mendedMessage, type Teller } from "./message.ts";
import type { Outbox } from "./outbox.ts";

/** While a case is known, it is looked at this often: that it is mended is no event. Guess: people wait longer. */
const lookEveryMs = 10_000;

/** What a desk needs. */
export interface DeskOptions {
  readonly stateDirectory: string;
  readonly inspect: () => Pick<Inspection, "incidents" | "resources" | "wallMs">;
  readonly teller: Teller;
  readonly outbox: Pick<Outbox, "send" | "close">;
  readonly onFailure: (error: unknown) => void;
  /** What failed works again. */
  readonly onMended: () => void;
}

/** Tells people of cases, by the owner's configuration, which is read again each time. */
export class HandoffDesk {
  readonly #options: DeskOptions;
  readonly #cases: Cases;
  #timer: NodeJS.Timeout | undefined;
  #isFailing = false;
  #isClosed = false;

  constructor(options: DeskOptions) {
    this.#options = options;
    this.#cases = new Cases(readCases(options.stateDirectory));
  }

  /** A case was opened, or the agent has begun: looks, and goes on looking while there is something to wait for. */
  look(): void {
    if (this.#isClosed) return;
    clearTimeout(this.#timer);
    try {
      this.#lookOnce();
      if (this.#isFailing) this.#options.onMended();
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) this.#options.onFailure(error);
      this.#isFailing = true;
    }
    if (this.#cases.isWatching || this.#isFailing)
      this.#timer = setTimeout(() => this.look(), this.#waitMs()).unref();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#options.outbox.close();
  }

  #lookOnce(): void {
    const { stateDirectory, inspect, outbox, teller } = this.#options;
    const config = readHandoffConfig(stateDirectory);
    // Who tells nobody keeps no cases: the day that somebody is to be told, all that is open is news.
    if (config.targets.length === 0) return;
    const inspection = inspect();
    const before = JSON.stringify(this.#cases.dump());
    const tellings = this.#cases.look(openIn(inspection), inspection.wallMs, handoffSpans(config));
    const time = new Date(inspection.wallMs).toISOString();
    for (const telling of tellings) {
      const message = messageOfTelling(teller, telling, time);
      for (const target of config.targets) outbox.send(target, message);
    }
    if (JSON.stringify(this.#cases.dump()) !== before) writeCases(stateDirectory, this.#cases.dump());
  }

  #waitMs(): number {
    const config = this.#configOrNobody();
    const dueMs = this.#cases.dueMs(handoffSpans(config));
    const { wallMs } = this.#options.inspect();
    return dueMs === undefined ? lookEveryMs : Math.max(1, Math.min(lookEveryMs, dueMs - wallMs));
  }

  #configOrNobody(): HandoffConfig {
    try {
      return readHandoffConfig(this.#options.stateDirectory);
    } catch {
      // It was told already that it cannot be read.
      return { v: 1, targets: [] };
    }
  }
}

/** Cases that are nobody's promise any more are over. */
function openIn({ incidents, resources }: Pick<Inspection, "incidents" | "resources">): readonly Incident[] {
  const promised = new Set(resources.map(({ resource }) => resource));
  return incidents.filter(({ resource }) => promised.has(resource));
}

function messageOfTelling(teller: Teller, telling: Telling, time: string) {
  return telling.type === "raise"
    ? handedOffMessage(teller, telling.incident, time)
    : mendedMessage(teller, telling.resource, telling.incident, time);
}

function casesPath(stateDirectory: string): string {
  return join(stateDirectory, "handoff-cases.json");
}

function writeCases(stateDirectory: string, cases: CasesDump): void {
  writeFileAtomic(casesPath(stateDirectory), `${JSON.stringify({ v: 1, cases })}\n`, 0o600);
}

/** What is lost of it is told once more, or not at an end: no reason not to start. */
function readCases(stateDirectory: string): CasesDump {
  try {
    const file: unknown = JSON.parse(readFileSync(casesPath(stateDirectory), "utf8"));
    return isPlainObject(file) && file["v"] === 1 ? (file["cases"] as CasesDump) : [];
  } catch (error) {
    if (errnoOf(error) === "ENOENT" || error instanceof SyntaxError) return [];
    throw new Error(`cannot read what people were told: ${messageOf(error)}`, { cause: error });
  }
}
