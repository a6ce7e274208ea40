import {
  type AgentId,
  type Crypto,
  compareText,
  compareVersions,
  type FragmentId,
  type StageGate,
  type Staging,
  type SwarmId,
  type VerifiedManifest,
  type VerifiedReport,
  type View,
} from "@antibody/policy";
import type { RolloutView } from "../contract/inspection.ts";
import type { Boot } from "../contract/mind.ts";
import type { JournalRecord } from "../contract/output.ts";
import type { Snapshot } from "../contract/snapshot.ts";
import { type MonotonicMs, NEVER, type Now } from "../contract/time.ts";
import type { Turn } from "../contract/turn.ts";
import { finishedList, nothing, RareMap } from "../keeping/rare.ts";
import { keep, recall } from "../keeping/snapshot.ts";
import type { Stages } from "../keeping/stages.ts";
import { reportsPerGenerationMax, stagesMax } from "../limits.ts";
import { brokenBefore } from "./excusing.ts";
import { type Standing, standingOf } from "./gates.ts";
import { rolloutViewOf } from "./inspecting.ts";
import { healthOf, isClaimOf } from "./judging.ts";
import { isActive, rollBack, waited, withOpenWaves } from "./moving.ts";
import type { StageDevice, StagedPolicy, StagePorts } from "./ports.ts";
import { Reports, type ReportsDump } from "./reports.ts";
import { say, saying } from "./saying.ts";
import {
  newStage,
  readStage,
  type Stage,
  type StoredStage,
  stageDeletion,
  stageRecord,
  waveIn,
} from "./stage.ts";
import { trialDeadline, tryOut } from "./trial.ts";

/** What rollouts need for life. */
export interface RolloutsOptions {
  readonly agent: AgentId;
  readonly swarm: SwarmId;
  readonly crypto: Pick<Crypto, "sha256">;
}

/** Version of the shape of a dump. */
const dumpVersion = 2;

interface RolloutsDump {
  readonly v: typeof dumpVersion;
  readonly stages: readonly Stage[];
  readonly stored: readonly StoredStage[];
  readonly reports: ReportsDump;
  readonly written: readonly WrittenReport[];
  readonly revision: number;
}

/** A report that is in the journal: who said it, and of what. At most `reportsPerGenerationMax` of a generation. */
interface WrittenReport {
  readonly id: FragmentId;
  readonly manifest: FragmentId;
  readonly agent: AgentId;
}

function written({ id, report }: VerifiedReport): WrittenReport {
  return { id, manifest: report.manifest, agent: report.agent };
}

/** Until healing has told. */
const untold: StageDevice = { phaseOf: () => undefined };

function reportKey(id: FragmentId): string {
  return `report/${id}`;
}

/**
 * The generations that come into force in stages: which of them may do so here, whether this device bears them, and
 * what members say of them. There is no coordinator: each agent counts for itself what was signed, and equal sets
 * lead to equal answers.
 */
export class Rollouts implements Stages {
  readonly #options: RolloutsOptions;
  #stages: RareMap<FragmentId, Stage> = RareMap.of();
  /** What the journal said of stages that were not met yet in this life. */
  #stored: RareMap<FragmentId, StoredStage> = RareMap.of();
  readonly reports: Reports;
  /** Reports in the journal, until their generation is gone. */
  #written: readonly WrittenReport[];
  /** Where each generation stands, and what it was counted from: most steps change nothing of it. */
  #standings: RareMap<FragmentId, { readonly basis: string; readonly standing: Standing }> = RareMap.of();
  #device: StageDevice = untold;
  /** Rises when the stages are to be looked at again. */
  revision: number;

  private constructor(options: RolloutsOptions, dump: Omit<RolloutsDump, "v" | "reports">, reports: Reports) {
    this.#options = options;
    for (const stage of dump.stages) this.#stages = this.#stages.with(stage.manifest, stage);
    for (const stored of dump.stored) this.#stored = this.#stored.with(stored.manifest, stored);
    this.reports = reports;
    this.#written = finishedList(dump.written);
    this.revision = dump.revision;
  }

  /** As the journal left them: what devices said that failed is counted again, before anybody has spoken. */
  static create(options: RolloutsOptions, { records, policies, reports = [] }: Boot): Rollouts {
    const stored = records.flatMap((record) => readStage(record) ?? []);
    const found = { stages: nothing, stored, written: reports.map(written), revision: 0 };
    const rollouts = new Rollouts(options, found, new Reports());
    const manifests = policies.filter((policy) => policy.type === "manifest");
    for (const report of reports) rollouts.#count(report, manifests, 0);
    return rollouts;
  }

  /** Rollouts as `dump` left them. Throws when the dump is of another version. */
  static restore(options: RolloutsOptions, snapshot: Snapshot): Rollouts {
    const dump = recall<RolloutsDump>(snapshot);
    if (dump.v !== dumpVersion)
      throw new Error(`rollouts of version ${dump.v}, this build reads ${dumpVersion}`);
    return new Rollouts(options, dump, new Reports(dump.reports));
  }

