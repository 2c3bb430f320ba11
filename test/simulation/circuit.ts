// A dataflow with all kinds of parts on a simulated machine: a generator, a cycle, a splitter, portals with named continuations,
// requests that are left open, timers, dead letters, a retained stream and an egress that keeps.
//
// C1. Whatever enters comes out exactly once, by each way that it takes; a token goes round exactly so often.
// C2. What is sent again under the number of its client enters once; what one client sends stays in order.
// C3. What was handed to a subscriber is in the book, and is not handed over again.
// C4. A value that is kept is handed over until it is done with, always under the same number; and never after that by the run
//     that was told so, or a later one.
// C5. What fails is set aside, once, and stays so until somebody decides.
// C6. What is retained is there from its start, in the same order each time.
// C8. What a key forgot is forgotten, wherever its state is.
// C7. The number of a value that is kept belongs to that value alone.
import {
  answer,
  application,
  continuation,
  perKeyState,
  perTaskMap,
  perTaskState,
  roundRobin,
  startSystem,
  type ApplicationWith,
  type DeadLetter,
  type Egress,
  type Ingress,
  type RequestId,
  type RunningSystem,
  type Stream,
} from 'portico/dataflow';
import { Random } from '../../src/engine/random.ts';
import {
  Violation,
  type Scenario,
  type SimulatedProcess,
  type SimulatedWorld,
} from '../../src/testing/simulation/index.ts';
import { inBursts } from './bursts.ts';
import { endedWell } from './ends.ts';

const kinds = ['plain', 'token', 'ask', 'several', 'open', 'timer', 'bad', 'streak'] as const;
type Kind = (typeof kinds)[number];

interface Item {
  readonly kind: Kind;
  readonly id: number;
  readonly client: string;
  readonly seq: number;
  readonly rounds: number;
}

/** What is put into the book: what it is, and what is to stand beside it. */
interface Line {
  readonly what: string;
  readonly value: number;
}

const hops = perKeyState('hops', 0);
const asked = perKeyState('asked', 0);
const streak = perKeyState('streak', 0);
/** The same, in the state of the task, which is never anywhere else. */
const streaks = perTaskMap<number, number>('streaks');
const left = perTaskState<readonly { readonly request: RequestId<number>; readonly id: number }[]>(
  'left',
  [],
);
const book = perTaskMap<string, number>('book');
const last = perTaskMap<string, number>('last');
const generated = 25;

const one = continuation<number, { readonly id: number }, Line>('one', (reply, { id }, ctx) => {
  ctx.emit({ what: `ask ${id}`, value: reply + asked.get(ctx) });
});
const several = continuation<readonly number[], { readonly id: number }, Line>(
  'several',
  (replies, { id }, ctx) => {
    ctx.emit({ what: `several ${id}`, value: replies.reduce((sum, each) => sum + each, 0) });
  },
);
const opened = continuation<number, { readonly id: number }, Line>('opened', (reply, { id }, ctx) => {
  ctx.emit({ what: `open ${id}`, value: reply });
});

interface Handles {
  readonly items: Ingress<Item>;
  readonly kept: Egress<Line>;
  readonly lines: Stream<Line>;
  readonly rounds: Stream<Line>;
}

