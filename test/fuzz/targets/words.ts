// The last words of a process: whatever stands there, the next one starts, and handles what it is given.
import { Codec } from '../../../src/codec.ts';
import { Care, CARE_MS } from '../../../src/engine/care.ts';
import { bytesOfText, must, refusedWith, type Target, type Verdict } from '../target.ts';

const codec = new Codec();
const nowMs = 10 * CARE_MS;

function careAfter(before: string): { care: Care; said: () => string } {
  let said = '';
  const words = {
    open: () => Promise.resolve(undefined),
    say: (text: string) => (said = text),
    close: () => undefined,
  };
  const care = new Care({ words, before, nowMs, codec, maxAttempts: 3, log: () => undefined });
  return { care, said: () => said };
}

/** What is said after some falls, and in the midst of handling something. */
function saidAfter(falls: number): string {
  let before = '';
  for (let fall = 0; fall < falls; fall++) {
    const { care, said } = careAfter(before);
    care.guard('/a/w/t')('key', { n: 1 }, () => (before = said()));
    before ||= said();
  }
  return before;
}

export const words: Target = {
  name: 'words',
  first: ['', '{}', 'null', ...[1, 2, 3, 4, 5].map(saidAfter)].map(bytesOfText),
  words: [
    '"falls"',
    '"deaths"',
    '"attempt"',
    '"ended"',
    '[',
    ']',
    '{',
    '}',
    'null',
    '1e999',
    ':',
    ',',
    '"',
    '6000000',
  ].map(bytesOfText),
  room: (length) => 0x1_0000 + 64 * length,
  run: (bytes): Verdict => {
    let text = '';
    for (const byte of bytes) text += String.fromCharCode(byte);
    const { care, said } = careAfter(text);
    let handled = 0;
    try {
      care.guard('/a/w/t')('key', { n: 1 }, () => handled++);
    } catch (error) {
      // What ended the process so often is not tried again.
      return refusedWith(error, 'actor/', 'task/', 'atom/', 'event/', 'system/');
    }
    must(handled === 1, 'what is given is handled');
    // And what it says is understood by the next one.
    careAfter(said());
    return care.isNeeded ? 'taken' : 'refused';
  },
};
