import { nodeCrypto } from "@antibody/agent/state";
import { sealBundle } from "@antibody/policy";
import { InvalidArgumentError } from "commander";
import { sealWith } from "../../author/sealing.ts";
import { formatSignedBundle } from "../../author/signedBundle.ts";
import { alsoOption, readSigners } from "../../author/signers.ts";
import { exitCode } from "../../errors.ts";
import { writeText } from "../../source/editing.ts";
import { readSoundSource } from "../../source/read.ts";
import { printable } from "../../text/printable.ts";
import type { Verb } from "../../verb.ts";
import { refuseOutOfScope } from "./publish.ts";

/** What `sign` tells, as `--json` prints it. */
interface SignView {
  readonly schema: "antibody.sign/1";
  readonly file: string;
  readonly author: string;
  readonly stream: string;
  readonly epoch: number;
  readonly generation: number;
  readonly manifest: string;
  readonly nextCommand: string;
}

interface SignOptions {
  readonly author: string;
  readonly generation: number;
  readonly out?: string;
  readonly also?: readonly string[];
}

/** `antibody sign FILE`: for keys that never meet a network. */
export const sign: Verb<SignOptions> = {
  usage: "sign <file>",
  summary: "Sign a policy file on a machine without an agent, into a file that another one publishes.",
  examples: ["antibody sign home.yaml --author ~/keys/home.key --generation 5 --out home.bundle"],
  exits: [
    [0, "signed"],
    [1, "the file has problems, the key cannot be used, or the bundle cannot be written"],
  ],
  asksAgent: false,
  declare: (command) => {
    command
      .requiredOption("--author <name>", "the file of the author's key, or an author in the state directory")
      .requiredOption(
        "--generation <number>",
        "the next one: the agent that publishes knows the newest (antibody status)",
        readGeneration,
      )
      .option("--out <file>", "where to; default: the stream's name with .bundle")
      .addOption(alsoOption());
  },
  async run({ invocation, options, args: [file = ""] }) {
    const source = await readSoundSource(file, invocation.self);
    const { author, otherSigners } = await readSigners(invocation, options.author, options.also);
    refuseOutOfScope(author, source);
    const sealed = await sealWith([author.key, ...otherSigners], (signer, others) =>
      sealBundle({
        author: author.author,
        stream: source.stream,
        epoch: author.root.epoch,
        generation: options.generation,
        documents: source.documents,
        signer,
        otherSigners: others,
        crypto: nodeCrypto(),
      }),
    );
    const out = options.out ?? `${source.stream}.bundle`;
    const head = {
      author: author.author,
      stream: source.stream,
      epoch: author.root.epoch,
      generation: options.generation,
      manifest: sealed.manifestId,
    };
    const documents = [...sealed.fragments, sealed.manifest];
    const text = formatSignedBundle({ ...head, roots: author.roots, documents });
    await writeText(out, text, "antibody sign FILE --out FILE");
    const view: SignView = {
      schema: "antibody.sign/1",
      file: out,
      ...head,
      nextCommand: `antibody publish ${out}`,
    };
    invocation.print(view, () => [
      `signed generation ${view.generation} of stream ${view.stream} into ${printable(out)}`,
      `next, on a device of the swarm: ${printable(view.nextCommand)}`,
    ]);
    return exitCode.ok;
  },
};

function readGeneration(text: string): number {
  const generation = Number(text);
  if (Number.isSafeInteger(generation) && generation > 0) return generation;
  throw new InvalidArgumentError("Write a whole number from 1.");
}
