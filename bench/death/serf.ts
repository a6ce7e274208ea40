import type { Figures } from "../figures.ts";
import type { Run } from "../run.ts";

export async function serfDeaths(_run: Run, _agents: number): Promise<Figures> {
  return {};
}