function circuit(): ApplicationWith<Handles> {
  return application('circuit', (app) => {
    const items = app.ingress<Item>('items', { key: ({ id }) => id });
    const kept = app.egress<Line>('kept', { kept: true });
    const sorted = app.splitter(items.stream, { name: 'sorted' });
    const only = (kind: Kind): Stream<Item> =>
      app.split(sorted, (item) => item.kind === kind, { name: kind });

    // The cycle.
    const ring = app.sequencer<Item>({ name: 'ring', strategy: roundRobin });
    app.connect(only('token'), ring, { name: 'in' });
    const moved = app
      .workflow('move')
      .source(ring.stream)
      .map((item, ctx) => {
        hops.update(ctx, (n) => n + 1);
        return { ...item, rounds: item.rounds - 1 };
      })
      .sink();
    const turns = app.splitter(moved, { name: 'turns' });
    app.connect(
      app.split(turns, ({ rounds }) => rounds > 0, { name: 'again' }),
      ring,
      { name: 'round' },
    );
    const rounds = app
      .workflow('arrive')
      .source(app.split(turns, () => true, { name: 'done' }))
      .map(({ id }): Line => ({ what: `token ${id}`, value: 0 }))
      .sink();
    app.retain(rounds);

    // Asking.
    const squares = app.portal<number, number>('squares', { key: (n) => n });
    const patient = app.portal<number, number>('patient', { key: () => 0 });
    const asks = app
      .workflow('asks')
      .source(only('ask'))
      .asker<Line>({ asks: [squares], continuations: [one] }, ({ id }, ctx) => {
        asked.set(ctx, 1);
        ctx.await(ctx.ask(squares, id, { timeoutMs: Infinity }), one, { id });
      })
      .sink();
    const gathers = app
      .workflow('gathers')
      .source(only('several'))
      .asker<Line>({ asks: [squares, patient], continuations: [several] }, ({ id }, ctx) => {
        const futures = [
          ctx.ask(squares, id, { timeoutMs: Infinity }),
          ctx.ask(patient, id, { timeoutMs: Infinity }),
          ctx.ask(squares, id + 1, { timeoutMs: Infinity }),
        ];
        ctx.awaitAll(futures, several as never, { id } as never);
      })
      .sink();
    const opens = app
      .workflow('opens')
      .source(only('open'))
      .asker<Line>({ asks: [patient], continuations: [opened] }, ({ id }, ctx) => {
        ctx.await(ctx.ask(patient, id, { timeoutMs: Infinity }), opened, { id });
      })
      .sink();
    app
      .workflow('squared')
      .replier([
        answer(squares, (n, ctx) => {
          ctx.reply(n * n);
        }),
      ])
      .sink();
    app
      .workflow('patiently')
      .replier([
        answer(patient, (id, ctx) => {
          left.set(ctx, [...left.get(ctx), { request: ctx.defer(), id }]);
          // Many at the same time.
          ctx.after(10 * ctx.random(3), 'now');
        }),
      ])
      .withOnTimer((_, ctx) => {
        const [first, ...others] = left.get(ctx);
        if (first === undefined) return;
        ctx.replyTo(first.request, -first.id);
        left.set(ctx, others);
      })
      .sink();

    // State that comes and goes.
    const forgetful = app
      .workflow('forgetful')
      .source(only('streak'))
      .key(({ id }) => id % 2)
      .processor<Line>(({ id }, ctx) => {
        const own = streak.update(ctx, (n) => n + 1);
        const same = (streaks.get(ctx, id % 2) ?? 0) + 1;
        streaks.set(ctx, id % 2, same % 2);
        if (same === 2) ctx.forget();
        ctx.emit({ what: `streak ${id}`, value: own === same ? 0 : 1 });
      })
      .sink();

    // Timers, and what fails.
    const rings = app
      .workflow('rings')
      .source(only('timer'))
      .processor<Line>(({ id, rounds: delay }, ctx) => {
        const delayMs = 10 * (delay >> 1);
        ctx.after(delayMs, { id, dueMs: ctx.nowMs + delayMs });
      })
      .withOnTimer<{ readonly id: number; readonly dueMs: number }>(({ id, dueMs }, ctx) => {
        ctx.emit({ what: `timer ${id}`, value: Math.max(0, dueMs - ctx.nowMs) });
      })
      .sink();
    const bads = app
      .workflow('bads', { onFailure: 'deadLetter' })
      .source(only('bad'))
      .map((): Line => {
        throw new Error('this item always fails');
      })
      .sink();

    // The book.
    const numbers = app
      .workflow('numbers')
      .source(app.generators.fromRange(0, generated, 1, { throttle: { events: 1, perMs: 4 } }))
      .map((n): Line => ({ what: `generated ${n}`, value: n }))
      .sink();
    const plains = app
      .workflow('plains')
      .source(only('plain'))
      .map((item, ctx): Line => {
        const before = last.get(ctx, item.client) ?? 0;
        last.set(ctx, item.client, item.seq);
        return { what: `plain ${item.id}`, value: item.seq > before ? 0 : 1 };
      })
      .sink();
    const all = app.sequencer<Line>({ name: 'all' });
    [rounds, asks, gathers, opens, forgetful, rings, bads, numbers, plains].forEach((stream, i) => {
      app.connect(stream, all, { name: `all${i}` });
    });
    const lines = app
      .workflow('book')
      .source(all.stream)
      .processor<Line>((line, ctx) => {
        book.set(ctx, line.what, (book.get(ctx, line.what) ?? 0) + 1);
        ctx.release(kept, line);
        ctx.emit(line);
      })
      .sink();
    return { items, kept, lines, rounds };
  });
}

