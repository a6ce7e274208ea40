import type {
  Boot,
  Input,
  Inspection,
  Member,
  MemberView,
  MindOptions,
  Now,
  Outline,
  Output,
  StepResult,
  VerifiedCertificate,
} from "@antibody/core";
import type { AgentId, AuthorId, Root, VerifiedPolicy } from "@antibody/policy";
import { Running } from "../src/running.ts";
import type { Scenario } from "../src/scenarios/scenario.ts";
import type { CreateMind, SimMind } from "../src/world/agent.ts";

/** What a puppet does beyond its few habits. */
export interface Strings {
  /** Answers an input with more outputs. */
  readonly answer?: (input: Input, puppet: Puppet, now: Now) => readonly Output[];
  /** Bends what it shows. */
  readonly show?: (inspection: Inspection, now: Now, puppet: Puppet) => Inspection;
}

/** The members that all were enrolled with, in the order in which they were. */
function enrolled({ founding }: MindOptions): readonly Member[] {
  if (founding === undefined) return [];
  const { directory } = founding;
  return Array.from({ length: directory.size }, (_, slot) =>
    directory.get(directory.roster.agentAt(slot)),
  ).filter((member) => member !== undefined);
}

const everyMs = 500;

/**
 * A tiny stand-in for a mind, to test the simulator with: dials the next member, probes everyone it has a session
 * with twice a second, answers probes, and takes whatever policy comes as in force.
 */
export class Puppet implements SimMind {
  readonly options: MindOptions;
  readonly boot: Boot;
  readonly inputs: { readonly input: Input; readonly now: Now }[] = [];
  readonly peers = new Set<MemberView["agent"]>();
  readonly policies = new Map<string, VerifiedPolicy>();
  readonly #strings: Strings;
  #probeAt = Number.POSITIVE_INFINITY;
  #sequence = 0;

  constructor(options: MindOptions, boot: Boot, strings: Strings) {
    this.options = options;
    this.boot = { ...boot, members: [...enrolled(options), ...boot.members] };
    this.#strings = strings;
    for (const policy of boot.policies) this.policies.set(policy.id, policy);
  }

