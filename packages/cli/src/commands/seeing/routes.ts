import { exitCode } from "../../errors.ts";
import type { Verb } from "../../verb.ts";
import { routesLines, routesView } from "../../views/routes.ts";

/** `antibody routes`: where local programs' calls go, and what this device serves. */
export const routes: Verb<object> = {
  usage: "routes",
  summary: "Where the calls of local programs go, and what this device serves to peers.",
  examples: ["antibody routes"],
  exits: [[0, "shown"]],
  asksAgent: true,
  async run({ invocation }) {
    const view = routesView(await invocation.client.inspect());
    invocation.print(view, () => routesLines(view));
    return exitCode.ok;
  },
};
