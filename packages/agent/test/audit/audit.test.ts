import fs, { appendFileSync, readdirSync, statSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { Audit, type AuditLine, readAudit } from "../../src/audit/audit.ts";
import { callerOf } from "../../src/audit/caller.ts";
import { History } from "../../src/audit/history.ts";
import { scratchDirectory } from "../state/scratch.ts";

function line(number: number, text = ""): AuditLine {
  return { v: 1, time: "2026-01-01T00:00:00.000Z", event: "order.pause", fields: { number, text } };
}

describe("the audit log", () => {
  test("keeps the newest lines within its bytes, over restarts, and passes over one that was cut", () => {
    const directory = scratchDirectory();
    const audit = new Audit(directory, (error) => {
      throw error;
    });
    for (let number = 0; number < 150; number += 1) audit.note(line(number, "x".repeat(8_000)));
    appendFileSync(join(directory, "audit.jsonl"), '{"v":1,"time":"2026');
    const numbers = readAudit(directory).map(({ fields }) => Number(fields["number"]));
    expect(numbers.at(-1)).toBe(149);
    expect(numbers).toEqual(numbers.map((_, index) => 149 - numbers.length + 1 + index));
    expect(numbers.length).toBeGreaterThan(60);
    const sizes = readdirSync(directory).map((name) => statSync(join(directory, name)).size);
    expect(Math.max(...sizes)).toBeLessThan(530_000);
    expect(sizes).toHaveLength(2);
  });

  test("is owner-only, cuts what is too long, and refuses nothing when it cannot be written", () => {
    const directory = scratchDirectory();
    let failures = 0;
    const audit = new Audit(directory, () => {
      failures += 1;
    });
    audit.note(line(1, "x".repeat(100_000)));
    expect(statSync(join(directory, "audit.jsonl")).mode & 0o777).toBe(0o600);
    expect(readAudit(directory)[0]?.fields).toEqual({ cutBytes: expect.any(Number) });
    const nowhere = new Audit(join(directory, "missing"), () => {
      failures += 1;
    });
    nowhere.note(line(1));
    nowhere.note(line(2));
    expect(failures).toBe(1);
  });

  test("writes what a start says again later, and before what it does not say again", async () => {
    const directory = scratchDirectory();
    const audit = new Audit(directory, (error) => {
      throw error;
    });
    const events = (): readonly string[] => readAudit(directory).map(({ event }) => event);
    const activated = { ...line(1), event: "policy.activated" };
    audit.note(activated);
    expect(events()).toEqual([]);
    audit.note(line(2));
    expect(events()).toEqual(["policy.activated", "order.pause"]);
    audit.note(activated);
    audit.flush();
    expect(events()).toHaveLength(3);
    audit.note(activated);
    // The timer of a waiting line does not keep a process alive: this one does.
    await expect.poll(events, { timeout: 10_000 }).toHaveLength(4);
  });

  test("brings an order to the disk, and leaves the line of a start to the kernel", () => {
    const directory = scratchDirectory();
    const audit = new Audit(directory, (error) => {
      throw error;
    });
    const { fdatasyncSync } = fs;
    let syncs = 0;
    fs.fdatasyncSync = (file) => {
      syncs += 1;
      fdatasyncSync(file);
    };
    syncBuiltinESMExports();
    onTestFinished(() => {
      fs.fdatasyncSync = fdatasyncSync;
      syncBuiltinESMExports();
    });
    audit.note({ ...line(1), event: "agent.started" });
    expect(readAudit(directory)).toHaveLength(1);
    expect(syncs).toBe(0);
    audit.note(line(2));
    expect(readAudit(directory)).toHaveLength(2);
    expect(syncs).toBe(1);
  });

  test("knows who calls by the kernel's word on the process", () => {
    expect(callerOf(String(process.pid))).toMatchObject({ pid: process.pid, uid: process.getuid?.() });
    for (const said of [undefined, "", "0", "-1", "1; rm", "99999999999"])
      expect(callerOf(said)).toBeUndefined();
    expect(callerOf("2147483646")).toEqual({ pid: 2_147_483_646 });
  });

  test("takes from the log what people ask for later, and what a start says again only once", () => {
    const told = {
      name: "policy.activated",
      level: "info",
      fields: { stream: "home", generation: 2 },
    } as const;
    const history = new History([]);
    const first = history.lineOf(told, "t");
    expect(first).toMatchObject({ event: "policy.activated", fields: { generation: 2 } });
    expect(history.lineOf(told, "t")).toBeUndefined();
    const after = new History(first === undefined ? [] : [first]);
    expect(after.lineOf(told, "t")).toBeUndefined();
    expect(after.lineOf({ ...told, fields: { ...told.fields, generation: 3 } }, "t")).toBeDefined();
    const handedOff = {
      name: "resource.handedOff",
      level: "error",
      fields: { resource: "a", detail: "secret" },
    } as const;
    expect(JSON.stringify(history.lineOf(handedOff, "t"))).not.toContain("secret");
    expect(history.lineOf({ name: "resource.drifted", level: "info", fields: {} }, "t")).toBeUndefined();
  });
});
