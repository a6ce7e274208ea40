/** What virtual time asks of the queue of events that drives it. */
interface Schedule {
  nowMs(): number;
  /** Calls `due` at a virtual time. */
  at(ms: number, due: () => void): void;
}

/** What the library draws at random: a number from 0 up to, and without, 1. */
type Draw = () => number;

let schedule: Schedule | undefined;
let draw: Draw = () => {
  throw new Error("Nothing may be drawn before virtual time begins");
};
const realSetImmediate = globalThis.setImmediate;
const timers = new Set<number>();
let timerCount = 0;

/** Virtual time begins: from now on the clock is that of the schedule. */
export function beginVirtualTime(of: Schedule, random: Draw): void {
  schedule = of;
  draw = random;
}

/** Resolves when every promise that could go on without time or a message has done so. */
export function settled(): Promise<void> {
  return new Promise((resolve) => realSetImmediate(resolve));
}

function nowMs(): number {
  return schedule?.nowMs() ?? 0;
}

function setTimer(callback: (...args: unknown[]) => void, waitMs: number, ...args: unknown[]): number {
  if (schedule === undefined) throw new Error("No timer may be set before virtual time begins");
  timerCount += 1;
  const timer = timerCount;
  timers.add(timer);
  schedule.at(nowMs() + Math.max(0, waitMs), () => {
    if (timers.delete(timer)) callback(...args);
  });
  return timer;
}

function setRepeating(callback: (...args: unknown[]) => void, everyMs: number, ...args: unknown[]): number {
  if (schedule === undefined) throw new Error("No timer may be set before virtual time begins");
  timerCount += 1;
  const timer = timerCount;
  timers.add(timer);
  const again = (): void => {
    schedule?.at(nowMs() + everyMs, () => {
      if (!timers.has(timer)) return;
      again();
      callback(...args);
    });
  };
  again();
  return timer;
}

function clearTimer(timer: unknown): void {
  timers.delete(timer as number);
}

class VirtualDate extends Date {
  constructor(...args: [] | [number]) {
    super(...(args.length === 0 ? ([nowMs()] as const) : args));
  }

  static override now(): number {
    return nowMs();
  }
}

// Before any module of libp2p is loaded: they take these names when they are read.
Object.assign(globalThis, {
  Date: VirtualDate,
  setTimeout: setTimer,
  setInterval: setRepeating,
  clearTimeout: clearTimer,
  clearInterval: clearTimer,
  setImmediate: (callback: (...args: unknown[]) => void, ...args: unknown[]) =>
    setTimer(callback, 0, ...args),
  clearImmediate: clearTimer,
});
performance.now = nowMs;
Math.random = () => draw();
AbortSignal.timeout = (waitMs: number) => {
  const controller = new AbortController();
  setTimer(() => controller.abort(new Error("Timed out")), waitMs);
  return controller.signal;
};
crypto.getRandomValues = (array) => {
  if (array === null) return array;
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  for (let index = 0; index < bytes.length; index += 1) bytes[index] = Math.floor(draw() * 256);
  return array;
};
