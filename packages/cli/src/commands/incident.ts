import { exitCode } from "../errors.ts";
import { findId } from "../find.ts";
import type { Verb } from "../verb.ts";
import { incidentLines, incidentsLines, incidentsView, incidentView } from "../views/incidents.ts";

/** `antibody incident list`: the cases that were handed to a human. */
export const incidentList: Verb<object> = {
  usage: "list",
  summary: "The cases that the agent gave to a human, the newest first.",
  examples: ["antibody incident list"],
  exits: [[0, "shown"]],
  asksAgent: true,
  async run({ invocation }) {
    const view = incidentsView(await invocation.client.inspect(), invocation.self);
    invocation.print(view, () => incidentsLines(view));
    return exitCode.ok;
  },
};

/** `antibody incident show ID`: the evidence of one case, and the next command. */
export const incidentShow: Verb<object> = {
  usage: "show <incident>",
  summary: "The evidence of one case, and the exact next command.",
  examples: ["antibody incident show incident_abcd2345"],
  exits: [
    [0, "shown"],
    [1, "the agent knows no such incident, or several"],
  ],
  asksAgent: true,
  async run({ invocation, args: [text = ""] }) {
    const inspection = await invocation.client.inspect();
    const ids = inspection.incidents.map((each) => each.id);
    const id = findId(ids, text, "incident", `${invocation.self} incident list`);
    const incident = inspection.incidents.find((each) => each.id === id);
    if (incident === undefined) throw new Error("an id that was found belongs to an incident");
    const view = incidentView(inspection, incident, invocation.self);
    invocation.print(view, () => incidentLines(view));
    return exitCode.ok;
  },
};
