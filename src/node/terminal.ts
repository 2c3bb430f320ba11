/** The log in a terminal: one line a record, with colors where a person reads along. */
import process from 'node:process';
import { inspect } from 'node:util';
import { formatLogLine, type LogLevel, type LogRecord } from '../index.ts';

/** What the log is written to: `process.stdout`, `process.stderr`, a file, anything that takes text. */
export interface TerminalStream {
  write(text: string): unknown;
  /** Whether a person reads along, as Node says it of its own streams. */
  readonly isTTY?: boolean;
}

/**
 * A log for `platformHost({ log })` and `steppingSystem({ log })`. It writes the lines that `formatLogLine` makes,
 * except that what is not a string is shown as Node's own console shows it.
 *
 * @example
 * ```ts
 * import { platformHost, startSystem } from 'portico/dataflow';
 * import { terminalLog } from 'portico/node';
 *
 * await using system = await startSystem({ host: platformHost({ log: terminalLog() }) });
 * ```
 */
export function terminalLog(stream: TerminalStream = process.stdout): (record: LogRecord) => void {
  const colors = showsColors(stream);
  return (record) => {
    const { level, value } = record;
    const head = formatLogLine({ ...record, value: '' });
    const text = typeof value === 'string' ? value : inspect(value, { colors });
    stream.write(colors ? `${colored(head, level)}${text}\n` : `${head}${text}\n`);
  };
}

/**
 * Whether colors make sense on a stream: somebody reads along, on a terminal that has them, and has not said that they
 * want none ([NO_COLOR](https://no-color.org)).
 */
export function showsColors(stream: TerminalStream): boolean {
  const { NO_COLOR = '', TERM } = process.env;
  return stream.isTTY === true && NO_COLOR === '' && TERM !== 'dumb';
}

const gray = '\u001B[90m';
const plain = '\u001B[39m';
const colorOf: Record<LogLevel, string> = {
  debug: gray,
  info: '\u001B[32m',
  warn: '\u001B[33m',
  error: '\u001B[31m',
};

/** A quiet time and name, and a level that is seen at once. */
function colored(head: string, level: LogLevel): string {
  const word = level.toUpperCase();
  return `${gray}${head.replace(word, `${colorOf[level]}${word}${gray}`)}${plain}`;
}
