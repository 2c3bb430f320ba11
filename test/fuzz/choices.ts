// Bytes as choices: what a target makes of them follows from them, and there are always enough.
export class Choices {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  byte(): number {
    return this.#at < this.#bytes.length ? (this.#bytes[this.#at++] as number) : 0;
  }

  below(bound: number): number {
    return this.byte() % bound;
  }

  /** Two bytes. */
  word(): number {
    return (this.byte() << 8) | this.byte();
  }

  take(length: number): Uint8Array {
    const from = this.#at;
    this.#at = Math.min(this.#bytes.length, from + length);
    return this.#bytes.subarray(from, this.#at);
  }

  text(): string {
    const kind = this.byte();
    const length = kind % 12 === 11 ? 60 + this.below(8) : kind % 12;
    let text = '';
    for (const byte of this.take(length))
      text += String.fromCharCode(kind & 0x80 ? (byte << 8) | 0xd8 : kind & 0x40 ? byte : byte & 0x7f);
    return text;
  }
}
