import type { Inspection, MemberView, ResourcePhase } from "@antibody/core";
import { compareText } from "@antibody/policy";
import { digestOf } from "../hash/trace.ts";
import type { SimAgent } from "../world/agent.ts";

/**
 * What all agents must come to agree on, as one key: every member with its incarnation and what is held of it, and
 * the generation in force of every stream. A suspicion is an agent's own business, and no part of it.
 */
export function viewKey({ agent, incarnation, members, streams }: Inspection): string {
  const held = members.map((member) => [member.agent, member.incarnation, classOf(member.verdict)] as const);
  const sorted = [...held, [agent, incarnation, classOf("reachable")] as const].sort(([left], [right]) =>
    compareText(left, right),
  );
  return digestOf([
    sorted,
    streams.map(({ author, stream, active }) => [author, stream, active?.manifest ?? null]),
  ]);
}

/** The names of the members that an agent holds dead, sorted. */
export function heldDead({ members }: Inspection): readonly string[] {
  return members
    .filter(({ verdict }) => verdict === "dead")
    .map(({ name }) => name)
    .sort();
}

/** Resources that are in no resting place: neither kept, nor left alone on purpose. */
export function unkept({ resources }: Inspection): readonly string[] {
  const resting: readonly ResourcePhase[] = ["kept", "paused", "held"];
  return resources.filter(({ phase }) => !resting.includes(phase)).map(({ resource }) => resource);
}

/** The members that an agent wrongly holds gone, or wrongly holds there. */
export function wrongDeaths(inspection: Inspection, ended: readonly SimAgent[]): readonly string[] {
  const dead = new Set(heldDead(inspection));
  const missing = ended.filter(({ name }) => !dead.has(name)).map(({ name }) => `${name} not held dead`);
  const names = new Set(ended.map(({ name }) => name));
  const wrong = [...dead].filter((name) => !names.has(name)).map((name) => `${name} held dead`);
  return [...missing, ...wrong];
}

function classOf(verdict: MemberView["verdict"]): string {
  switch (verdict) {
    case "reachable":
    case "suspected":
      return "alive";
    case "unreachable":
    case "stalled":
      return "unreachable";
    case "dead":
    case "left":
    case "away":
      return verdict;
    default:
      throw new Error(`unknown verdict ${verdict satisfies never}`);
  }
}
