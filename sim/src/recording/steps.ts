import type { Selection, Step } from "../scenarios/step.ts";
import type { RecordedStep } from "./recording.ts";

/** Names listed in a label; beyond that, their number says enough. */
const namedMax = 2;

/** A step as people read it on a curve: what was done, and to whom or how many. */
export function recordStep(
  step: Step,
  drawn: ReadonlyMap<Selection, readonly string[]>,
  indexOf: (name: string) => number,
  agents: number,
): RecordedStep {
  const { atMs, type } = step;
  const names = [...new Set(selectionsOf(step).flatMap((selection) => drawn.get(selection) ?? []))];
  const bundle = "bundle" in step && step.bundle !== undefined ? ` ${step.bundle}` : "";
  const what = "generation" in step ? `${words(type)}${bundle} ${step.generation}` : words(type);
  if (names.length === 0 || names.length === agents) return { atMs, label: what };
  const whom = names.length <= namedMax ? names.join(", ") : String(names.length);
  const preposition = "generation" in step ? " to " : " ";
  const isCrowd = "generation" in step && names.length > namedMax;
  const label = `${what}${preposition}${whom}${isCrowd ? " agents" : ""}`;
  return { atMs, label, agents: names.map(indexOf).sort((left, right) => left - right) };
}

/** Every selection of a step, whatever the step calls it. */
function selectionsOf(step: Step): readonly Selection[] {
  return Object.values(step).flat().filter(isSelection);
}

function isSelection(value: unknown): value is Selection {
  return typeof value === "object" && value !== null;
}

/** `powerOff` as people write it. */
function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
