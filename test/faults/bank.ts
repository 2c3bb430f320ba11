// A bank and a counter that use all that is kept, over several lives on one simulated disk, with faults at the ports; and a
// world around them that remembers what it was told and asks again for the rest.
//
// BF1. Whoever waits is told, with an error of Portico if there is nothing else to tell.
// BF2. What ends a life says why: the error that a port failed with is at the end of its causes.
// BF3. In the end everything is there exactly once that was sent under a key, with all that follows from it.
// BF4. No promise is rejected that nobody looks at.
// BF5. What was opened is closed, unless opening or closing is what failed, or what it waits for never comes.
import {
  answer,
  application,
  continuation,
  errorCatalogue,
  memoryStore,
  perKeyState,
  PorticoError,
  type ApplicationWith,
  type Egress,
  type Ingress,
  type Stream,
} from 'portico/dataflow';
import { behavior, effect, receive, resume, same, start, type ActorSystem } from 'portico';
import { Faults, virtualHost, type Fault, type VirtualHost } from 'portico/testing';
import type { Disk } from '../../src/host.ts';
import { fileJournal } from '../../src/journal/file-journal.ts';
import { snapshotState } from '../../src/state/snapshot-state.ts';
import { SimulatedDisk } from '../../src/testing/simulated-disk.ts';
import {
  account,
  closed,
  helper,
  type Entry,
  type Kind,
  type Message,
  type Op,
} from '../simulation/ledger.ts';
import { watchedDisk, type WatchedDisk } from './watched.ts';

const accounts = ['a', 'b', 'c'] as const;

/** What is sent to accounts, in this order; each kind twice, before and after the store changes hands. */
const kinds: readonly Kind[] = [
  'add',
  'transfer',
  'effect',
  'timer',
  'ask',
  'child',
  'fail',
  'stash',
  'add',
  'unstash',
];

const ops = [1, 2].map((half) =>
  kinds.map((op, at): Op & { readonly account: string } => ({
    op,
    id: `${half}/${at}`,
    client: `client ${half}`,
    n: at + 1,
    amount: 1 + at,
    account: op === 'stash' || op === 'unstash' || at === 8 ? 'c' : (accounts[at % 2] as string),
    to: accounts[(at + 1) % 2] as string,
    delayMs: 15,
    isRepeated: true,
  })),
);

const counted = perKeyState('counted', 0);

interface Line {
  readonly n: number;
  readonly square: number;
}

interface Handles {
  readonly numbers: Ingress<number>;
  readonly done: Ingress<number>;
  readonly kept: Egress<Line>;
  readonly lines: Stream<Line>;
  readonly settled: Stream<number>;
}

const squared = continuation<number, { readonly n: number }, Line>('squared', (square, { n }, ctx) => {
  ctx.emit({ n, square });
});

/** Numbers come in, are squared by a portal after a while, and leave by a stream that is retained and an egress that keeps. */
function counter(): ApplicationWith<Handles> {
  return application('counter', (app) => {
    const numbers = app.ingress<number>('numbers', { key: (n) => n });
    const done = app.ingress<number>('done');
    const kept = app.egress<Line>('kept', { kept: true });
    const squares = app.portal<number, number>('squares', { key: (n) => n % 2 });
    app
      .workflow('answers')
      .replier([
        answer(squares, (n, ctx) => {
          ctx.reply(n * n);
        }),
      ])
      .sink();
    const asked = app
      .workflow('asks')
      .source(numbers.stream)
      .asker<Line>({ asks: [squares], continuations: [squared] }, (n, ctx) => {
        counted.update(ctx, (before) => before + 1);
        ctx.await(ctx.ask(squares, n, { timeoutMs: Infinity }), squared, { n });
      })
      .sink();
    const lines = app
      .workflow('lines')
      .source(asked)
      .processor<Line>((line, ctx) => {
        ctx.release(kept, line);
        ctx.after(5, line);
      })
      .withOnTimer<Line>((line, ctx) => {
        ctx.emit(line);
      })
      .sink();
    app.retain(lines);
    const settled = app.workflow('settled').source(done.stream).sink();
    app.retain(settled);
    return { numbers, done, kept, lines, settled };
  });
}

