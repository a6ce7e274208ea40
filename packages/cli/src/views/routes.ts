import type { Inspection } from "@antibody/core";
import { shortId } from "@antibody/policy";
import { table } from "../text/table.ts";
import { timesOf } from "../text/times.ts";

/** What `routes` tells, as `--json` prints it. */
export interface RoutesView {
  readonly schema: "antibody.routes/1";
  readonly time: string;
  readonly routes: readonly {
    readonly resource: string;
    readonly capability: string;
    readonly backends: readonly {
      readonly agent: string;
      readonly name: string;
      readonly state: "ready" | "ejected";
      readonly why: string;
    }[];
  }[];
  /** What this device itself promises to peers. */
  readonly capabilities: readonly {
    readonly name: string;
    readonly port: number;
    readonly announced: boolean;
  }[];
}

/** Puts together where calls go, and what is served here. */
export function routesView(inspection: Inspection): RoutesView {
  const names = new Map<string, string>(inspection.members.map(({ agent, name }) => [agent, name]));
  names.set(inspection.agent, inspection.name);
  return {
    schema: "antibody.routes/1",
    time: timesOf(inspection).now,
    routes: inspection.routes.map(({ resource, capability, backends }) => ({
      resource,
      capability,
      backends: backends.map(({ agent, state, why }) => ({
        agent,
        name: names.get(agent) ?? "",
        state,
        why,
      })),
    })),
    capabilities: inspection.capabilities,
  };
}

/** The tables of `routes`. */
export function routesLines(view: RoutesView): readonly string[] {
  const backends = view.routes.flatMap(({ resource, capability, backends: of }) =>
    of.length === 0
      ? [[resource, capability, "-", "no backend", "no living peer promises it"]]
      : of.map(({ agent, name, state, why }) => [
          resource,
          capability,
          `${name} (${shortId(agent)})`,
          state,
          why,
        ]),
  );
  const served = view.capabilities.map(({ name, port, announced }) => [
    name,
    String(port),
    announced ? "announced to peers" : "held back: what it stands on is not kept",
  ]);
  return [
    ...(backends.length === 0
      ? ["no routes"]
      : table(["ROUTE", "CAPABILITY", "BACKEND", "STATE", "WHY"], backends)),
    ...(served.length === 0 ? [] : ["", ...table(["CAPABILITY", "PORT", "STATE"], served)]),
  ];
}
