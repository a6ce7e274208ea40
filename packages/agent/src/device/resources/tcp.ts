import { connect } from "node:net";
import { durationMs, readTcpPromise, type TcpObservation, tcpTimeoutMsDefault } from "@antibody/core";
import { codeOf, DeviceError } from "../deviceError.ts";
import { failed, type ResourceBody } from "../resourceBody.ts";

/** A health probe that opens a connection, says nothing, and closes it. */
export function tcpBody(): ResourceBody {
  return {
    slow: true,
    observe: ({ promise }, signal) => {
      const { host, port, timeout } = readTcpPromise(promise);
      return probe(host, port, timeout === undefined ? tcpTimeoutMsDefault : durationMs(timeout), signal);
    },
    act: () => failed("ENOTSUP", "nothing on this device repairs a probe"),
  };
}

function probe(host: string, port: number, timeoutMs: number, signal: AbortSignal): Promise<TcpObservation> {
  const { promise, resolve, reject } = Promise.withResolvers<TcpObservation>();
  if (signal.aborted) throw new DeviceError("ECANCELED", "the probe was canceled");
  const startMs = performance.now();
  const socket = connect({ host, port });
  const canceled = (): void => reject(new DeviceError("ECANCELED", "the probe was canceled"));
  const timer = setTimeout(
    () => resolve({ type: "failed", error: `no answer within ${timeoutMs} ms` }),
    Math.min(timeoutMs, timerMsMax),
  );
  signal.addEventListener("abort", canceled, { once: true });
  socket.once("connect", () =>
    resolve({ type: "connected", tookMs: Math.round(performance.now() - startMs) }),
  );
  socket.once("error", (error) => resolve({ type: "failed", error: codeOf(error) }));
  return promise.finally(() => {
    clearTimeout(timer);
    signal.removeEventListener("abort", canceled);
    socket.destroy();
  });
}

/** The longest time of a timer of Node: 24 days. */
const timerMsMax = 2_147_483_647;
