import type { Entry, Event, HealthRumor, Input, Output, UnsignedStatement } from "@antibody/core";
import type { AgentId } from "@antibody/policy";
import { kinds } from "../engine/kinds.ts";
import type { Gossip } from "../gossip/gossip.ts";
import { isSameEntry, signStatement } from "../identity/statements.ts";
import type { Dialing } from "../network/dialing.ts";
import type { Network } from "../network/network.ts";
import type { SimAgent } from "./agent.ts";
import { messageBytes, rumorBytes } from "./bytes.ts";
import type { WorldCounters } from "./counters.ts";
import type { Population } from "./populate.ts";

type DialOutput = Extract<Output, { readonly type: "dial" }>;
type SendOutput = Extract<Output, { readonly type: "send" }>;
type ReplyOutput = Extract<Output, { readonly type: "reply" }>;

/** The models that outputs are done on. */
interface Models {
  readonly population: Population;
  readonly network: Network;
  readonly dialing: Dialing;
  readonly gossip: Gossip;
  readonly counters: WorldCounters;
  agentOf(id: AgentId): SimAgent;
  give(agent: SimAgent, input: Input): void;
  told(agent: SimAgent, event: Event): void;
  replied(agent: SimAgent, reply: ReplyOutput): void;
  endProcess(agent: SimAgent): void;
}

/** Does what a mind asks of its body, on the models of a world. */
export function perform(world: Models, agent: SimAgent, output: Output): void {
  switch (output.type) {
    case "persist":
      agent.journal.persist(output.durability, output.records);
      return;
    case "send":
      send(world, agent, output);
      return;
    case "publishRumor":
      publishRumor(world, agent, output.rumor);
      return;
    case "publishPolicy": {
      const content = { topic: "policy", bytes: output.bytes } as const;
      world.gossip.publish(agent.index, content, output.bytes.length);
      return;
    }
    case "dial":
      dial(world, agent, output);
      return;
    case "hangUp":
    case "release":
      world.network.hangUp(agent.index, world.agentOf(output.peer).index);
      return;
    case "sign":
      sign(world, agent, output.statement);
      return;
    case "watch":
      agent.device.watch(output.resource, output.promise, output.events);
      return;
    case "unwatch":
      agent.device.unwatch(output.resource);
      return;
    case "observe":
      agent.device.observe(output.resource);
      return;
    case "act":
      agent.device.act(output);
      return;
    case "cancel":
      agent.device.cancel(output.action);
      return;
    case "tell":
      world.told(agent, output.event);
      return;
    case "reply":
      world.replied(agent, output);
      return;
    case "stopped":
      world.endProcess(agent);
      return;
    case "serve":
    case "route":
      // No traffic is modeled: what routes choose is seen through `inspect`.
      return;
    case "identify":
      // Whoever damages a device in a simulator has no process there.
      return;
    default:
      throw new Error(`unknown output ${output satisfies never}`);
  }
}

function send(world: Models, agent: SimAgent, { to, message }: SendOutput): void {
  const peer = world.agentOf(to);
  if (!world.network.send(agent.index, peer.index, kinds.message, message)) {
    world.counters.unsent += 1;
    world.give(agent, { type: "unsent", to, message: message.type });
    return;
  }
  world.counters.messages += 1;
  world.counters.bytes += messageBytes(message);
}

/**
 * A rumor of nothing but entries that every agent was enrolled with, and so holds, is not carried: at the start of a
 * thousand agents it would be a million deliveries that change nothing.
 */
function publishRumor(world: Models, agent: SimAgent, rumor: HealthRumor): void {
  const { enrolledEntries } = world.population;
  const isKnown =
    rumor.type === "members" && rumor.members.every(({ entry }) => enrolledEntries.has(entry.digest));
  if (isKnown) world.counters.knownRumors += 1;
  else world.gossip.publish(agent.index, { topic: "health", rumor }, rumorBytes(rumor));
}

function dial(world: Models, agent: SimAgent, { peer: id, addresses, purpose, timeoutMs }: DialOutput): void {
  world.counters.dials += 1;
  const peer = world.agentOf(id);
  if (addresses.length === 0) {
    world.give(agent, { type: "dialed", peer: id, purpose, result: "failed" });
    return;
  }
  world.dialing.dial(
    agent.index,
    peer.index,
    purpose,
    timeoutMs,
    peer.addresses.some((each) => addresses.includes(each)),
  );
}

function sign(world: Models, agent: SimAgent, statement: UnsignedStatement): void {
  if (statement.type === "entry" && signAgain(world, agent, statement)) return;
  world.counters.signatures += 1;
  world.give(agent, { type: "signed", statement: signStatement(statement, agent, world.population.charter) });
}

/** What was signed when all were enrolled, signed again, is the very bytes: everyone shares the object. */
function signAgain(world: Models, agent: SimAgent, statement: Entry): boolean {
  const entry = world.population.members[agent.index]?.entry;
  if (entry === undefined || !isSameEntry(statement, entry.entry)) return false;
  world.counters.signatures += 1;
  world.give(agent, { type: "signed", statement: { type: "entry", entry } });
  return true;
}
