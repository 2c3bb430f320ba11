// The dataflow whose stores are golden. As in shop.ts: it may only be added to.
import {
  application,
  perKeyMap,
  perKeyState,
  perTaskState,
  startSystem,
  type Egress,
  type Host,
  type Ingress,
  type Key,
  type RunningSystem,
  type Store,
  type Stream,
} from 'portico/dataflow';

const total = perKeyState('total', 0);
const words = perKeyMap<Key, unknown>('words');
const all = perTaskState('all', 0);

export type Move = { readonly key: Key; readonly n: number; readonly later?: number; readonly fails?: true };

export interface Flow {
  readonly moves: Ingress<Move>;
  readonly out: Stream<readonly unknown[]>;
  readonly kept: Egress<readonly unknown[]>;
}

/** Has state of each kind, timers, a loop, a retained stream, something released and kept, and dead letters. */
const flow = () =>
  application('flow', (app): Flow => {
    const moves = app.ingress<Move>('moves');
    const kept = app.egress<readonly unknown[]>('kept', { kept: true });
    const out = app
      .workflow('sums', { onFailure: 'deadLetter' })
      .source(moves.stream)
      .key(({ key }) => key)
      .processor<readonly unknown[]>(({ n, later, fails }, ctx) => {
        if (fails === true) throw new TypeError('it was told to');
        if (later !== undefined) ctx.after(later, n);
        words.set(ctx, n, { n, half: n / 2 });
        const sums = [
          ctx.key,
          total.update(ctx, (before) => before + n),
          all.update(ctx, (before) => before + n),
        ];
        ctx.emit([...sums, words.size(ctx)]);
        if (n >= 100) ctx.release(kept, sums);
      })
      .withOnTimer<number>((n, ctx) => ctx.emit([ctx.key, 'later', n, total.get(ctx)]))
      .withName('sum')
      .sink();
    return { moves, out: app.retain(out), kept };
  });

export interface StartedFlow {
  readonly system: RunningSystem;
  readonly app: ReturnType<typeof flow>;
}

export async function startFlow(store: Store, host: Host): Promise<StartedFlow> {
  const app = flow();
  return { app, system: await startSystem({ applications: [app], store, host, seed: 1 }) };
}

export async function fillFlow({ system, app }: StartedFlow): Promise<void> {
  const { moves } = app.handles;
  for (const n of [1, 2, 3]) for (const key of ['a', 7, 8n, '../b']) await system.send(moves, { key, n });
  await system.send(moves, { key: 'a', n: 100 });
  await system.send(moves, { key: 'a', n: 4, later: 60_000 });
  await system.send(moves, { key: 'a', n: 5, fails: true });
  await system.sendOnce(moves, { key: 'once' }, { key: 'once', n: 1 });
  await system.idle();
}
