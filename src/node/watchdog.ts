/**
 * A watchdog for handlers that never end: a thread of its own, which ends the process when one callback runs for too long.
 * The process after it finds what it was that was handled, and refuses it in the end.
 *
 * W1. Only callbacks of the host are watched: turns, cuts, timers. What users await outside is their own.
 * W2. Time is counted in looks of the thread: while the whole process stands still, none passes.
 */
import { Worker } from 'node:worker_threads';
import { PorticoError } from '../errors.ts';
import { platformHost, type Host } from '../host.ts';

export interface WatchOptions {
  /** Milliseconds that one callback may run. 30,000 if not given. */
  readonly limitMs?: number;
  /** The host to be watched. The platform's if not given. */
  readonly host?: Host;
}

/**
 * A host whose callbacks are watched: if one does not end within the limit, a line on stderr says so and the process is
 * killed. Whatever starts it again then starts a system that has lost nothing but time; a message that does this again and
 * again is refused after some attempts.
 *
 * @example
 * ```ts
 * import { behavior, receive, same, start } from 'portico';
 * import { fileStore, watchedHost } from 'portico/node';
 * import { mkdtempSync } from 'node:fs';
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 *
 * const worker = behavior('worker', () => receive<string>((what, ctx) => (ctx.log.info(what), same)));
 * await using system = await start({
 *   behaviors: { worker },
 *   store: fileStore(mkdtempSync(join(tmpdir(), 'portico-'))),
 *   host: watchedHost({ limitMs: 10_000 }),
 * });
 * ```
 */
export function watchedHost({ limitMs = 30_000, host = platformHost() }: WatchOptions = {}): Host {
  if (!Number.isFinite(limitMs) || limitMs < 1) {
    throw new PorticoError({
      code: 'system/bad-argument',
      where: 'watchedHost',
      what: `limitMs is ${String(limitMs)}`,
      cure: 'Give a number of milliseconds from 1 up',
    });
  }
  // Odd while something runs.
  const beats = new Int32Array(new SharedArrayBuffer(4));
  const thread = new Worker(watching, { eval: true, execArgv: [], workerData: { beats, limitMs } });
  thread.unref();
  const watched = (run: () => void) => (): void => {
    Atomics.add(beats, 0, 1);
    try {
      run();
    } finally {
      Atomics.add(beats, 0, 1);
    }
  };
  return {
    now: () => host.now(),
    entropy: () => host.entropy(),
    yield: (resume) => {
      host.yield(watched(resume));
    },
    after: (delayMs, wake, aside) => host.after(delayMs, watched(wake), aside),
    log: (record) => {
      host.log(record);
    },
  };
}

/** What the thread does: text, because a thread cannot be begun in the midst of a program. */
const watching = `
const { workerData: { beats, limitMs } } = require('node:worker_threads');
const { writeSync } = require('node:fs');
const LOOKS = 8;
let seen = 0;
let looks = 0;
setInterval(() => {
  const beat = Atomics.load(beats, 0);
  looks = beat === seen && beat % 2 !== 0 ? looks + 1 : 0;
  seen = beat;
  if (looks < LOOKS) return;
  writeSync(2, 'portico: what is handled has not come to its end within ' + limitMs + ' ms; the process is killed\\n');
  process.kill(process.pid, 'SIGKILL');
}, limitMs / LOOKS);
`;
