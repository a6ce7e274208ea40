import { type CheckPromise, compileSource, type Problem } from "../src/index.ts";

/** Knows `file` with content, mode and owner, and `process` with a command of texts. */
export const checkPromise: CheckPromise = (kind, promise) => {
  if (kind === "file") {
    const fields = ["content", "mode", "owner"];
    const unknown = Object.keys(promise).filter((field) => !fields.includes(field));
    const noText = fields.filter((field) => field in promise && typeof promise[field] !== "string");
    const missing = promise["content"] === undefined ? [{ path: ["content"], message: "is missing" }] : [];
    return [
      ...unknown.map((field) => ({
        path: [field],
        message: "is not a field of a file",
        hint: `known are ${fields}`,
      })),
      ...noText.map((field) => ({ path: [field], message: "must be a text" })),
      ...missing,
    ];
  }
  if (kind !== "process")
    return [{ path: [], message: `unknown resource type ${kind}`, hint: "known are file, process" }];
  const command = Array.isArray(promise["command"]) ? promise["command"] : [];
  return command.flatMap((part, index) =>
    typeof part === "string" ? [] : [{ path: ["command", String(index)], message: "must be a text" }],
  );
};

export function problemsOf(text: string): readonly Problem[] {
  const compiled = compileSource(text, "home.yaml", checkPromise);
  return "problems" in compiled ? compiled.problems : [];
}

/** The problems in short: `line:column message`. */
export function shortly(text: string): readonly string[] {
  return problemsOf(text).map(({ line, column, message }) => `${line}:${column} ${message}`);
}

export const sound: string = `# yaml-language-server: $schema=./antibody.schema.json
stream: home
name: sensor
when: arch == "arm64" && tags.exists("greenhouse")   # subset of CEL
promises:
  file:/etc/sensor.toml: { content: "rate = 5\\n", mode: "0644" }
  process:sensor: { command: ["/usr/bin/sensor", "--config", "/etc/sensor.toml"] }
---
stream: home
name: motd
promises:
  file:/etc/motd:
    content: |
      Grüße
    mode: !!str 0644
`;

export const head: string = "stream: home\nname: a\n";
