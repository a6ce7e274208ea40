import type { PromiseInForce, ResourceId, ResourcePromise } from "@antibody/policy";
import type { ActionId, JournalRecord } from "../contract/output.ts";
import type { Plan } from "../contract/resource.ts";
import type { Snapshot } from "../contract/snapshot.ts";
import type { MonotonicMs, WallMs } from "../contract/time.ts";
import type { Turn } from "../contract/turn.ts";
import { finishedList, nothing, RareMap } from "../keeping/rare.ts";
import { keep, recall } from "../keeping/snapshot.ts";

/** Where intents stand in the journal. */
const intentPrefix = "intent/";

/** Why a running action was told to end. */
export type CancelReason =
  /** It took longer than its plan allows. */
  | "deadline"
  /** The owner asked for it. */
  | "owner"
  /** What it works for is not promised any more. */
  | "superseded"
  /** The agent ends. */
  | "stopping";

/** An action that the body has been told to do and has not reported the end of. Replaced, never changed. */
export interface RunningAction {
  readonly id: ActionId;
  readonly resource: ResourceId;
  readonly plan: Plan;
  /** It undoes a withdrawn promise. */
  readonly reversal: boolean;
  readonly startedMs: MonotonicMs;
  readonly wallMs: WallMs;
  readonly deadlineMs: MonotonicMs;
  readonly step: number;
  readonly of: number;
  readonly note: string;
  readonly progressMs: MonotonicMs;
  readonly canceled?: CancelReason;
  /** What it works for is not promised any more: however it ends, that is neither success nor failure. */
  readonly superseded?: true;
}

/** What stands in the journal while an action runs. */
interface Intent {
  readonly v: 1;
  readonly resource: ResourceId;
  readonly verb: string;
  readonly wallMs: WallMs;
  /** What was withdrawn, when the action undoes it: after a restart nobody else remembers. */
  readonly withdrawn?: PromiseInForce;
}

/** An intent that the journal still held when the agent started: its action may have been done, in part, or not. */
export interface InterruptedIntent extends Intent {
  readonly action: ActionId;
}

interface ActionsDump {
  readonly last: number;
  readonly running: readonly RunningAction[];
  readonly queue: readonly (readonly [ResourceId, number])[];
  readonly interrupted: readonly InterruptedIntent[];
}

/**
 * The actions of one device: their ids, their intents in the journal, and how many may run at once. An action
 * beyond its deadline has been canceled and gives up its place, so that a stuck one never stops the others.
 */
export class Actions {
  readonly #boot: number;
  readonly #actionsMax: number;
  #running: RareMap<ActionId, RunningAction> = RareMap.of();
  /** Resources whose repair waits for a place, by priority; of one priority first come first served. */
  #queue: RareMap<number, Set<ResourceId>> = RareMap.of();
  #priorities: RareMap<ResourceId, number> = RareMap.of();
  #interrupted: readonly InterruptedIntent[] = nothing;
  #overdue = 0;
  #last = 0;

  constructor(boot: number, actionsMax: number) {
    this.#boot = boot;
    this.#actionsMax = actionsMax;
  }

