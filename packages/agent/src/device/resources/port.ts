import { readFileSync } from "node:fs";
import { type PortObservation, portAddressesMax, readPortPromise } from "@antibody/core";
import { codeOf } from "../deviceError.ts";
import { failed, type ResourceBody } from "../resourceBody.ts";

/** Of a TCP socket that listens, and of a UDP socket without a peer (the kernel's tcp_states.h). */
const waiting = { tcp: "0A", udp: "07" } as const;

/** Ports that programs of this device listen on. */
export function portBody(): ResourceBody {
  return {
    slow: false,
    observe: ({ promise }): PortObservation => {
      const { port, protocol = "tcp" } = readPortPromise(promise);
      const addresses = [protocol, `${protocol}6`].flatMap((table) =>
        listeners(readTable(`/proc/net/${table}`), port, waiting[protocol]),
      );
      return { type: "port", addresses: [...new Set(addresses)].sort().slice(0, portAddressesMax) };
    },
    act: () => failed("ENOTSUP", "nothing on this device repairs a probe"),
  };
}

/** A kernel without IPv6 has no such table. */
function readTable(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return "";
    throw error;
  }
}

/** Local addresses of a table (proc(5), /proc/net/tcp). */
export function listeners(table: string, port: number, state: string): readonly string[] {
  return table.split("\n").flatMap((line) => {
    const [, local = "", , lineState] = line.trim().split(/\s+/);
    const [address = "", hexPort = ""] = local.split(":");
    return lineState === state && Number.parseInt(hexPort, 16) === port ? [addressOf(address)] : [];
  });
}

/** Words of 32 bits, each in the machine's order, which is that of x64 and arm64. */
function addressOf(hex: string): string {
  const words = hex.match(/.{8}/g) ?? [];
  const bytes = words.flatMap((word) => (word.match(/../g) ?? []).reverse());
  if (bytes.length === 4) return bytes.map((byte) => Number.parseInt(byte, 16)).join(".");
  const groups = bytes.flatMap((byte, index) =>
    index % 2 === 0 ? [Number.parseInt(byte + (bytes[index + 1] ?? ""), 16).toString(16)] : [],
  );
  return groups
    .join(":")
    .replace(/^(0:)+/, "::")
    .replace(/^::0$/, "::");
}
