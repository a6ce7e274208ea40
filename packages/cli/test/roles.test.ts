import type { Inspection, RoleView } from "@antibody/core";
import { describe, expect, test } from "vitest";
import { setStage } from "./commandLine.ts";
import { greenhouse, resourceId, wellInspection } from "./fixtures.ts";
import { schemaProblems } from "./schemas.ts";

const web = resourceId("role:web");

/** A device on which a role is promised that `greenhouse` holds. */
function withRole(role: Partial<RoleView> = {}): Inspection {
  const [kept] = wellInspection.resources;
  if (kept === undefined) throw new Error("the fixture keeps something");
  const why = "1 of 2 hold it; this device is number 1 of those that stand by";
  const resource = { ...kept, resource: web, phase: "standingBy", why, promise: { count: 2 } } as const;
  const view: RoleView = {
    resource: web,
    count: 2,
    heldHere: false,
    holders: [greenhouse],
    next: [wellInspection.agent],
    why,
    takeoverMs: 10_000,
    overlapMs: 37_500,
    ...role,
  };
  return { ...wellInspection, resources: [...wellInspection.resources, resource], roles: [view] };
}

describe("a role", () => {
  test("is one line of status: who holds it, and who is next; to stand by is no fault", async () => {
    const stage = await setStage(withRole());
    const { code, out } = await stage.run("status");
    expect(code).toBe(0);
    expect(out).toMatch(/role +role:web: 1 of 2 hold it: greenhouse; next pi/);
    expect(out).toContain("1 standing by");
    expect(out).not.toContain("RESOURCE");
    expect((await stage.run("status", "--all")).out).toMatch(/role:web +standing by/);
  });

  test("says so where nobody holds it, and nobody stands by", async () => {
    const stage = await setStage(withRole({ holders: [], next: [] }));
    const { out } = await stage.run("status");
    expect(out.replaceAll(/\n +/g, " ")).toContain("role:web: 0 of 2 hold it: nobody; nobody stands by");
  });

  test("of a lease tells for whom this device has voted, by which epoch, and who votes", async () => {
    const lease = { members: [wellInspection.agent, greenhouse], epoch: 7, boundTo: greenhouse };
    const stage = await setStage(withRole({ count: 1, overlapMs: 0, lease }));
    const text = (await stage.run("why", "role:web")).out.replaceAll(/\n +/g, " ");
    expect(text).toMatch(/vote here +for greenhouse, epoch 7/);
    expect(text).toMatch(/voters +pi, greenhouse/);
    expect(text).toContain("never two leases at one time");
    const status = (await stage.run("status")).out.replaceAll(/\n +/g, " ");
    expect(status).toContain(
      "role:web: held by greenhouse; lease of epoch 7, vote here for greenhouse; pi, greenhouse vote",
    );
    const peer = (await stage.run("peers", "why", "greenhouse")).out.replaceAll(/\n +/g, " ");
    expect(peer).toMatch(/role +role:web: holds it, votes on it, has this device's vote, epoch 7/);
    const { value } = await stage.json("status");
    expect(schemaProblems(value)).toEqual([]);
    expect(value).toMatchObject({ roles: [{ lease: { epoch: 7, boundTo: { name: "greenhouse" } } }] });
  });

  test("is explained by why: holders, who is next, and the bounds", async () => {
    const stage = await setStage(
      withRole({ heldHere: true, holders: [wellInspection.agent, greenhouse], next: [] }),
    );
    const { code, out } = await stage.run("why", "role:web");
    expect(code).toBe(0);
    const text = out.replaceAll(/\n +/g, " ");
    for (const part of [
      "pi, greenhouse (2 shall)",
      "nobody stands by",
      "nobody for at most 10s, too many for at most 37s once they reach each other",
    ]) {
      expect(text).toContain(part);
    }
  });

  test("is told to scripts as the schemas say, and not at all where none is promised", async () => {
    const stage = await setStage(withRole());
    for (const args of [["status"], ["why", "role:web"]] as const) {
      const printed: unknown = JSON.parse((await stage.run("--json", ...args)).out);
      expect(schemaProblems(printed)).toEqual([]);
      expect(JSON.stringify(printed)).toContain('"holders":[{"agent":');
    }
    const plain = await setStage(wellInspection);
    expect(JSON.parse((await plain.run("--json", "status")).out)).not.toHaveProperty("roles");
  });
});
