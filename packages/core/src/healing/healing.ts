import type { ResourceId, View } from "@antibody/policy";
import type { Input } from "../contract/input.ts";
import type { Incident, ResourcePhase } from "../contract/inspection.ts";
import type { ActionId, JournalRecord } from "../contract/output.ts";
import type { Snapshot } from "../contract/snapshot.ts";
import type { MonotonicMs } from "../contract/time.ts";
import type { Turn } from "../contract/turn.ts";
import { DeadlinesByKind } from "../keeping/deadlinesByKind.ts";
import { finished, finishedSet, RareMap, RareSet } from "../keeping/rare.ts";
import { keep, recall } from "../keeping/snapshot.ts";
import { MapStore } from "../keeping/store.ts";
import { typesByKind } from "../resources/byKind.ts";
import { KeyedContext } from "../resources/parts/digest.ts";
import type { Disturbance, Turns } from "../roles/disturbing.ts";
import { Actions } from "./actions.ts";
import { Budget, type BudgetLevel } from "./budget.ts";
import { command, endPause, type HealingCommand } from "./commanding.ts";
import { decide, decideReady } from "./deciding.ts";
import { Waiting } from "./dependencies.ts";
import { desire, hold, isReleasing } from "./desiring.ts";
import { noteDisputes } from "./disputing.ts";
import { ended } from "./ending.ts";
import { Incidents } from "./incidents.ts";
import { type HealingInspection, inspectHealing } from "./inspecting.ts";
import { look, scheduleLook } from "./looking.ts";
import { observed, unobservable } from "./observing.ts";
import {
  type DeadlineKind,
  deadlineKinds,
  type HealingOptions,
  type HeldRoles,
  type Parts,
} from "./parts.ts";
import { Pauses, type PauseTarget } from "./pauses.ts";
import { enter } from "./phases.ts";
import { pendingRefreshes } from "./refreshing.ts";
import { rivalFound } from "./rivals.ts";
import type { ResourceState } from "./state.ts";
import { allow, disturbances } from "./turns.ts";

/** What healing takes of the mind's inputs. */
export type HealingInput = Extract<
  Input,
  { readonly type: "observed" | "unobservable" | "rival" | "progress" | "outcome" | "wake" }
>;

/** Version of the shape of a dump. */
const dumpVersion = 2;

interface HealingDump {
  readonly v: typeof dumpVersion;
  readonly states: readonly ResourceState[];
  readonly actions: Snapshot;
  readonly pauses: Snapshot;
  readonly incidents: readonly Incident[];
  readonly deadlines: readonly (readonly [string, MonotonicMs])[];
  readonly waiting: readonly (readonly [ResourceId, ResourceId])[];
  readonly awaitingDanger: readonly ResourceId[];
  readonly budget: BudgetLevel | undefined;
  readonly budgetTold: boolean;
  readonly asking: readonly (readonly [ResourceId, readonly ResourceId[]])[];
  readonly turns: readonly ResourceId[];
  readonly turnsBecause: readonly (readonly [ResourceId, string])[];
  readonly refreshes: readonly (readonly [ResourceId, ResourceId])[];
  readonly liveWatches: number;
  readonly heldRoles: readonly (readonly [ResourceId, number | undefined])[];
  readonly beyondBound: number;
  readonly begun: boolean;
  readonly stopping: boolean;
  readonly revision: number;
}

/**
 * The control loop over the resources of one device: what is observed is held against what is promised, and what
 * has drifted is repaired, looked at again, and repaired later or given to a human when that fails. Level-
 * triggered: an event only says when to look. Every input costs O(log n) in the number of resources.
 */
export class Healing {
  readonly #parts: Parts;

  private constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Healing as the journal left it: pauses, incidents, and intents whose outcome nobody knows. */
  static create(options: HealingOptions, records: readonly JournalRecord[]): Healing {
    return new Healing({
      ...fixedParts(options),
      states: new MapStore(),
      actions: Actions.create(options.boot, options.settings.actionsMax, records),
      pauses: Pauses.create(records),
      incidents: Incidents.create(options, records),
      deadlines: new DeadlinesByKind(deadlineKinds),
      waiting: new Waiting(),
      awaitingDanger: RareSet.of(),
      budget: new Budget(options.settings, undefined),
      budgetTold: false,
      asking: RareMap.of(),
      turns: finishedSet(new Set()),
      turnsBecause: finished(new Map()),
      refreshes: pendingRefreshes(records),
      reconsider: RareSet.of(),
      liveWatches: 0,
      heldRoles: finished(new Map()),
      releasing: RareSet.of(),
      beyondBound: 0,
      begun: false,
      stopping: false,
      revision: 0,
    });
  }

