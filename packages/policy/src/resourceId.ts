import { resourceIdCharactersMax } from "./limits.ts";

declare const brand: unique symbol;

/** A resource as promises name it: `kind:name`, such as `file:/etc/motd` or `process:sensor`. */
export type ResourceId = string & { readonly [brand]: "resource" };

/** The two halves of a resource id. */
export interface ResourceIdParts {
  readonly id: ResourceId;
  /** The resource type, such as `file`. */
  readonly kind: string;
  /** What the type names: a path, or a plain name. */
  readonly name: string;
}

const kindPattern = /^[a-z][a-z0-9-]{0,31}$/;

/**
 * Reads a resource id, or undefined.
 *
 * A name that begins with `/` is a path and must be in its one normal form (no empty, `.` or `..` component,
 * no slash at the end but of `/` itself): scopes are globs over the text, so a second spelling would be a way
 * around them.
 */
export function parseResourceId(text: string): ResourceIdParts | undefined {
  if (text.length > resourceIdCharactersMax) return undefined;
  const colon = text.indexOf(":");
  const kind = text.slice(0, Math.max(colon, 0));
  const name = text.slice(colon + 1);
  if (!kindPattern.test(kind) || !isResourceName(name)) return undefined;
  return { id: text as ResourceId, kind, name };
}

function isResourceName(name: string): boolean {
  if (name === "" || name !== name.normalize("NFC") || !name.isWellFormed()) return false;
  for (let index = 0; index < name.length; index += 1) {
    const unit = name.charCodeAt(index);
    if (unit < 0x20 || unit === 0x7f) return false;
  }
  if (!name.startsWith("/") || name === "/") return true;
  return name
    .slice(1)
    .split("/")
    .every((component) => component !== "" && component !== "." && component !== "..");
}
