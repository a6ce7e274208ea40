import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { listeners } from "../../src/device/resources/port.ts";
import { Rig, until } from "./rig.ts";

async function listen(host = "127.0.0.1"): Promise<{ readonly port: number; close(): Promise<unknown> }> {
  const server = createServer((socket) => socket.destroy());
  server.listen(0, host);
  await once(server, "listening");
  const close = async (): Promise<unknown> => (server.listening ? once(server.close(), "close") : undefined);
  onTestFinished(async () => void (await close()));
  return { port: (server.address() as AddressInfo).port, close };
}

function drifted(rig: Rig, id: Parameters<Rig["isKept"]>[0]): Promise<true> {
  return until(`${id} drifted`, () => rig.observation(id) !== undefined && !rig.isKept(id)) as Promise<true>;
}

describe("tcp and port", () => {
  test("see a listener come and go", async () => {
    const { port, close } = await listen();
    const rig = new Rig();
    const tcp = rig.promise("tcp:database", { host: "127.0.0.1", port });
    const local = rig.promise("port:database", { port });
    const nobody = rig.promise("port:nobody", { port, absent: true });
    await Promise.all([rig.kept(tcp), rig.kept(local), drifted(rig, nobody)]);
    expect(rig.observation(local)).toEqual({ type: "port", addresses: ["127.0.0.1"] });
    await close();
    for (const id of [tcp, local, nobody]) rig.device.observe(id);
    await Promise.all([drifted(rig, tcp), drifted(rig, local), rig.kept(nobody)]);
    expect(rig.observation(tcp)).toEqual({ type: "failed", error: "ECONNREFUSED" });
  });

  test("tell no answer within the time, and end with the promise", async () => {
    const rig = new Rig();
    // TEST-NET-1 (RFC 5737): nobody is there; some networks say so, others are silent.
    const id = rig.promise("tcp:nobody", { host: "192.0.2.1", port: 9, timeout: "100ms" });
    await drifted(rig, id);
    expect(rig.observation(id)).toMatchObject({ type: "failed" });
    rig.withdraw(rig.promise("tcp:gone", { host: "192.0.2.1", port: 9, timeout: "1h" }));
  });

  test("read the kernel's tables, of IPv6 too", () => {
    const table = [
      "  sl  local_address                         remote_address                        st",
      "   0: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 00000000",
      "   1: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 00000000",
      "   2: 0100007F:1F90 00000000:0000 01 00000000",
      "   3: 0100007F:1F91 00000000:0000 0A 00000000",
      "   4: B80D0120000000000000000001000000:1F91 00000000000000000000000000000000:0000 0A 00000000",
    ].join("\n");
    expect(listeners(table, 8080, "0A")).toEqual(["::", "::1"]);
    expect(listeners(table, 8081, "0A")).toEqual(["127.0.0.1", "2001:db8:0:0:0:0:0:1"]);
  });
});

describe("disk and memory", () => {
  test("hold a threshold against what the system says", async () => {
    const rig = new Rig();
    const kept = [
      rig.promise("disk:root", { path: "/", free: "1B" }),
      rig.promise("memory:device", { available: "1B" }),
    ];
    const broken = [
      rig.promise("disk:never", { path: "/never", free: "1B" }),
      rig.promise("disk:full", { path: "/", free: "999999999TiB" }),
      rig.promise("memory:full", { available: "999999999TiB" }),
    ] as const;
    await Promise.all(kept.map((id) => rig.kept(id)));
    await until("no such path", () => rig.failure(broken[0])?.code === "ENOENT");
    await Promise.all([drifted(rig, broken[1]), drifted(rig, broken[2])]);
  });
});

describe("a probe by a program", () => {
  test("tells its code, and keeps nothing of what it says", async () => {
    const rig = new Rig();
    const id = rig.promise("probe:one", { command: ["/bin/sh", "-c", "echo secret; exit 3"], timeout: "5s" });
    await drifted(rig, id);
    expect(rig.observation(id)).toEqual({ type: "ended", code: 3 });
    await rig.kept(rig.promise("probe:two", { command: ["/bin/true"], timeout: "5s" }));
  });

  test("that outlives its time has failed", async () => {
    const rig = new Rig();
    const id = rig.promise("probe:slow", { command: ["/bin/sleep", "60"], timeout: "100ms" });
    await drifted(rig, id);
    expect(rig.observation(id)).toEqual({ type: "ended", code: -1, timedOut: true });
  });
});