  /** Healing as `dump` left it. Throws when the dump is of another version. */
  static restore(options: HealingOptions, snapshot: Snapshot): Healing {
    const dump = recall<HealingDump>(snapshot);
    if (dump.v !== dumpVersion)
      throw new Error(`healing of version ${dump.v}, this build reads ${dumpVersion}`);
    const releasing = dump.states.filter(({ duty, plan }) => duty === "standBy" && plan !== undefined);
    return new Healing({
      ...fixedParts(options),
      awaitingDanger: RareSet.of(dump.awaitingDanger),
      budget: new Budget(options.settings, dump.budget),
      budgetTold: dump.budgetTold,
      asking: RareMap.of(dump.asking),
      turns: finishedSet(new Set(dump.turns)),
      turnsBecause: finished(new Map(dump.turnsBecause)),
      refreshes: RareMap.of(dump.refreshes),
      states: new MapStore(dump.states.map((state) => [state.resource, { ...state }])),
      actions: Actions.restore(options.boot, options.settings.actionsMax, dump.actions),
      pauses: Pauses.restore(dump.pauses),
      incidents: new Incidents(options, dump.incidents),
      deadlines: new DeadlinesByKind(deadlineKinds, dump.deadlines),
      waiting: new Waiting(dump.waiting),
      reconsider: RareSet.of(),
      liveWatches: dump.liveWatches,
      heldRoles: finished(new Map(dump.heldRoles)),
      releasing: RareSet.of(releasing.map(({ resource }) => resource)),
      beyondBound: dump.beyondBound,
      begun: dump.begun,
      stopping: dump.stopping,
      revision: dump.revision,
    });
  }

  dump(): Snapshot {
    const parts = this.#parts;
    const dump: HealingDump = {
      v: dumpVersion,
      // The values in a state never change, so that a copy of its fields is a copy of all.
      states: [...parts.states.entries()].map(([, state]) => ({ ...state })),
      actions: parts.actions.dump(),
      pauses: parts.pauses.dump(),
      incidents: parts.incidents.list(),
      deadlines: parts.deadlines.entries(),
      waiting: parts.waiting.entries(),
      awaitingDanger: [...parts.awaitingDanger],
      budget: parts.budget.dump(),
      budgetTold: parts.budgetTold,
      asking: [...parts.asking],
      turns: [...parts.turns],
      turnsBecause: [...parts.turnsBecause],
      refreshes: [...parts.refreshes],
      liveWatches: parts.liveWatches,
      heldRoles: [...parts.heldRoles],
      beyondBound: parts.beyondBound,
      begun: parts.begun,
      stopping: parts.stopping,
      revision: parts.revision,
    };
    return keep(dump);
  }

  /** When healing wants to be woken at the latest; NEVER when it waits for no time. */
  get deadline(): MonotonicMs {
    return this.#parts.deadlines.earliest();
  }

  /** Rises when the phase of any resource changes. */
  get revision(): number {
    return this.#parts.revision;
  }

  /** No action runs. */
  get idle(): boolean {
    return this.#parts.actions.runningCount === 0;
  }

  phaseOf(resource: ResourceId): ResourcePhase | undefined {
    return this.#parts.states.get(resource)?.phase;
  }

