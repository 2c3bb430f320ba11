// Random programs of actors that crash at random moments: what was acknowledged counts once, whatever it was and whatever came
// in between; what was not counts once or not at all.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  behavior,
  effect,
  init,
  mapState,
  receive,
  same,
  stopped,
  valueState,
  type ActorRef,
  type ActorSystem,
  type Behavior,
  type Failure,
} from 'portico';
import { runs } from '../properties/runs.ts';
import { Lives } from './lives.ts';

type Message =
  | { readonly type: 'count'; readonly n: number }
  | { readonly type: 'move'; readonly n: number; readonly to: string }
  | { readonly type: 'take'; readonly n: number }
  | { readonly type: 'later'; readonly n: number; readonly ms: number }
  | { readonly type: 'ask'; readonly n: number; readonly to: string }
  | { readonly type: 'get'; readonly replyTo: ActorRef<number> }
  | { readonly type: 'got'; readonly n: number; readonly reply?: number; readonly failure?: Failure }
  | { readonly type: 'run'; readonly n: number }
  | { readonly type: 'ran'; readonly n: number; readonly reply?: number }
  | { readonly type: 'put off'; readonly n: number }
  | { readonly type: 'open' }
  | { readonly type: 'close' }
  | { readonly type: 'fail'; readonly n: number }
  | { readonly type: 'spawn'; readonly n: number }
  | { readonly type: 'gone'; readonly n: number; readonly reply?: ActorRef<never> }
  | { readonly type: 'report'; readonly replyTo: ActorRef<Report> };

interface Report {
  readonly done: readonly (readonly [unknown, string])[];
  readonly balance: number;
  readonly children: number;
}

/** What was done for each order, in words; twice if it was done twice. */
const done = mapState<number, string>('done');
const balance = valueState('balance', 0);

let trace: string[] = [];
const work = effect('work', async (n: number, { idempotencyKey }) => {
  trace.push(`${n} ${idempotencyKey}`);
  await Promise.resolve();
  return n;
});

const open = behavior('open', (): Behavior<Message> => handles(false));
const closed = behavior('closed', (): Behavior<Message> => handles(true));

function handles(isClosed: boolean): Behavior<Message> {
  return receive((message, ctx) => {
    const did = (n: number, what: string): void => {
      done.set(ctx, n, `${done.get(ctx, n) ?? ''}${what} `);
    };
    switch (message.type) {
      case 'count':
        did(message.n, 'counted');
        break;
      case 'move':
        balance.update(ctx, (now) => now - message.n);
        ctx.send(ctx.entity(open(), message.to), { type: 'take', n: message.n });
        break;
      case 'take':
        balance.update(ctx, (now) => now + message.n);
        did(message.n, 'taken');
        break;
      case 'later':
        ctx.timers.single(message.n, message.ms, { type: 'count', n: message.n });
        break;
      case 'ask':
        ctx.ask(ctx.entity(open(), message.to), { type: 'get' }, { as: { type: 'got', n: message.n } });
        break;
      case 'get':
        ctx.send(message.replyTo, 1);
        break;
      case 'got':
        did(message.n, message.failure?.code ?? `got ${message.reply}`);
        break;
      case 'run':
        ctx.run(work, message.n, { as: { type: 'ran', n: message.n } });
        break;
      case 'ran':
        did(message.n, `ran ${message.reply}`);
        break;
      case 'put off':
        if (isClosed) ctx.stash.stash(message);
        else did(message.n, 'handled');
        break;
      case 'open':
        ctx.stash.unstashAll();
        return open();
      case 'close':
        return closed();
      case 'fail':
        did(message.n, 'never');
        throw new Error(String(message.n));
      case 'spawn':
        ctx.watch(ctx.create(child(ctx.self, message.n), { child: true }), {
          as: { type: 'gone', n: message.n },
        });
        break;
      case 'gone':
        did(message.n, 'gone');
        break;
      case 'report':
        ctx.send(message.replyTo, {
          done: done.entries(ctx),
          balance: balance.get(ctx),
          children: ctx.children.length,
        });
        break;
    }
    return same;
  });
}

const child = behavior('child', (parent: ActorRef<Message>, n: number): Behavior<'end'> =>
  init((ctx) => {
    ctx.send(parent, { type: 'count', n });
    ctx.timers.single('end', 10, 'end');
    return ending();
  }),
);
const ending = behavior('ending', (): Behavior<'end'> => receive(() => stopped));

const names = ['a', 'b', 'c', 'd'];
const kinds = ['count', 'move', 'later', 'ask', 'run', 'put off', 'fail', 'spawn'] as const;
type Kind = (typeof kinds)[number];

