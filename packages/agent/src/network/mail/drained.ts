import type { Stream, StreamCloseEvent } from "@libp2p/interface";

/**
 * Waits until a stream has handed on all that was written to it. Rejects when it closes before, or the signal aborts.
 *
 * In place of `stream.onDrain()`, whose promise is made once: after the first wait it lets everything pass, and the
 * stream is reset when its buffer overflows (seen with @libp2p/utils 7.4.1).
 */
export function drained(stream: Stream, signal?: AbortSignal): Promise<void> {
  const isIdle = () => stream.writeBufferLength === 0 && !stream.writableNeedsDrain;
  if (isIdle()) return Promise.resolve();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onIdle = () => {
    if (isIdle()) resolve();
  };
  const onClose = ({ error }: StreamCloseEvent) => reject(error ?? new Error("The stream is closed"));
  const onAbort = () => reject(signal?.reason);
  stream.addEventListener("drain", onIdle);
  stream.addEventListener("idle", onIdle);
  stream.addEventListener("close", onClose);
  signal?.addEventListener("abort", onAbort);
  return promise.finally(() => {
    stream.removeEventListener("drain", onIdle);
    stream.removeEventListener("idle", onIdle);
    stream.removeEventListener("close", onClose);
    signal?.removeEventListener("abort", onAbort);
  });
}
