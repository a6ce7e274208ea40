import { resourceTypes } from "@antibody/core";
import { isGlob, parseResourceId } from "@antibody/policy";
import { defaultTimes } from "../device/times.ts";
import { localLinks } from "../network/links.ts";
import type { Expectation, Scenario, ScenarioBundle } from "./scenario.ts";
import type { ScenarioFault } from "./scenarioFault.ts";
import type { Selection, Step } from "./step.ts";

/**
 * What a scenario of the right shape says that cannot be: steps after its end, names of nothing, promises that no
 * device keeps.
 */
export function meaningFaults(scenario: Scenario): readonly ScenarioFault[] {
  const bundles = scenario.bundles ?? [];
  return [
    ...rangeFaults({ ...localLinks, ...scenario.links }, "links", "latencyUsMin", "latencyUsMax"),
    ...rangeFaults({ ...defaultTimes, ...scenario.devices }, "devices", "actUsMin", "actUsMax"),
    ...bundles.flatMap((bundle, index) => bundleFaults(bundle, index, bundles)),
    ...stepFaults(scenario),
    ...scenario.expectations.flatMap((expectation, index) => expectationFaults(expectation, index, scenario)),
  ];
}

function rangeFaults<Field extends string>(
  model: { readonly [Name in Field]: number },
  part: string,
  low: Field,
  high: Field,
): readonly ScenarioFault[] {
  if (model[low] <= model[high]) return [];
  return [{ path: [part], message: `${low} is ${model[low]}, above ${high}, which is ${model[high]}` }];
}

function bundleFaults(
  { stream, documents, scope }: ScenarioBundle,
  index: number,
  bundles: readonly ScenarioBundle[],
): readonly ScenarioFault[] {
  const path = ["bundles", String(index)];
  const isDouble = bundles.findIndex((other) => other.stream === stream) !== index;
  return [
    ...(isDouble ? [{ path: [...path, "stream"], message: `another bundle is ${stream} already` }] : []),
    ...scope.flatMap((glob, at) =>
      isGlob(glob)
        ? []
        : [{ path: [...path, "scope", String(at)], message: `${glob} is no glob, such as file:/etc/**` }],
    ),
    ...documents.flatMap(({ promises }, at) =>
      Object.keys(promises).flatMap((resource) =>
        promiseFaults(promises, resource).map((fault) => ({
          ...fault,
          path: [...path, "documents", String(at), "promises", resource, ...fault.path],
        })),
      ),
    ),
  ];
}

function promiseFaults(
  promises: ScenarioBundle["documents"][number]["promises"],
  resource: string,
): readonly ScenarioFault[] {
  const parts = parseResourceId(resource);
  if (parts === undefined)
    return [{ path: [], message: `${resource} is no resource, such as file:/etc/motd` }];
  const type = resourceTypes.find(({ kind }) => kind === parts.kind);
  const kinds = resourceTypes.map(({ kind }) => kind).join(", ");
  if (type === undefined)
    return [{ path: [], message: `there is no resource type ${parts.kind}: expected one of ${kinds}` }];
  return type.check(parts.name, promises[resource] ?? {});
}

/** Steps in the order of their time: a selection has a name from the step on that made it. */
function stepFaults({ steps, durationMs, bundles = [], agents }: Scenario): readonly ScenarioFault[] {
  const named = new Set<string>();
  const order = steps.map((step, index) => ({ step, index })).sort((a, b) => a.step.atMs - b.step.atMs);
  return order.flatMap(({ step, index }) => {
    const path = ["steps", String(index)];
    const faults: ScenarioFault[] = [];
    if (step.atMs > durationMs)
      faults.push({ path: [...path, "atMs"], message: `after the end, which is at ${durationMs}` });
    for (const { selection, at } of selectionsOf(step)) {
      const unknown = "named" in selection && !named.has(selection.named);
      if (unknown)
        faults.push({ path: [...path, ...at], message: `no step before has named ${selection.named}` });
      if ("count" in selection && selection.count > agents)
        faults.push({ path: [...path, ...at, "count"], message: `expected at most the ${agents} agents` });
      if ("as" in selection && selection.as !== undefined) named.add(selection.as);
    }
    if (step.type === "publish" || step.type === "replayPolicy")
      faults.push(...bundleNameFaults(path, step.bundle, bundles));
    return faults;
  });
}

function selectionsOf(
  step: Step,
): readonly { readonly selection: Selection; readonly at: readonly string[] }[] {
  switch (step.type) {
    case "publish":
      return [{ selection: step.to, at: ["to"] }];
    case "replayPolicy":
      return [{ selection: step.by, at: ["by"] }];
    case "partition":
      return step.sides.map((selection, index) => ({ selection, at: ["sides", String(index)] }));
    case "cut":
      return [
        { selection: step.from, at: ["from"] },
        { selection: step.to, at: ["to"] },
      ];
    case "eclipse":
      return [
        { selection: step.who, at: ["who"] },
        { selection: step.peers, at: ["peers"] },
      ];
    case "heal":
      return [];
    case "kill":
    case "powerOff":
    case "restart":
    case "pause":
    case "resume":
    case "churn":
    case "loss":
    case "latency":
    case "slow":
    case "clock":
    case "damage":
    case "defect":
    case "fight":
    case "corrupt":
      return [{ selection: step.who, at: ["who"] }];
    default:
      throw new Error(`unknown step ${step satisfies never}`);
  }
}

function expectationFaults(
  expectation: Expectation,
  index: number,
  { steps, durationMs, bundles = [] }: Scenario,
): readonly ScenarioFault[] {
  const path = ["expectations", String(index)];
  const endMs = expectation.fromMs + expectation.withinMs;
  const faults: ScenarioFault[] = [];
  if (endMs > durationMs)
    faults.push({ path: [...path, "withinMs"], message: `ends at ${endMs}, after the end at ${durationMs}` });
  if ("bundle" in expectation || "generation" in expectation)
    faults.push(...bundleNameFaults(path, expectation.bundle, bundles));
  if (expectation.type !== "phase" || expectation.who === undefined) return faults;
  const { who } = expectation;
  const isNamed = steps.some((step) =>
    selectionsOf(step).some(({ selection }) => "as" in selection && selection.as === who),
  );
  return isNamed ? faults : [...faults, { path: [...path, "who"], message: `no step names ${who}` }];
}

function bundleNameFaults(
  path: readonly string[],
  name: string | undefined,
  bundles: readonly ScenarioBundle[],
): readonly ScenarioFault[] {
  if (bundles.length === 0) return [{ path, message: "the scenario has no bundles" }];
  if (name === undefined || bundles.some(({ stream }) => stream === name)) return [];
  const known = bundles.map(({ stream }) => stream).join(", ");
  return [{ path: [...path, "bundle"], message: `there is no bundle ${name}: expected one of ${known}` }];
}
