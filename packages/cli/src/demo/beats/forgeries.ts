import { readFile } from "node:fs/promises";
import { generateKey, nodeCrypto } from "@antibody/agent/state";
import {
  isRejection,
  openEnvelope,
  payloadType,
  type Root,
  type Signer,
  sealEnvelope,
  verifyPolicy,
} from "@antibody/policy";
import type { AgentProcess } from "../agent-process.ts";
import { type Beat, routingName, type Stage } from "../beat.ts";
import { enlistForger, type Forger } from "../forger.ts";
import { greeting } from "../policy.ts";
import { until } from "../until.ts";
import { authorOf, publish, serving } from "./published.ts";

/** A forgery, and the reason by which every agent must refuse it. */
interface Forgery {
  readonly what: string;
  readonly event: "policy.rejected" | "policy.held";
  readonly reason: string;
}

const forged: readonly Forgery[] = [
  { what: "one bit changed", event: "policy.rejected", reason: "badSignature" },
  { what: "unknown key", event: "policy.rejected", reason: "unknownKey" },
  { what: "payload type swapped", event: "policy.rejected", reason: "payloadTypeMismatch" },
  { what: "older generation", event: "policy.rejected", reason: "olderGeneration" },
  { what: "outside the grant", event: "policy.held", reason: "outsideGrant" },
];

/** Five forgeries, four by a member that means harm and one by the author itself; every agent refuses each. */
export const forgeries: Beat = {
  name: "forgeries",
  title: "five forgeries are refused by all, each for its own reason",
  async play(stage) {
    const { colony, signal, policy } = stage;
    const marks = new Map(colony.living.map((agent) => [agent.name, agent.lines.length]));
    const root = await readRoot(authorOf(stage).rootFile);
    const old = await publish(stage, "cellar", policy.first(serving(stage), routingName));
    const forger = await enlist(stage, root);
    try {
      await forge(stage, forger, old.ids, old.manifest);
      await publish(stage, "garage", policy.overreaching);
      for (const { what, event, reason } of forged) {
        await until(`all agents to refuse: ${what}`, signal, () =>
          colony.living.every((agent) => refused(agent, event, reason, marks.get(agent.name) ?? 0)),
        );
      }
    } finally {
      await forger.stop();
    }
    for (const agent of colony.living) await checkUnharmed(agent);
    return forged.map(({ what, reason }) => `${what}: ${reason}`).join("; ");
  },
};

async function enlist(stage: Stage, root: Root): Promise<Forger> {
  const { colony, names, signal } = stage;
  const founder = colony.agent(names[0] ?? "");
  const { code } = await colony.command(founder.name, "invite", "--expires", "5m");
  const views = await Promise.all(colony.living.map((agent) => agent.inspect()));
  const known = new Map(
    views.flatMap(({ members }) => members).map((member) => [member.agent, member.addresses]),
  );
  const peers = views.map(({ agent }) => ({ agent, addresses: known.get(agent) ?? [] }));
  return enlistForger(String(code), peers, root, signal);
}

/** Captures a genuine generation, has the author publish a newer one, and pushes what it made of the old one. */
async function forge(stage: Stage, forger: Forger, ids: readonly string[], manifest: string): Promise<void> {
  const { colony, signal, policy } = stage;
  const cellar = colony.agent("cellar");
  const { agent } = await cellar.inspect();
  const captured = await forger.capture(agent, [...ids, manifest], signal);
  const genuine = captured.get(ids[0] ?? "");
  const oldManifest = captured.get(manifest);
  if (genuine === undefined || oldManifest === undefined) throw new Error("the forger captured nothing");
  const newer = await publish(stage, "cellar", policy.first(serving(stage), routingName));
  await until("the newer generation to be in force everywhere", signal, async () => {
    const views = await Promise.all(colony.living.map((each) => each.inspect()));
    return views.every(({ streams }) =>
      streams.some(
        ({ stream, active }) => stream === "home" && active?.version.generation === newer.generation,
      ),
    );
  });
  const made = [
    withOneBitChanged(genuine),
    signedBy(generateKey(), genuine),
    withTypeSwapped(genuine),
    oldManifest,
  ];
  for (const bytes of made) await forger.push(bytes, signal);
}

/** The lowest bit of one letter of what is promised: still canonical, and not what was signed. */
function withOneBitChanged(bytes: Uint8Array): Uint8Array {
  const at = Buffer.from(bytes).indexOf("heals");
  if (at < 0) throw new Error("the fragment does not carry the greeting");
  return bytes.map((byte, index) => (index === at ? byte ^ 1 : byte));
}

function signedBy(signer: Signer, bytes: Uint8Array): Uint8Array {
  return sealEnvelope(payloadType("fragment"), bodyOf(bytes), [signer]);
}

/** The two names are of one length, so that nothing else of the envelope moves. */
function withTypeSwapped(bytes: Uint8Array): Uint8Array {
  const swapped = Buffer.from(bytes);
  const at = swapped.indexOf(payloadType("fragment"));
  if (at < 0) throw new Error("the fragment does not carry its payload type");
  swapped.write(payloadType("manifest"), at);
  return new Uint8Array(swapped);
}

function bodyOf(bytes: Uint8Array): Parameters<typeof sealEnvelope>[1] {
  const opened = openEnvelope(bytes);
  if (isRejection(opened)) throw new Error(opened.detail);
  return opened.body;
}

async function readRoot(file: string): Promise<Root> {
  const verified = verifyPolicy(new Uint8Array(await readFile(file)), {
    crypto: nodeCrypto(),
    rootOf: () => undefined,
  });
  if (isRejection(verified) || verified.type !== "root") throw new Error(`${file} is not a root`);
  return verified.root;
}

function refused(agent: AgentProcess, event: string, reason: string, since: number): boolean {
  return agent.events(event, since).some((line) => line["reason"] === reason);
}

async function checkUnharmed(agent: AgentProcess): Promise<void> {
  if ((await agent.read("/etc/greeting")) !== greeting)
    throw new Error(`the greeting of ${agent.name} was changed`);
  if ((await agent.read("/srv/not-granted")) !== undefined) {
    throw new Error(`${agent.name} enforced what its owner did not grant`);
  }
}