const numbers = [
  [1, 2],
  [3, 4],
];

/** Everything as small as it can be, so that each part of the store is used within a few commits. */
const epochs = { epochMs: 0, epochDirty: 4, activeCells: 2, applyBytes: 1, checkpointBytes: 600 };

/** What an actor is that only comes and goes. */
const visitor = behavior('visitor', () => receive<'go'>(() => same));

export interface Outcome {
  /** What went wrong, one line each. */
  readonly wrong: readonly string[];
  /** How often each operation was called while faults could come. */
  readonly calls: ReadonlyMap<string, number>;
  /** Whether the fault came. */
  readonly met: number;
  /** How many lives it took. */
  readonly lives: number;
}

/** Runs the bank with these faults to its end. */
export async function runBank(faults: readonly Fault[], seed = 1, spoil: Spoil = whole): Promise<Outcome> {
  return new Bank(faults, seed, spoil).run();
}

/** What becomes of the disk: for a test of the test. */
type Spoil = (disk: Disk) => Disk;

const whole: Spoil = (disk) => disk;

/** Says of the journal that it is on the medium, and it is not. */
export const lying: Spoil = (disk) => ({
  ...new Faults().disk(disk),
  open: async (name, mode) => {
    const file = await disk.open(name, mode);
    return {
      ...new Faults().file(file),
      sync: () => (name.startsWith('journal') ? Promise.resolve() : file.sync()),
    };
  },
});

/** Who is on their way, and what it is called. */
type Waiting = Set<string>;

class Bank {
  readonly #disk: SimulatedDisk;
  readonly #faults: Faults;
  readonly #none = new Faults();
  readonly #spoil: Spoil;
  readonly #wrong: string[] = [];
  /** Nothing else of it is used. */
  readonly #words = memoryStore();
  readonly #disks: WatchedDisk[] = [];
  /** What was acknowledged. */
  readonly #taken = new Set<string>();
  /** What the retained stream of what is settled has said, from its start. */
  readonly #payments = new Map<string, Set<string>>();
  readonly #app = counter();
  #cursor: string | undefined;
  readonly #lines: Line[] = [];
  #nowMs = 1_000;
  #lives = 0;

  constructor(faults: readonly Fault[], seed: number, spoil: Spoil) {
    this.#spoil = spoil;
    this.#disk = new SimulatedDisk({ seed });
    this.#faults = new Faults(faults);
  }

  async run(): Promise<Outcome> {
    const unhandled = (error: unknown): void => {
      this.#wrong.push(`BF4: nobody looked at ${inWords(error)}`);
    };
    process.on('unhandledRejection', unhandled);
    try {
      await this.#lead();
    } finally {
      // Node says so only when all promises that can go on have done so.
      await new Promise((resolve) => setImmediate(resolve));
      process.off('unhandledRejection', unhandled);
    }
    const { calls, met } = this.#faults;
    return { wrong: this.#wrong, calls, met: met.length, lives: this.#lives };
  }

  async #lead(): Promise<void> {
    const first = await this.#begin(this.#faults);
    await first?.use(0);
    // The store changes hands while its owner lives.
    const second = await this.#begin(this.#faults);
    await first?.leave({ deadlineMs: 1_000 });
    await second?.use(1);
    await second?.leave({ drain: true, deadlineMs: 5_000 });
    this.closed();
    this.#disk.powerLoss();
    for (const half of [0, 1]) {
      const last = await this.#begin(this.#none);
      if (last === undefined) {
        this.#wrong.push('it did not start when nothing failed any more');
        return;
      }
      await last.use(half);
      if (half === 1) {
        await last.use(0);
        await last.look();
      }
      await last.leave({ drain: true });
    }
  }

