// Makes a new input of one that was worth keeping: a few small changes, one after the other. All of it follows from the chance
// that is given.
import type { Random } from '../../src/engine/random.ts';

/** Bytes at which ranges begin and end. */
const edges = [0, 1, 2, 15, 16, 31, 32, 63, 64, 127, 128, 191, 192, 224, 239, 240, 248, 254, 255];

export function mutated(
  random: Random,
  parent: Uint8Array,
  other: Uint8Array,
  words: readonly Uint8Array[],
  most: number,
): Uint8Array {
  let bytes = parent;
  for (let left = 1 + random.below(1 << random.below(3)); left > 0; left--) {
    bytes = changed(random, bytes, other, words);
  }
  return bytes.length > most ? bytes.slice(0, most) : bytes;
}

function changed(
  random: Random,
  bytes: Uint8Array,
  other: Uint8Array,
  words: readonly Uint8Array[],
): Uint8Array {
  const at = random.below(bytes.length + 1);
  switch (random.below(words.length > 0 ? 12 : 10)) {
    case 0:
      return withByte(bytes, at, (byte) => byte ^ (1 << random.below(8)));
    case 1:
      return withByte(bytes, at, () => random.below(256));
    case 2:
      return withByte(bytes, at, () => edges[random.below(edges.length)] as number);
    case 3:
      return withByte(bytes, at, (byte) => byte + random.below(9) - 4);
    case 4:
      return spliced(bytes, at, 0, Uint8Array.of(random.below(256)));
    case 5:
      return spliced(bytes, at, 1 + random.below(8), nothing);
    case 6:
      return bytes.slice(0, at);
    case 7: {
      // Something again that is there already.
      const from = random.below(bytes.length + 1);
      return spliced(bytes, at, 0, bytes.subarray(from, from + 1 + random.below(16)));
    }
    case 8: {
      // Something of another input, over what is there or between.
      const from = random.below(other.length + 1);
      const piece = other.subarray(from, from + 1 + random.below(32));
      return spliced(bytes, at, random.below(2) * piece.length, piece);
    }
    case 9:
      return spliced(bytes, at, bytes.length, other.subarray(random.below(other.length + 1)));
    default: {
      const word = words[random.below(words.length)] as Uint8Array;
      return spliced(bytes, at, random.below(2) * word.length, word);
    }
  }
}

const nothing = new Uint8Array(0);

function withByte(bytes: Uint8Array, at: number, change: (byte: number) => number): Uint8Array {
  const result = bytes.slice();
  if (at < result.length) result[at] = change(result[at] as number);
  return result;
}

/** With some bytes in the place of others. */
function spliced(bytes: Uint8Array, at: number, without: number, piece: Uint8Array): Uint8Array {
  const to = Math.min(bytes.length, at + without);
  const result = new Uint8Array(bytes.length - (to - at) + piece.length);
  result.set(bytes.subarray(0, at));
  result.set(piece, at);
  result.set(bytes.subarray(to), at + piece.length);
  return result;
}

/** Smaller inputs that may do as well, the smallest first. */
export function* smaller(bytes: Uint8Array): Generator<Uint8Array> {
  for (let size = bytes.length >> 1; size >= 1; size >>= 1) {
    for (let at = 0; at + size <= bytes.length; at += size) yield spliced(bytes, at, size, nothing);
  }
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (byte === 0) continue;
    for (const less of new Set([0, byte >> 1, byte - 1])) yield withByte(bytes, at, () => less);
  }
}
