/** One metric, as read from the text. */
export interface ReadFamily {
  readonly type: string;
  readonly help: string;
  /** By `name{label="value",…}` with labels in the order of the text. */
  readonly samples: Map<string, { readonly labels: Record<string, string>; readonly value: number }>;
}

const metricName = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const labelName = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/**
 * Reads Prometheus' text format strictly: each family once, HELP and TYPE before its samples and its samples
 * together, names and escapes as the format has them, no labels twice. Throws an Error that names the line.
 */
export function readExposition(text: string): ReadonlyMap<string, ReadFamily> {
  if (!text.endsWith("\n")) throw new Error("the last line must end");
  const families = new Map<string, ReadFamily>();
  let help: { readonly name: string; readonly text: string } | undefined;
  let current = "";
  for (const line of text.slice(0, -1).split("\n")) {
    const fail = (why: string): never => {
      throw new Error(`${why}: ${line}`);
    };
    if (line.startsWith("# HELP ")) {
      const [, name = "", said = ""] = /^# HELP (\S+) (.+)$/.exec(line) ?? fail("no help");
      if (!metricName.test(name)) fail("no name");
      if (families.has(name)) fail("a family twice");
      unescaped(said, "n\\", fail);
      help = { name, text: said };
    } else if (line.startsWith("# TYPE ")) {
      const [, name = "", type = ""] = /^# TYPE (\S+) (counter|gauge)$/.exec(line) ?? fail("no type");
      if (help?.name !== name) fail("a type without its help");
      if ((type === "counter") !== name.endsWith("_total")) fail("counters, and only they, end with _total");
      families.set(name, { type, help: help?.text ?? "", samples: new Map() });
      current = name;
      help = undefined;
    } else {
      const [, name = "", , labels = "", value = ""] =
        /^([^{ ]+)(\{(.*)\})? (\S+)$/s.exec(line) ?? fail("no sample");
      if (name !== current) fail("a sample away from its family");
      const { samples } = families.get(name) ?? fail("no family");
      const read = readLabels(labels, fail);
      const key = JSON.stringify(Object.entries(read).toSorted());
      if (samples.has(key)) fail("the same labels twice");
      samples.set(key, { labels: read, value: readValue(value, fail) });
    }
  }
  return families;
}

type Fail = (why: string) => never;

function readLabels(text: string, fail: Fail): Record<string, string> {
  const labels: Record<string, string> = {};
  let rest = text;
  while (rest !== "") {
    const found = /^([^=]+)="((?:[^"\\]|\\.)*)"(,|$)/s.exec(rest) ?? fail("no label");
    const [whole, name = "", value = "", comma] = found;
    if (!labelName.test(name) || name.startsWith("__")) fail("no label name");
    if (name in labels) fail("a label twice");
    labels[name] = unescaped(value, 'n\\"', fail);
    rest = rest.slice(whole.length);
    if (comma === "," && rest === "") fail("a comma at the end");
  }
  return labels;
}

function unescaped(text: string, known: string, fail: Fail): string {
  return text.replaceAll(/\\(.?)/gs, (_, escaped: string) => {
    if (escaped === "" || !known.includes(escaped)) fail("an unknown escape");
    return escaped === "n" ? "\n" : escaped;
  });
}

function readValue(text: string, fail: Fail): number {
  if (text === "+Inf") return Number.POSITIVE_INFINITY;
  if (text === "-Inf") return Number.NEGATIVE_INFINITY;
  if (text === "NaN") return Number.NaN;
  return /^-?\d+(\.\d+)?(e[+-]?\d+)?$/.test(text) ? Number(text) : fail("no value");
}