  static create(boot: number, actionsMax: number, records: readonly JournalRecord[]): Actions {
    const actions = new Actions(boot, actionsMax);
    const intents = records.filter(({ key }) => key.startsWith(intentPrefix));
    const interrupted = intents.map(({ key, value }): InterruptedIntent => {
      return { action: key.slice(intentPrefix.length) as ActionId, ...recall<Intent>(value) };
    });
    actions.#interrupted = finishedList(
      interrupted.sort((left, right) => (left.action < right.action ? -1 : 1)),
    );
    return actions;
  }

  static restore(boot: number, actionsMax: number, snapshot: Snapshot): Actions {
    const dump = recall<ActionsDump>(snapshot);
    const actions = new Actions(boot, actionsMax);
    actions.#last = dump.last;
    for (const action of dump.running) {
      actions.#running = actions.#running.with(action.id, action);
      if (action.canceled === "deadline") actions.#overdue += 1;
    }
    for (const [resource, priority] of dump.queue) actions.enqueue(resource, priority);
    actions.#interrupted = finishedList(dump.interrupted);
    return actions;
  }

  dump(): Snapshot {
    const dump: ActionsDump = {
      last: this.#last,
      running: [...this.#running.values()],
      queue: [...this.#priorities],
      interrupted: [...this.#interrupted],
    };
    return keep(dump);
  }

  get runningCount(): number {
    return this.#running.size;
  }

  /** Places taken of `actionsMax`. */
  get placesTaken(): number {
    return this.#running.size - this.#overdue;
  }

  get hasPlace(): boolean {
    return this.placesTaken < this.#actionsMax;
  }

  get queueLength(): number {
    return this.#priorities.size;
  }

  get(id: ActionId): RunningAction | undefined {
    return this.#running.get(id);
  }

  running(): readonly RunningAction[] {
    return [...this.#running.values()];
  }

  enqueue(resource: ResourceId, priority: number): void {
    this.dequeue(resource);
    this.#priorities = this.#priorities.with(resource, priority);
    const waiting = this.#queue.get(priority);
    if (waiting === undefined) this.#queue = this.#queue.with(priority, new Set([resource]));
    else waiting.add(resource);
  }

  dequeue(resource: ResourceId): void {
    const priority = this.#priorities.get(resource);
    if (priority === undefined) return;
    this.#priorities.delete(resource);
    const waiting = this.#queue.get(priority);
    waiting?.delete(resource);
    if (waiting?.size === 0) this.#queue.delete(priority);
  }

  /** Of the resources of the highest priority the one that has waited longest for a place; it waits no more. */
  takeQueued(): ResourceId | undefined {
    if (this.#priorities.size === 0) return undefined;
    const highest = Math.max(...this.#queue.keys());
    const [first] = this.#queue.get(highest) ?? [];
    if (first !== undefined) this.dequeue(first);
    return first;
  }

  /** Writes the intent down and tells the body to act. `withdrawn` is what a reversal undoes. */
  start(
    resource: ResourceId,
    promise: ResourcePromise,
    plan: Plan,
    withdrawn: PromiseInForce | undefined,
    turn: Turn,
  ): RunningAction {
    this.#last += 1;
    const { monoMs, wallMs } = turn.now;
    const action: RunningAction = {
      id: `${this.#boot}-${this.#last}`,
      resource,
      plan,
      reversal: withdrawn !== undefined,
      startedMs: monoMs,
      wallMs,
      deadlineMs: monoMs + plan.timeoutMs,
      step: 0,
      of: 0,
      note: "",
      progressMs: monoMs,
    };
    this.#running = this.#running.with(action.id, action);
    const intent: Intent = { v: 1, resource, verb: plan.verb, wallMs, ...(withdrawn && { withdrawn }) };
    turn.emit({
      type: "persist",
      // What cannot be done twice must be known to have been begun, whatever happens to the power.
      durability: plan.idempotent ? "batched" : "sync",
      records: [{ key: `${intentPrefix}${action.id}`, value: keep(intent) }],
    });
    turn.emit({ type: "act", action: action.id, resource, promise, plan });
    return action;
  }

  progress(id: ActionId, step: number, of: number, note: string, turn: Turn): void {
    const action = this.#running.get(id);
    if (action === undefined) return;
    this.#running = this.#running.with(id, { ...action, step, of, note, progressMs: turn.now.monoMs });
  }

  /** Tells the body to end an action; its outcome is still to come. Only the first reason counts. */
  cancel(id: ActionId, reason: CancelReason, turn: Turn): void {
    const action = this.#running.get(id);
    if (action === undefined || action.canceled !== undefined) return;
    this.#running = this.#running.with(id, { ...action, canceled: reason });
    if (reason === "deadline") this.#overdue += 1;
    turn.emit({ type: "cancel", action: id });
  }

  /** Cancels an action whose purpose is gone, be it canceled already or not. */
  supersede(id: ActionId, turn: Turn): void {
    this.cancel(id, "superseded", turn);
    const action = this.#running.get(id);
    if (action !== undefined) this.#running = this.#running.with(id, { ...action, superseded: true });
  }

  /** Takes an ended action off the books, and its intent out of the journal; undefined for an unknown id. */
  finish(id: ActionId, turn: Turn): RunningAction | undefined {
    const action = this.#running.get(id);
    if (action === undefined) return undefined;
    this.#running.delete(id);
    if (this.#running.size === 0) this.#running = RareMap.of();
    if (action.canceled === "deadline") this.#overdue -= 1;
    forgetIntents([id], turn);
    return action;
  }

  /** Intents found at start, of the resources for which `belongs` holds; they are not told again. */
  takeInterrupted(belongs: (intent: InterruptedIntent) => boolean): readonly InterruptedIntent[] {
    if (this.#interrupted.length === 0) return [];
    const taken = this.#interrupted.filter(belongs);
    if (taken.length > 0)
      this.#interrupted = finishedList(this.#interrupted.filter((intent) => !belongs(intent)));
    return taken;
  }
}

/** Whose actions the end of the last run interrupted, by the journal: the body may have left something half-done. */
export function interruptedResources(records: readonly JournalRecord[]): readonly ResourceId[] {
  const intents = records.filter(({ key }) => key.startsWith(intentPrefix));
  return [...new Set(intents.map(({ value }) => recall<Intent>(value).resource))];
}

/** Deletes the intents of actions that are over. */
export function forgetIntents(actions: readonly ActionId[], turn: Turn): void {
  if (actions.length === 0) return;
  const records = actions.map((action): JournalRecord => ({ key: `${intentPrefix}${action}`, value: null }));
  turn.emit({ type: "persist", durability: "batched", records });
}
