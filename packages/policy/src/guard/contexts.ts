/** A fact about the device. Numbers are safe integers. */
export type ContextValue = string | number | boolean | readonly string[];

/** The facts that guards are evaluated over. */
export interface Contexts {
  /** As Node names it: `x64`, `arm64`, `arm`. */
  readonly arch: string;
  readonly hostname: string;
  /** The agent's name, as its owner gave it. */
  readonly name: string;
  /** `linux`. */
  readonly os: string;
  /** The owner's tags for this device. */
  readonly tags: readonly string[];
  readonly [context: string]: ContextValue;
}
