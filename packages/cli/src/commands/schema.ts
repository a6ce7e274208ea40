import { writeFile } from "node:fs/promises";
import { resourceTypes } from "@antibody/core";
import { sourceSchema } from "@antibody/policy";
import { CliError, exitCode, messageOf } from "../errors.ts";
import type { Verb } from "../verb.ts";

/** `antibody schema`: what an editor needs to complete and underline a policy file. */
export const schema: Verb<{ readonly out: string }> = {
  usage: "schema",
  summary: "Write the JSON Schema of policy files, so that an editor completes and underlines.",
  examples: ["antibody schema", "head -1 home.yaml   # yaml-language-server: $schema=./antibody.schema.json"],
  exits: [
    [0, "written"],
    [1, "the file cannot be written"],
  ],
  asksAgent: false,
  declare: (command) => void command.option("--out <file>", "where to", "antibody.schema.json"),
  async run({ invocation, options: { out } }) {
    const schemas = Object.fromEntries(resourceTypes.map((type) => [type.kind, type.schema]));
    try {
      await writeFile(out, `${JSON.stringify(sourceSchema(schemas), undefined, 2)}\n`);
    } catch (error) {
      throw new CliError({
        code: "unwritable",
        message: `${out} cannot be written`,
        cause: messageOf(error),
        next: "antibody schema --out FILE",
        exit: exitCode.failed,
      });
    }
    const result = { schema: "antibody.editorSchema/1", file: out } as const;
    invocation.print(result, () => [
      `wrote ${out}`,
      `next: begin a policy file with: # yaml-language-server: $schema=./${out}`,
    ]);
    return exitCode.ok;
  },
};
