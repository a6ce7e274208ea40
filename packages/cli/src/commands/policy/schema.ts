import { exitCode, usageError } from "../../errors.ts";
import { type EditorKind, editorFiles, editorText, firstLine, writeText } from "../../source/editing.ts";
import { printable } from "../../text/printable.ts";
import type { Verb } from "../../verb.ts";

/**
 * `antibody schema`: what an editor needs to complete and underline a policy file, in YAML or in TypeScript, or a
 * scenario of the simulator.
 */
export const schema: Verb<{ readonly out?: string }> = {
  usage: "schema [kind]",
  summary:
    "Write the JSON Schema of policy or scenario files, or the types of policy in TypeScript: so that editors complete.",
  examples: [
    "antibody schema",
    "antibody schema scenario",
    "antibody schema typescript   # then: import { fragment, policy } from ./antibody.ts",
    "head -1 home.yaml   # yaml-language-server: $schema=./antibody.schema.json",
  ],
  exits: [
    [0, "written"],
    [1, "the file cannot be written"],
  ],
  asksAgent: false,
  declare: (command) =>
    void command.option("--out <file>", `where to; default: ${Object.values(editorFiles).join(", ")}`),
  async run({ invocation, options, args: [name = "policy"] }) {
    if (!isKind(name))
      throw usageError(
        `there is no schema of ${printable(name)}`,
        `these are: ${Object.keys(editorFiles).join(", ")}`,
        "antibody schema --help",
      );
    const out = options.out ?? editorFiles[name];
    await writeText(out, await editorText(name), "antibody schema --out FILE");
    const result = { schema: "antibody.editorSchema/1", file: out } as const;
    invocation.print(result, () => [
      `wrote ${out}`,
      `next: begin a ${name === "scenario" ? name : "policy"} file with: ${firstLine(name, out)}`,
    ]);
    return exitCode.ok;
  },
};

function isKind(name: string): name is EditorKind {
  return Object.hasOwn(editorFiles, name);
}
