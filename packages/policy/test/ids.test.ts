import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  base32Decode,
  base32Encode,
  fromHex,
  idDigest,
  makeId,
  matchesGlob,
  matchIdPrefix,
  parseId,
  parseResourceId,
  parseStreamName,
  shortId,
  toHex,
  utf8,
} from "../src/index.ts";

describe("base32", () => {
  // RFC 4648, 10, in lowercase and without padding.
  it.each([
    ["", ""],
    ["f", "my"],
    ["fo", "mzxq"],
    ["foo", "mzxw6"],
    ["foob", "mzxw6yq"],
    ["fooba", "mzxw6ytb"],
    ["foobar", "mzxw6ytboi"],
  ])("writes %o as %o", (text, encoded) => {
    expect(base32Encode(utf8(text))).toBe(encoded);
    expect(base32Decode(encoded)).toEqual(utf8(text));
  });

  it("gives back any bytes, as hexadecimal does", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(base32Decode(base32Encode(bytes))).toEqual(bytes);
        expect(fromHex(toHex(bytes))).toEqual(bytes);
      }),
    );
  });

  it("has one spelling for each value", () => {
    const character = fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz234567");
    fc.assert(
      fc.property(fc.string({ unit: character, maxLength: 20 }), (text) => {
        const bytes = base32Decode(text);
        return bytes === undefined || base32Encode(bytes) === text;
      }),
    );
    for (const text of ["a", "mz", "MY", "m1", "my======", "mzxw6y2", "abc"])
      expect(base32Decode(text)).toBeUndefined();
  });
});

describe("ids", () => {
  const id = makeId("agent", new Uint8Array(32).fill(7));

  it("are the kind, an underscore, and 52 characters", () => {
    expect(id).toMatch(/^agent_[a-z2-7]{52}$/);
    expect(parseId("agent", id)).toBe(id);
    expect(idDigest(id)).toEqual(new Uint8Array(32).fill(7));
    expect(shortId(id)).toMatch(/^agent_[a-z2-7]{8}$/);
  });

  it("are refused in any other form", () => {
    const wrong = [
      id.slice(0, -1),
      `${id}a`,
      id.toUpperCase(),
      id.replace("agent", "author"),
      ` ${id}`,
      "agent_",
      "",
    ];
    for (const text of wrong) expect(parseId("agent", text)).toBeUndefined();
    // 52 characters have 4 bits to spare: they must be zero.
    expect(parseId("agent", `${id.slice(0, -1)}b`)).toBeUndefined();
    expect(() => makeId("agent", new Uint8Array(31))).toThrow();
  });

  it("are found by a unique prefix, with and without the kind", () => {
    const ids = ["agent_abcd", "agent_abce", "agent_xyz"];
    expect(matchIdPrefix(ids, "agent_x")).toEqual({ found: "agent_xyz" });
    expect(matchIdPrefix(ids, "xy")).toEqual({ found: "agent_xyz" });
    expect(matchIdPrefix(ids, "abc")).toEqual({ ambiguous: ["agent_abcd", "agent_abce"] });
    expect(matchIdPrefix(ids, "agent_abcd")).toEqual({ found: "agent_abcd" });
    expect(matchIdPrefix(ids, "b")).toEqual({ none: true });
    expect(matchIdPrefix(ids, "")).toEqual({ none: true });
    expect(matchIdPrefix([...ids, "agent_abcde"], "agent_abcd")).toEqual({ found: "agent_abcd" });
  });
});

describe("resource ids", () => {
  it.each(["file:/etc/motd", "file:/", "process:sensor", "http:a:b", "file:/a b/ü", "file:/..a/b.."])(
    "take %s",
    (text) => {
      expect(parseResourceId(text)?.id).toBe(text);
    },
  );

  it.each([
    "",
    "file",
    "file:",
    ":x",
    "File:/x",
    "1file:/x",
    "file:/etc/",
    "file:/etc//motd",
    "file:/etc/./motd",
    "file:/etc/../motd",
    "file:/..",
    "file:/a\n",
    "file:/a\u0000",
    "file:/A\u030a",
    "file:/\ud800",
    `file:/${"a".repeat(600)}`,
  ])("refuse %j", (text) => {
    expect(parseResourceId(text)).toBeUndefined();
  });
});

describe("stream names", () => {
  it("are short and plain", () => {
    for (const text of ["home", "a", "x-1", "a".repeat(63)]) expect(parseStreamName(text)).toBe(text);
    for (const text of ["", "-a", "a-", "A", "a b", "a/b", "ä", "a".repeat(64)]) {
      expect(parseStreamName(text)).toBeUndefined();
    }
  });
});

describe("globs", () => {
  it.each([
    ["file:/etc/motd", "file:/etc/motd", true],
    ["file:/etc/motd", "file:/etc/motd2", false],
    ["file:/etc/*", "file:/etc/motd", true],
    ["file:/etc/*", "file:/etc/ssh/sshd_config", false],
    ["file:/etc/*", "file:/etc", false],
    ["file:/etc/**", "file:/etc/ssh/sshd_config", true],
    ["file:/etc/**", "file:/etc2/x", false],
    ["file:/*/motd", "file:/etc/motd", true],
    ["file:/**/motd", "file:/a/b/motd", true],
    ["*:sensor", "process:sensor", true],
    ["process:*", "process:sensor", true],
    ["process:*", "process-x:sensor", false],
    ["**", "file:/any/thing", true],
    ["*", "file:/any", false],
    ["file:/a*b*c", "file:/axxbyyc", true],
    ["file:/a*b*c", "file:/axxbyy", false],
    ["file:/[ab]", "file:/a", false],
    ["file:/a.c", "file:/abc", false],
  ])("%s and %s: %s", (glob, id, expected) => {
    expect(matchesGlob(glob, id)).toBe(expected);
  });

  it("agree with a regular expression of the same meaning", () => {
    const glob = fc
      .string({ unit: fc.constantFrom("a", "b", "/", "*"), maxLength: 8 })
      .filter((text) => !text.includes("***"));
    const id = fc.string({ unit: fc.constantFrom("a", "b", "/"), maxLength: 10 });
    fc.assert(
      fc.property(glob, id, (pattern, text) => {
        const source = pattern.replaceAll(/\*\*|\*/g, (stars) => (stars === "**" ? "[^]*" : "[^/]*"));
        return matchesGlob(pattern, text) === new RegExp(`^${source}$`).test(text);
      }),
      { numRuns: 2000 },
    );
  });

  it("cost a bounded number of steps on a hostile glob", () => {
    expect(matchesGlob(`${"*a".repeat(120)}b`, `file:${"a".repeat(500)}`)).toBe(false);
  });
});
