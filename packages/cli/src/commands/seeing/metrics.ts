import { exposition, type MetricFamily } from "@antibody/agent/control";
import { exitCode } from "../../errors.ts";
import type { Verb } from "../../verb.ts";

/** What `metrics` tells, as `--json` prints it. */
interface MetricsView {
  readonly schema: "antibody.metrics/1";
  readonly families: readonly MetricFamily[];
}

/** `antibody metrics`: what `/metrics` of the read socket answers. */
export const metrics: Verb<object> = {
  usage: "metrics",
  summary: "Everything in numbers, as Prometheus reads it; /metrics of the read socket gives the same.",
  examples: ["antibody metrics", "antibody metrics | grep antibody_peers"],
  exits: [[0, "shown"]],
  asksAgent: true,
  async run({ invocation }) {
    const view: MetricsView = { schema: "antibody.metrics/1", families: await invocation.client.metrics() };
    // The text ends with a line's end, and print adds one.
    invocation.print(view, () => [exposition(view.families).trimEnd()]);
    return exitCode.ok;
  },
};
