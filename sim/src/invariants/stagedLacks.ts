import type { Outline } from "@antibody/core";
import { waveOf } from "@antibody/policy";
import { modelCrypto } from "../identity/modelCrypto.ts";
import type { Publisher } from "../scenarios/publisher.ts";
import type { SimAgent } from "../world/agent.ts";

/** What is wrong where an agent beyond the first waves has a generation in force. */
export function strayed(
  outline: Pick<Outline, "streams">,
  agent: Pick<SimAgent, "id">,
  publisher: Publisher,
  generation: number,
  waves: number,
): string | undefined {
  if (activeOf(outline, publisher) !== generation) return undefined;
  const rollout = publisher.stagingOf(generation)?.rollout;
  if (rollout === undefined) return undefined;
  const wave = waveOf(rollout, agent.id, modelCrypto);
  return wave < waves ? undefined : `generation ${generation} is in force in wave ${wave + 1}`;
}

/** What an agent lacks that has another generation in force than this one. */
export function backLack(
  outline: Pick<Outline, "streams">,
  publisher: Publisher,
  generation: number,
): string | undefined {
  const active = activeOf(outline, publisher);
  return active === generation ? undefined : `generation ${active} is in force`;
}

/** The generation that an agent has in force; 0 for none. */
export function activeOf({ streams }: Pick<Outline, "streams">, publisher: Publisher): number {
  const state = streams.find(
    ({ author, stream }) => author === publisher.author && stream === publisher.stream,
  );
  return state?.active?.version.generation ?? 0;
}
