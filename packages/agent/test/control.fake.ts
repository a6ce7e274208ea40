import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type {
  EvictionWire,
  Inspection,
  MemberWire,
  Overlay,
  OverlayMember,
  OwnerCommand,
} from "@antibody/core";
import { type AgentId, type IncidentId, makeId, type SwarmId } from "@antibody/policy";
import type { AuditLine } from "../src/audit/audit.ts";
import { type ControlPaths, controlPaths } from "../src/control/paths.ts";
import { type ControlServer, startControl } from "../src/control/server.ts";
import type {
  AgentControl,
  AgentInspection,
  CommandReply,
  EventCount,
  InviteRequest,
  LogLine,
} from "../src/ports.ts";

export const agentId: AgentId = makeId("agent", new Uint8Array(32).fill(1));
const swarmId: SwarmId = makeId("swarm", new Uint8Array(32).fill(2));

/** An inspection of an agent that holds nothing yet. */
export const emptyInspection: Inspection = {
  v: 1,
  nowMs: 1_000,
  wallMs: 1_790_000_000_000,
  agent: agentId,
  name: "pi",
  swarm: swarmId,
  build: "0.1.0",
  contexts: { arch: "arm64", hostname: "pi", name: "pi", os: "linux", tags: ["wet"] },
  incarnation: [1, 1, 0],
  quorum: { observers: 0, votes: 0 },
  cutOff: false,
  localHealth: 0,
  members: [],
  resources: [],
  streams: [],
  heldClaims: [],
  grants: [],
  pauses: [],
  routes: [],
  capabilities: [],
  incidents: [],
  queues: [],
};

export function logLine(number: number): LogLine {
  const time = new Date(1_790_000_000_000 + number).toISOString();
  return { time, level: "info", event: "agent.started", agent: agentId, number };
}

/** An agent that remembers what it was asked. */
export class FakeAgent implements AgentControl {
  readonly commands: OwnerCommand[] = [];
  readonly offers: Uint8Array[] = [];
  readonly invites: InviteRequest[] = [];
  readonly evictions: EvictionWire[] = [];
  readonly members = new Map<AgentId, MemberWire>();
  readonly listeners = new Set<(line: LogLine) => void>();
  lines: LogLine[] = [];
  events: readonly EventCount[] = [];
  stops = 0;
  inspection: AgentInspection = emptyInspection;
  overlayMembers: readonly OverlayMember[] = [];
  reply: CommandReply = { type: "ok", detail: null };
  begun: Promise<void> = Promise.resolve();

  inspect(): AgentInspection {
    return this.inspection;
  }
  overlay(): Overlay {
    const { nowMs, wallMs, agent } = this.inspection;
    return { v: 1, nowMs, wallMs, agent, members: this.overlayMembers };
  }
  async command(command: OwnerCommand): Promise<CommandReply> {
    this.commands.push(command);
    return this.reply;
  }
  async offer(bytes: Uint8Array): ReturnType<AgentControl["offer"]> {
    this.offers.push(bytes);
    return bytes[0] === 0
      ? { type: "rejection", reason: "badSignature", detail: "no signature fits" }
      : { type: "accepted", id: "frag_x" };
  }
  async invite(request: InviteRequest): ReturnType<AgentControl["invite"]> {
    this.invites.push(request);
    return { code: "abc", expiresMs: 5 };
  }
  member(agent: AgentId): MemberWire | undefined {
    return this.members.get(agent);
  }
  async publishEviction(wire: EvictionWire): ReturnType<AgentControl["publishEviction"]> {
    this.evictions.push(wire);
    return this.reply;
  }
  recentLog(): readonly LogLine[] {
    return this.lines;
  }
  eventCounts(): readonly EventCount[] {
    return this.events;
  }
  onLog(listener: (line: LogLine) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
  readonly orders: AuditLine[] = [];

  ordered(line: Pick<AuditLine, "event" | "by" | "fields">): void {
    this.orders.push({ v: 1, time: new Date(1_790_000_000_000).toISOString(), ...line });
  }
  history(): readonly AuditLine[] {
    return this.orders;
  }
  /** Recordings that are kept with incidents. */
  readonly incidentRecordings = new Map<IncidentId, Uint8Array>();

  incidentRecording(incident: IncidentId): Uint8Array | undefined {
    return this.incidentRecordings.get(incident);
  }

  recording(): Uint8Array {
    return new Uint8Array([1, 2, 3]);
  }
  async stop(): Promise<void> {
    this.stops += 1;
  }
}

/** A control server around a fake agent, in a directory of its own. */
export interface FakeControl {
  readonly agent: FakeAgent;
  readonly paths: ControlPaths;
  readonly server: ControlServer;
  readonly told: string[];
  readonly directory: string;
}

const opened: FakeControl[] = [];

export async function startFake(requestTimeoutMs = 10_000): Promise<FakeControl> {
  const directory = await mkdtemp(join(tmpdir(), "antibody-control-"));
  const paths = controlPaths(directory, {}, 1000);
  const agent = new FakeAgent();
  const told: string[] = [];
  const server = await startControl({
    control: agent,
    paths,
    tell: (message) => told.push(message),
    requestTimeoutMs,
  });
  const fake = { agent, paths, server, told, directory };
  opened.push(fake);
  return fake;
}

export async function closeFakes(): Promise<void> {
  for (const fake of opened.splice(0)) {
    await fake.server.close();
    await rm(fake.directory, { recursive: true, force: true });
  }
}
