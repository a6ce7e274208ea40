import type { ResourceId, ResourcePromise } from "@antibody/policy";
import { describe, expect, it } from "vitest";
import { findConflicts } from "../../src/resources/conflicts.ts";

type Case = readonly (readonly [string, ResourcePromise, number?])[];

function refused(...promises: Case): readonly string[] {
  const claimants = promises.map(([resource, promise, rank = 1]) => ({
    resource: resource as ResourceId,
    promise,
    rank,
  }));
  return [...findConflicts(claimants).keys()].sort();
}

const undoing: readonly (readonly [string, Case])[] = [
  [
    "a whole file and a line of it",
    [
      ["file:/a", { content: "x" }],
      ["line:/a#l", { line: "y" }],
    ],
  ],
  [
    "no file and a key in it",
    [
      ["file:/a", { absent: true }],
      ["key:/a#k", { value: "y" }],
    ],
  ],
  [
    "a file and a directory",
    [
      ["file:/a", {}],
      ["directory:/a", {}],
    ],
  ],
  [
    "a symlink and a file",
    [
      ["symlink:/a", { target: "b" }],
      ["file:/a", { mode: "0644" }],
    ],
  ],
  [
    "a directory and a line",
    [
      ["directory:/a", {}],
      ["line:/a#l", { line: "y" }],
    ],
  ],
  [
    "one key under two labels",
    [
      ["key:/a#k", { value: "1" }],
      ["key:/a#other", { key: "k", value: "2" }],
    ],
  ],
  [
    "a line and one that begins as it",
    [
      ["line:/a#l", { line: "host a" }],
      ["line:/a#m", { line: "host b", begins: "host " }],
    ],
  ],
  [
    "a line, and none that begins so",
    [
      ["line:/a#l", { line: "host a" }],
      ["line:/a#m", { begins: "host", absent: true }],
    ],
  ],
  [
    "a line, and not that line",
    [
      ["line:/a#l", { line: "host a" }],
      ["line:/a#m", { line: "host a", absent: true }],
    ],
  ],
  [
    "two routes at one address",
    [
      ["route:a", { listen: "127.0.0.1:1" }],
      ["route:b", { listen: "127.0.0.1:1" }],
    ],
  ],
  [
    "one service under two names",
    [
      ["service:ssh", {}],
      ["service:ssh.service", { state: "stopped" }],
    ],
  ],
  [
    "a key of a user, and not",
    [
      ["sshkey:a/x", { key: "ssh-rsa A" }],
      ["sshkey:a/y", { key: "ssh-rsa A", absent: true }],
    ],
  ],
];

const together: readonly (readonly [string, Case])[] = [
  [
    "mode of a file, and lines",
    [
      ["file:/a", { mode: "0600" }],
      ["line:/a#l", { line: "x" }],
      ["key:/a#k", { value: "y" }],
    ],
  ],
  [
    "two lines",
    [
      ["line:/a#l", { line: "host a", begins: "host a" }],
      ["line:/a#m", { line: "host b", begins: "host b" }],
    ],
  ],
  [
    "a line twice",
    [
      ["line:/a#l", { line: "host a" }],
      ["line:/a#m", { line: "host a", begins: "host " }],
    ],
  ],
  [
    "a line, and not a longer one",
    [
      ["line:/a#l", { line: "host a b" }],
      ["line:/a#m", { line: "host a", absent: true }],
    ],
  ],
  [
    "one key in two sections",
    [
      ["key:/a#k", { value: "1" }],
      ["key:/a#k2", { key: "k", value: "2", section: "s" }],
    ],
  ],
  [
    "absent twice",
    [
      ["file:/a", { absent: true }],
      ["directory:/a", { absent: true }],
    ],
  ],
  [
    "no line in no file",
    [
      ["file:/a", { absent: true }],
      ["line:/a#l", { line: "x", absent: true }],
    ],
  ],
  [
    "a mount on a directory",
    [
      ["mount:/a", { source: "t", fsType: "tmpfs" }],
      ["directory:/a", {}],
    ],
  ],
  [
    "keys of two users",
    [
      ["sshkey:a/x", { key: "ssh-rsa A" }],
      ["sshkey:b/x", { key: "ssh-rsa A", absent: true }],
    ],
  ],
];

describe("promises that would undo each other", () => {
  it.each(undoing)("%s: neither is kept", (_title, promises) => {
    expect(refused(...promises)).toEqual(promises.map(([resource]) => resource).sort());
  });

  it.each(undoing)("%s: the higher rank is kept", (_title, [one, other]) => {
    if (one === undefined || other === undefined) throw new Error("no pair");
    expect(refused([one[0], one[1], 2], [other[0], other[1], 1])).toEqual([other[0]]);
    expect(refused([one[0], one[1], 1], [other[0], other[1], 2])).toEqual([one[0]]);
  });

  it.each(together)("%s: all are kept", (_title, promises) => {
    expect(refused(...promises)).toEqual([]);
    expect(refused(...promises.toReversed())).toEqual([]);
  });

  it("are found among many at once", () => {
    const many = Array.from({ length: 5_000 }, (_, index): Case[number] => [
      `line:/a#l${index}`,
      { line: `host ${index} x`, begins: `host ${index} ` },
    ]);
    expect(refused(...many, ["line:/a#z", { begins: "host 4999", absent: true }])).toEqual([
      "line:/a#l4999",
      "line:/a#z",
    ]);
  });
});
