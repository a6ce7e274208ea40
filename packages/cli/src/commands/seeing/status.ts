import { exitCode } from "../../errors.ts";
import type { Verb } from "../../verb.ts";
import { statusLines, statusView } from "../../views/status.ts";

/** `antibody status`: one screen for whoever must know at three in the morning. */
export const status: Verb<{ readonly all?: boolean }> = {
  usage: "status",
  summary: "One screen: what the agent keeps, what is wrong and why, and what comes next.",
  examples: ["antibody status", "antibody status --json | jq .problems"],
  exits: [
    [0, "everything is as promised"],
    [3, "degraded: something is not as promised"],
  ],
  asksAgent: true,
  declare: (command) => void command.option("--all", "also show the resources that are kept"),
  async run({ invocation, options }) {
    const view = statusView(await invocation.client.inspect(), invocation.self);
    invocation.print(view, () => statusLines(view, options.all === true));
    return view.health === "ok" ? exitCode.ok : exitCode.degraded;
  },
};
