/** How much is asked for at once. */
const portionBytes = 1_048_576;

/**
 * Bytes that stay for as long as a world does, side by side in large portions: in a buffer of its own each would take
 * 180 bytes more, and each agent has a handful.
 */
export class Arena {
  #portion = new Uint8Array();
  #used = 0;

  /** The same bytes, here. Longer ones than a portion stay where they are. */
  keep(bytes: Uint8Array): Uint8Array {
    if (bytes.length > portionBytes) return bytes;
    if (this.#used + bytes.length > this.#portion.length) {
      this.#portion = new Uint8Array(portionBytes);
      this.#used = 0;
    }
    const kept = this.#portion.subarray(this.#used, this.#used + bytes.length);
    kept.set(bytes);
    this.#used += bytes.length;
    return kept;
  }
}
