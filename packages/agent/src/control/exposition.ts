/**
 * Prometheus' text format, version 0.0.4. Source: "Exposition formats" of the Prometheus documentation. Written here,
 * since prom-client keeps a registry of its own beside the inspection that already says everything.
 */

/** One metric: its name, what it means, and its values by labels. */
export interface MetricFamily {
  /** `[a-zA-Z_:][a-zA-Z0-9_:]*`; the unit comes last, `_total` for counters. */
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
  readonly samples: readonly MetricSample[];
}

/** One value; no two of a family have the same labels. */
export interface MetricSample {
  /** Names are `[a-zA-Z_][a-zA-Z0-9_]*`; values are any text. */
  readonly labels: { readonly [name: string]: string };
  readonly value: number;
}

/** What the text is served as. */
export const expositionType = "text/plain; version=0.0.4; charset=utf-8";

/** Families as text. A family without samples says what it means, and nothing more. */
export function exposition(families: readonly MetricFamily[]): string {
  return families.map(familyText).join("");
}

function familyText({ name, type, help, samples }: MetricFamily): string {
  const lines = [`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${type}`];
  for (const { labels, value } of samples) lines.push(`${name}${labelsText(labels)} ${valueText(value)}`);
  return `${lines.join("\n")}\n`;
}

function labelsText(labels: MetricSample["labels"]): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function valueText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  if (Number.isNaN(value)) return "NaN";
  return value > 0 ? "+Inf" : "-Inf";
}

/** A label's value escapes the backslash, the quote and the end of line; everything else stands as it is. */
function escapeLabel(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

/** A help text has no quotes around it: a quote needs no escape there. */
function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}
