// A bank of actors on a simulated machine, and a world around it that remembers all that it was told and nothing else.
//
// B1. What was acknowledged is booked exactly once; what was not, at most once. What is sent again under its key, exactly once.
// B2. Of one client, an account books in the order of sending.
// B3. What left the bank (a value, an effect) belongs to a booking that is there, with what chance drew for it. Nothing that was
//     handed to a subscriber is handed over again.
// B4. An effect is carried out at least once, or told to have failed after tries that failed; always under the same key, also where
//     it is carried out again because its outcome was lost, or by two owners at once. Its outcome is booked once, and is its own.
// B5. A timer goes off once, and never before its time. An ask has one outcome.
// B6. The money is all there.
// B7. What chance drew once it does not draw again: its state is as durable as what follows from it.
// B8. A reply answers the request that was asked, not one of an earlier process.
import {
  behavior,
  effect,
  mapState,
  receive,
  resume,
  same,
  start,
  stopped,
  valueState,
  type ActorContext,
  type ActorRef,
  type ActorSystem,
  type Behavior,
  type Failure,
} from 'portico';
import { Random } from '../../src/engine/random.ts';
import {
  Violation,
  type Scenario,
  type SimulatedProcess,
  type SimulatedWorld,
} from '../../src/testing/simulation/index.ts';
import { inBursts } from './bursts.ts';
import { endedWell } from './ends.ts';
import { Witness } from './witness.ts';

export const kinds = [
  'add',
  'transfer',
  'effect',
  'timer',
  'ask',
  'child',
  'fail',
  'stash',
  'unstash',
] as const;
export type Kind = (typeof kinds)[number];

/** What a client sends. */
export interface Op {
  readonly op: Kind;
  readonly id: string;
  readonly client: string;
  readonly n: number;
  readonly amount: number;
  readonly to: string;
  readonly delayMs: number;
  /** Whether it is sent again until it is known to be there: then it may come after later ones. */
  readonly isRepeated: boolean;
}

export type Message =
  | Op
  | { readonly op: 'deposit'; readonly id: string; readonly amount: number }
  | { readonly op: 'paid'; readonly id: string; readonly reply?: number; readonly failure?: Failure }
  | { readonly op: 'rang'; readonly id: string; readonly dueMs: number }
  | { readonly op: 'quote'; readonly id: string; readonly replyTo: ActorRef<number> }
  | {
      readonly op: 'echo';
      readonly id: string;
      readonly delayMs: number;
      readonly replyTo: ActorRef<string>;
    }
  | { readonly op: 'told'; readonly id: string; readonly reply?: number; readonly failure?: Failure }
  | { readonly op: 'report'; readonly replyTo: ActorRef<Report> };

/** What an account knows of an op. */
export interface Entry {
  readonly times: number;
  readonly order: number;
  readonly draw: number;
  readonly atMs: number;
}

interface Report {
  readonly balance: number;
  readonly entries: readonly (readonly [id: string, entry: Entry])[];
  readonly noted: readonly (readonly [what: string, times: number])[];
  readonly stashed: number;
}

interface Emitted {
  readonly account: string;
  readonly id: string;
  readonly draw: number;
  readonly order: number;
}

interface Payment {
  readonly account: string;
  readonly id: string;
  readonly draw: number;
}

const balance = valueState('balance', 0);
const booked = valueState('booked', 0);
const entries = mapState<string, Entry>('entries');
/** What else happened, and how often. */
const noted = mapState<string, number>('noted');
const lastOf = mapState<string, number>('last');

function note(what: string, ctx: ActorContext<Message>): void {
  noted.set(ctx, what, (noted.get(ctx, what) ?? 0) + 1);
}

export const helper = behavior('helper', (id: string, amount: number, home: ActorRef<Message>) =>
  receive<'go'>((_, ctx) => {
    ctx.send(home, { op: 'deposit', id, amount });
    return stopped;
  }),
);

