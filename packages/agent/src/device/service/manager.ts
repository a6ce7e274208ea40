import type { ServiceObservation, ServicePromise } from "@antibody/core";

/** A service manager of the device. */
export interface Manager {
  /** What it says of a service. Throws where it cannot be asked. */
  look(name: string, signal: AbortSignal): ServiceObservation | Promise<ServiceObservation>;
  /** Sets what is promised. Throws where it fails. */
  set(name: string, promise: ServicePromise, timeoutMs: number, signal: AbortSignal): Promise<void>;
  /** Restarts one that runs. Throws where it fails. */
  restart(name: string, timeoutMs: number, signal: AbortSignal): Promise<void>;
}