  dump(): Snapshot {
    const dump: RolloutsDump = {
      v: dumpVersion,
      stages: [...this.#stages.values()],
      stored: [...this.#stored.values()],
      reports: this.reports.dump(),
      written: this.#written,
      revision: this.revision,
    };
    return keep(dump);
  }

  /** Its bounded collections; none where nothing is in stages. */
  get queues(): readonly { readonly name: string; readonly length: number; readonly bound: number }[] {
    if (this.#stages.size === 0) return [];
    return [
      { name: "reports", length: this.reports.lengthMax, bound: reportsPerGenerationMax },
      { name: "stages", length: this.#stages.size, bound: stagesMax },
    ];
  }

  get count(): number {
    return this.#stages.size;
  }

  stageOf({ id }: VerifiedManifest): ReturnType<StageGate> {
    const stage = this.#stages.get(id);
    if (stage !== undefined) return stage.gate;
    const stored = this.#stored.get(id)?.state;
    return stored === undefined ? "waiting" : stored === "trial" ? "admitted" : "blocked";
  }

  begin(manifest: VerifiedManifest, before: View, after: View, turn: Turn): readonly JournalRecord[] {
    const stage = this.#stageOn(manifest, turn);
    const isOf = isClaimOf(stage);
    const excused = brokenBefore(before, after, isOf, this.#device);
    const tried: Stage = {
      ...stage,
      state: "trial",
      gate: "admitted",
      trialSinceMs: turn.now.monoMs,
      wholeSinceMs: NEVER,
      starts: stage.starts + 1,
      excused,
      due: manifest.manifest.staging?.barrier === undefined ? stage.due : saying(stage, "switched", ""),
    };
    this.#stages = this.#stages.with(manifest.id, tried);
    this.revision += 1;
    return [stageRecord(tried)];
  }

  /** Takes a member's report; of a generation that is not known here it is left to anti-entropy. */
  accept(report: VerifiedReport, policy: StagedPolicy, turn: Turn): void {
    if (!this.#count(report, policy.staged(), turn.now.monoMs)) return;
    // Enough failures halt a generation for good: also where all devices lose power together.
    if (report.report.finding === "failed") this.#write(report, turn);
  }

  /** One of each member: however often it says so, it counts once. */
  #write(report: VerifiedReport, turn: Turn): void {
    const made = written(report);
    const same = this.#written.filter(({ manifest }) => manifest === made.manifest);
    if (same.length >= reportsPerGenerationMax || same.some(({ agent }) => agent === made.agent)) return;
    this.#written = [...this.#written, made];
    const records = [{ key: reportKey(report.id), value: report.bytes }];
    turn.emit({ type: "persist", durability: "sync", records });
  }

  /** True when it is new here, and about one of these generations. */
  #count(report: VerifiedReport, manifests: readonly VerifiedManifest[], nowMs: MonotonicMs): boolean {
    if (this.reports.isSettled(report.id)) return false;
    const { agent, finding, manifest: about, author, stream, epoch, generation } = report.report;
    const manifest = manifests.find(({ id }) => id === about);
    if (manifest === undefined) return false;
    const named = manifest.manifest;
    const isAbout =
      author === manifest.author &&
      stream === named.stream &&
      epoch === named.epoch &&
      generation === named.generation;
    if (!isAbout) {
      this.reports.refuse(report.id);
      return false;
    }
    const wave = waveIn(named.staging, agent, this.#options.crypto);
    if (!this.reports.add({ report, agent, wave, finding, cameMs: nowMs })) return false;
    this.revision += 1;
    return true;
  }

  /** This agent's own report has been signed: it is everyone's. */
  signed(report: VerifiedReport, policy: StagedPolicy, turn: Turn): void {
    this.accept(report, policy, turn);
    turn.emit({ type: "publishPolicy", bytes: report.bytes });
  }

  /** A deadline has come. */
  wake(): void {
    this.revision += 1;
  }

  /** When the stages are to be looked at again though nothing has changed; NEVER when that is not needed. */
  deadlineIn(policy: StagedPolicy): MonotonicMs {
    let earliest = this.reports.settleMs;
    if (this.#stages.size === 0) return earliest;
    for (const { id, manifest } of policy.staged()) {
      const stage = this.#stages.get(id);
      if (stage === undefined || manifest.staging === undefined) continue;
      if (stage.state === "trial" && isActive(policy.current, stage))
        earliest = Math.min(earliest, trialDeadline(stage, manifest.staging));
      earliest = Math.min(earliest, stage.due?.atMs ?? NEVER);
    }
    return earliest;
  }

  /** Looks at every stage again. True when the view is to be made anew. */
  refresh(ports: StagePorts, turn: Turn): boolean {
    this.#device = ports.device;
    this.reports.settle(turn.now.monoMs);
    const staged = ports.policy.staged();
    if (staged.length === 0 && this.#stages.size === 0 && this.#written.length === 0) return false;
    this.#forgetGone(staged, turn);
    let hasMoved = false;
    for (const manifest of staged.slice(0, stagesMax)) {
      const gate = this.stageOf(manifest);
      const after = this.#look(this.#stageOn(manifest, turn), manifest, ports, turn);
      this.#stages = this.#stages.with(
        manifest.id,
        say(after, manifest, this.reports.on(manifest.id), this.#options, ports, turn),
      );
      hasMoved ||= gate !== after.gate;
    }
    return hasMoved;
  }

  inspect(ports: Pick<StagePorts, "policy" | "swarm">, { monoMs: nowMs }: Now): readonly RolloutView[] {
    const newestFirst = ports.policy
      .staged()
      .toSorted((left, right) => compareVersions(right.manifest, left.manifest));
    return newestFirst.flatMap((manifest): RolloutView[] => {
      const stage = this.#stages.get(manifest.id);
      const { staging } = manifest.manifest;
      if (stage === undefined || staging === undefined) return [];
      const standing = this.#standingOf(manifest, staging, ports);
      const reports = this.reports.on(manifest.id);
      const { agent, crypto } = this.#options;
      return [rolloutViewOf({ stage, staging, standing, reports, swarm: ports.swarm, agent, crypto, nowMs })];
    });
  }

  #stageOn(manifest: VerifiedManifest, turn: Turn): Stage {
    const known = this.#stages.get(manifest.id);
    if (known !== undefined) return known;
    const { agent, crypto } = this.#options;
    return newStage(manifest, this.#stored.get(manifest.id), agent, crypto, turn.now.monoMs);
  }

  #forgetGone(staged: readonly VerifiedManifest[], turn: Turn): void {
    const there = new Set(staged.map(({ id }) => id));
    const gone = [...this.#stages.keys()].filter((id) => !there.has(id)).sort(compareText);
    const unread = this.#written.filter(({ manifest }) => !there.has(manifest));
    if (gone.length === 0 && unread.length === 0) return;
    const forgotten = unread.map(({ id }) => ({ key: reportKey(id), value: null }));
    turn.emit({
      type: "persist",
      durability: "batched",
      records: [...gone.map(stageDeletion), ...forgotten],
    });
    this.#written = finishedList(this.#written.filter(({ manifest }) => there.has(manifest)));
    for (const id of gone) {
      this.#stages.delete(id);
      this.#stored.delete(id);
      this.#standings.delete(id);
      this.reports.drop(id);
    }
  }

  #standingOf(
    { id }: VerifiedManifest,
    staging: Staging,
    { policy, swarm }: Pick<StagePorts, "policy" | "swarm">,
  ): Standing {
    const directives = policy.directivesOn(id);
    const basis = `${this.reports.revision}/${directives.length}/${swarm.evictedCount}`;
    const known = this.#standings.get(id);
    if (known?.basis === basis) return known.standing;
    const reports = this.reports.on(id).filter(({ agent }) => swarm.isMember(agent));
    const standing = standingOf(staging, directives, reports);
    this.#standings = this.#standings.with(id, { basis, standing });
    return standing;
  }

  /** What becomes of one stage, by what is known now. */
  #look(stage: Stage, manifest: VerifiedManifest, ports: StagePorts, turn: Turn): Stage {
    const { staging } = manifest.manifest;
    if (staging === undefined) throw new Error(`${manifest.id} is staged without a staging`);
    const standing = this.#standingOf(manifest, staging, ports);
    const opened = withOpenWaves(stage, standing, turn);
    if (ports.policy.isProven(manifest)) return { ...opened, state: "proven", gate: "admitted" };
    switch (stage.state) {
      case "blocked":
      case "proven":
        return opened;
      case "waiting":
        return waited(opened, staging, standing);
      case "trial": {
        if (standing.halted !== undefined) return rollBack(opened, `halted: ${standing.halted}`, turn);
        return isActive(ports.policy.current, stage) ? this.#judge(opened, manifest, ports, turn) : opened;
      }
      default:
        throw new Error(`unknown state ${stage.state satisfies never}`);
    }
  }

  #judge(stage: Stage, manifest: VerifiedManifest, { policy, device }: StagePorts, turn: Turn): Stage {
    const isOf = isClaimOf(stage);
    const excused = new Set(stage.excused);
    const health = healthOf(policy.current, (claim) => isOf(claim) && !excused.has(claim.resource), device);
    const verdict = tryOut(stage, manifest.manifest.staging as Staging, health, turn.now.monoMs);
    switch (verdict.type) {
      case "goesOn":
        return verdict.stage;
      case "failed": {
        const back = rollBack(stage, verdict.reason, turn);
        return { ...back, due: saying(back, "failed", verdict.reason) };
      }
      case "proven":
        policy.prove(manifest, [stageDeletion(manifest.id)], turn);
        return { ...stage, state: "proven", gate: "admitted" };
      default:
        throw new Error(`unknown verdict ${verdict satisfies never}`);
    }
  }
}
