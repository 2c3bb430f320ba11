// Applications of a kept system: launched later, stopped, not launched at all, or written anew.
import {
  answer,
  application,
  continuation,
  perKeyState,
  perTaskState,
  type Application,
  type ApplicationBuilder,
  type Ingress,
  type Portal,
  type Stream,
} from 'portico/dataflow';
import { describe, expect, it } from 'vitest';
import { caught, expectSaid, rejected } from '../errors/said.ts';
import { inSmallSteps } from '../../src/testing/small-steps.ts';
import { tiny } from './everywhere.ts';
import { Lives, within, type Life } from './following.ts';

const count = perKeyState('count', 0);
const total = perTaskState('total', 0);

/** An application with something of every kind, and another one that it asks, if there is one. */
function busy(name: string, portal?: Portal<string, string>) {
  return application(name, (app) => {
    const words = app.ingress<string>('words');
    const calls = app.egress<string>('calls', { kept: true });
    const replied = continuation<string, string, string>('replied', (reply, of, ctx) =>
      ctx.emit(`${of}: ${reply}`),
    );
    const merged = app.sequencer<string>({ name: 'merged' });
    app.connect(words.stream, merged);
    app.connect(app.generators.fromRange(0, 4, 1, { name: 'numbers' }) as Stream<never>, merged);
    const out = app
      .workflow('w', { onFailure: 'deadLetter' })
      .source(merged.stream)
      .key((word) => word)
      .asker<string>(
        { asks: portal === undefined ? [] : [portal], continuations: [replied] },
        (word, ctx) => {
          if (word === 'fail') throw new Error('as told');
          if (word === 'call') ctx.release(calls, word);
          if (word === 'ask' && portal !== undefined) {
            ctx.await(ctx.ask(portal, String(ctx.key), { timeoutMs: 1000 }), replied, 'asked');
            return;
          }
          if (word === 'later') ctx.after(50, 'late');
          ctx.emit(`${word} ${count.update(ctx, (n) => n + 1)} ${total.update(ctx, (n) => n + 1)}`);
        },
      )
      .withName('t')
      .withOnTimer<string>((what, ctx) => ctx.emit(`${what} ${String(ctx.key)}`))
      .sink();
    return { words, calls, out };
  });
}

type Busy = ReturnType<typeof busy>;

/** Answers, after a while. */
function answering(): Application & { readonly handles: { readonly portal: Portal<string, string> } } {
  return application('answering', (app) => {
    const portal = app.portal<string, string>('greet');
    app
      .workflow('w')
      .source(app.generators.empty<never>())
      .replier([answer<string, string>(portal, (name, ctx) => ctx.reply(`hello ${name}`))])
      .sink();
    return { portal };
  });
}

function heard({ system }: Life, { handles }: Busy): string[] {
  const lines: string[] = [];
  system.subscribe(handles.out, (line) => lines.push(line));
  return lines;
}

async function say(life: Life, words: Ingress<string>, ...all: string[]): Promise<void> {
  for (const word of all) await within(life, life.system.send(words, word));
  await life.host.run();
}

/** The rows of an application, and those that have no application. */
function rowsOf({ store }: Lives, name: string): string[] {
  return store
    .keys()
    .filter((row) => row.includes(`/${name}/`) || /^(asks|timers|letters|gathers)/.test(row));
}

