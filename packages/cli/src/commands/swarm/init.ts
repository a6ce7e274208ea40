import { rm } from "node:fs/promises";
import { initSwarm, nodeCrypto, readKeyFile } from "@antibody/agent/state";
import { base32Encode, shortId } from "@antibody/policy";
import { exitCode } from "../../errors.ts";
import { readName } from "../../options.ts";
import { startCommand } from "../../service/manager.ts";
import { actAsOwnerOf } from "../../service/owner.ts";
import { ownerOptionText, readOwnerKey } from "../../trust/ownerKey.ts";
import type { Verb } from "../../verb.ts";

/** What `init` tells, as `--json` prints it. */
interface InitView {
  readonly schema: "antibody.init/1";
  readonly state: string;
  readonly agent: string;
  readonly name: string;
  readonly swarm: string;
  /** Shown this once: it is on no disk any more. */
  readonly recoveryKey: string;
  readonly nextCommand: string;
}

interface InitOptions {
  readonly name: string;
  readonly swarm?: string;
  readonly owner?: Uint8Array;
}

/** `antibody init`: founds a swarm, with this device as its first member. */
export const init: Verb<InitOptions> = {
  usage: "init",
  summary: "Found a swarm with this device as its first member. Others join it with: antibody join",
  examples: ["antibody init --name greenhouse"],
  exits: [
    [0, "founded"],
    [1, "there is an agent in the state directory already, or it cannot be written"],
    [5, "the state directory belongs to someone else"],
  ],
  asksAgent: false,
  declare: (command) =>
    void command
      .requiredOption("--name <name>", "what this device is called in the swarm", readName)
      .option("--swarm <name>", "what people call the swarm; default: the name of the device", readName)
      .option("--owner <key>", ownerOptionText, readOwnerKey),
  async run({ invocation, options }) {
    actAsOwnerOf(invocation.state);
    const swarmName = options.swarm === undefined ? {} : { swarmName: options.swarm };
    const owner = options.owner === undefined ? {} : { owner: options.owner };
    const founded = initSwarm(
      { state: invocation.state, name: options.name, ...swarmName, ...owner },
      nodeCrypto(),
    );
    const view: InitView = {
      schema: "antibody.init/1",
      state: invocation.state,
      agent: founded.agent,
      name: founded.name,
      swarm: founded.swarm,
      recoveryKey: grouped(base32Encode(readKeyFile(founded.recoveryKeyPath).seed)),
      nextCommand: startCommand(invocation.state) ?? `${invocation.self} run`,
    };
    invocation.print(view, () => initLines(view));
    // A key that can take the swarm back is worth nothing where whoever steals the device finds it.
    await rm(founded.recoveryKeyPath);
    return exitCode.ok;
  },
};

function grouped(text: string): string {
  return text.match(/.{1,4}/g)?.join("-") ?? text;
}

function initLines(view: InitView): readonly string[] {
  return [
    `founded    ${shortId(view.swarm)}, with this device as ${view.name} (${shortId(view.agent)})`,
    `state      ${view.state}`,
    `recovery   ${view.recoveryKey}`,
    "           Write it down now, on paper or in a password manager, not on this device: it is shown",
    "           this once, and takes the swarm back when this device is lost.",
    `next: ${view.nextCommand}`,
  ];
}