  async #begin(faults: Faults): Promise<Life | undefined> {
    this.#lives++;
    const host = virtualHost({ seed: this.#lives, startMs: this.#nowMs });
    const mounted = watchedDisk(this.#spoil(this.#disk.mount()));
    this.#disks.push(mounted);
    const disk = faults.disk(mounted);
    const life = new Life(this, host);
    const starting = start({
      behaviors: { account, closed, helper, visitor },
      effects: { pay: this.#pay() },
      applications: [this.#app],
      supervision: resume,
      host: faults.host(host),
      epochs,
      seed: 7,
      owner: `life ${this.#lives}`,
      store: faults.store({
        name: 'the disk',
        parts: async () => {
          const { lastWords } = await this.#words.parts();
          return {
            ...(lastWords && { lastWords }),
            journal: fileJournal(disk, {
              segmentBytes: 2_000,
              preallocateBytes: 512,
              writesPerMark: 4,
              entropy: () => host.entropy(),
            }),
            state: snapshotState(disk, { deltaBytes: 2_000 }),
          };
        },
      }),
    });
    const system = await life.told('start', starting);
    if (system !== undefined) life.live(system);
    return system === undefined ? undefined : life;
  }

  /** What the outside does for the bank: the first try fails. */
  #pay(): ReturnType<typeof effect<{ readonly id: string; readonly draw: number }, number>> {
    return effect(
      'pay',
      async ({ id, draw }: { readonly id: string; readonly draw: number }, { idempotencyKey }) => {
        const keys = this.#payments.get(id) ?? new Set();
        this.#payments.set(id, keys);
        const isFirst = keys.size === 0;
        keys.add(idempotencyKey);
        if (keys.size > 1) this.wrong(`BF3: ${id} was paid under ${[...keys].join(' and ')}`);
        if (isFirst) throw new Error('no connection');
        return draw;
      },
      { tries: 3, backoffMs: 10 },
    );
  }

  /** BF5. */
  closed(): void {
    const isExcused = this.#faults.met.some(
      ({ operation, when }) => when === 'never' || /\.(open|close)$/.test(operation),
    );
    const open = this.#disks.flatMap((disk) => disk.opened());
    if (!isExcused && open.length > 0) this.wrong(`BF5: nobody has closed ${open.join(', ')}`);
  }

  get app(): ApplicationWith<Handles> {
    return this.#app;
  }

  get taken(): Set<string> {
    return this.#taken;
  }

  wrong(what: string): void {
    this.#wrong.push(what);
  }

  movedTo(nowMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, nowMs);
  }

  get cursor(): string | undefined {
    return this.#cursor;
  }

  read(line: Line, cursor: string): void {
    this.#lines.push(line);
    this.#cursor = cursor;
  }

  get lines(): readonly Line[] {
    return this.#lines;
  }

  /** BF1, BF2. */
  refused(what: string, error: unknown): void {
    if (!(error instanceof PorticoError)) this.wrong(`BF1: ${what} was told ${inWords(error)}`);
    else if (!(error.code in errorCatalogue)) this.wrong(`BF1: ${what} was told the code ${error.code}`);
  }

  /** BF2. */
  ended(what: string, error: PorticoError): void {
    this.refused(what, error);
    if (this.#faults.met.length === 0 && !isTakenOver(error)) this.wrong(`BF2: ${what}: ${inWords(error)}`);
    else if (!isTakenOver(error) && !this.#faults.met.some((fault) => causesOf(error).includes(fault.error)))
      this.wrong(`BF2: ${what} does not say why: ${inWords(error)}`);
  }
}

/** A system that runs, and those who wait for it. */
class Life {
  readonly #bank: Bank;
  readonly #host: VirtualHost;
  readonly #waiting: Waiting = new Set();
  #system: ActorSystem | undefined;

  constructor(bank: Bank, host: VirtualHost) {
    this.#bank = bank;
    this.#host = host;
  }

  live(system: ActorSystem): void {
    this.#system = system;
    const { dataflow } = system;
    this.tried('onEnd', () => {
      dataflow.onEnd((reason) => {
        if (dataflow.failure === undefined) return;
        this.#bank.ended('the end of the system', reason);
      });
    });
    this.tried('handle', () => {
      dataflow.handle(this.#bank.app.handles.kept, ({ n }, { id }) => {
        const { kept, done } = this.#bank.app.handles;
        // What hands it over is at work until then.
        const settled = Promise.resolve().then(() =>
          dataflow.settle(kept, id, { ingress: done, values: [n] }),
        );
        void this.#note(`settle ${n}`, settled);
      });
    });
  }

  /** What comes of a call, undefined if it failed. Runs until it is told. */
  async told<T>(what: string, promise: Promise<T>): Promise<T | undefined> {
    const noted = this.#note(what, promise);
    // Everybody is told within this time, unless something hangs for ever.
    for (let turn = 0; turn < 40 && this.#waiting.has(what); turn++) await this.#pass(turn < 10 ? 0 : 2_000);
    return this.#waiting.has(what) ? undefined : noted;
  }

  async #note<T>(what: string, promise: Promise<T>): Promise<T | undefined> {
    this.#waiting.add(what);
    try {
      return await promise;
    } catch (error) {
      this.#bank.refused(what, error);
      return undefined;
    } finally {
      this.#waiting.delete(what);
    }
  }

  /** What is told at once. */
  tried(what: string, act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#bank.refused(what, error);
    }
  }

  async #pass(ms: number): Promise<void> {
    await this.#host.advance(ms);
    this.#bank.movedTo(this.#host.now());
  }