type Step =
  | { readonly order: Kind; readonly who: string; readonly to: string; readonly ms: number }
  | { readonly tell: 'open' | 'close'; readonly who: string }
  | { readonly ticks: number }
  | { readonly pass: number }
  | { readonly hold: true }
  | { readonly crash: boolean }
  | { readonly stop: true };

const name = fc.constantFrom(...names);
const order: fc.Arbitrary<Step> = fc.record({
  order: fc.constantFrom(...kinds),
  who: name,
  to: name,
  ms: fc.constantFrom(0, 5, 50),
});
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: order },
    {
      weight: 2,
      arbitrary: fc.record({ tell: fc.constantFrom('open' as const, 'close' as const), who: name }),
    },
    { weight: 6, arbitrary: fc.record({ ticks: fc.nat(6) }) },
    { weight: 2, arbitrary: fc.record({ pass: fc.constantFrom(1, 5, 20) }) },
    { weight: 1, arbitrary: fc.constant<Step>({ hold: true }) },
    { weight: 2, arbitrary: fc.record({ crash: fc.boolean() }) },
    { weight: 1, arbitrary: fc.constant<Step>({ stop: true }) },
  ),
  { minLength: 5, maxLength: 60, size: 'max' },
);

/** What is to be seen of an order that was carried out. */
const seen: Record<Kind, (n: number) => string> = {
  count: () => 'counted ',
  move: () => 'taken ',
  later: () => 'counted ',
  ask: () => 'got 1 ',
  run: (n) => `ran ${n} `,
  'put off': () => 'handled ',
  fail: () => '',
  spawn: () => 'counted gone ',
};

const epochs = fc.constantFrom(
  {},
  { applyBytes: 1, checkpointBytes: 1, activeCells: 1 },
  { applyBytes: 2_000, activeCells: 3 },
);

describe('any program of actors', () => {
  it('loses nothing that was acknowledged, and does nothing twice, however it crashes', async () => {
    await fc.assert(
      fc.asyncProperty(steps, epochs, async (program, options) => {
        trace = [];
        const lives = new Lives({
          behaviors: { open, closed, child, ending },
          effects: { work },
          epochs: options,
        });
        let system = await lives.start();
        const orders: Kind[] = [];
        const acknowledged = new Set<number>();
        let isHeld = false;
        const send = (who: string, message: Message, n?: number): void => {
          system.send(system.entity(open(), who), message).then(
            () => n !== undefined && acknowledged.add(n),
            () => undefined,
          );
        };
        const again = async (): Promise<ActorSystem> => {
          isHeld = false;
          return lives.start();
        };
        for (const step of program) {
          if ('order' in step) {
            const { order: type, who, to, ms } = step;
            const n = orders.push(type) - 1;
            send(who, { type, n, to, ms }, n);
          } else if ('tell' in step) send(step.who, { type: step.tell });
          else if ('ticks' in step) await lives.ticks(step.ticks);
          else if ('pass' in step) {
            if (isHeld) await lives.tick(step.pass);
            else await lives.pass(step.pass);
          } else if ('hold' in step) {
            lives.hold();
            isHeld = true;
          } else if ('crash' in step) {
            lives.crash({ keeps: step.crash });
            system = await again();
          } else if (!isHeld) {
            await system.stop();
            system = await again();
          }
        }
        lives.crash();
        system = await again();
        for (const who of names) send(who, { type: 'open' });
        await lives.pass(100_000);
        expect(system.dataflow.failure).toBeUndefined();

        const reports = await Promise.all(
          names.map((who) => system.ask(system.entity(open(), who), { type: 'report' })),
        );
        const all = new Map(reports.flatMap((report) => report.done.map(([n, what]) => [Number(n), what])));
        const failed = system.deadLetters.list().map(({ message }) => (message as { readonly n: number }).n);
        const wrong = orders.flatMap((kind, n) => {
          const did = kind === 'fail' ? failed.filter((each) => each === n).length : (all.get(n) ?? '');
          const once = kind === 'fail' ? 1 : seen[kind](n);
          const never = kind === 'fail' ? 0 : '';
          return did === once || (did === never && !acknowledged.has(n)) ? [] : [{ kind, n, did }];
        });
        expect(wrong).toEqual([]);
        expect(failed.filter((n) => orders[n] !== 'fail')).toEqual([]);
        expect(reports.reduce((sum, report) => sum + report.balance, 0)).toBe(0);
        expect(reports.map(({ children }) => children)).toEqual(names.map(() => 0));
        // Each effect had one key.
        const keys = new Map(trace.map((line) => line.split(' ') as [string, string]));
        expect(new Set(trace).size).toBe(keys.size);
        expect(new Set(keys.values()).size).toBe(keys.size);
      }),
      runs(60),
    );
  });
});
