/**
 * The ports through which everything enters that is not a function of the program and its input: time, entropy, the
 * event loop, the log and the disk. Nothing else in Portico reads a clock, draws a random number, prints or touches a
 * file.
 */
import { PorticoError, printed } from './errors.ts';

/** How severe a line of the log is. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** One line of the log. */
export interface LogRecord {
  readonly level: LogLevel;
  /** The name of the task that logs, or what else speaks. */
  readonly name: string;
  /** The path of the task. */
  readonly path: string;
  /** What was logged, as it was given. */
  readonly value: unknown;
}

/** A clock. Milliseconds since the epoch, or since any other beginning. */
export interface Clock {
  now(): number;
}

/** A clock that stands still until it is told to move. */
export interface ManualClock extends Clock {
  advance(ms: number): void;
}

/** What a system needs from where it runs. */
export interface Host extends Clock {
  /** A fresh seed: 32 bits of entropy. */
  entropy(): number;
  /** Calls back soon, after the platform has had its turn: input, timers, painting. */
  yield(resume: () => void): void;
  /**
   * Calls back once after a while; the returned function cancels. If nobody waits for that, `aside`, the process need not
   * live on for it.
   */
  after(delayMs: number, wake: () => void, aside?: 'aside'): () => void;
  log(record: LogRecord): void;
}

/**
 * One folder of a disk. Everything on files goes through this, so that a simulated disk can stand in its place. What it
 * throws has a `code` like Node's: `EEXIST`, `ENOENT`, `ENOSPC`, `EIO` and so on.
 */
export interface Disk {
  /** Where it is, for messages. */
  readonly path: string;
  /** The names of all files, in any order. */
  list(): Promise<readonly string[]>;
  /** Opens a file, `create` one that did not exist: if it does, that fails with `EEXIST`. */
  open(name: string, mode: 'read' | 'write' | 'create'): Promise<DiskFile>;
  /** Synchronous, for what has to be known before anything else happens. */
  exists(name: string): boolean;
  /** Takes the place of what has that name already. */
  rename(from: string, to: string): Promise<void>;
  remove(name: string): Promise<void>;
  /** Makes creations, renames and removals durable. */
  syncNames(): Promise<void>;
}

