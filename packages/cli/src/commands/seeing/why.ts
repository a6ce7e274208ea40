import { exitCode } from "../../errors.ts";
import { findResource } from "../../find.ts";
import type { Verb } from "../../verb.ts";
import { whyLines, whyView } from "../../views/why.ts";

/** `antibody why RESOURCE`: who promised it, how it is, what was tried, and what it waits for. */
export const why: Verb<object> = {
  usage: "why <resource>",
  summary: "Why a resource is as it is: promise, signer, grant, drift, attempts, what it waits for.",
  examples: ["antibody why file:/etc/motd", "antibody why sensor"],
  exits: [
    [0, "shown"],
    [1, "the agent knows no such resource, or several"],
  ],
  asksAgent: true,
  async run({ invocation, args: [text = ""] }) {
    const inspection = await invocation.client.inspect();
    const resource = findResource(inspection, text, invocation.self);
    const view = whyView(inspection, resource, invocation.self);
    invocation.print(view, () => whyLines(view));
    return exitCode.ok;
  },
};