interface Sent {
  readonly item: Item;
  acknowledged: boolean;
  readonly isRepeated: boolean;
}

/** One that runs. */
interface Running {
  readonly process: SimulatedProcess;
  readonly system: RunningSystem;
  readonly handles: Handles;
}

const CLIENTS = 5;

export class Circuit implements Scenario {
  readonly #world: SimulatedWorld;
  readonly #random: Random;
  readonly #sent = new Map<number, Sent>();
  readonly #heard = new Map<string, number>();
  readonly #handed = new Map<number, string>();
  /** The values that are done with, for sure, and the run of the store that said so. */
  readonly #settled = new Map<number, number>();
  /** The items whose dead letters somebody took out: perhaps, and for sure. */
  readonly #taken = new Map<number, 'perhaps' | 'surely'>();
  readonly #mix: readonly Kind[];
  #open: Running[] = [];
  #clients = CLIENTS;
  #retained: string | undefined;

  constructor(world: SimulatedWorld) {
    this.#world = world;
    this.#random = new Random(world.plan.seed ^ 0x3c6e_f372);
    const mix = kinds.filter(() => this.#random.below(3) > 0);
    // One of them most of all.
    const most = kinds[this.#random.below(kinds.length)] as Kind;
    this.#mix = [...mix, 'streak', 'open', 'several', 'several', most, most];
    for (let client = 1; client <= CLIENTS; client++) this.#client(client).catch(this.#broken);
  }

  readonly #broken = (error: unknown): void => {
    this.#world.violations.push(error);
  };

  async begin(process: SimulatedProcess): Promise<void> {
    const { host, store, epochs, world } = process;
    let system: RunningSystem;
    const app = circuit();
    try {
      system = await startSystem({ applications: [app], host, store, epochs, seed: world.plan.seed });
    } catch (error) {
      endedWell(error, process);
      process.exit();
      return;
    }
    inBursts(system, world.plan.setting.burst);
    const { handles } = app;
    const close = (): void => {
      this.#open = this.#open.filter((each) => each.process !== process);
    };
    this.#open.push({ process, system, handles });
    process.onStop = () => {
      close();
      return system.shutdown();
    };
    system.onEnd(() => {
      if (system.failure === undefined) return;
      try {
        endedWell(system.failure, process);
      } catch (error) {
        this.#broken(error);
      }
      close();
      host.yield(() => {
        process.exit();
      });
    });
    system.subscribe(handles.lines, (line) => {
      this.#hear(line);
    });
    system.handle(handles.kept, (line, { id }) => {
      this.#hand(line, id, system.run);
      const delay = this.#random.below(8);
      host.after(delay, () => {
        void system.settle(handles.kept, id).then(
          () => this.#settled.set(id, system.run),
          () => undefined,
        );
      });
    });
  }

  get isDone(): boolean {
    return (
      this.#world.isCalm &&
      this.#clients === 0 &&
      this.#open.some(({ process }) => process === this.#world.process)
    );
  }

  get #alive(): Running | undefined {
    this.#open = this.#open.filter(({ process }) => process.isAlive);
    const isOld = this.#open.length > 1 && this.#random.below(3) === 0;
    return this.#open.at(isOld ? 0 : -1);
  }

