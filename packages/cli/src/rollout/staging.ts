import { randomBytes } from "node:crypto";
import { nodeCrypto } from "@antibody/agent/state";
import type { Inspection } from "@antibody/core";
import {
  type AgentId,
  planRollout,
  rolloutWavesMax,
  type Staging,
  swarmReportersMax,
} from "@antibody/policy";
import { type Command, InvalidArgumentError } from "commander";
import { usageError } from "../errors.ts";
import { readDuration, readWhole } from "../options.ts";

/** How a generation shall come into force, as `publish` was asked. */
export interface StagingOptions {
  readonly waves?: readonly number[];
  readonly trial?: boolean;
  readonly barrier?: number | "all";
  readonly healthyFor?: number;
  readonly healthyWithin?: number;
  readonly reporters?: number;
  readonly failures?: number;
  readonly stallAfter?: number;
  readonly readyWithin?: number;
}

/** Guesses, all: a program that dies does so within seconds, and one that starts slowly takes a minute. */
const holdMsDefault = 5_000;
const withinMsDefault = 120_000;
const stallAfterMsDefault = 900_000;
const readyWithinMsDefault = 300_000;
/** 16 bytes: nobody finds another device's place by trying. */
const saltBytes = 16;

/** The options of `publish` that stage a generation. */
export function declareStaging(command: Command): void {
  command
    .option("--waves <percents>", "take effect in waves of so many percent, such as 10,50,100", readWaves)
    .option("--trial", "take effect everywhere at once, on trial: a device on which it fails goes back")
    .option(
      "--barrier <devices>",
      "wait until so many devices are ready (or all that live), and for rollout commit",
      readBarrier,
    )
    .option("--healthy-for <span>", "so long all must be kept to count as healthy; 5s", readDuration)
    .option("--healthy-within <span>", "the generation before comes back after so long; 2m", readDuration)
    .option(
      "--reporters <number>",
      "ask so many of each wave, not half of it and ten at most",
      readWhole(1, swarmReportersMax),
    )
    .option("--failures <number>", "so many failures halt it for good", readWhole(1, swarmReportersMax))
    .option("--stall-after <span>", "a wave not through for so long shows as stalled; 15m", readDuration)
    .option("--ready-within <span>", "who is not ready after so long is left out; 5m", readDuration);
}

/** The staging that was asked for; undefined where none was. The salt fits those who live now. */
export function stagingFor(options: StagingOptions, inspection: Inspection): Staging | undefined {
  const { waves, trial, barrier, healthyFor, healthyWithin } = options;
  const isTimed = healthyFor !== undefined || healthyWithin !== undefined;
  if (waves === undefined && trial !== true && barrier === undefined && !isTimed) return undefined;
  const health = { holdMs: healthyFor ?? holdMsDefault, withinMs: healthyWithin ?? withinMsDefault };
  if (health.holdMs >= health.withinMs) {
    throw usageError(
      "a generation could never count as healthy",
      "--healthy-for is not below --healthy-within",
      "antibody publish FILE --waves 10,50,100 --healthy-for 5s --healthy-within 2m",
    );
  }
  const members = livingMembers(inspection);
  const rollout =
    waves === undefined
      ? undefined
      : planRollout({
          percents: waves,
          members,
          nextSalt: () => randomBytes(saltBytes).toString("hex"),
          stallAfterMs: options.stallAfter ?? stallAfterMsDefault,
          crypto: nodeCrypto(),
          ...(options.failures === undefined ? {} : { failuresMax: options.failures }),
          ...(options.reporters === undefined ? {} : { reportersMin: options.reporters }),
        });
  return {
    health,
    ...(rollout === undefined ? {} : { rollout }),
    ...(barrier === undefined
      ? {}
      : {
          barrier: {
            readyMin: barrier === "all" ? members.length : barrier,
            readyWithinMs: options.readyWithin ?? readyWithinMsDefault,
          },
        }),
  };
}

function livingMembers({ members, agent }: Inspection): readonly AgentId[] {
  const others = members
    .filter((member) => member.agent !== agent && ["reachable", "suspected"].includes(member.verdict))
    .map((member) => member.agent);
  return [agent, ...others];
}

function readWaves(text: string): readonly number[] {
  const percents = text.split(",").map((part) => (/^\d{1,3}$/.test(part) ? Number(part) : Number.NaN));
  const rise = percents.every((percent, index) => percent > (percents[index - 1] ?? 0));
  if (rise && percents.at(-1) === 100 && percents.length <= rolloutWavesMax) return percents;
  throw new InvalidArgumentError("Write rising percentages, the last one 100, such as 10,50,100.");
}

function readBarrier(text: string): number | "all" {
  return text === "all" ? "all" : readWhole(1, swarmReportersMax)(text);
}
