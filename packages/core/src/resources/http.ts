import type { CommonPromise } from "./fields.ts";

/** A health probe: GET answered as promised. Nothing repairs it; other promises hang on it. */
export type HttpPromise = CommonPromise & {
  /** `http:` or `https:`. */
  readonly url: string;
  /** `5s` when not said. */
  readonly every?: string;
  /** Bounds one probe; `5s` when not said. */
  readonly timeout?: string;
  /** The one status that is taken; any of 200 to 299 when not said. Redirects are not followed. */
  readonly status?: number;
};

/** How the last probe ended. */
export type HttpObservation =
  | { readonly type: "answered"; readonly status: number; readonly tookMs: number }
  | { readonly type: "failed"; readonly error: string };
