import { nodeCrypto } from "@antibody/agent/state";
import {
  type BundleDocument,
  isRejection,
  parseResourceId,
  parseStreamName,
  sealBundle,
} from "@antibody/policy";
import { packDocuments } from "../../packages/agent/src/network/wire/bundle.ts";
import type { AgentProcess } from "../../packages/cli/src/demo/agent-process.ts";
import {
  form,
  makeAuthor,
  type PlainKey,
  readPlainKey,
  type TestColony,
} from "../../test/harness/colonies.ts";
import { agentNames, type Run, waitFor, withColony } from "../run.ts";

const arriveWithinMs = 20_000;

/** When one agent had a bundle, in milliseconds since it was given to another. */
interface Arrival {
  /** All of its documents are verified and stored, and told in the log. */
  readonly verifiedMs: number;
  /** It is in force, durably. */
  readonly inForceMs: number;
}

/** A swarm that bundles are published in. */
export interface Swarm {
  /** Bytes of the documents of one bundle. */
  readonly documentBytes: readonly number[];
  /** Bytes of the messages by which agents gossip it. */
  readonly messageBytes: readonly number[];
  /** Of all members. */
  readonly pids: readonly number[];
  /** Publishes the next bundle to one member: how each came to have it; undefined when not all had it in time. */
  publish(to: number): Promise<readonly Arrival[] | undefined>;
}

/** Forms a swarm of real agents. What an agent has is read off the lines of its log. */
export function withAgents<Value>(
  run: Run,
  count: number,
  use: (swarm: Swarm) => Promise<Value>,
): Promise<Value> {
  return withColony(run, async (test) => {
    const names = agentNames(count);
    run.say(`forming a swarm of ${count} agents`);
    await form(test, names);
    const authoring = await makeAuthoring(run, test, names[0] ?? "");
    const { agents } = test.colony;
    return use({
      documentBytes: authoring.documentBytes,
      messageBytes: authoring.messageBytes,
      pids: agents.map(({ pid }) => pid),
      publish: async (to) => {
        const agent = agents[to % agents.length];
        if (agent === undefined) throw new Error("a swarm has agents");
        const arrivals = await authoring.publish(agent);
        return arrivals === undefined ? undefined : [...arrivals.values()];
      },
    });
  });
}

/** An author whom all agents of a colony accept. */
export interface Authoring {
  /** Bytes of the documents of one bundle. */
  readonly documentBytes: readonly number[];
  /** Bytes of the messages by which agents gossip it. */
  readonly messageBytes: readonly number[];
  /** Publishes the next bundle to an agent: how each came to have it, by name; undefined when not all did in time. */
  publish(to: AgentProcess): Promise<ReadonlyMap<string, Arrival> | undefined>;
}

/** Makes an author on one agent. */
export async function makeAuthoring(run: Run, test: TestColony, on: string): Promise<Authoring> {
  const { keyFile } = await makeAuthor(test, on);
  const author = await readPlainKey(keyFile);
  let generation = 0;
  const { documents } = seal(author, 1);
  return {
    documentBytes: documents.map(({ length }) => length),
    messageBytes: packDocuments(documents).map(({ length }) => length),
    publish: async (to) => {
      generation += 1;
      if (generation === 1) for (const root of author.roots) await offer(to, root);
      return publishOne(run, test.colony.living, to, seal(author, generation), generation);
    },
  };
}

interface Sealed {
  readonly documents: readonly Uint8Array[];
  readonly ids: readonly string[];
}

/** A fragment and its manifest. The fragment applies nowhere: what is measured is that it spreads, not a repair. */
function seal(author: PlainKey, generation: number): Sealed {
  const stream = parseStreamName("home");
  const resource = parseResourceId("file:/etc/motd");
  if (stream === undefined || resource === undefined) throw new Error("names that are sound");
  const document: BundleDocument = {
    name: "motd",
    when: 'name == "nobody"',
    promises: { [resource.id]: { content: `generation ${generation}\n` } },
  };
  const bundle = sealBundle({
    author: author.author,
    stream,
    epoch: author.root.epoch,
    generation,
    documents: [document],
    signer: author.key,
    crypto: nodeCrypto(),
  });
  return { documents: [...bundle.fragments, bundle.manifest], ids: [...bundle.ids, bundle.manifestId] };
}

/** Of each agent the times from the first word to the publishing one; undefined where one of them got nothing. */
async function publishOne(
  run: Run,
  agents: readonly AgentProcess[],
  to: AgentProcess,
  { documents, ids }: Sealed,
  generation: number,
): Promise<ReadonlyMap<string, Arrival> | undefined> {
  const startedMs = performance.now();
  await offer(to, ...documents);
  const lineMs = (agent: AgentProcess, event: string, field: string, value: unknown): number | undefined =>
    agent.lines.findLast((line) => line.event === event && line[field] === value)?.atMs;
  const inForceMs = (agent: AgentProcess): number | undefined =>
    lineMs(agent, "policy.activated", "generation", generation);
  const arrived = await waitFor(
    run,
    "the bundle to arrive",
    () => agents.every((agent) => inForceMs(agent) !== undefined),
    arriveWithinMs,
  ).then(
    () => true,
    () => run.signal.throwIfAborted(),
  );
  if (arrived !== true) return undefined;
  const since = (atMs: number | undefined): number => (atMs ?? Number.POSITIVE_INFINITY) - startedMs;
  return new Map(
    agents.map((agent) => {
      const verifiedMs = Math.max(...ids.map((id) => since(lineMs(agent, "policy.accepted", "id", id))));
      return [agent.name, { verifiedMs, inForceMs: since(inForceMs(agent)) }];
    }),
  );
}

async function offer(to: AgentProcess, ...documents: readonly Uint8Array[]): Promise<void> {
  const reply = await to.client.offer(...documents);
  if (isRejection(reply)) throw new Error(`${to.name} rejects the bundle: ${reply.detail}`);
}
