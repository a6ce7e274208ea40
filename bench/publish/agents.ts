import { nodeCrypto } from "@antibody/agent/state";
import {
  type BundleDocument,
  isRejection,
  parseResourceId,
  parseStreamName,
  sealBundle,
} from "@antibody/policy";
import { type AuthorKey, readKeyFile } from "../../packages/cli/src/author/keyFile.ts";
import type { AgentProcess } from "../../packages/cli/src/demo/agent-process.ts";
import { form, makeAuthor, type TestColony } from "../../test/harness/colonies.ts";
import { agentNames, type Run, waitFor, withColony } from "../run.ts";

const arriveWithinMs = 20_000;

/** A swarm that bundles are published in. */
export interface Swarm {
  /** Bytes of the documents of one bundle. */
  readonly documentBytes: readonly number[];
  /**
   * Publishes the next bundle to one member: of each member the time until it had it; undefined when not all had it
   * in time.
   */
  publish(to: number): Promise<readonly number[] | undefined>;
}

/** Forms a swarm of real agents. An agent has a bundle when its log tells that it is in force. */
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
      publish: async (to) => {
        const agent = agents[to % agents.length];
        if (agent === undefined) throw new Error("a swarm has agents");
        const tookMs = await authoring.publish(agent);
        return tookMs === undefined ? undefined : [...tookMs.values()];
      },
    });
  });
}

/** An author whom all agents of a colony accept. */
export interface Authoring {
  /** Bytes of the documents of one bundle. */
  readonly documentBytes: readonly number[];
  /** Publishes the next bundle to an agent: the time until each had it, by name; undefined when not all did in time. */
  publish(to: AgentProcess): Promise<ReadonlyMap<string, number> | undefined>;
}

/** Makes an author on one agent. */
export async function makeAuthoring(run: Run, test: TestColony, on: string): Promise<Authoring> {
  const { keyFile } = await makeAuthor(test, on);
  const author = await readKeyFile(keyFile, () => Promise.reject(new Error("the key has no passphrase")));
  let generation = 0;
  return {
    documentBytes: seal(author, 1)
      .slice(1)
      .map(({ length }) => length),
    publish: (to) => {
      generation += 1;
      return publishOne(run, test.colony.living, to, seal(author, generation), generation);
    },
  };
}

/** Root, fragment and manifest. The fragment applies nowhere: what is measured is that it spreads, not a repair. */
function seal(author: AuthorKey, generation: number): readonly Uint8Array[] {
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
  return [...author.roots, ...bundle.fragments, bundle.manifest];
}

/** Of each agent the time from the first word to the publishing one; undefined where one of them got nothing. */
async function publishOne(
  run: Run,
  agents: readonly AgentProcess[],
  to: AgentProcess,
  documents: readonly Uint8Array[],
  generation: number,
): Promise<ReadonlyMap<string, number> | undefined> {
  const [root, ...bundle] = documents;
  if (generation === 1 && root !== undefined) await offer(to, root);
  const startedMs = performance.now();
  await offer(to, ...bundle);
  const activatedMs = (agent: AgentProcess): number | undefined =>
    agent.lines.findLast((line) => line.event === "policy.activated" && line["generation"] === generation)
      ?.atMs;
  const arrived = await waitFor(
    run,
    "the bundle to arrive",
    () => agents.every((agent) => activatedMs(agent) !== undefined),
    arriveWithinMs,
  ).then(
    () => true,
    () => run.signal.throwIfAborted(),
  );
  if (arrived !== true) return undefined;
  return new Map(agents.map((agent) => [agent.name, (activatedMs(agent) ?? startedMs) - startedMs]));
}

async function offer(to: AgentProcess, ...documents: readonly Uint8Array[]): Promise<void> {
  const reply = await to.client.offer(...documents);
  if (isRejection(reply)) throw new Error(`${to.name} rejects the bundle: ${reply.detail}`);
}
