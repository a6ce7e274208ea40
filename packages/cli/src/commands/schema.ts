import { writeFile } from "node:fs/promises";
import { resourceTypes } from "@antibody/core";
import { type Json, sourceSchema } from "@antibody/policy";
import { CliError, exitCode, messageOf, usageError } from "../errors.ts";
import { printable } from "../text/printable.ts";
import type { Verb } from "../verb.ts";

/** Kinds of files, and where the schema of each goes where nobody says. */
const kinds = { policy: "antibody.schema.json", scenario: "antibody.scenario.schema.json" } as const;
type Kind = keyof typeof kinds;

/** `antibody schema`: what an editor needs to complete and underline a policy file, or a scenario of the simulator. */
export const schema: Verb<{ readonly out?: string }> = {
  usage: "schema [kind]",
  summary: "Write the JSON Schema of policy files, or of scenario files, so that an editor completes them.",
  examples: [
    "antibody schema",
    "antibody schema scenario",
    "head -1 home.yaml   # yaml-language-server: $schema=./antibody.schema.json",
  ],
  exits: [
    [0, "written"],
    [1, "the file cannot be written"],
  ],
  asksAgent: false,
  declare: (command) =>
    void command.option("--out <file>", `where to; default: ${Object.values(kinds).join(" or ")}`),
  async run({ invocation, options, args: [name = "policy"] }) {
    if (!isKind(name))
      throw usageError(
        `there is no schema of ${printable(name)}`,
        `these are: ${Object.keys(kinds).join(", ")}`,
        "antibody schema --help",
      );
    const out = options.out ?? kinds[name];
    const text = JSON.stringify(await schemaOf(name), undefined, 2);
    try {
      await writeFile(out, `${text}\n`);
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
      `next: begin a ${name} file with: # yaml-language-server: $schema=./${out}`,
    ]);
    return exitCode.ok;
  },
};

function isKind(name: string): name is Kind {
  return Object.hasOwn(kinds, name);
}

async function schemaOf(kind: Kind): Promise<Json> {
  if (kind === "policy") {
    return sourceSchema(Object.fromEntries(resourceTypes.map((type) => [type.kind, type.schema])));
  }
  // Loaded here: the other commands start without the simulator.
  const { scenarioSchema } = await import("@antibody/sim");
  return scenarioSchema();
}