describe('an application that is launched while its system runs', () => {
  it('goes on with all it had: state, timers, asks, letters, what is kept', async () => {
    const lives = new Lives();
    const app = busy('app');
    const first = await lives.begin([app]);
    await say(first, app.handles.words, 'a', 'later', 'fail', 'call');
    const second = await lives.begin([]);
    await second.host.advance(10);
    const again = busy('app');
    second.system.launch(again);
    const lines = heard(second, again);
    const handed: string[] = [];
    second.system.handle(again.handles.calls, (call, { id }) => handed.push(`${id} ${call}`));
    expect(second.system.deadLetters.list()).toMatchObject([{ id: 1, events: [{ value: 'fail' }] }]);
    await say(second, again.handles.words, 'a');
    await second.host.advance(100);
    expect(lines).toEqual(['a 2 8', 'late later']);
    expect(handed).toEqual(['1 call']);
  });

  it('gets the reply that it was waiting for', async () => {
    const lives = new Lives();
    const greeting = answering();
    const app = busy('app', greeting.handles.portal);
    const first = await lives.begin([greeting, app], { epochs: tiny });
    // The request is on its way to the other application, and the power fails in this moment.
    let committed = 0;
    inSmallSteps(first.system, 1);
    await first.host.run();
    const { turns } = first.system.partition;
    lives.store.onDurable = () => {
      if (turns.asks.size > 0 && committed++ === 0) lives.crash();
    };
    void first.system.send(app.handles.words, 'ask');
    await first.host.run();
    lives.store.onDurable = undefined;
    expect(committed).toBe(1);

    const greetingAgain = answering();
    const again = busy('app', greetingAgain.handles.portal);
    const second = await lives.begin([greetingAgain]);
    await second.host.advance(100);
    // Another crash: the other application must not lose what it cannot answer yet.
    const third = await lives.begin([greetingAgain]);
    await third.host.advance(100);
    third.system.launch(again);
    const lines = heard(third, again);
    await third.host.advance(100);
    expect(lines).toEqual(['asked: hello ask']);
    await third.host.advance(5000);
    expect(lines).toHaveLength(1);
    expect(rowsOf(lives, 'app').filter((row) => /^(asks|passes)/.test(row))).toEqual([]);
  });
});

describe('an application that is not launched this time', () => {
  it('keeps all it has', async () => {
    const lives = new Lives();
    const app = busy('app');
    const other = busy('other');
    const first = await lives.begin([app, other]);
    await say(first, app.handles.words, 'a', 'later', 'fail', 'call');
    await say(first, other.handles.words, 'a', 'later', 'fail', 'call');
    const before = rowsOf(lives, 'app');
    const beside = busy('other');
    const second = await lives.begin([beside]);
    await say(second, beside.handles.words, 'a', 'b', 'later');
    second.system.stop(beside);
    await second.host.advance(1000);
    await second.system.shutdown();
    expect(rowsOf(lives, 'app').filter((row) => row.includes('/app/'))).toEqual(
      before.filter((row) => row.includes('/app/')),
    );
    const again = busy('app');
    const third = await lives.begin([again]);
    const lines = heard(third, again);
    await say(third, again.handles.words, 'a');
    await third.host.advance(100);
    expect(lines).toEqual(['a 2 8', 'late later']);
    expect(third.system.deadLetters.list()).toMatchObject([{ workflow: '/app/workflows/w' }]);
  });

  it('gets what came for it meanwhile, when it is launched again', async () => {
    const source = () => application('source', (app) => ({ words: app.ingress<string>('words') }));
    const reader = (words: Ingress<string>) =>
      application('reader', (app) => ({
        out: app
          .workflow('w')
          .source(words.stream)
          .map((w) => w)
          .sink(),
      }));
    const lives = new Lives();
    const one = source();
    const first = await lives.begin([one, reader(one.handles.words)]);
    await say(first, one.handles.words, 'a');
    const two = source();
    const second = await lives.begin([two]);
    await say(second, two.handles.words, 'b', 'c');
    const three = source();
    const third = await lives.begin([three]);
    const late = reader(three.handles.words);
    third.system.launch(late);
    const lines: string[] = [];
    third.system.subscribe(late.handles.out, (line) => lines.push(line));
    await third.host.run();
    expect(lines).toEqual(['b', 'c']);
  });
});

