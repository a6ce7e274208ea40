import { afterEach, expect, test } from "vitest";
import { enroll, evictionOf, found, pair, Station } from "../swarm.ts";

const open: Station[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((station) => station.close()));
});

async function station(founded = found()): Promise<Station> {
  const made = await new Station(founded).open();
  open.push(made);
  return made;
}

test("two enrolled agents say hello, and both minds hear of it once", async () => {
  const [left, right] = await pair();
  open.push(left, right);
  const dialed = await left.input("dialed");
  expect(dialed).toEqual({ type: "dialed", peer: right.agent, purpose: "session", result: "connected" });
  const told = await right.input("connected");
  expect(told.peer).toBe(left.agent);
  expect(told.member.entry.entry.addresses).toEqual(left.network.addresses());
  expect(left.inputs.filter((input) => input.type === "connected")).toHaveLength(1);
});

test("a message arrives as it was sent", async () => {
  const [left, right] = await pair();
  open.push(left, right);
  const message = {
    type: "probe",
    sequence: 7,
    digests: { members: "00112233445566ff", policy: "ffeeddccbbaa9988" },
  } as const;
  left.network.send(right.agent, message);
  const got = await right.input("message");
  expect(got).toEqual({ type: "message", from: left.agent, message });
});

test("a closed agent is gone at once for its peer", async () => {
  const [left, right] = await pair();
  open.push(left, right);
  await right.close();
  expect(await left.input("disconnected")).toEqual({ type: "disconnected", peer: right.agent });
});

test("an agent of another swarm gets no session", async () => {
  const left = await station();
  const stranger = await station();
  stranger.know(left);
  stranger.dial(left);
  const dialed = await stranger.input("dialed");
  expect(dialed.result).toBe("failed");
  expect((await left.event("network.refused")).fields["reason"]).toBe("wrongSwarm");
  expect(left.inputs).toEqual([]);
});

test.each(["who dials", "who is dialed"])(
  "an evicted agent gets no session, and is shown why: %s",
  async (who) => {
    const founded = found();
    const left = await station(founded);
    const right = await station(enroll(founded, "right"));
    const [dialing, dialed] = who === "who dials" ? [right, left] : [left, right];
    left.knowledge.evictions.set(right.agent, evictionOf(founded, right.founded));
    dialing.know(dialed);
    dialing.dial(dialed);
    expect((await dialing.input("dialed")).result).toBe("failed");
    expect((await left.event("network.refused")).fields["reason"]).toBe("noGrant");
    if (who === "who dials") {
      expect(await right.input("turnedAway")).toMatchObject({ eviction: { agent: right.agent } });
    }
    for (const { inputs } of [left, right]) {
      expect(inputs.filter(({ type }) => type === "connected")).toEqual([]);
    }
  },
);

test("agents that dial each other at once settle on one session", async () => {
  const founded = found();
  const left = await station(founded);
  const right = await station(enroll(founded, "right"));
  left.know(right);
  right.know(left);
  left.dial(right);
  right.dial(left);
  await Promise.all([left.input("dialed"), right.input("dialed")]);
  expect(left.inputs.filter((input) => input.type !== "dialed").map((input) => input.type)).toEqual([
    "connected",
  ]);
  expect(right.inputs.filter((input) => input.type !== "dialed").map((input) => input.type)).toEqual([
    "connected",
  ]);
});
