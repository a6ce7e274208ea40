import type { Scenario } from "../scenarios/scenario.ts";
import type { Selection, Step } from "../scenarios/step.ts";

/** One agent in one place of one step: the smallest thing that can be left out of a scenario. */
export interface Fault {
  /** Index into the scenario's steps. */
  readonly step: number;
  readonly field: string;
  /** Of a field with several selections; 0 where it has one. */
  readonly place: number;
  readonly name: string;
}

/** Fields of steps whose selections may lose agents. To take away whom an eclipse leaves would make it worse. */
const reducibleFields = ["who", "to", "from", "by", "sides"];

/**
 * Steps that end what earlier ones began, and what that is. They stay: a network that is never healed violates what
 * is expected of a healed one, and shows nothing.
 */
const endsOf: ReadonlyMap<string, readonly string[]> = new Map([
  ["heal", ["partition", "cut", "eclipse"]],
  ["resume", ["pause"]],
  ["restart", ["kill", "powerOff", "churn"]],
]);

/** Steps that happen to the network as a whole, however many agents they name. */
const networkTypes: readonly string[] = ["partition", "cut", "eclipse"];

/**
 * The same scenario with every agent named: whom a share of the agents came to mean in one run. It then happens in
 * the same way, to the bit.
 */
export function concrete(scenario: Scenario, drawn: ReadonlyMap<Selection, readonly string[]>): Scenario {
  const steps = scenario.steps.flatMap((step) => {
    // Whoever was not drawn was not come to: the run ended before.
    const isDone = selectionsOf(step).every((selection) => "names" in selection || drawn.has(selection));
    return isDone ? [mapSelections(step, (selection) => called(selection, namesOf(selection, drawn)))] : [];
  });
  return { ...scenario, steps };
}

/** Everything that can be left out of a concrete scenario, in its order. */
export function faultsOf({ steps }: Scenario): readonly Fault[] {
  return steps.flatMap((step, index) => {
    if (endsOf.has(step.type)) return [];
    return reducible(step).flatMap(([field, selections]) =>
      selections.flatMap((selection, place) =>
        namesOf(selection).map((name) => ({ step: index, field, place, name })),
      ),
    );
  });
}

/** A concrete scenario with these of its faults alone. */
export function withFaults(scenario: Scenario, faults: readonly Fault[]): Scenario {
  const kept = new Set(faults.map(keyOf));
  const steps = scenario.steps.flatMap((step, index) => {
    if (endsOf.has(step.type)) return [step];
    const left = mapSelections(step, (selection, field, place) =>
      reducibleFields.includes(field)
        ? called(
            selection,
            namesOf(selection).filter((name) => kept.has(keyOf({ step: index, field, place, name }))),
          )
        : selection,
    );
    return isEmpty(left) ? [] : [withoutEmptySides(left)];
  });
  return { ...scenario, steps };
}

/** How many faults people would count: one for each agent that something happens to, one for a cut of the network. */
export function faultCount({ steps }: Scenario): number {
  let count = 0;
  for (const step of steps) {
    if (endsOf.has(step.type)) continue;
    count += networkTypes.includes(step.type) ? 1 : Math.max(1, namedBy(step).length);
  }
  return count;
}

/** Leaves out what ends nothing: steps for agents to which nothing of the kind happened before. */
export function tidied(scenario: Scenario): Scenario {
  const steps = scenario.steps.flatMap((step) => {
    const begun = endsOf.get(step.type);
    if (begun === undefined) return [step];
    const earlier = scenario.steps.filter(({ atMs, type }) => atMs <= step.atMs && begun.includes(type));
    if (step.type === "heal") return earlier.length > 0 ? [step] : [];
    const touched = new Set(earlier.flatMap((other) => namedBy(other)));
    const left = mapSelections(step, (selection) =>
      called(
        selection,
        namesOf(selection).filter((name) => touched.has(name)),
      ),
    );
    return isEmpty(left) ? [] : [left];
  });
  return { ...scenario, steps };
}

