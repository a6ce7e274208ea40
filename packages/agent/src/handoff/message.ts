import type { Incident } from "@antibody/core";

/** What people are told. No output of programs, no promise, no detail of an attempt: messages pass many hands. */
export interface HandoffMessage {
  readonly v: 1;
  readonly event: "handedOff" | "mended" | "test";
  readonly agent: string;
  readonly name: string;
  /** RFC 3339 in UTC. */
  readonly time: string;
  readonly resource?: string;
  readonly incident?: string;
  /** When the case was opened. */
  readonly since?: string;
  readonly title: string;
  /** The exact next command, to be run on that device. */
  readonly next: string;
}

/** The device that tells. */
export interface Teller {
  readonly agent: string;
  readonly name: string;
  /** What commands about this agent begin with: `antibody`, with `--state DIR` where it is not the usual one. */
  readonly self: string;
}

/** A case was given to a human. */
export function handedOffMessage(teller: Teller, incident: Incident, time: string): HandoffMessage {
  return {
    ...headOf(teller, time),
    event: "handedOff",
    resource: incident.resource,
    incident: incident.id,
    since: new Date(incident.wallMs).toISOString(),
    title: `${teller.name}: ${incident.resource} cannot be repaired`,
    next: `${teller.self} incident show ${incident.id}`,
  };
}

/** A case that was told is over. */
export function mendedMessage(
  teller: Teller,
  resource: string,
  incident: string,
  time: string,
): HandoffMessage {
  return {
    ...headOf(teller, time),
    event: "mended",
    resource,
    incident,
    title: `${teller.name}: ${resource} is kept again`,
    next: `${teller.self} why ${resource}`,
  };
}

/** Nothing is wrong: somebody wants to know whether messages arrive. */
export function testMessage(teller: Teller, time: string): HandoffMessage {
  return {
    ...headOf(teller, time),
    event: "test",
    title: `${teller.name}: a test, nothing is wrong`,
    next: `${teller.self} status`,
  };
}

function headOf(
  { agent, name }: Teller,
  time: string,
): Pick<HandoffMessage, "v" | "agent" | "name" | "time"> {
  return { v: 1, agent, name, time };
}
