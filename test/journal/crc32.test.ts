import { describe, expect, it } from 'vitest';
import { crc32, crc32Word } from '../../src/journal/crc32.ts';

/** The same, bit by bit. */
function slowly(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb8_8320 : crc >>> 1;
  }
  return ~crc >>> 0;
}

const text = (letters: string) => new TextEncoder().encode(letters);

describe('a checksum', () => {
  it('is the one that zip has', () => {
    expect(crc32(text('123456789'))).toBe(0xcbf4_3926);
    expect(crc32(text('The quick brown fox jumps over the lazy dog'))).toBe(0x414f_a339);
    expect(crc32(new Uint8Array(0))).toBe(0);
    const bytes = Uint8Array.from({ length: 1000 }, (_, at) => (at * at * 31) >> 3);
    for (let length = 0; length < 40; length++) {
      const part = bytes.subarray(length, 900);
      expect(crc32(bytes, length, 900)).toBe(slowly(part));
    }
  });

  it('goes on from what came before', () => {
    const whole = text('some text, in two parts');
    for (let cut = 0; cut <= whole.length; cut++) {
      expect(crc32(whole, cut, whole.length, crc32(whole, 0, cut))).toBe(crc32(whole));
    }
  });

  it('takes a word for its four bytes', () => {
    for (const word of [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x1234_5678]) {
      const bytes = new Uint8Array(4);
      new DataView(bytes.buffer).setUint32(0, word, true);
      expect(crc32Word(word, 77)).toBe(crc32(bytes, 0, 4, 77));
    }
  });
});
