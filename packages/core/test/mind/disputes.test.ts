import { expect, it } from "vitest";
import { author, grantTo, mindOf } from "./minds.ts";

it("a stream in dispute is a case for people, until a new epoch clears it", () => {
  const writer = author(1);
  const life = mindOf();
  life.start();
  life.grant(grantTo(writer.root));
  for (const policy of [writer.root, ...writer.files(1, ["good"])]) life.take(policy);
  expect(life.mind.inspect(life.now).incidents).toEqual([]);
  const [evil] = writer.files(1, ["evil"]);
  if (evil === undefined) throw new Error("a bundle has a manifest");
  life.take(evil);
  const proof = life.mind.inspect(life.now).streams[0]?.proof;
  const [incident, ...others] = life.mind.inspect(life.now).incidents;
  expect(others).toEqual([]);
  expect(incident).toMatchObject({ resource: `policy:${writer.author}/home`, observed: { proof } });
  expect(incident?.mendedWallMs).toBeUndefined();
  // The resource is held: neither enforced nor undone.
  expect(life.mind.inspect(life.now).resources).toMatchObject([{ phase: "held" }]);
  for (const policy of [writer.rotate(), ...writer.publish(1, [], { epoch: 2 })]) life.take(policy);
  expect(life.mind.inspect(life.now).incidents).toMatchObject([{ id: incident?.id, mendedWallMs: 0 }]);
});
