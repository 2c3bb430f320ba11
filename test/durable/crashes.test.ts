// Random programs that lose their power again and again, compared with the same programs left in peace.
import {
  perKeyState,
  perTaskState,
  type Egress,
  type EpochOptions,
  type Ingress,
  type RunningSystem,
  type Stream,
} from 'portico/dataflow';
import type { AtomicStream } from '../../src/engine/stream.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { build } from '../properties/build.ts';
import { World, type Faults } from '../properties/perform.ts';
import { programs, type Program } from '../properties/program.ts';
import { runs } from '../properties/runs.ts';
import { CrashStore } from './crash-store.ts';
import { dump, seeRows, type KeysSeen } from './dump.ts';
import { begin, crashes, epochs, faults, live, steps, type Crash, type Living } from './powercuts.ts';

/** Programs whose outcome does not depend on who goes first. */
const certain = {
  portals: false,
  timers: false,
  keeps: true,
  chance: false,
  sequencers: 'single',
  onFailure: 'deadLetter',
} as const;

const outputs = perTaskState<readonly string[]>('outputs', []);
const times = perKeyState('times', 0);

/** A program that keeps account of itself: what came out of each stream, and how often each number was sent. */
function accounted(program: Program, faults: Faults) {
  let numbers: Ingress<number> | undefined;
  let kept: Egress<number> | undefined;
  const { app, streams } = build(program, new World(faults), {
    durable: true,
    record: () => false,
    beside: (app, all) => {
      // The egress gathers what several workflows release; in which order is nobody's to say.
      all.slice(0, -1).forEach((stream, i) => {
        app
          .workflow(`account${i}`)
          .source(stream)
          .consume((value, ctx) => {
            outputs.update(ctx, (lines) => [...lines, `${typeof ctx.key} ${String(ctx.key)} ${value}`]);
          })
          .withOnComplete((ctx) => void outputs.update(ctx, (lines) => [...lines, 'end']))
          .sink();
      });
      numbers = app.ingress<number>('numbers');
      kept = app.egress<number>('kept', { kept: true });
      const out = kept;
      app
        .workflow('ledger')
        .source(numbers.stream)
        .processor<number>((value, ctx) => {
          times.update(ctx, (n) => n + 1);
          ctx.release(out, value);
          ctx.emit(value);
        })
        .sink();
    },
  });
  return { app, streams, numbers: numbers as Ingress<number>, kept: kept as Egress<number> };
}

/** All state of a partition, and nothing else. */
function stateOf(partition: RunningSystem['partition'], seen: KeysSeen): unknown {
  const all = dump(partition, seen);
  return [...partition.instances.values()]
    .flatMap(({ states }) => states)
    .map(({ path }) => [path, all[path]])
    .filter(([path]) => !String(path).includes('/ledger/'));
}

/** What was seen of a program from outside, over all its lives. */
class Account {
  readonly acknowledged = new Set<number>();
  /** Whoever is called by the system must not throw, so what went wrong is gathered here. */
  readonly wrong: string[] = [];
  sent = 0;
  readonly #store: CrashStore;
  /** What was handed over at the egress that keeps, by number, and what of it is done with. */
  readonly #handed = new Map<number, number>();
  readonly #settled = new Set<number>();

  constructor(store: CrashStore) {
    this.#store = store;
  }

  watch({ system, host }: Living, { streams, numbers, kept }: ReturnType<typeof accounted>): void {
    for (const stream of streams) this.#listen(system, stream);
    system.handle(kept, (value, { id }) => {
      this.#handle(kept.path, value, id);
      if (value % 3 === 0) return;
      queueMicrotask(() => {
        void system.settle(kept, id).then(
          () => this.#settled.add(id),
          () => undefined,
        );
      });
    });
    for (let n = 0; n < 6; n++) {
      const value = this.sent++;
      const send = (): void => {
        void system.send(numbers, value).then(
          () => this.acknowledged.add(value),
          () => undefined,
        );
      };
      if (n < 3) send();
      else host.after(n - 3, send);
    }
  }

  #listen(system: RunningSystem, stream: Stream<number>): void {
    const { path } = stream;
    const runtime = system.partition.entity(path)?.runtime as AtomicStream;
    let { events } = runtime;
    system.subscribe(stream, () => {
      events++;
      const [, , , durable = 0] = (this.#store.row('streams', path) ?? []) as number[];
      // G3.
      if (durable < events) this.wrong.push(`${path}: ${events} of ${durable}`);
    });
  }

  #handle(path: string, value: number, id: number): void {
    const row = this.#store.row(`kept ${path}`, String(id)) as number[] | undefined;
    // G3.
    if (row?.[1] !== value) this.wrong.push(`${value} was handed over too early`);
    if ((this.#handed.get(id) ?? value) !== value)
      this.wrong.push(`${value} has a number that was used before`);
    if (this.#settled.has(id)) this.wrong.push(`${value} was done with`);
    this.#handed.set(id, value);
  }

  /** Compares with how often each number was counted, when all is done. */
  compare(countOf: (value: number) => number): void {
    for (let value = 0; value < this.sent; value++) {
      const count = countOf(value);
      if (count > 1 || (count === 0 && this.acknowledged.has(value)))
        this.wrong.push(`${value} was counted ${count} times`);
      // What was counted was released, and with it handed out.
      const handed = [...this.#handed.values()].filter((each) => each === value).length;
      if (handed !== count) this.wrong.push(`${value} was released ${handed} times`);
    }
  }
}

describe('a system that crashes again and again', () => {
  it('ends as one that does not; what was sent is counted once, nothing is handed out too early', async () => {
    await fc.assert(
      fc.asyncProperty(
        programs(certain),
        faults,
        epochs,
        crashes,
        fc.nat(),
        steps,
        async (program, faults, epochs, crashes, seed, steps) => {
          const run = async (crashes: readonly Crash[], epochs: Partial<EpochOptions>): Promise<unknown> => {
            const store = new CrashStore();
            const account = new Account(store);
            const seen: KeysSeen = new Map();
            let startMs = 0;
            let end: RunningSystem['partition'] | undefined;
            for (const crash of [...crashes, undefined]) {
              const made = accounted(program, faults);
              const application = made.app;
              const life = await begin({ store, application, seed, steps, epochs, startMs, crash });
              if (life === undefined) continue;
              account.watch(life, made);
              startMs = await live(life);
              end = life.system.partition;
              if (crash !== undefined && !life.host.isDown) store.crash(crash.keeps);
            }
            const { states = [] } = end?.instances.get('/program') ?? {};
            const ledger = states.find(({ path }) => path.includes('/ledger/'));
            account.compare((value) => (ledger?.find(value)?.first ?? 0) as number);
            expect(account.wrong).toEqual([]);
            expect(account.acknowledged.size).toBeGreaterThanOrEqual(6);
            seeRows(store.rows, seen);
            return end && stateOf(end, seen);
          };
          expect(await run(crashes, epochs)).toEqual(await run([], {}));
        },
      ),
      runs(25),
    );
  });
});
