import type { Durability, Output, SignedStatement } from "@antibody/core";
import type { LogEntry } from "../log/log.ts";
import type { CommandReply, DevicePort, JournalPort, NetworkPort, StatementSigner } from "../ports.ts";

/** What outputs are carried out on. */
export interface OutputPorts {
  readonly journal: Pick<JournalPort, "persist">;
  readonly network: NetworkPort;
  readonly device: DevicePort;
  readonly signer: StatementSigner;
  readonly tell: (entry: LogEntry) => void;
}

/** What comes back to the driver while an output is carried out. */
export interface OutputResults {
  signed(statement: SignedStatement): void;
  replied(id: string, reply: CommandReply): void;
  persisted(durability: Durability): void;
  /** A `batched` write was refused; a `sync` one waits behind the barrier. */
  persistFailed(error: unknown): void;
  stopped(): void;
}

/**
 * Outputs without the `batched` writes that a `sync` one of the same step makes again, where only words and policy for
 * others lie between: activation writes the documents that made it possible, and each write costs a transaction.
 */
export function withoutRepeatedWrites(outputs: readonly Output[]): readonly Output[] {
  if (!outputs.some((output) => output.type === "persist" && output.durability === "sync")) return outputs;
  const kept: Output[] = [];
  /** Keys that are written durably further on, with nothing in between that must not come before. */
  const later = new Set<string>();
  for (const output of outputs.toReversed()) {
    if (output.type === "persist") {
      const isRepeated = output.durability === "batched" && output.records.every(({ key }) => later.has(key));
      if (isRepeated) continue;
      if (output.durability === "sync") for (const { key } of output.records) later.add(key);
    } else if (output.type !== "tell" && output.type !== "publishPolicy") later.clear();
    kept.push(output);
  }
  return kept.toReversed();
}

/** Carries out one output. Throws only where a port is broken: what fails in the world comes back as an input. */
export function carryOut(output: Output, ports: OutputPorts, results: OutputResults): void {
  const { network, device } = ports;
  switch (output.type) {
    case "persist":
      try {
        ports.journal.persist(output.durability, output.records);
        results.persisted(output.durability);
      } catch (error) {
        results.persistFailed(error);
      }
      return;
    case "send":
      network.send(output.to, output.message);
      return;
    case "publishRumor":
      network.publishRumor(output.rumor);
      return;
    case "publishPolicy":
      network.publishPolicy(output.bytes);
      return;
    case "dial":
      network.dial(output.peer, output.addresses, output.purpose, output.timeoutMs);
      return;
    case "hangUp":
      network.hangUp(output.peer);
      return;
    case "release":
      network.release(output.peer);
      return;
    case "serve":
      network.serve(output.capabilities);
      return;
    case "sign":
      results.signed(ports.signer.sign(output.statement));
      return;
    case "watch":
      device.watch(output.resource, output.promise, output.events);
      return;
    case "unwatch":
      device.unwatch(output.resource);
      return;
    case "observe":
      device.observe(output.resource);
      return;
    case "identify":
      device.identify(output.resource);
      return;
    case "act":
      device.act(output.action, output.resource, output.promise, output.plan);
      return;
    case "cancel":
      device.cancel(output.action);
      return;
    case "route":
      device.route(output.resource, output.backends);
      return;
    case "reply":
      results.replied(output.id, output.result);
      return;
    case "tell":
      ports.tell(output.event);
      return;
    case "stopped":
      results.stopped();
      return;
    default:
      output satisfies never;
  }
}