/** What the bank asks of the outside. The world stands behind it. */
const payments = new Map<number, (payment: Payment, key: string) => Promise<number>>();
const payIn = (world: number): ReturnType<typeof effect<Payment, number>> =>
  effect(
    'pay',
    (payment: Payment, { idempotencyKey }) =>
      (payments.get(world) as (payment: Payment, key: string) => Promise<number>)(payment, idempotencyKey),
    { tries: 3, backoffMs: 20, concurrency: 3 },
  );
const pay = payIn(0);

export const account = behavior('account', (name: string): Behavior<Message> =>
  receive<Message>((message, ctx) => handled(name, message, ctx)),
);

/** An account that keeps ops for later. */
export const closed = behavior('closed', (name: string): Behavior<Message> =>
  receive<Message>((message, ctx) => {
    if (message.op !== 'add' && message.op !== 'transfer') return handled(name, message, ctx);
    ctx.stash.stash(message);
    return same;
  }),
);

function handled(name: string, message: Message, ctx: ActorContext<Message>): Behavior<Message> {
  switch (message.op) {
    case 'deposit':
      balance.update(ctx, (before) => before + message.amount);
      note(`deposit ${message.id}`, ctx);
      return same;
    case 'paid':
      note(`paid ${message.id}`, ctx);
      if (message.failure !== undefined) note(`unpaid ${message.id}`, ctx);
      else if (message.reply !== entries.get(ctx, message.id)?.draw) note(`mistaken ${message.id}`, ctx);
      return same;
    case 'rang':
      note(`rang ${message.id}`, ctx);
      if (ctx.nowMs < message.dueMs) note(`early ${message.id} ${message.dueMs - ctx.nowMs}`, ctx);
      return same;
    case 'told':
      note(`told ${message.id}`, ctx);
      return same;
    case 'quote':
      ctx.send(message.replyTo, ctx.random(100));
      return same;
    case 'echo':
      if (message.delayMs === 0) ctx.send(message.replyTo, message.id);
      else ctx.timers.single(`echo ${message.id}`, message.delayMs, { ...message, delayMs: 0 });
      return same;
    case 'report':
      ctx.send(message.replyTo, {
        balance: balance.get(ctx),
        entries: entries.entries(ctx),
        noted: noted.entries(ctx),
        stashed: ctx.stash.size,
      });
      return same;
    case 'add':
    case 'transfer':
    case 'effect':
    case 'timer':
    case 'ask':
    case 'child':
    case 'fail':
    case 'stash':
    case 'unstash':
      return book(name, message, ctx);
  }
}

function book(name: string, message: Op, ctx: ActorContext<Message>): Behavior<Message> {
  const { op, id, client, n, amount, to, delayMs, isRepeated } = message;
  const last = lastOf.get(ctx, client) ?? 0;
  // What was stashed comes later than what was sent after it.
  if (!isRepeated && op !== 'add' && op !== 'transfer') {
    if (n <= last) note(`disorder ${id}`, ctx);
    lastOf.set(ctx, client, n);
  }
  const times = (entries.get(ctx, id)?.times ?? 0) + 1;
  const order = booked.update(ctx, (before) => before + 1);
  const draw = ctx.random(0x4000_0000);
  entries.set(ctx, id, { times, order, draw, atMs: ctx.nowMs });
  ctx.emit({ account: name, id, draw, order } satisfies Emitted);
  switch (op) {
    case 'add':
      balance.update(ctx, (before) => before + amount);
      break;
    case 'transfer':
      balance.update(ctx, (before) => before - amount);
      ctx.send(ctx.entity(account(to), to), { op: 'deposit', id, amount });
      break;
    case 'effect':
      ctx.run(pay, { account: name, id, draw }, { as: { op: 'paid', id } });
      break;
    case 'timer':
      ctx.timers.single(id, delayMs, { op: 'rang', id, dueMs: ctx.nowMs + delayMs });
      break;
    case 'ask':
      ctx.ask(ctx.entity(account(to), to), { op: 'quote', id }, { as: { op: 'told', id }, timeoutMs: 1_000 });
      break;
    case 'child':
      ctx.send(ctx.create(helper(id, amount, ctx.self)), 'go');
      break;
    case 'fail':
      ctx.run(pay, { account: name, id, draw }, { as: { op: 'paid', id } });
      ctx.send(ctx.entity(account(to), to), { op: 'deposit', id, amount });
      throw new Error('this op always fails');
    case 'stash':
      return closed(name);
    case 'unstash':
      ctx.stash.unstashAll();
      return account(name);
  }
  return same;
}

