import { describe, expect, it } from 'vitest';
import { Codec } from '../../src/codec.ts';
import { CARE_MS, Care, guardedHandlers, type LastWords } from '../../src/engine/care.ts';
import type { AnyContext } from '../../src/graph/context.ts';

/** A place for words, and what was said there last. */
function place(): LastWords & { said: string } {
  return {
    said: '',
    open: () => Promise.resolve(undefined),
    say(text) {
      this.said = text;
    },
    close: () => undefined,
  };
}

interface Life {
  readonly care: Care;
  readonly words: ReturnType<typeof place>;
  readonly lines: string[];
}

/** A process, after one that said `before`. */
function life(before: string | undefined, { nowMs = 1_000_000, maxAttempts = 3 } = {}): Life {
  const words = place();
  const lines: string[] = [];
  const log = (level: string, text: string): void => void lines.push(`${level}: ${text}`);
  const care = new Care({ words, before, nowMs, codec: new Codec(), maxAttempts, log });
  return { care, words, lines };
}

/** What the words are when the process ends in the midst of handling something. */
function endIn({ care, words }: Life, key: string, value: unknown): string {
  let said = '';
  care.guard('/task')(key, value, () => {
    said = words.said;
  });
  return said;
}

/** The words of a process that falls when it has just begun. */
const fall = (before: string | undefined, nowMs = 1_000_000): string => life(before, { nowMs }).words.said;

