import { request as requestPlain } from "node:http";
import { request as requestSecure } from "node:https";
import { durationMs, type HttpObservation, httpTimeoutMsDefault, readHttpPromise } from "@antibody/core";
import { withDeadline } from "../../deadline.ts";
import { codeOf, DeviceError, messageOf } from "../deviceError.ts";
import { failed, type ResourceBody } from "../resourceBody.ts";

/** Bytes of an answer that are read before the connection is closed. A guess: servers log a broken one. */
const bodyBytesMax = 65_536;
/** The longest time of a timer of Node: 24 days. */
const timerMsMax = 2_147_483_647;
/** Characters of an error in an observation. */
const errorCharactersMax = 200;

/** A health probe by GET, on a connection of its own each time: that it opens is a part of what is probed. */
export function httpBody(): ResourceBody {
  return {
    slow: true,
    observe: ({ promise }, signal) => {
      const { url, timeout } = readHttpPromise(promise);
      return probe(url, timeout === undefined ? httpTimeoutMsDefault : durationMs(timeout), signal);
    },
    act: () => failed("ENOTSUP", "nothing on this device repairs a probe"),
  };
}

async function probe(url: string, timeoutMs: number, signal: AbortSignal): Promise<HttpObservation> {
  if (!URL.canParse(url)) return { type: "failed", error: "not a URL" };
  const startMs = performance.now();
  return withDeadline({ ms: Math.min(timeoutMs, timerMsMax), signals: [signal] }, async (ended) => {
    try {
      const status = await statusOf(url, ended);
      return { type: "answered", status, tookMs: Math.round(performance.now() - startMs) };
    } catch (error) {
      if (signal.aborted) throw new DeviceError("ECANCELED", "the probe was canceled");
      if (ended.aborted) return { type: "failed", error: `no answer within ${timeoutMs} ms` };
      return { type: "failed", error: errorText(error) };
    }
  });
}

function statusOf(url: string, signal: AbortSignal): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const send = url.startsWith("https:") ? requestSecure : requestPlain;
  const request = send(url, { agent: false, signal, headers: { connection: "close" } }, (response) => {
    resolve(response.statusCode ?? 0);
    let bytes = 0;
    response.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > bodyBytesMax) response.destroy();
    });
    // The status is told; how the rest of the answer ends changes nothing.
    response.on("error", () => {});
  });
  request.on("error", reject);
  request.end();
  return promise;
}

function errorText(error: unknown): string {
  const code = codeOf(error);
  return (code === "ERROR" ? messageOf(error) : code).slice(0, errorCharactersMax);
}