describe('an application that is stopped', () => {
  it('leaves nothing in the store', async () => {
    const lives = new Lives();
    const greeting = answering();
    const app = busy('app', greeting.handles.portal);
    const first = await lives.begin([greeting, app], { epochs: tiny });
    await say(first, app.handles.words, 'a', 'later', 'fail', 'call', 'ask');
    void first.system.send(app.handles.words, 'ask');
    first.system.stop(app);
    await first.host.run();
    expect(rowsOf(lives, 'app')).toEqual([]);
    await first.system.shutdown();
    const state = [...lives.store.state.tables].flatMap(([table, rows]) =>
      [...rows.keys()].map((key) => `${table} | ${key}`),
    );
    expect(state.sort()).toEqual(lives.store.keys());
  });

  it('begins anew when it is launched again: at once, and after a crash', async () => {
    for (const epochs of [{}, tiny]) {
      const lives = new Lives();
      const app = busy('app');
      const first = await lives.begin([app], { epochs });
      await say(first, app.handles.words, 'a', 'later', 'fail', 'call', 'b');
      first.system.stop(app);
      const anew = busy('app');
      first.system.launch(anew);
      const lines = heard(first, anew);
      await first.host.run();
      await say(first, anew.handles.words, 'a');
      expect(lines).toEqual(['0 1 1', '1 1 2', '2 1 3', '3 1 4', 'a 1 5']);
      const last = busy('app');
      const second = await lives.begin([last], { epochs });
      const more = heard(second, last);
      expect(second.system.deadLetters.list()).toEqual([]);
      await say(second, last.handles.words, 'a', 'b');
      await second.host.advance(1000);
      expect(more).toEqual(['a 2 6', 'b 1 7']);
    }
  });

  it('takes nothing back of what others have from it', async () => {
    const lives = new Lives();
    const greeting = answering();
    const app = busy('app', greeting.handles.portal);
    const first = await lives.begin([greeting, app], { epochs: tiny });
    inSmallSteps(first.system, 1);
    await first.host.run();
    const { turns } = first.system.partition;
    let stopped = false;
    lives.store.onDurable = () => {
      if (turns.asks.size === 0 || stopped) return;
      stopped = true;
      first.system.stop(app);
    };
    void first.system.send(app.handles.words, 'ask').catch(() => undefined);
    await first.host.run();
    lives.store.onDurable = undefined;
    expect(stopped).toBe(true);
    const second = await lives.begin([answering()]);
    await second.host.advance(5000);
    expect(rowsOf(lives, 'app')).toEqual([]);
    expect(second.system.failure).toBeUndefined();
  });
});