  /** Sends one item after the other; each until it is known to be there, but for those that are sent just once. */
  async #client(number: number): Promise<void> {
    const client = `c${number}`;
    const random = this.#random;
    let isHere = true;
    for (let seq = 1; isHere; seq++) {
      await this.#world.pause(random.below(4));
      if (this.#world.isCalm) isHere = false;
      const kind = this.#mix[random.below(this.#mix.length)] as Kind;
      const item = {
        kind,
        id: number * 10_000 + seq,
        client,
        seq,
        rounds: 1 + random.below(random.below(3) === 0 ? 30 : 6),
      };
      const sent = { item, acknowledged: false, isRepeated: random.below(4) > 0 };
      this.#sent.set(item.id, sent);
      for (let attempt = 1; ; attempt++) {
        if (await Promise.race([this.#try(sent), this.#world.pause(40 * attempt)])) break;
        if (!sent.isRepeated) break;
        await this.#world.pause(5 * attempt);
      }
      if (random.below(6) === 0) void this.#takeOut().catch(() => undefined);
    }
    this.#clients--;
  }

  async #try(sent: Sent): Promise<boolean> {
    const to = this.#alive;
    if (to === undefined) return false;
    const { item } = sent;
    try {
      if (sent.isRepeated)
        await to.system.sendOnce(to.handles.items, { client: item.client, seq: item.seq }, item);
      else await to.system.send(to.handles.items, item);
    } catch {
      return false;
    }
    sent.acknowledged = true;
    this.#world.trace.text(`acknowledged ${item.id}`);
    return true;
  }

  /** C5. Somebody decides what becomes of a dead letter. */
  async #takeOut(): Promise<void> {
    const { system, handles } = this.#alive ?? {};
    const letters = system?.deadLetters.list() ?? [];
    const letter = letters[this.#random.below(letters.length)];
    const event = letter?.events[0];
    if (system === undefined || handles === undefined || event === undefined) return;
    const { id } = event.value as Item;
    this.#taken.set(id, this.#taken.get(id) ?? 'perhaps');
    system.deadLetters.discard((letter as DeadLetter).id);
    // Resolves when all that was before is durable.
    await system.settle(handles.kept, 0);
    this.#taken.set(id, 'surely');
  }

  /** C3. */
  #hear({ what, value }: Line): void {
    this.#world.trace.text(`heard ${what}`);
    if (this.#heard.has(what)) this.#broken(new Violation(`C3: “${what}” was handed to a subscriber twice`));
    this.#heard.set(what, value);
  }

  /** C4, C7. */
  #hand({ what }: Line, id: number, run: number): void {
    this.#world.trace.text(`handed ${id} ${what}`);
    const before = this.#handed.get(id);
    if (before !== undefined && before !== what)
      this.#broken(new Violation(`C7: ${id} was handed over as “${before}” and as “${what}”`));
    // One that stood still while another one took over knows nothing of what that one has done.
    if (run >= (this.#settled.get(id) ?? Infinity))
      this.#broken(new Violation(`C4: ${id} was handed over after it was done with`));
    this.#handed.set(id, what);
  }

  async check(process: SimulatedProcess): Promise<void> {
    const to = this.#open.find((each) => each.process === process);
    if (to === undefined) throw new Violation('it does not run');
    for (let round = 1; ; round++) {
      await to.system.idle();
      const others = this.#open.filter(({ process }) => process.isAlive && process !== to.process);
      // Who of them owns the store, and so has all of it, is seen when the other one notices that it does not.
      const missing = others.length > 0 ? ['the end of another owner'] : this.#compare(to.system);
      if (missing.length === 0) break;
      if (round === 30) throw new Violation(`it does not come to its end: ${missing.join(', ')}`);
      await this.#world.pause(round * 1_000);
    }
    await this.#retainedIs(to.system, to.handles.rounds);
  }

  /** What has still to come. */
  #compare(system: RunningSystem): string[] {
    const missing: string[] = [];
    const noted = bookOf(system);
    const aside = new Map<number, number>();
    for (const { events } of system.deadLetters.list())
      for (const { value } of events) {
        const { id } = value as Item;
        aside.set(id, (aside.get(id) ?? 0) + 1);
      }
    for (let n = 0; n < generated; n++) if (!noted.has(`generated ${n}`)) missing.push(`generated ${n}`);
    for (const [what, times] of noted) {
      if (times !== 1) throw new Violation(`C1: “${what}” is ${times} times in the book`);
      const [kind, id] = what.split(' ');
      if (kind === 'generated') continue;
      if (this.#sent.get(Number(id))?.item.kind !== kind) throw new Violation(`C1: nobody sent “${what}”`);
    }
    for (const { item, acknowledged } of this.#sent.values()) {
      const { kind, id } = item;
      if (kind === 'bad') {
        const times = aside.get(id) ?? 0;
        const taken = this.#taken.get(id);
        if (times > 1 || (acknowledged && times === 0 && taken === undefined))
          throw new Violation(`C5: ${id} was set aside ${times} times`);
        if (times > 0 && taken === 'surely')
          throw new Violation(`C5: ${id} was taken out, and is there again`);
      } else if (acknowledged && !noted.has(`${kind} ${id}`)) missing.push(`${kind} ${id}`);
    }
    for (const [what, value] of this.#heard) {
      if (!noted.has(what))
        throw new Violation(`C3: “${what}” was handed to a subscriber, and is not in the book`);
      this.#isRight(what, value);
    }
    const handed = [...this.#handed.values()];
    for (const what of noted.keys()) if (!handed.includes(what)) missing.push(`handing over of ${what}`);
    if (new Set(handed).size !== handed.length)
      throw new Violation('C7: a value was handed over under two numbers');
    for (const what of handed)
      if (!noted.has(what)) throw new Violation(`C4: “${what}” was handed over, and is not in the book`);
    this.#hopsAreRight(system, noted);
    return missing;
  }

  #isRight(what: string, value: number): void {
    const [kind, name] = what.split(' ');
    const id = Number(name);
    const right =
      kind === 'generated'
        ? id
        : kind === 'ask'
          ? id * id + 1
          : kind === 'several'
            ? id * id - id + (id + 1) ** 2
            : kind === 'open'
              ? -id
              : 0;
    if (kind === 'streak' && value !== 0) throw new Violation(`C8: “${what}” found what was forgotten`);
    if (kind === 'plain' && value !== 0) throw new Violation(`C2: “${what}” is out of its order`);
    if (kind === 'timer') {
      // Between the time at which it was due and its turn somebody may have set the clock back.
      if (value > this.#world.setBackMs) throw new Violation(`C1: “${what}” came ${value} ms too early`);
      return;
    }
    if (value !== right) throw new Violation(`C1: “${what}” came with ${value}, and ${right} is right`);
  }

  /** C1. */
  #hopsAreRight(system: RunningSystem, noted: ReadonlyMap<string, number>): void {
    const state = stateOf(system, '/move/');
    for (const { item } of this.#sent.values()) {
      if (item.kind !== 'token' || !noted.has(`token ${item.id}`)) continue;
      const times = state?.find(item.id)?.first;
      if (times !== item.rounds)
        throw new Violation(`C1: token ${item.id} went round ${String(times)} of ${item.rounds} times`);
    }
  }

  /** C6. */
  async #retainedIs(system: RunningSystem, stream: Stream<Line>): Promise<void> {
    const past: string[] = [];
    const end = system.subscribe(stream, ({ what }) => past.push(what), { from: 'start' });
    await system.idle();
    end();
    const noted = bookOf(system);
    const all = past.join();
    if (new Set(past).size !== past.length) throw new Violation(`C6: something was retained twice: ${all}`);
    for (const what of noted.keys())
      if (what.startsWith('token') && !past.includes(what))
        throw new Violation(`C6: “${what}” was not retained`);
    if (this.#retained !== undefined && !all.startsWith(this.#retained))
      throw new Violation(`C6: ${this.#retained} was retained, and now it is ${all}`);
    this.#retained = all;
  }
}

function stateOf(system: RunningSystem, part: string) {
  return system.partition.instances.get('/circuit')?.states.find(({ path }) => path.includes(part));
}

function bookOf(system: RunningSystem): Map<string, number> {
  const state = stateOf(system, '/book/');
  return new Map(state?.own.first as Iterable<[string, number]> | undefined);
}
