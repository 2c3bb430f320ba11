/**
 * A checksum of 32 bits (that of xxHash), over whole words because those are read ten times faster than bytes. Whatever
 * happens to a single word changes it; of all other damage it misses one in four thousand million.
 */
export function checksum(words: Int32Array, from: number, to: number, seed: number): number {
  let a = (seed + P1 + P2) | 0;
  let b = (seed + P2) | 0;
  let c = seed | 0;
  let d = (seed - P1) | 0;
  let at = from;
  for (; at + 4 <= to; at += 4) {
    a = round(a, words[at] as number);
    b = round(b, words[at + 1] as number);
    c = round(c, words[at + 2] as number);
    d = round(d, words[at + 3] as number);
  }
  let sum = (turned(a, 1) + turned(b, 7) + turned(c, 12) + turned(d, 18) + (to - from)) | 0;
  for (; at < to; at++) {
    sum = Math.imul(turned((sum + Math.imul(words[at] as number, P3)) | 0, 17), P4);
  }
  return mixed(sum);
}

/** Lets every bit have its say in every other. */
export function mixed(sum: number): number {
  sum = Math.imul(sum ^ (sum >>> 15), P2);
  sum = Math.imul(sum ^ (sum >>> 13), P3);
  return sum ^ (sum >>> 16);
}

/** The primes of xxHash, as signed numbers. */
const P1 = 0x9e3779b1 | 0;
const P2 = 0x85ebca77 | 0;
const P3 = 0xc2b2ae3d | 0;
const P4 = 0x27d4eb2f | 0;

function round(lane: number, word: number): number {
  return Math.imul(turned((lane + Math.imul(word, P2)) | 0, 13), P1);
}

function turned(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}
