import {
  type BundleDocument,
  type Contexts,
  type Floors,
  type Grant,
  type VerifiedPolicy,
  type View,
  type ViewInput,
  view,
} from "../src/index.ts";
import { authorOf, bundleOf, documentOf, type TestAuthor, type TestBundle } from "./support.ts";

export const alice: TestAuthor = authorOf("alice");
export const bob: TestAuthor = authorOf("bob");
export const contexts: Contexts = {
  arch: "arm64",
  hostname: "pi",
  name: "pi",
  os: "linux",
  tags: ["greenhouse"],
};
export const requires: ViewInput["requires"] = (kind) => {
  if (kind === "file") return [];
  return kind === "process" ? ["process"] : undefined;
};
export const none: Floors = new Map();

export function viewOf(
  set: readonly (readonly VerifiedPolicy[])[],
  grants: readonly Grant[],
  changes: Partial<ViewInput> = {},
): View {
  return view({ set: set.flat(), grants, contexts, floors: none, requires, ...changes });
}

/** What a view puts in force, in short: resource, content, author's generation. */
export function inForce(made: View): Readonly<Record<string, unknown>> {
  return Object.fromEntries([...made.promises].map(([id, entry]) => [id, entry.promise["content"]]));
}

/** What a view holds, in short. */
export function heldIn(made: View): readonly string[] {
  return made.held.map((claim) => `${claim.resource} ${claim.reason}`);
}

export function file(name: string, content: string, path = "/etc/motd", when?: string): BundleDocument {
  return documentOf(name, { [`file:${path}`]: { content } }, when);
}

export const one: TestBundle = bundleOf(alice, 1, [file("motd", "one")]);
export const two: TestBundle = bundleOf(alice, 2, [file("motd", "two")]);
export const roots: readonly VerifiedPolicy[] = [alice.rootPolicy, bob.rootPolicy];
