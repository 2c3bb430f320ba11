import { afterEach, describe, expect, it, vi } from 'vitest';
import { application, steppingSystem, type LogRecord } from 'portico/dataflow';
import { showsColors, terminalLog, type TerminalStream } from 'portico/node';

class Paper implements TerminalStream {
  text = '';
  readonly isTTY: boolean;

  constructor(isTTY: boolean) {
    this.isTTY = isTTY;
  }

  write(text: string): void {
    this.text += text;
  }
}

const record = (level: LogRecord['level'], value: unknown): LogRecord => ({
  level,
  name: 'clerk',
  path: '/shop/workflows/orders/clerk',
  value,
});

/** What one record looks like, without its time. */
function written(isTTY: boolean, level: LogRecord['level'], value: unknown): string {
  const paper = new Paper(isTTY);
  terminalLog(paper)(record(level, value));
  expect(paper.text).toMatch(/\d\d:\d\d:\d\d\.\d{3} /);
  return paper.text.replace(/\d\d:\d\d:\d\d\.\d{3} /, '');
}

afterEach(() => {
  vi.unstubAllEnvs();
});

/** The tests may run where there are no colors at all. */
function colorful(): void {
  vi.stubEnv('NO_COLOR', '');
  vi.stubEnv('TERM', 'xterm');
}

describe('the log of the terminal', () => {
  it('writes plain lines where nobody reads along', () => {
    expect(written(false, 'info', 'sold out')).toBe('INFO clerk - sold out\n');
  });

  it('shows what is not a string as Node does', () => {
    expect(written(false, 'info', { item: 'tea', left: 0n })).toBe(
      "INFO clerk - { item: 'tea', left: 0n }\n",
    );
    expect(written(false, 'info', ['a', null])).toBe("INFO clerk - [ 'a', null ]\n");
  });

  it.each([
    ['debug', 90],
    ['info', 32],
    ['warn', 33],
    ['error', 31],
  ] as const)(
    'gives level %s a color of its own on a terminal, and leaves the text as it is',
    (level, code) => {
      colorful();
      const word = level.toUpperCase();
      expect(written(true, level, 'sold out')).toBe(
        `\u001B[90m\u001B[${code}m${word}\u001B[90m clerk - \u001B[39msold out\n`,
      );
    },
  );

  it('takes the lines of a system', () => {
    const paper = new Paper(false);
    const system = steppingSystem({ log: terminalLog(paper) });
    system.launch(
      application('hello', (app) => {
        app.workflow().source(app.generators.signal('Hello')).logger('heard ').withName('ear').sink();
      }),
    );
    system.stepUntilComplete();
    expect(paper.text).toMatch(/^\S+ INFO ear - heard Hello\n$/);
  });
});

describe('the choice of colors', () => {
  it('follows the terminal', () => {
    colorful();
    expect(showsColors(new Paper(true))).toBe(true);
    expect(showsColors(new Paper(false))).toBe(false);
    expect(showsColors({ write: () => true })).toBe(false);
  });

  it.each([
    ['NO_COLOR', '1'],
    ['TERM', 'dumb'],
  ])('respects %s=%s', (name, value) => {
    colorful();
    vi.stubEnv(name, value);
    expect(showsColors(new Paper(true))).toBe(false);
  });
});
