import type { AgentId, AuthorId, FragmentId } from "@antibody/policy";
import { Publisher } from "./publisher.ts";
import type { ScenarioBundle } from "./scenario.ts";

/** The authors of a scenario, one for each bundle. */
export class Publishers {
  readonly all: readonly Publisher[];

  /** `ids`: of the agents, by name; a bundle may name them. */
  constructor(bundles: readonly ScenarioBundle[], seed: number, ids: ReadonlyMap<string, AgentId>) {
    this.all = bundles.map((bundle) => new Publisher(bundle, seed, ids));
  }

  /** The publisher of a bundle, by its stream; of the first where no stream is named. Throws where there is none. */
  of(stream: string | undefined): Publisher {
    const found = stream === undefined ? this.all[0] : this.all.find((each) => each.stream === stream);
    if (found === undefined) throw new Error(`The scenario has no bundle ${stream ?? "to publish"}`);
    return found;
  }

  /** Whose bundle an author signs; undefined for an author that is none of the scenario's. */
  by(author: string | undefined): Publisher | undefined {
    return this.all.find((each) => each.author === author);
  }

  /** Whether the author ever signed this. */
  hasSigned(author: AuthorId | string | undefined, fragment: string): boolean {
    return this.by(author)?.generationOf(fragment as FragmentId) !== undefined;
  }
}