  step(input: Input, now: Now): StepResult {
    this.inputs.push({ input, now });
    const outputs = [...this.#habits(input, now), ...(this.#strings.answer?.(input, this, now) ?? [])];
    return { outputs, wakeAt: this.#probeAt };
  }

  get name(): string {
    return this.options.certificate.certificate.name;
  }

  ownMember(): Member | undefined {
    return this.boot.members.find(({ certificate }) => certificate.agent === this.options.agent);
  }

  certificateOf(agent: AgentId): VerifiedCertificate | undefined {
    return this.boot.members.find(({ certificate }) => certificate.agent === agent)?.certificate;
  }

  rootOf(author: AuthorId): Root | undefined {
    const known = [...this.policies.values()].find(
      (policy) => policy.type === "root" && policy.author === author,
    );
    return known?.type === "root" ? known.root : undefined;
  }

  inspect(now: Now): Inspection {
    const shown = this.#inspection(now);
    return this.#strings.show?.(shown, now, this) ?? shown;
  }

  /** Nothing is ever told to it of others: what it shows of them is no part of its digest. */
  outline(now: Now): Outline {
    return { ...this.inspect(now), directory: "0".repeat(16) };
  }

  #habits(input: Input, now: Now): readonly Output[] {
    switch (input.type) {
      case "started": {
        this.#probeAt = now.monoMs + everyMs;
        const { members } = this.boot;
        const own = members.findIndex(({ certificate }) => certificate.agent === this.options.agent);
        const next = members[(own + 1) % members.length] as Member;
        const { agent: peer } = next.certificate;
        const { addresses } = next.entry.entry;
        return [{ type: "dial", peer, addresses, purpose: "session", timeoutMs: 1_000 }];
      }
      case "connected":
        this.peers.add(input.peer);
        return [];
      case "disconnected":
        this.peers.delete(input.peer);
        return [];
      case "wake":
        if (now.monoMs < this.#probeAt) return [];
        this.#probeAt = now.monoMs + everyMs;
        return [...this.peers].map((to) => this.#message(to, "probe"));
      case "message":
        return input.message.type === "probe" ? [this.#message(input.from, "ack")] : [];
      case "policy": {
        const { policy, from } = input;
        this.policies.set(policy.id, policy);
        const persist: Output = {
          type: "persist",
          durability: policy.type === "root" ? "sync" : "batched",
          records: [{ key: `policy/${policy.id}`, value: policy.bytes }],
        };
        return from === "owner" ? [persist, { type: "publishPolicy", bytes: policy.bytes }] : [persist];
      }
      default:
        return [];
    }
  }

  #message(to: MemberView["agent"], type: "probe" | "ack"): Output {
    this.#sequence += 1;
    const digests = { members: "0".repeat(16), policy: "0".repeat(16) };
    const sequence = this.#sequence;
    const message =
      type === "probe"
        ? ({ type, sequence, digests } as const)
        : ({ type, sequence, digests, incarnation: [1, 1, 0] } as const);
    return { type: "send", to, message };
  }

  #inspection(now: Now): Inspection {
    const manifests = [...this.policies.values()].filter((policy) => policy.type === "manifest");
    const newest = manifests.sort((left, right) => right.manifest.generation - left.manifest.generation)[0];
    return {
      v: 1,
      nowMs: now.monoMs,
      wallMs: now.wallMs,
      agent: this.options.agent,
      name: this.options.certificate.certificate.name,
      swarm: this.options.swarm,
      build: this.options.build,
      contexts: { arch: "arm64", hostname: "", name: "", os: "linux", tags: [] },
      incarnation: [1, 1, 0],
      quorum: { observers: 0, votes: 0 },
      cutOff: false,
      localHealth: 0,
      members: this.boot.members
        .filter(({ certificate }) => certificate.agent !== this.options.agent)
        .map((member) => memberView(member, now)),
      resources: [],
      streams:
        newest === undefined
          ? []
          : [
              {
                author: newest.author,
                stream: newest.manifest.stream,
                active: {
                  version: { epoch: newest.manifest.epoch, generation: newest.manifest.generation },
                  manifest: newest.id,
                },
              },
            ],
      heldClaims: [],
      grants: [],
      pauses: [],
      routes: [],
      capabilities: [],
      incidents: [],
      queues: [{ name: "inputs", length: 1, bound: 2 }],
    };
  }
}

export function memberView({ certificate, entry }: Member, now: Now): MemberView {
  return {
    agent: certificate.agent,
    name: certificate.certificate.name,
    verdict: "reachable",
    sinceMs: now.monoMs,
    why: "puppet",
    incarnation: entry.entry.incarnation,
    addresses: entry.entry.addresses,
    capabilities: [],
    observedByMe: false,
    connected: false,
    votes: [],
  };
}

/** A scenario in which nothing happens, with differences. */
export function quiet(differences: Partial<Scenario> = {}): Scenario {
  return {
    name: "quiet",
    title: "Nothing happens",
    agents: 4,
    durationMs: 10_000,
    startSpreadMs: 0,
    steps: [],
    expectations: [],
    ...differences,
  };
}

export interface Play {
  readonly running: Running;
  /** Every puppet that was ever created, by the name of its agent, oldest process first. */
  puppets(name: string): readonly Puppet[];
}

/** Plays a scenario with puppets, to its end. */
export function play(scenario: Scenario, strings: Strings = {}, seed = 1): Play {
  const all: Puppet[] = [];
  const createMind: CreateMind = (options, boot) => {
    const puppet = new Puppet(options, boot, strings);
    all.push(puppet);
    return puppet;
  };
  const running = new Running(scenario, scenario.agents, seed, createMind);
  while (!running.advance(10_000));
  running.finish();
  return {
    running,
    puppets: (name) => all.filter((puppet) => puppet.name === name),
  };
}
