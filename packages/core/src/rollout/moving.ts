import type { Staging, View } from "@antibody/policy";
import type { Turn } from "../contract/turn.ts";
import type { Standing } from "./gates.ts";
import { type Stage, stageRecord } from "./stage.ts";

/** What has been said since: which waves have begun, and whether it was halted. */
export function withOpenWaves(stage: Stage, { lastOpen, halted }: Standing, turn: Turn): Stage {
  const reason = stage.state === "blocked" ? stage.reason : (halted ?? "");
  if (reason !== "" && stage.reason === "" && stage.state !== "proven") {
    const { author, stream, version, manifest } = stage;
    turn.tell("policy.halted", "warn", { author, stream, ...version, manifest, reason });
  }
  const openSinceMs = lastOpen === stage.lastOpen ? stage.openSinceMs : turn.now.monoMs;
  return { ...stage, reason, lastOpen, openSinceMs };
}

/** Whether the turn of this device has come. */
export function waited(stage: Stage, { barrier }: Staging, { halted, word }: Standing): Stage {
  if (halted !== undefined) return { ...stage, gate: "blocked" };
  const isOpen = stage.wave <= stage.lastOpen && (barrier === undefined || word === "commit");
  return { ...stage, gate: isOpen ? "admitted" : "waiting" };
}

/** The generation before comes back, by one durable word: this one is never tried again. */
export function rollBack(stage: Stage, reason: string, turn: Turn): Stage {
  const { author, stream, version, manifest, wave } = stage;
  const blocked: Stage = { ...stage, state: "blocked", gate: "blocked", reason };
  turn.emit({ type: "persist", durability: "sync", records: [stageRecord(blocked)] });
  turn.tell("policy.rolledBack", "error", { author, stream, ...version, manifest, wave, reason });
  return blocked;
}

/** Whether the generation is the one in force. */
export function isActive({ streams }: View, { author, stream, manifest }: Stage): boolean {
  return streams.some(
    (state) => state.author === author && state.stream === stream && state.active?.manifest === manifest,
  );
}

/** Whether all of the generation is here, and something else is in force. */
export function isComplete({ streams }: View, { author, stream, manifest }: Stage): boolean {
  return streams.some(
    (state) =>
      state.author === author &&
      state.stream === stream &&
      state.pending?.manifest === manifest &&
      state.pending.missing.length === 0,
  );
}