/** The agents that a concrete scenario names, in order of their numbers. */
export function namesIn({ steps }: Scenario): readonly string[] {
  return [...new Set(steps.flatMap((step) => namedBy(step)))].sort(
    (left, right) => numberOf(left) - numberOf(right),
  );
}

/** Whether a later step or an expectation may mean the agents of a step by this name. */
export function isCalled(step: Step, name: string): boolean {
  return selectionsOf(step).some((selection) => "as" in selection && selection.as === name);
}

/** How many agents of a concrete scenario end and never come back. */
export function goneCount({ steps }: Scenario): number {
  const gone = new Set<string>();
  for (const step of steps.toSorted((left, right) => left.atMs - right.atMs)) {
    if (step.type === "kill" || step.type === "powerOff") for (const name of namedBy(step)) gone.add(name);
    if (step.type === "restart") for (const name of namedBy(step)) gone.delete(name);
  }
  return gone.size;
}

/** The number of an agent in its world, from its name `agent-12`. */
export function numberOf(name: string): number {
  return Number(name.slice(name.lastIndexOf("-") + 1));
}

/** A concrete scenario with other agents in the places of these. */
export function renamed(scenario: Scenario, nameOf: (name: string) => string): Scenario {
  const steps = scenario.steps.map((step) =>
    mapSelections(step, (selection) => called(selection, namesOf(selection).map(nameOf))),
  );
  return { ...scenario, steps };
}

function keyOf({ step, field, place, name }: Fault): string {
  return `${step} ${field} ${place} ${name}`;
}

function namedBy(step: Step): readonly string[] {
  return selectionsOf(step).flatMap((selection) => namesOf(selection));
}

function selectionsOf(step: Step): readonly Selection[] {
  return Object.values(step).flatMap(selectionsIn);
}

function reducible(step: Step): readonly (readonly [field: string, selections: readonly Selection[]])[] {
  return Object.entries(step).flatMap(([field, value]) =>
    reducibleFields.includes(field) ? [[field, selectionsIn(value)] as const] : [],
  );
}

/** Changes every selection of a step, wherever it stands. */
function mapSelections(
  step: Step,
  change: (selection: Selection, field: string, place: number) => Selection,
): Step {
  const fields = Object.entries(step).map(([field, value]: [string, unknown]) => {
    if (isSelection(value)) return [field, change(value, field, 0)];
    if (Array.isArray(value) && value.length > 0 && value.every(isSelection)) {
      return [field, value.map((selection, place) => change(selection, field, place))];
    }
    return [field, value];
  });
  return Object.fromEntries(fields) as Step;
}

function selectionsIn(value: unknown): readonly Selection[] {
  if (isSelection(value)) return [value];
  return Array.isArray(value) ? value.filter(isSelection) : [];
}

function isSelection(value: unknown): value is Selection {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return ["named", "names", "percent", "count", "all"].some((key) => key in value);
}

function namesOf(selection: Selection, drawn?: ReadonlyMap<Selection, readonly string[]>): readonly string[] {
  if ("names" in selection) return selection.names;
  const names = drawn?.get(selection);
  if (names === undefined) throw new Error(`${JSON.stringify(selection)} was never drawn`);
  return names;
}

/** Other agents by the name of a selection, where it has one: an expectation may mean them by it. */
function called(selection: Selection, names: readonly string[]): Selection {
  const as = "as" in selection ? selection.as : undefined;
  return { names: [...names], ...(as === undefined ? {} : { as }) };
}

/** A selection of nobody: the step would do nothing. */
function isEmpty(step: Step): boolean {
  return reducible(step).some(([, selections]) =>
    selections.every((selection) => namesOf(selection).length === 0),
  );
}

function withoutEmptySides(step: Step): Step {
  if (!("sides" in step)) return step;
  const sides = selectionsIn(step.sides).filter((side) => namesOf(side).length > 0);
  return Object.assign({}, step, { sides });
}