describe('care', () => {
  it('is taken after the second fall', () => {
    const first = fall(undefined);
    expect(life(undefined).care.isNeeded).toBe(false);
    expect(life(first).care.isNeeded).toBe(false);
    expect(life(fall(first)).care.isNeeded).toBe(true);
  });

  it('is not taken after an orderly end, nor when nothing is to be refused', () => {
    const { care, words } = life(fall(fall(undefined)));
    care.end();
    expect(life(words.said).care.isNeeded).toBe(false);
    expect(life(fall(words.said)).care.isNeeded).toBe(false);
    expect(life(fall(fall(undefined)), { maxAttempts: Infinity }).care.isNeeded).toBe(false);
  });

  it('is not taken for falls that are far apart', () => {
    const first = fall(undefined);
    const second = fall(first, 1_000_000 + CARE_MS);
    expect(life(second, { nowMs: 1_000_000 + 2 * CARE_MS }).care.isNeeded).toBe(false);
    expect(life(second, { nowMs: 1_000_000 + 2 * CARE_MS - 1 }).care.isNeeded).toBe(true);
  });

  it('makes nothing of words that make no sense', () => {
    for (const said of ['', 'null', '{"falls":1}', '{"falls":[1],"de', '7'])
      expect(life(said).care.isNeeded).toBe(false);
    // Found by `npm run fuzz`: of what is a list its parts were believed, and nothing started any more.
    for (const rest of [
      '"deaths":[7]',
      '"deaths":[[1,2,3]]',
      '"deaths":[],"attempt":7',
      '"deaths":[],"attempt":[1,2]',
    ])
      expect(life(`{"falls":[1000000],${rest}}`).care.isNeeded).toBe(false);
  });

  it('refuses what processes have ended in too often, and nothing else', () => {
    let said = fall(fall(undefined));
    for (let time = 1; time <= 3; time++) {
      said = endIn(life(said), 'a', { order: 1 });
      expect(said).toContain('/task under the key a');
    }
    const { care, lines } = life(said);
    expect(lines.at(-1)).toMatch(/^error: .*\/task under the key a.* 3$/);
    const handled: unknown[] = [];
    const handle = (key: string | undefined, value: unknown, path = '/task'): void => {
      care.guard(path)(key, value, () => handled.push([key, value, path]));
    };
    expect(() => {
      handle('a', { order: 1 });
    }).toThrow(expect.objectContaining({ code: 'task/deadly', where: '/task under the key a' }));
    handle('a', { order: 2 });
    handle('b', { order: 1 });
    handle(undefined, { order: 1 });
    handle('a', { order: 1 }, '/other');
    expect(handled).toHaveLength(4);
  });

  it('counts only what the process ended in, not what came before it', () => {
    const one = life(fall(fall(undefined)));
    endIn(one, 'a', 1);
    const said = endIn(one, 'b', 2);
    const { lines } = life(said);
    expect(lines.filter((line) => line.startsWith('error'))).toHaveLength(1);
    expect(lines.at(-1)).toContain('key b');
    // Between two events there is nothing to be counted.
    expect(life(one.words.said).lines.filter((line) => line.startsWith('error'))).toEqual([]);
  });

  it('tells apart the calls that one event brings', () => {
    const calls = (call: () => void, times: number, run: () => void): void => {
      for (let n = 0; n < times; n++) {
        call();
        run();
      }
    };
    let said = fall(fall(undefined));
    for (let time = 1; time <= 3; time++) {
      const one = life(said);
      let ran = 0;
      one.care.guard('/task', {
        calls: (handle, call) => {
          calls(call, 3, () => {
            // It ends in the second call.
            if (++ran === 2) said = one.words.said;
          });
          return handle();
        },
      })('a', 1, () => undefined);
    }
    const ran: number[] = [];
    const refused: number[] = [];
    life(said).care.guard('/task', {
      calls: (handle, call) => {
        for (let n = 1; n <= 3; n++) {
          try {
            call();
            ran.push(n);
          } catch {
            refused.push(n);
          }
        }
        return handle();
      },
    })('a', 1, () => undefined);
    expect({ ran, refused }).toEqual({ ran: [1, 3], refused: [2] });
  });

  it('takes for the same what its task says is the same', () => {
    let said = fall(fall(undefined));
    const guard = ({ care }: Life) =>
      care.guard('/task', { same: (value) => (value as { readonly text: string }).text });
    for (let from = 1; from <= 3; from++) {
      const one = life(said);
      guard(one)('a', { text: 'hello', from }, () => (said = one.words.said));
    }
    expect(() => guard(life(said))('a', { text: 'hello', from: 4 }, () => 0)).toThrow(/ended 3 times/);
    expect(guard(life(said))('a', { text: 'bye', from: 4 }, () => 0)).toBe(0);
  });

  it('knows again what cannot be stored', () => {
    let said = fall(fall(undefined));
    for (let time = 1; time <= 3; time++) said = endIn(life(said), 'a', { f: () => time });
    expect(() => endIn(life(said), 'a', { f: () => 4 })).toThrow(/ended 3 times/);
  });

  it('ends when there was no fall for long enough', () => {
    const one = life(fall(fall(undefined)));
    one.care.rest();
    const { said } = one.words;
    expect(endIn(one, 'a', 1)).toBe(said);
    expect(life(said).care.isNeeded).toBe(false);
  });

  it('gives up, and says so, when nothing can be written down', () => {
    const one = life(fall(fall(undefined)));
    one.words.say = () => {
      throw new Error('no room');
    };
    expect(one.care.guard('/task')('a', 1, () => 'handled')).toBe('handled');
    expect(one.lines.at(-1)).toBe('error: what is handled cannot be written down: no room');
    expect(one.care.guard('/task')('a', 1, () => 'handled')).toBe('handled');
    expect(one.lines.filter((line) => line.includes('no room'))).toHaveLength(1);
  });

  it('looks after every handler of a task', () => {
    const { care, words } = life(fall(fall(undefined)));
    const seen: string[] = [];
    const handlers = guardedHandlers(
      {
        onNext: (value) => void seen.push(`${String(value)} ${words.said.includes('"attempt"')}`),
        onError: (error) => void seen.push(`${String(error)} ${words.said.includes('"attempt"')}`),
        onTimer: (payload) => void seen.push(`${String(payload)} ${words.said.includes('"attempt"')}`),
        onAtomComplete: () => void seen.push(`atom ${words.said.includes('"attempt"')}`),
        onComplete: () => void seen.push(`end ${words.said.includes('"attempt"')}`),
      },
      care.guard('/task'),
    );
    const ctx = { key: 'a' } as AnyContext;
    handlers.onNext?.('next', ctx);
    handlers.onError?.('error', ctx);
    handlers.onTimer?.('timer', ctx);
    handlers.onAtomComplete?.(ctx);
    handlers.onComplete?.(ctx);
    expect(seen).toEqual(['next true', 'error true', 'timer true', 'atom true', 'end true']);
    expect(Object.keys(guardedHandlers({}, care.guard('/task')))).toEqual([]);
  });
});
