// The program, running in a process of its own; maybe under strace, which makes its disk fail.
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Setting } from './actors.ts';
import type { Heard, Order, Word } from './orders.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const program = fileURLToPath(new URL('program.ts', import.meta.url));

/** How it ended: by a signal, or with the code of the error that it named, or in good order. */
export interface Ended {
  readonly signal: NodeJS.Signals | null;
  readonly code: string | undefined;
  readonly message: string;
  /** What nobody should have written. */
  readonly errors: string;
}

export class Running {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting = new Set<() => void>();
  readonly ended: Promise<Ended>;
  readonly owner: string;
  /** What it has said, other than acknowledgements. */
  readonly heard: Heard[] = [];
  /** Whoever hears the acknowledgements. */
  onAck: (ack: Heard & { readonly heard: 'ack' }) => void = () => undefined;
  isOver = false;

  constructor(setting: Setting, tracer: readonly string[] = []) {
    this.owner = setting.owner;
    const node = ['--conditions=portico:source', '--import', 'tsx', program, JSON.stringify(setting)];
    const [command = '', ...args] = [...tracer, process.execPath, ...node];
    // What is done in the background is done by one thread, so that the n-th call is the n-th call. And by calls that strace sees.
    const counted = tracer.length === 0 ? {} : { UV_THREADPOOL_SIZE: '1', UV_USE_IO_URING: '0' };
    const child = spawn(command, args, { cwd: root, env: { ...process.env, ...counted } });
    this.#child = child;
    let errors = '';
    child.stderr.on('data', (text: Buffer) => (errors += String(text)));
    // Words to one that was killed go nowhere.
    child.stdin.on('error', () => undefined);
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.#hear(JSON.parse(line) as Heard);
    });
    this.ended = new Promise((resolve) => {
      child.on('close', (_, signal) => {
        this.isOver = true;
        const last = this.heard.at(-1);
        const said = last?.heard === 'ended' ? last : undefined;
        resolve({ signal, code: said?.code, message: said?.message ?? '', errors });
        this.#tell();
      });
    });
  }

  /** Resolves when that is so, and with false if it ends before. */
  async until(isSo: () => boolean): Promise<boolean> {
    for (;;) {
      if (isSo()) return true;
      if (this.isOver) return false;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Resolves when it has said that. */
  said(what: Heard['heard']): Promise<boolean> {
    return this.until(() => this.heard.some(({ heard }) => heard === what));
  }

  /** The lines of its log. */
  get log(): readonly string[] {
    return this.heard.flatMap((each) => (each.heard === 'log' ? [each.text] : []));
  }

  /** Opens the store; false if it ends before it has. */
  async open(): Promise<boolean> {
    if (await this.said('loaded')) this.say({ say: 'open' });
    return this.said('ready');
  }

  say(word: Word | (Order & { readonly attempt: number })): void {
    this.#child.stdin.write(`${JSON.stringify(word)}\n`);
  }

  /** Ends it in good order. */
  async stop(): Promise<Ended> {
    this.say({ say: 'stop' });
    return this.ended;
  }

  /** The process itself, which is another one than strace. */
  signal(signal: NodeJS.Signals): void {
    const loaded = this.heard.find((each) => each.heard === 'loaded');
    if (this.isOver) return;
    if (loaded === undefined) this.#child.stdin.end();
    else this.#signal(loaded.pid, signal);
  }

  #signal(pid: number, signal: NodeJS.Signals): void {
    try {
      process.kill(pid, signal);
    } catch (error) {
      // It ended a moment ago.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  #hear(heard: Heard): void {
    if (heard.heard === 'ack') this.onAck(heard);
    else {
      this.heard.push(heard);
      this.#tell();
    }
  }

  #tell(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}