  /** Sends what has not been acknowledged of one half, and lets all that follows happen. */
  async use(half: number): Promise<void> {
    const system = this.#system as ActorSystem;
    const { taken, app } = this.#bank;
    for (const { account: at, ...op } of ops[half] ?? []) {
      if (taken.has(op.id)) continue;
      const sent = Promise.resolve().then(() =>
        system.send(system.entity(account(at), at), op, { idempotencyKey: op.id }),
      );
      void this.#note(
        `send ${op.id}`,
        sent.then(() => taken.add(op.id)),
      );
      await this.#pass(0);
    }
    for (const n of numbers[half] ?? []) {
      if (taken.has(`n${n}`)) continue;
      // A client counts on when it knows that the number before has entered.
      if (n > 1 && !taken.has(`n${n - 1}`)) break;
      const sent = system.dataflow.sendOnce(app.handles.numbers, { client: `client ${half}`, seq: n }, n);
      void this.#note(
        `number ${n}`,
        sent.then(() => taken.add(`n${n}`)),
      );
      await this.#pass(0);
    }
    const a = system.entity(account('a'), 'a');
    this.tried('create', () => {
      const gone = system.create(visitor());
      void this.#note('send go', system.send(gone, 'go'));
    });
    const echo = { op: 'echo', id: 'echo', delayMs: 10 } as const;
    void this.#note('ask', system.ask(a, echo, { timeoutMs: 5_000 }));
    void this.#note('idle', system.idle());
    await this.#pass(30);
    await this.#pass(30);
    await this.#read(system);
    await this.#clearLetters(system);
    void this.#note('migrate', system.dataflow.migrate());
    await this.#pass(1_100);
  }

  /** Reads on in what is retained, and lets go of what was read. */
  async #read(system: ActorSystem): Promise<void> {
    const { lines } = this.#bank.app.handles;
    this.tried('readFrom', () => {
      const reader = system.dataflow.readFrom(lines, this.#bank.cursor);
      const reading = async (): Promise<void> => {
        for await (const { value, cursor } of reader) this.#bank.read(value, cursor);
      };
      void this.#note('reading', reading());
    });
    await this.#pass(0);
    this.tried('forget', () => {
      if (this.#bank.cursor !== undefined) system.dataflow.forget(lines, this.#bank.cursor);
    });
  }

  async #clearLetters(system: ActorSystem): Promise<void> {
    this.tried('dead letters', () => {
      const [first, ...others] = system.deadLetters.list();
      if (first !== undefined) void this.#note('resend', system.deadLetters.resend(first.id));
      for (const { id } of others) system.deadLetters.discard(id);
    });
    await this.#pass(0);
  }

  /** Ends it; then nobody waits any more (BF1). */
  async leave(options: { readonly drain?: boolean; readonly deadlineMs?: number }): Promise<void> {
    const system = this.#system as ActorSystem;
    await this.told('stop', system.stop(options));
    await this.#pass(0);
    for (const what of this.#waiting) this.#bank.wrong(`BF1: ${what} was never told`);
    this.#waiting.clear();
  }

  /** BF3. */
  async look(): Promise<void> {
    const system = this.#system as ActorSystem;
    await this.#pass(3_000);
    await this.#read(system);
    const found = new Map<string, Entry>();
    const noted = new Map<string, number>();
    let total = 0;
    for (const name of accounts) {
      const ref = system.entity(account(name), name);
      const report = await this.told(`report of ${name}`, system.ask(ref, { op: 'report' } as Report));
      if (report === undefined) return;
      for (const [id, entry] of report.entries) found.set(id, entry);
      for (const [what, times] of report.noted) noted.set(what, (noted.get(what) ?? 0) + times);
      total += report.balance;
      if (report.stashed > 0) this.#bank.wrong(`BF3: ${name} has stashed ${report.stashed} for ever`);
    }
    const { taken, wrong } = { taken: this.#bank.taken, wrong: (what: string) => this.#bank.wrong(what) };
    let paidIn = 0;
    for (const { op, id, amount } of ops.flat()) {
      if (!taken.has(id)) wrong(`BF3: ${id} was never acknowledged`);
      if (op === 'fail') {
        if (found.has(id)) wrong(`BF3: ${id} failed, and left something`);
        continue;
      }
      if (found.get(id)?.times !== 1) wrong(`BF3: ${op} ${id} is there ${found.get(id)?.times ?? 0} times`);
      const due = dueOf(op, id);
      if (due !== undefined && noted.get(due) !== 1)
        wrong(`BF3: ${due} is there ${noted.get(due) ?? 0} times`);
      if (op === 'add' || op === 'child') paidIn += amount;
    }
    if (total !== paidIn) wrong(`BF3: there are ${total}, and ${paidIn} were paid in`);
    const lines = this.#bank.lines.map(({ n, square }) => `${n}²=${square}`).sort();
    if (lines.join() !== '1²=1,2²=4,3²=9,4²=16') wrong(`BF3: what was read is ${lines.join()}`);
    const settled: number[] = [];
    this.tried('readFrom', () => {
      const reader = system.dataflow.readFrom(this.#bank.app.handles.settled);
      const reading = async (): Promise<void> => {
        for await (const { value } of reader) settled.push(value);
      };
      void this.#note('reading', reading());
    });
    await this.#pass(0);
    if (settled.toSorted((a, b) => a - b).join() !== '1,2,3,4')
      wrong(`BF3: what was settled is ${settled.join()}`);
  }
}

/** A report, as the account gives it. */
type Report = Extract<Message, { readonly op: 'report' }>;

/** What has to come of an op. */
function dueOf(op: Kind, id: string): string | undefined {
  if (op === 'transfer' || op === 'child') return `deposit ${id}`;
  if (op === 'effect') return `paid ${id}`;
  if (op === 'timer') return `rang ${id}`;
  return op === 'ask' ? `told ${id}` : undefined;
}

function causesOf(error: unknown): unknown[] {
  const causes: unknown[] = [error];
  for (let at = error; at instanceof Error && 'cause' in at; at = at.cause) causes.push(at.cause);
  return causes;
}

/** What an owner ends with that has a successor. */
function isTakenOver(error: unknown): boolean {
  return causesOf(error).some(
    (each) =>
      each instanceof PorticoError &&
      (each.code === 'journal/fenced' || /somebody else has opened/.test(each.message)),
  );
}

function inWords(error: unknown): string {
  return causesOf(error)
    .map((each) => (each instanceof PorticoError ? `[${each.code}] ${each.message}` : String(each)))
    .join(' because ');
}