describe('an application that was written anew', () => {
  const written = (write: (app: ApplicationBuilder, words: Stream<string>) => Stream<string>) =>
    application('app', (app) => {
      const words = app.ingress<string>('words');
      return { words, out: write(app, words.stream) };
    });
  const counted = (app: ApplicationBuilder, words: Stream<string>, name: string): Stream<string> =>
    app
      .workflow(name)
      .source(words)
      .map((word, ctx) => `${word} ${count.update(ctx, (n) => n + 1)}`)
      .withName('count')
      .sink();
  const lived = async (
    lives: Lives,
    app: ReturnType<typeof written>,
    ...words: string[]
  ): Promise<string[]> => {
    const life = await lives.begin([app], { ingressLimit: 4 });
    const lines: string[] = [];
    life.system.subscribe(app.handles.out, (line) => lines.push(line));
    await say(life, app.handles.words, ...words);
    return lines;
  };

  it('leaves what a former reader has not read, and does not wait for it', async () => {
    const lives = new Lives();
    await lived(
      lives,
      written((app, words) => (counted(app, words, 'old'), counted(app, words, 'one'))),
      'a',
    );
    const many = ['a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a'];
    const lines = await lived(
      lives,
      written((app, words) => counted(app, words, 'one')),
      ...many,
    );
    expect(lines).toEqual(many.map((_, i) => `a ${i + 2}`));
    expect(lives.store.keys().filter((row) => row.startsWith('cursors'))).toHaveLength(1);
    expect(lives.store.keys().filter((row) => row.startsWith('atoms'))).toEqual([]);
  });

  it('lets a new reader read from the end of a stream, and the others where they were', async () => {
    const lives = new Lives();
    await lived(
      lives,
      written((app, words) => counted(app, words, 'one')),
      'a',
      'a',
    );
    const lines = await lived(
      lives,
      written((app, words) => (counted(app, words, 'one'), counted(app, words, 'two'))),
      'a',
    );
    expect(lines).toEqual(['a 1']);
    expect(
      await lived(
        lives,
        written((app, words) => counted(app, words, 'one')),
        'a',
      ),
    ).toEqual(['a 4']);
  });

  it('keeps the state of a task that it does not have for now, and of its own operators when others come before', async () => {
    const lives = new Lives();
    const third = (app: ApplicationBuilder, words: Stream<string>, before: boolean): Stream<string> => {
      const flow = app.workflow('w').source(words);
      const on = before
        ? flow
            .map((word) => word)
            .withName('new')
            .key((word) => word)
        : flow;
      return on.sample(3).withName('third').sink();
    };
    await lived(
      lives,
      written((app, words) => counted(app, words, 'one')),
      'a',
      'a',
    );
    expect(
      await lived(
        lives,
        written((app, words) => third(app, words, false)),
        'b',
        'c',
      ),
    ).toEqual(['b']);
    expect(
      await lived(
        lives,
        written((app, words) => third(app, words, true)),
        'd',
        'e',
      ),
    ).toEqual(['e']);
    expect(
      await lived(
        lives,
        written((app, words) => counted(app, words, 'one')),
        'a',
      ),
    ).toEqual(['a 3']);
  });

  it('may keep the past of a stream from now on, or not any more', async () => {
    const lives = new Lives();
    const keeping = (retains: boolean, name: string) =>
      written((app, words) => {
        if (retains) app.retain(words);
        return app
          .workflow(name)
          .source(words, retains ? { from: 'start' } : {})
          .map((word) => word)
          .sink();
      });
    expect(await lived(lives, keeping(false, 'one'), 'a', 'b')).toEqual(['a', 'b']);
    expect(await lived(lives, keeping(true, 'one'), 'c', 'd')).toEqual(['c', 'd']);
    expect(await lived(lives, keeping(true, 'two'), 'e')).toEqual(['c', 'd', 'e']);
    expect(await lived(lives, keeping(false, 'two'), 'f')).toEqual(['f']);
    expect(lives.store.keys().filter((row) => row.startsWith('atoms'))).toEqual([]);
    expect(await lived(lives, keeping(false, 'two'), 'g')).toEqual(['g']);
  });

  it('is refused if an ask goes on with what it does not have any more; then nothing is lost', async () => {
    const lives = new Lives();
    const waiting = (name: string) =>
      application('app', (app) => {
        const words = app.ingress<string>('words');
        const portal = app.portal<string, string>('p');
        const then = continuation<string, string, string>(name, (reply, of, ctx) =>
          ctx.emit(`${of} ${reply}`),
        );
        app
          .workflow('replier')
          .source(app.generators.empty<never>())
          .replier([answer<string, string>(portal, () => undefined)])
          .sink();
        const out = app
          .workflow('asker')
          .source(words.stream)
          .asker<string>({ asks: [portal], continuations: [then] }, (word, ctx) => {
            ctx.await(ctx.ask(portal, word), then, word);
          })
          .withName('ask')
          .sink();
        return { words, out };
      });
    const before = waiting('then');
    const first = await lives.begin([before]);
    await say(first, before.handles.words, 'a');
    const rows = lives.store.keys();
    const said = {
      code: 'continuation/undeclared',
      where: '/app/workflows/asker/ask',
      what: 'the store has an ask that goes on with then, which the task does not declare any more',
      cure: 'Declare it until no such ask is left',
    } as const;
    expectSaid(await rejected(lives.begin([waiting('other')])), said);
    const second = await lives.begin([]);
    expectSaid(
      caught(() => {
        second.system.launch(waiting('other'));
      }),
      said,
    );
    await second.system.shutdown();
    expect(lives.store.keys()).toEqual(rows);
    const third = await lives.begin([waiting('then')]);
    expect(third.system.partition.turns.asks.size).toBe(1);
  });
});
