import { type Input, Mind, type ResourceType, resourceTypes } from "@antibody/core";
import { describe, expect, test } from "vitest";
import { crypto } from "../../../core/test/mind/minds.ts";
import { replay } from "../../src/mind/replay.ts";
import { ReplaySession } from "../../src/mind/replaySession.ts";
import { failing, promises, secret } from "./failing.ts";

/** Kinds that only report: nothing is repaired, so nothing is ever handed off. */
const reporting = ["agent", "capability", "clock", "disk", "http", "memory", "port", "probe", "role", "tcp"];

const cases = Object.entries(promises).map(
  ([resource, promise]) => [resource, typeOf(resource.slice(0, resource.indexOf(":"))), promise] as const,
);

const replaying = { crypto, resourceTypes, restore: Mind.restore };

describe("an incident", () => {
  test("of every kind that repairs is here", () => {
    const kinds = new Set([...cases.map(([, { kind }]) => kind), ...reporting]);
    expect([...kinds].sort()).toEqual(resourceTypes.map(({ kind }) => kind).sort());
  });

  test.each(cases)("of %s replays to equal outputs", (resource, type, promise) => {
    const { bytes, recording, mind } = failing(resource, type, promise);
    expect(replay(recording, replaying)).toEqual({ stepCount: recording.steps.length });
    const [incident] = mind.inspect({ monoMs: 1, wallMs: 1 }).incidents;
    expect(incident?.resource).toBe(resource);
    expect(bytes.includes("third stone")).toBe(false);
  });

  test("holds no content of a file that its promise marks private; the recording and the screens neither", () => {
    const { bytes, recording, mind } = failing(
      "file:/etc/key",
      typeOf("file"),
      promises["file:/etc/key"] ?? {},
    );
    for (const hidden of [secret, Buffer.from(secret).toString("base64").slice(0, 40), "third stone"])
      expect(bytes.includes(hidden)).toBe(false);
    // Envelopes are base64 in a recording: at any of three offsets.
    const decoded = recording.steps.map(({ input, outputs }) =>
      Buffer.from(JSON.stringify([input, outputs], bytesOut)),
    );
    expect(decoded.some((each) => each.includes("third stone"))).toBe(false);
    const seen = JSON.stringify(mind.inspect({ monoMs: 1, wallMs: 1 }));
    expect(seen).not.toContain("third stone");
    expect(seen).toContain('"content":"(private)"');
    // What is not marked is there: the test would see it.
    const open = failing("file:/etc/motd", typeOf("file"), { content: secret });
    expect(open.bytes.includes("third stone")).toBe(true);
  });
});

function bytesOut(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : value;
}

function typeOf(kind: string): ResourceType {
  const type = resourceTypes.find((each) => each.kind === kind);
  if (type === undefined) throw new Error(`no type ${kind}`);
  return type;
}

describe("a session of a replay", () => {
  const { recording } = failing("file:/etc/motd", typeOf("file"), { content: "hello\n" });

  test("is at any position what it was when it came there forward", () => {
    const session = new ReplaySession(recording, replaying);
    const states: string[] = [];
    do states.push(JSON.stringify([session.last?.index, session.inspect()]));
    while (session.forward() !== undefined);
    expect(states.length).toBe(recording.steps.length + 1);
    for (const position of [states.length - 1, 0, 3, 2, states.length - 2, 1]) {
      session.goTo(position);
      expect(JSON.stringify([session.last?.index, session.inspect()])).toBe(states[position]);
    }
  });

  test("finds a step forward and back", () => {
    const session = new ReplaySession(recording, replaying);
    const isFailure = ({ recorded }: { recorded: { input: Input } }): boolean =>
      recorded.input.type === "outcome";
    const found: number[] = [];
    while (session.forwardTo(isFailure)) found.push(session.position);
    expect(found.length).toBeGreaterThan(2);
    expect(session.position).toBe(recording.steps.length);
    // The last one is the end itself: going back finds the one before.
    const back: number[] = [];
    while (session.backTo(isFailure)) back.push(session.position);
    expect(back).toEqual(found.toReversed().filter((position) => position < recording.steps.length));
    expect(session.backTo(isFailure)).toBe(false);
    expect(session.position).toBe(found[0]);
  });

  test("says which step is the first to differ", () => {
    const wrong = recording.steps.findIndex(({ outputs }, index) => index >= 5 && (outputs ?? []).length > 0);
    const doctored = recording.steps.with(wrong, { ...recording.steps[wrong], outputs: [] } as never);
    expect(replay({ ...recording, steps: doctored }, replaying).firstDifference?.index).toBe(wrong);
  });
});