  inspect(): HealingInspection {
    return inspectHealing(this.#parts);
  }

  /** Takes up a new desired state. Also to be called once at start, whatever the view: it settles old intents. */
  desire(view: View, turn: Turn): void {
    this.#begin(turn);
    desire(this.#parts, view, turn);
    noteDisputes(this.#parts.incidents, view, turn);
    decideReady(this.#parts, turn);
  }

  /** Takes up the roles that are held here: what goes with them is kept, and what goes with others stands by. */
  hold(roles: HeldRoles, turn: Turn): void {
    const { heldRoles } = this.#parts;
    const isSame = [...roles].every(([role, epoch]) => heldRoles.has(role) && heldRoles.get(role) === epoch);
    if (isSame && roles.size === heldRoles.size) return;
    hold(this.#parts, roles, turn);
    decideReady(this.#parts, turn);
  }

  /** Whether something that went with a role is still there, though the role is not held. */
  isReleasing(role: ResourceId): boolean {
    return isReleasing(this.#parts, role);
  }

  /** What repairs want of roles that they disturb, in the order of roles. */
  disturbances(): readonly Disturbance[] {
    return disturbances(this.#parts);
  }

  /** Takes up which roles may be disturbed now. */
  allow({ turns, because }: Turns, turn: Turn): void {
    allow(this.#parts, turns, because);
    decideReady(this.#parts, turn);
  }

  /** Takes in what the body saw and did, and what came due. */
  handle(input: HealingInput, turn: Turn): void {
    this.#begin(turn);
    const parts = this.#parts;
    switch (input.type) {
      case "observed":
        observed(parts, input.resource, input.observation, turn);
        break;
      case "unobservable":
        unobservable(parts, input.resource, input.failure, turn);
        break;
      case "rival": {
        const state = parts.states.get(input.resource);
        if (state !== undefined) rivalFound(parts, state, input.rival, turn);
        break;
      }
      case "progress":
        parts.actions.progress(input.action, input.step, input.of, input.note, turn);
        break;
      case "outcome":
        ended(parts, input.action, input.result, turn);
        break;
      case "wake":
        this.#wake(turn);
        break;
      default:
        throw new Error(`unknown input ${input satisfies never}`);
    }
    decideReady(parts, turn);
  }

  /** Obeys a command of the owner and replies to it. */
  command(input: { readonly id: string; readonly command: HealingCommand }, turn: Turn): void {
    this.#begin(turn);
    command(this.#parts, input.id, input.command, turn);
    decideReady(this.#parts, turn);
  }

  /** The first step tells the time, by which pauses found in the journal go on. */
  #begin(turn: Turn): void {
    const parts = this.#parts;
    if (parts.begun) return;
    parts.begun = true;
    for (const { target, untilMs } of parts.pauses.begin(turn)) {
      parts.deadlines.set("pause", target, untilMs);
    }
  }

  #wake(turn: Turn): void {
    for (;;) {
      const due = this.#parts.deadlines.takeDue(turn.now.monoMs);
      if (due === undefined) return;
      this.#due(...due, turn);
    }
  }

  #due(what: DeadlineKind, name: string, turn: Turn): void {
    const parts = this.#parts;
    switch (what) {
      case "act":
        parts.actions.cancel(name as ActionId, parts.stopping ? "stopping" : "deadline", turn);
        return;
      case "pause":
        endPause(parts, name as PauseTarget, "expired", turn);
        return;
      case "look":
      case "hold":
      case "retry": {
        const state = parts.states.get(name as ResourceId);
        if (state === undefined || parts.stopping) return;
        if (what === "look") this.#sweep(state, turn);
        else if (what === "hold") this.#release(state, turn);
        else this.#retry(state, turn);
        return;
      }
      default:
        throw new Error(`unknown deadline ${what satisfies never}`);
    }
  }

  #sweep(state: ResourceState, turn: Turn): void {
    look(this.#parts, state, turn);
    scheduleLook(this.#parts, state, "next", turn);
  }

  /** What held a repair back may be over: it is looked at again, since nothing was done for a while. */
  #release(state: ResourceState, turn: Turn): void {
    if (state.duty === "keep" && state.drift !== undefined) look(this.#parts, state, turn);
    else decide(this.#parts, state, "stale", turn);
  }

  /** A wait is over. What is then done depends on what is then seen. */
  #retry(state: ResourceState, turn: Turn): void {
    state.retryMs = undefined;
    if (state.duty !== "keep") {
      decide(this.#parts, state, "stale", turn);
      return;
    }
    look(this.#parts, state, turn);
    enter(this.#parts, state, state.phase, "the wait is over; looks again first", turn);
  }
}

function fixedParts(options: HealingOptions): Pick<Parts, "settings" | "types" | "context"> {
  const { settings, resourceTypes, crypto, digestKey } = options;
  return {
    settings,
    types: typesByKind(resourceTypes),
    context: new KeyedContext(crypto, digestKey),
  };
}
