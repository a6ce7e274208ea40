import type { Incident, Inspection, MemberView, ResourceView } from "@antibody/core";
import {
  type AgentId,
  type AuthorId,
  type FragmentId,
  type IdKind,
  type IdOf,
  type IncidentId,
  makeId,
  parseResourceId,
  parseStreamName,
  type ResourceId,
  type StreamName,
} from "@antibody/policy";
import { emptyInspection } from "../../agent/test/control.fake.ts";

export function idOf<Kind extends IdKind>(kind: Kind, byte: number): IdOf<Kind> {
  return makeId(kind, new Uint8Array(32).fill(byte));
}

export function resourceId(text: string): ResourceId {
  const parts = parseResourceId(text);
  if (parts === undefined) throw new Error(`${text} is no resource id`);
  return parts.id;
}

export function streamName(text: string): StreamName {
  const name = parseStreamName(text);
  if (name === undefined) throw new Error(`${text} is no stream name`);
  return name;
}

export const author: AuthorId = idOf("author", 0x21);
export const stranger: AuthorId = idOf("author", 0x42);
const fragment: FragmentId = idOf("frag", 0x33);
const manifest: FragmentId = idOf("frag", 0x34);
export const incidentId: IncidentId = idOf("incident", 0x44);
export const greenhouse: AgentId = idOf("agent", 0x55);

const nowMs = 500_000;

const motd: ResourceView = {
  resource: resourceId("file:/etc/motd"),
  phase: "kept",
  sinceMs: nowMs - 3_600_000,
  why: "as promised",
  next: "",
  attempts: [],
  repairs: 2,
  failures: 0,
  promise: { content: "hello\n" },
  author,
  stream: "home",
  fragment,
  fragmentName: "greeting",
  generation: 4,
  rank: 10,
  mode: "enforce",
};

const attempt = {
  id: "3-16",
  verb: "start",
  startedMs: nowMs - 60_000,
  wallMs: 1_790_000_000_000 - 60_000,
  tookMs: 1_200,
  result: "failed",
  detail: "exited with 1",
} as const;

const sensor: ResourceView = {
  ...motd,
  resource: resourceId("process:sensor"),
  phase: "repairing",
  sinceMs: nowMs - 5_000,
  why: "it does not run",
  next: "verified when the action ends",
  nextMs: nowMs + 30_000,
  drift: { attributes: ["running"], summary: "not running, promised to run" },
  action: {
    id: "3-17",
    verb: "start",
    sinceMs: nowMs - 2_000,
    step: 1,
    of: 2,
    note: "spawned",
    progressMs: nowMs - 1_500,
    deadlineMs: nowMs + 28_000,
  },
  attempts: [attempt],
  failures: 1,
  promise: { command: ["/usr/bin/sensor"] },
};

const broken: ResourceView = {
  ...motd,
  resource: resourceId("file:/etc/missing/parent/file"),
  phase: "handedOff",
  sinceMs: nowMs - 120_000,
  why: "5 repairs in a row failed: ENOENT",
  next: "tried again slowly",
  nextMs: Number.POSITIVE_INFINITY,
  drift: { attributes: ["content"], summary: "absent, promised a file" },
  attempts: [{ ...attempt, verb: "write", detail: "ENOENT" }],
  failures: 5,
};

const incident: Incident = {
  v: 1,
  id: incidentId,
  resource: broken.resource,
  wallMs: 1_790_000_000_000 - 120_000,
  cause: "5 repairs in a row failed",
  promise: { content: "x" },
  author,
  fragment,
  fragmentName: "greeting",
  observed: { present: false },
  drift: "absent, promised a file",
  attempts: broken.attempts,
  next: "antibody why file:/etc/missing/parent/file",
};

function member(agent: AgentId, name: string, verdict: MemberView["verdict"]): MemberView {
  return {
    agent,
    name,
    verdict,
    sinceMs: nowMs - 40_000,
    why: verdict === "dead" ? "3 of 4 observers found it gone" : "answers probes",
    incarnation: [1, 2, 0],
    addresses: ["/ip4/192.0.2.7/tcp/4001"],
    capabilities: ["sensor-api"],
    observedByMe: true,
    connected: verdict === "reachable",
    votes: verdict === "dead" ? [{ observer: emptyInspection.agent, evidence: "refused" }] : [],
  };
}

/** An agent with something of everything: kept, repairing, handed off, paused, held, dead, ejected. */
export const fullInspection: Inspection = {
  ...emptyInspection,
  nowMs,
  quorum: { observers: 4, votes: 3 },
  members: [
    member(emptyInspection.agent, "pi", "reachable"),
    member(greenhouse, "greenhouse", "reachable"),
    member(idOf("agent", 0x66), "attic", "dead"),
  ],
  resources: [motd, sensor, broken],
  streams: [
    {
      author,
      stream: streamName("home"),
      active: { version: { epoch: 1, generation: 4 }, manifest },
      pending: { version: { epoch: 1, generation: 5 }, manifest, missing: [fragment] },
    },
    { author: stranger, stream: streamName("lights"), held: "noGrant" },
  ],
  heldClaims: [
    {
      resource: resourceId("file:/etc/lights"),
      author: stranger,
      stream: streamName("lights"),
      fragment,
      fragmentName: "lamp",
      reason: "noGrant",
      detail: "the owner has not accepted this author",
    },
    {
      resource: resourceId("process:lamp"),
      author: stranger,
      stream: streamName("lights"),
      fragment,
      fragmentName: "lamp",
      reason: "noGrant",
      detail: "the owner has not accepted this author",
    },
  ],
  grants: [
    {
      author,
      scope: ["file:/etc/**", "process:*"],
      rank: 10,
      mode: "enforce",
      powers: ["process"],
      bytesMax: 4_194_304,
      introducedBy: "owner",
    },
  ],
  pauses: [{ target: motd.resource, reason: "editing by hand", untilMs: nowMs + 600_000 }],
  routes: [
    {
      resource: resourceId("route:sensor-api"),
      capability: "sensor-api",
      backends: [
        { agent: greenhouse, state: "ready", why: "answers" },
        { agent: idOf("agent", 0x66), state: "ejected", why: "dead" },
      ],
    },
  ],
  capabilities: [{ name: "web", port: 8080, announced: true }],
  incidents: [incident],
};

/** An agent with which all is well. */
export const wellInspection: Inspection = {
  ...fullInspection,
  resources: [motd],
  incidents: [],
};

/** A sound policy file. */
export const source = `stream: home
name: greeting
promises:
  file:/etc/motd: { content: "hello\\n" }
---
stream: home
name: sensor
promises:
  process:sensor: { command: ["/usr/bin/sensor", "--loud"] }
  file:/etc/new: { content: "new" }
`;