/** What the world knows of an op. */
interface Sent {
  readonly op: Op;
  readonly account: string;
  acknowledged: boolean;
}

const CLIENTS = 3;
let worlds = 0;

export class Ledger implements Scenario {
  readonly #world: SimulatedWorld;
  readonly #number = ++worlds;
  readonly #random: Random;
  readonly #sent = new Map<string, Sent>();
  readonly #emitted = new Map<string, Emitted>();
  readonly #payments = new Map<string, Payment>();
  readonly #keys = new Map<string, string>();
  readonly #keyOf = new Map<string, string>();
  /** How many calls of an effect run, and those of which a call has failed. */
  readonly #running = new Map<string, number>();
  readonly #failed = new Set<string>();
  readonly #witness = new Witness([account, closed, helper].map(({ definition }) => definition));
  readonly #mix: readonly Kind[];
  readonly #accounts: readonly string[];
  readonly #asks: number;
  /** Those whose outcome the outside has not told. */
  #hanging: (() => void)[] = [];
  /** Those that run, the youngest last. */
  #open: { readonly process: SimulatedProcess; readonly system: ActorSystem }[] = [];
  #waiting = 0;
  #clients = CLIENTS;
  #balances: readonly number[] | undefined;

  constructor(world: SimulatedWorld) {
    this.#world = world;
    this.#random = new Random(world.plan.seed ^ 0x77aa_11bb);
    this.#accounts = Array.from({ length: [3, 3, 12][this.#random.below(3)] as number }, (_, at) => `a${at}`);
    const mix = kinds.filter(() => this.#random.below(3) > 0);
    this.#mix = [...mix, 'effect', kinds[this.#random.below(kinds.length)] as Kind];
    this.#asks = [1, 2, 6][this.#random.below(3)] as number;
    payments.set(this.#number, (payment, key) => this.#pay(payment, key));
    for (let client = 1; client <= CLIENTS; client++) this.#client(`c${client}`).catch(this.#broken);
  }

  readonly #broken = (error: unknown): void => {
    this.#world.violations.push(error);
  };

  async begin(process: SimulatedProcess): Promise<void> {
    const { host, store, epochs, world } = process;
    let system: ActorSystem;
    try {
      system = await start({
        behaviors: { account, closed, helper },
        effects: { pay: payIn(this.#number) },
        supervision: resume,
        host,
        store: this.#witness.watch(store),
        epochs,
        seed: world.plan.seed,
      });
    } catch (error) {
      endedWell(error, process);
      process.exit();
      return;
    }
    inBursts(system.dataflow, world.plan.setting.burst);
    const close = (): void => {
      this.#open = this.#open.filter((each) => each.process !== process);
    };
    this.#open.push({ process, system });
    process.onStop = () => {
      close();
      return system.stop();
    };
    system.dataflow.onEnd(() => {
      if (system.dataflow.failure === undefined) return;
      try {
        endedWell(system.dataflow.failure, process);
      } catch (error) {
        this.#broken(error);
      }
      close();
      host.yield(() => {
        process.exit();
      });
    });
    system.subscribe((value) => {
      this.#hear(value as Emitted);
    });
  }

  /** The youngest system, or now and then an older one that does not know yet that it has a successor. */
  get #system(): ActorSystem | undefined {
    this.#open = this.#open.filter(({ process }) => process.isAlive);
    const isOld = this.#open.length > 1 && this.#random.below(3) === 0;
    return this.#open.at(isOld ? 0 : -1)?.system;
  }

  get isDone(): boolean {
    if (!this.#world.isCalm) return false;
    for (const wake of this.#hanging.splice(0)) wake();
    return (
      this.#clients === 0 &&
      this.#waiting === 0 &&
      this.#open.some(({ process }) => process === this.#world.process)
    );
  }

  /** One after the other, with some under way. */
  async #client(client: string): Promise<void> {
    let isHere = true;
    for (let n = 1; isHere; n++) {
      await this.#world.pause(this.#random.below(6));
      if (this.#world.isCalm) isHere = false;
      while (this.#system === undefined && !this.#world.isCalm) await this.#world.pause(3);
      for (let asks = this.#random.below(this.#asks); asks > 0; asks--) void this.#echo(client, n);
      this.#send(client, n);
      while (this.#waiting > 6) await this.#world.pause(2);
    }
    this.#clients--;
  }

  #send(client: string, n: number): void {
    const random = this.#random;
    const at = this.#accounts[random.below(this.#accounts.length)] as string;
    const op: Op = {
      op: this.#mix[random.below(this.#mix.length)] as Kind,
      id: `${client}/${n}`,
      client,
      n,
      amount: 1 + random.below(100),
      to: this.#accounts[random.below(this.#accounts.length)] as string,
      delayMs: random.below(random.below(4) === 0 ? 2_000 : 20),
      isRepeated: random.below(2) === 0,
    };
    const sent: Sent = { op, account: at, acknowledged: false };
    this.#sent.set(op.id, sent);
    this.#witness.ops.set(op.id, { op, account: at });
    this.#waiting++;
    this.#deliver(sent).catch(this.#broken);
  }

  /** A client sends once, or again and again until it knows. What it was told it forgets. */
  async #deliver(sent: Sent): Promise<void> {
    const { op } = sent;
    for (let attempt = 1; ; attempt++) {
      const system = this.#system;
      if (system !== undefined) {
        const key = sent.op.isRepeated ? op.id : undefined;
        const outcome = await Promise.race([this.#try(system, sent, key), this.#world.pause(40 * attempt)]);
        if (outcome === true) break;
      }
      if (!sent.op.isRepeated) break;
      await this.#world.pause(5 * attempt);
    }
    this.#waiting--;
  }

  async #try(system: ActorSystem, sent: Sent, key: string | undefined): Promise<boolean> {
    const ref = system.entity(account(sent.account), sent.account);
    try {
      await system.send(ref, sent.op, key === undefined ? undefined : { idempotencyKey: key });
    } catch {
      return false;
    }
    sent.acknowledged = true;
    this.#world.trace.text(`acknowledged ${sent.op.id}`);
    return true;
  }

  /** B8. */
  async #echo(client: string, n: number): Promise<void> {
    const system = this.#system;
    const at = this.#accounts[this.#random.below(this.#accounts.length)] as string;
    const id = `${client}?${n}.${this.#random.below(1_000)}`;
    const asked = system?.ask(
      system.entity(account(at), at),
      { op: 'echo', id, delayMs: this.#random.below(2) * this.#random.below(40) },
      { timeoutMs: 200 },
    );
    const reply = await asked?.catch(() => undefined);
    if (reply !== undefined && reply !== id)
      this.#broken(new Violation(`B8: ${id} was answered with ${reply}`));
  }

  #hear(emitted: Emitted): void {
    const { id, draw } = emitted;
    this.#world.trace.text(`heard ${id} ${draw}`);
    if (this.#emitted.has(id)) this.#broken(new Violation(`B3: ${id} was handed over twice`));
    this.#emitted.set(id, emitted);
  }

  #pay(payment: Payment, key: string): Promise<number> {
    const { id } = payment;
    const world = this.#world;
    world.trace.text(`pay ${id} ${key}`);
    const before = this.#keyOf.get(id);
    if (before !== undefined && before !== key)
      this.#broken(new Violation(`B4: ${id} is paid under ${before} and ${key}`));
    if (this.#keys.has(key) && this.#keys.get(key) !== id)
      this.#broken(new Violation(`B4: ${id} and ${this.#keys.get(key)} are paid under ${key}`));
    this.#keyOf.set(id, key);
    this.#keys.set(key, id);
    const { refuse, fail, hang } = world.plan.setting.outside;
    const fate = world.isCalm ? Infinity : this.#random.below(100);
    const pause = world.pause(this.#random.below(12));
    if (fate < refuse + fail) this.#failed.add(id);
    if (fate < refuse) {
      world.count(world.faults, 'effect refused');
      return pause.then(() => Promise.reject(new Error('no connection')));
    }
    // From here on it is done.
    const known = this.#payments.get(id);
    if (known !== undefined) world.count(world.seen, 'effect again');
    if ((this.#running.get(id) ?? 0) > 0) world.count(world.seen, 'effect twice at once');
    if (known !== undefined && known.draw !== payment.draw)
      this.#broken(new Violation(`B4: ${id} is paid with ${known.draw} and ${payment.draw}`));
    this.#payments.set(id, payment);
    if (fate < refuse + fail) {
      world.count(world.faults, 'effect fails');
      return pause.then(() => Promise.reject(new Error('the connection is lost')));
    }
    if (fate < refuse + fail + hang) {
      world.count(world.faults, 'effect hangs');
      return new Promise((resolve) => {
        this.#hanging.push(() => {
          resolve(payment.draw);
        });
      });
    }
    this.#running.set(id, (this.#running.get(id) ?? 0) + 1);
    return pause.then(() => {
      this.#running.set(id, (this.#running.get(id) as number) - 1);
      return payment.draw;
    });
  }

  async check(process: SimulatedProcess): Promise<void> {
    const system = this.#open.find((each) => each.process === process)?.system;
    if (system === undefined) throw new Violation('the bank is not open');
    for (let round = 1; ; round++) {
      for (const wake of this.#hanging.splice(0)) wake();
      await system.idle();
      const reports: Report[] = [];
      for (const name of this.#accounts)
        reports.push(await system.ask(system.entity(account(name), name), { op: 'report' }));
      const left = this.#compare(reports);
      if (left.length === 0) {
        this.#conserved(reports);
        break;
      }
      if (round === 40) throw new Violation(`it does not come to its end: ${left.join(', ')}`);
      await this.#world.pause(round * 1_000);
    }
    this.#witness.check();
  }

  /** What has still to come. */
  #compare(reports: readonly Report[]): string[] {
    const left: string[] = [];
    const found = new Map<
      string,
      { readonly entry: Entry; readonly account: string; readonly report: Report }
    >();
    const drawn = new Map<number, string>();
    this.#accounts.forEach((name, at) => {
      const report = reports[at] as Report;
      for (const [id, entry] of report.entries) {
        const known = this.#sent.get(id);
        if (known === undefined) throw new Violation(`B1: ${name} has ${id}, which nobody sent`);
        if (known.account !== name)
          throw new Violation(`B1: ${name} has ${id}, which was for ${known.account}`);
        if (entry.times !== 1) throw new Violation(`B1: ${id} was booked ${entry.times} times`);
        if (known.op.op === 'fail') throw new Violation(`B1: ${id} failed, and left something`);
        const other = drawn.get(entry.draw);
        if (other !== undefined) throw new Violation(`B7: ${id} and ${other} have drawn ${entry.draw}`);
        drawn.set(entry.draw, id);
        found.set(id, { entry, account: name, report });
      }
      for (const [what, times] of report.noted) {
        const [kind = '', , byMs] = what.split(' ');
        const broken = { disorder: 'B2', early: 'B5', mistaken: 'B4' }[kind];
        // Between the time at which a timer was due and its turn somebody may have set the clock back.
        const isLate = kind === 'early' && Number(byMs) <= this.#world.setBackMs;
        if (broken !== undefined && !isLate) throw new Violation(`${broken}: ${what}`);
        if (times !== 1) throw new Violation(`B4, B5: ${name} noted ${what} ${times} times`);
      }
    });
    const noted = new Set(reports.flatMap((report) => report.noted.map(([what]) => what)));
    const isStashed = new Set<string>();
    for (const { op, acknowledged, account: at } of this.#sent.values()) {
      const entry = found.get(op.id)?.entry;
      if (op.op === 'fail') continue;
      if (entry === undefined && acknowledged) {
        const stashed = (reports[this.#accounts.indexOf(at)] as Report).stashed;
        if ((op.op === 'add' || op.op === 'transfer') && stashed > 0) isStashed.add(op.id);
        else throw new Violation(`B1: ${op.id} was acknowledged, and is not there`);
      }
      if (entry === undefined) continue;
      const due = dueOf(op);
      if (due !== undefined && !noted.has(due)) left.push(due);
    }
    const stashed = reports.reduce((sum, report) => sum + report.stashed, 0);
    if (isStashed.size > stashed)
      throw new Violation(`B1: of ${isStashed.size} stashed ops ${stashed} are there`);
    for (const [id, { draw, order }] of this.#emitted) {
      const entry = found.get(id)?.entry;
      if (entry === undefined || entry.draw !== draw || entry.order !== order)
        throw new Violation(`B3: ${id} was handed over with ${draw}, and the account has ${entry?.draw}`);
    }
    for (const [id, payment] of this.#payments) {
      if (found.get(id)?.entry.draw !== payment.draw)
        throw new Violation(
          `B3: ${id} was paid with ${payment.draw}, and the account has ${found.get(id)?.entry.draw}`,
        );
    }
    for (const what of noted) {
      if (what.startsWith('early ')) continue;
      const id = what.slice(what.indexOf(' ') + 1);
      const known = found.get(id);
      if (what.startsWith('unpaid ')) {
        if (!noted.has(`paid ${id}`) || !this.#failed.has(id))
          throw new Violation(`B4: ${id} is told to have failed, and did not`);
        continue;
      }
      if (known === undefined || dueOf((this.#sent.get(id) as Sent).op) !== what)
        throw new Violation(`B4, B5: ${what} was noted, and nobody had asked for it`);
      if (what.startsWith('paid ') && !noted.has(`unpaid ${id}`) && !this.#payments.has(id))
        throw new Violation(`B4: ${id} has an outcome, and was never carried out`);
    }
    return left;
  }

  /** B6. */
  #conserved(reports: readonly Report[]): void {
    let total = 0;
    for (const report of reports) {
      for (const [id] of report.entries) {
        const { op } = this.#sent.get(id) as Sent;
        if (op.op === 'add' || op.op === 'child') total += op.amount;
      }
    }
    const balances = reports.map((report) => report.balance);
    const sum = balances.reduce((a, b) => a + b, 0);
    if (sum !== total) throw new Violation(`B6: there are ${sum}, and ${total} were paid in`);
    // Nothing was sent since.
    if (this.#balances !== undefined && this.#balances.join() !== balances.join())
      throw new Violation(`B6: the balances were ${this.#balances.join()}, and are ${balances.join()}`);
    this.#balances = balances;
  }
}

/** What has to come of an op. */
function dueOf({ op, id }: Op): string | undefined {
  if (op === 'transfer' || op === 'child') return `deposit ${id}`;
  if (op === 'effect') return `paid ${id}`;
  if (op === 'timer') return `rang ${id}`;
  return op === 'ask' ? `told ${id}` : undefined;
}
