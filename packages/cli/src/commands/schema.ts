import { writeFile } from "node:fs/promises";
import { resourceTypes } from "@antibody/core";
import { type Json, sourceBuilder, sourceSchema } from "@antibody/policy";
import { CliError, exitCode, messageOf, usageError } from "../errors.ts";
import { printable } from "../text/printable.ts";
import type { Verb } from "../verb.ts";

/** Kinds of files, and where the schema of each goes where nobody says. */
const kinds = {
  policy: "antibody.schema.json",
  scenario: "antibody.scenario.schema.json",
  typescript: "antibody.ts",
} as const;
type Kind = keyof typeof kinds;

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
    void command.option("--out <file>", `where to; default: ${Object.values(kinds).join(", ")}`),
  async run({ invocation, options, args: [name = "policy"] }) {
    if (!isKind(name))
      throw usageError(
        `there is no schema of ${printable(name)}`,
        `these are: ${Object.keys(kinds).join(", ")}`,
        "antibody schema --help",
      );
    const out = options.out ?? kinds[name];
    const text = await textOf(name);
    try {
      await writeFile(out, text);
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
      `next: begin a ${name === "scenario" ? name : "policy"} file with: ${beginningOf(name, out)}`,
    ]);
    return exitCode.ok;
  },
};

function isKind(name: string): name is Kind {
  return Object.hasOwn(kinds, name);
}

/** The first line of a file that an editor completes by what was written. */
function beginningOf(kind: Kind, out: string): string {
  const beside = /^[./]/.test(out) ? out : `./${out}`;
  return kind === "typescript"
    ? `import { fragment, policy } from ${JSON.stringify(beside)};`
    : `# yaml-language-server: $schema=${beside}`;
}

async function textOf(kind: Kind): Promise<string> {
  if (kind === "typescript") return sourceBuilder(promiseSchemas());
  return `${JSON.stringify(await schemaOf(kind), undefined, 2)}\n`;
}

async function schemaOf(kind: Exclude<Kind, "typescript">): Promise<Json> {
  if (kind === "policy") return sourceSchema(promiseSchemas());
  // Loaded here: the other commands start without the simulator.
  const { scenarioSchema } = await import("@antibody/sim");
  return scenarioSchema();
}

function promiseSchemas(): Readonly<Record<string, Json>> {
  return Object.fromEntries(resourceTypes.map((type) => [type.kind, type.schema]));
}
