import type { Json, ResourceId, SourceDocument } from "@antibody/policy";
import { promisesOf } from "@antibody/policy";

/** A text of a policy file that looks like a secret: everyone in the swarm can read policy. */
export interface SuspectedSecret {
  readonly resource: ResourceId;
  /** Where in the promise, such as `content` or `env.TOKEN`. */
  readonly field: string;
  /** What it looks like. Never the text itself. */
  readonly what: string;
}

/** What secrets look like. Those with a mark of their own first; a word beside a value is a guess, and told as one. */
const marks: readonly { readonly what: string; readonly pattern: RegExp }[] = [
  { what: "a private key", pattern: /-----BEGIN [A-Z ]*PRIVATE KEY-----/ },
  { what: "an access key of AWS", pattern: /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/ },
  { what: "a token of GitHub", pattern: /\bgh[oprsu]_[A-Za-z0-9]{36}/ },
  { what: "a token of Slack", pattern: /\bxox[abprs]-[A-Za-z0-9-]{10}/ },
  { what: "a JSON web token", pattern: /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]+/ },
  {
    what: "a password or token",
    pattern: /\b(?:password|passwd|secret|token|api[_-]?key)\b["']?\s*[:=]\s*["']?[^\s"'$<{]{6}/i,
  },
];
/** A name that says what its value is, such as a variable's. */
const secretName = /(?:password|passwd|secret|token|api_?key)$/i;

/** Every text that looks like a secret, in the order of the file. */
export function suspectedSecrets(documents: readonly SourceDocument[]): readonly SuspectedSecret[] {
  return documents.flatMap((document) =>
    promisesOf(document).flatMap(([resource, promise]) =>
      textsIn(promise, []).flatMap(({ path, text }) => {
        const what = whatOf(path.at(-1) ?? "", text);
        return what === undefined ? [] : [{ resource, field: path.join("."), what }];
      }),
    ),
  );
}

function whatOf(name: string, text: string): string | undefined {
  const mark = marks.find(({ pattern }) => pattern.test(text));
  if (mark !== undefined) return mark.what;
  return secretName.test(name) && text.length > 0 ? "a password or token" : undefined;
}

function textsIn(
  value: Json,
  path: readonly string[],
): readonly { readonly path: readonly string[]; readonly text: string }[] {
  if (typeof value === "string") return [{ path, text: value }];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, part]) => textsIn(part as Json, [...path, name]));
}
