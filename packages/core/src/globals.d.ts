/** The only globals, beyond the language itself, that pure packages may use. */
interface TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
}
declare const TextEncoder: { new (): TextEncoder };
interface TextDecoder {
  decode(bytes: Uint8Array): string;
}
declare const TextDecoder: {
  new (label: "utf-8", options: { fatal: boolean; ignoreBOM: boolean }): TextDecoder;
};
