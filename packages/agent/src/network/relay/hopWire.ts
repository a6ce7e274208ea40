/**
 * The one request of libp2p's circuit relay that its library makes only together with a listener and discovery: a
 * reservation (circuit v2, `HopMessage`), as protocol buffers.
 */

/** `HopMessage { type: RESERVE }`. */
export const hopReserve: Uint8Array = Uint8Array.of(0x08, 0x00);

/** Bytes of an answer that is read: a voucher and the relay's addresses. A guess, twice what they take. */
export const hopAnswerBytesMax = 4_096;

/** `Status.OK`. */
const ok = 100;
/** The number of the field `status`, and the two wire types of protocol buffers that a `HopMessage` has. */
const statusField = 5;
const varintType = 0;
const bytesType = 2;

/** Whether a `HopMessage` says that what was asked for is given. Never throws. */
export function isGranted(answer: Uint8Array): boolean {
  let offset = 0;
  /** Numbers that matter here are small: of a longer one some number is read that is none of them. */
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; offset < answer.length; scale *= 128) {
      const byte = answer[offset] ?? 0;
      offset += 1;
      value += (byte % 128) * scale;
      if (byte < 128) return value;
    }
    return Number.NaN;
  };
  let status = Number.NaN;
  while (offset < answer.length) {
    const key = varint();
    const value = varint();
    const type = key % 8;
    if (type === bytesType && Number.isSafeInteger(value)) offset += value;
    else if (type !== varintType) return false;
    else if (key === statusField * 8) status = value;
  }
  return status === ok;
}
