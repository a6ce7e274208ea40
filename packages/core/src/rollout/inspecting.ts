import type { AgentId, Crypto, Staging } from "@antibody/policy";
import type { RolloutView, RolloutWaveView } from "../contract/inspection.ts";
import type { MonotonicMs } from "../contract/time.ts";
import type { Standing } from "./gates.ts";
import type { HeldReport } from "./reports.ts";
import { type Stage, waveIn } from "./stage.ts";

/** Who is there, for the picture of the waves. */
export interface RolloutMembers {
  /** Members that live as far as this agent knows, itself included. */
  livingAgents(): readonly AgentId[];
}

interface Look {
  readonly stage: Stage;
  readonly staging: Staging;
  readonly standing: Standing;
  readonly reports: readonly HeldReport[];
  readonly swarm: RolloutMembers;
  readonly agent: AgentId;
  readonly crypto: Pick<Crypto, "sha256">;
  readonly nowMs: MonotonicMs;
}

/** One rollout as people see it. */
export function rolloutViewOf(look: Look): RolloutView {
  const { stage, staging, standing, reports, swarm, crypto } = look;
  const places = swarm.livingAgents().map((agent) => waveIn(staging, agent, crypto));
  const waves = standing.waves.map(
    (wave, index): RolloutWaveView => ({
      percent: wave.percent,
      members: places.filter((place) => place === index).length,
      reportersMin: wave.reportersMin,
      healthy: wave.healthy,
      failed: wave.failed,
      state: waveState(look, index),
    }),
  );
  const { author, stream, version, manifest, wave, state, reason } = stage;
  const skewMs = skewOf(reports);
  return {
    author,
    stream,
    ...version,
    manifest,
    here: { wave, state },
    ...(reason === "" ? {} : { reason }),
    ...(standing.halted === undefined ? {} : { halted: standing.halted }),
    waves,
    failures: reports
      .filter(({ finding }) => finding === "failed")
      .map(({ agent, report }) => ({ agent, detail: report.report.detail })),
    ...(staging.barrier === undefined
      ? {}
      : {
          barrier: {
            word: standing.word,
            ready: standing.ready,
            readyMin: staging.barrier.readyMin,
            switched: reports.filter(({ finding }) => finding === "switched").length,
            ...(skewMs === undefined ? {} : { skewMs }),
          },
        }),
  };
}

function waveState({ stage, staging, standing, nowMs }: Look, index: number): RolloutWaveView["state"] {
  const wave = standing.waves[index];
  if (wave === undefined || !wave.isOpen) return standing.halted === undefined ? "waiting" : "halted";
  if (standing.halted !== undefined) return "halted";
  if (index < standing.lastOpen) return "done";
  const isLast = index === standing.waves.length - 1;
  if (wave.healthy >= wave.reportersMin && isLast) return "done";
  const openMs = nowMs - stage.openSinceMs;
  return openMs > (staging.rollout?.stallAfterMs ?? Number.POSITIVE_INFINITY) ? "stalled" : "open";
}

/** From the first to the last that switched, as their words arrived here; undefined where fewer than two did. */
function skewOf(reports: readonly HeldReport[]): number | undefined {
  const times = reports.filter(({ finding }) => finding === "switched").map(({ cameMs }) => cameMs);
  return times.length < 2 ? undefined : Math.max(...times) - Math.min(...times);
}
