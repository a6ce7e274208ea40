/** How lines and keys of a text are kept, without a device: the author's tools look ahead by it. */
export { keepKey } from "./resources/key.ts";
export { type Edit, keepLine } from "./resources/line.ts";
