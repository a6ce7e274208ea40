import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { shortId } from "@antibody/policy";
import { type Beat, routingName } from "../beat.ts";
import { until } from "../until.ts";
import { publish, serving } from "./published.ts";

/** The promise that cannot be kept, and by whom. */
export const impossible: { readonly on: string; readonly path: string } = {
  on: "kitchen",
  path: "/etc/missing/parent/file",
};

/** A repair that cannot succeed ends with a human: evidence in hand, and the next command. */
export const handedOff: Beat = {
  name: "handedOff",
  title: "an impossible repair is handed to a human with its evidence",
  async play(stage) {
    const { colony, sabotages, signal } = stage;
    const agent = colony.agent(impossible.on);
    if (sabotages.has("possibleRepair"))
      await mkdir(dirname(agent.root + impossible.path), { recursive: true });
    await publish(stage, "cellar", stage.policy.second(serving(stage), routingName, impossible));
    const handed = async () =>
      (await agent.inspect()).incidents.find(({ resource }) => resource === `file:${impossible.path}`);
    await until("an incident in the kitchen", signal, async () => (await handed()) !== undefined);
    const incident = await handed();
    if (incident === undefined || incident.attempts.length === 0 || incident.next === "") {
      throw new Error("the incident has no attempts or no next command");
    }
    const { id, attempts, cause } = incident;
    return `${shortId(id)} holds ${attempts.length} attempts, and names the next command: ${cause}`;
  },
};