/** An open file. What is written is durable after `sync` only, and its name after `syncNames` of the disk. */
export interface DiskFile {
  size(): Promise<number>;
  /** The bytes there are: fewer than asked for at the end of the file. */
  read(at: number, length: number): Promise<Uint8Array>;
  /** The same at once, for what is read within a turn. */
  readSync(at: number, length: number): Uint8Array;
  /** Writes all of the bytes; they are not to be changed until then. */
  write(at: number, bytes: Uint8Array): Promise<void>;
  truncate(length: number): Promise<void>;
  /** Whether it still has a name: once removed or replaced it never has one again. Synchronous like `exists`. */
  linked(): boolean;
  /** Makes what was written durable. After a failure nobody knows what is: never try again. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** The code of what a disk threw, if it was a disk that threw it. */
export function diskCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/**
 * The host of the platform this runs on: Node, Deno, Bun, a browser or a worker. Any part can be replaced.
 *
 * @example
 * ```ts
 * import { platformHost, startSystem } from 'portico/dataflow';
 *
 * const lines: unknown[] = [];
 * await using system = await startSystem({ host: platformHost({ log: (record) => lines.push(record.value) }) });
 * ```
 */
export function platformHost(replace: Partial<Host> = {}): Host {
  return { now: () => Date.now(), entropy, yield: yieldToPlatform, after, log: logToConsole, ...replace };
}

/**
 * A clock that moves only when told to.
 *
 * @example
 * ```ts
 * import { manualClock } from 'portico/dataflow';
 *
 * const clock = manualClock();
 * clock.advance(1_000);
 * console.log(clock.now()); // 1000
 * ```
 */
export function manualClock(startMs = 0): ManualClock {
  if (!Number.isFinite(startMs))
    throw noTime('manualClock', `a clock cannot start at ${printed(startMs)} ms`);
  let now = startMs;
  return {
    now: () => now,
    advance(ms) {
      if (!Number.isFinite(ms) || ms < 0)
        throw noTime('advance', `a clock cannot be moved by ${printed(ms)} ms`);
      now += ms;
    },
  };
}

function noTime(where: string, what: string): PorticoError {
  return new PorticoError({
    code: 'system/bad-argument',
    where,
    what,
    cure: 'Give a finite number from 0 up',
  });
}

/** What is used of an AbortSignal; platforms give the whole one, so it can be handed on to `fetch` and the like. */
export interface Aborted {
  readonly aborted: boolean;
  readonly reason?: unknown;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** The platform's AbortController. */
export function abortController(): { readonly signal: Aborted; abort(reason?: unknown): void } {
  const { AbortController } = platform;
  if (AbortController === undefined) throw missing('AbortController');
  return new AbortController();
}

/** A line as it is printed: `HH:MM:SS.mmm LEVEL name - text`, in local time. */
export function formatLogLine(record: LogRecord, at: Date = new Date()): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  const ms = String(at.getMilliseconds()).padStart(3, '0');
  return `${time}.${ms} ${record.level.toUpperCase()} ${record.name} - ${printed(record.value)}`;
}

/** What the host uses of the platform. Everything may be missing; what is needed and missing is said when it is needed. */
interface Platform {
  readonly console?: { log(line: string): void };
  readonly crypto?: { getRandomValues(into: Uint32Array): void };
  readonly setTimeout?: (wake: () => void, ms: number) => unknown;
  readonly clearTimeout?: (timer: unknown) => void;
  readonly setImmediate?: (wake: () => void) => void;
  readonly AbortController?: new () => { readonly signal: Aborted; abort(reason?: unknown): void };
  readonly MessageChannel?: new () => { port1: Port; port2: Port };
}

interface Port {
  onmessage: (() => void) | null;
  postMessage(message: unknown): void;
}

const platform = globalThis as unknown as Platform;

function logToConsole(record: LogRecord): void {
  // One call a line: whoever takes over the console of the platform gets lines.
  for (const line of formatLogLine(record).split('\n')) platform.console?.log(line);
}

function entropy(): number {
  const word = new Uint32Array(1);
  if (platform.crypto === undefined) return Math.floor(Math.random() * 0x1_0000_0000);
  platform.crypto.getRandomValues(word);
  return word[0] ?? 0;
}

function after(delayMs: number, wake: () => void, aside?: 'aside'): () => void {
  const { setTimeout, clearTimeout } = platform;
  if (setTimeout === undefined || clearTimeout === undefined) throw missing('setTimeout');
  // Platforms fire timers beyond 2^31 ms at once; the one who waits looks at the clock again anyway.
  const timer = setTimeout(wake, Math.min(delayMs, 0x7fff_ffff));
  if (aside !== undefined) (timer as { unref?: () => void } | undefined)?.unref?.();
  return () => {
    clearTimeout(timer);
  };
}

let channel: { port: Port; waiting: (() => void)[] } | undefined;

function yieldToPlatform(resume: () => void): void {
  const { setImmediate, MessageChannel, setTimeout } = platform;
  if (setImmediate !== undefined) setImmediate(resume);
  else if (MessageChannel !== undefined) {
    // Browsers clamp nested timeouts to 4 ms; messages to oneself are not clamped.
    channel ??= openChannel(MessageChannel);
    channel.waiting.push(resume);
    channel.port.postMessage(0);
  } else if (setTimeout !== undefined) setTimeout(resume, 0);
  else throw missing('setImmediate, MessageChannel or setTimeout');
}

function openChannel(MessageChannel: new () => { port1: Port; port2: Port }): typeof channel & object {
  const { port1, port2 } = new MessageChannel();
  const waiting: (() => void)[] = [];
  port1.onmessage = () => {
    waiting.shift()?.();
  };
  return { port: port2, waiting };
}

function missing(what: string): PorticoError {
  return new PorticoError({
    code: 'host/missing',
    where: 'platformHost',
    what: `this platform has no ${what}`,
    cure: 'Give the system a host of your own',
  });
}
