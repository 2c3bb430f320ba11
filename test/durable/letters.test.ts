// What was set aside, and what was kept at an egress, over restarts.
import {
  answer,
  application,
  continuation,
  perKeyState,
  perTaskState,
  PorticoError,
  type Egress,
  type Ingress,
} from 'portico/dataflow';
import { describe, expect, it } from 'vitest';
import { inSmallSteps } from '../../src/testing/small-steps.ts';
import { crashingHost } from './everywhere.ts';
import { Lives, within, type Life } from './following.ts';

const sum = perKeyState('sum', 0);

/** Adds numbers up; those that are bad fail as long as that is not mended. */
function adding(mended: boolean) {
  return application('adding', (app) => {
    const numbers = app.ingress<number>('numbers');
    const out = app
      .workflow('add', { onFailure: 'deadLetter' })
      .source(numbers.stream)
      .key(() => 'k')
      .map((n, ctx) => {
        const now = sum.update(ctx, (before) => before + n);
        if (n < 0 && !mended) throw new RangeError(`${n} is below 0`);
        return now;
      })
      .sink();
    return { numbers, out };
  });
}

function listen(life: Life, app: ReturnType<typeof adding>): number[] {
  const seen: number[] = [];
  life.system.subscribe(app.handles.out, (n) => seen.push(n));
  return seen;
}

describe('a dead letter', () => {
  it('is there after a crash, whole, and runs when it is sent again', async () => {
    const lives = new Lives();
    const broken = adding(false);
    const first = await lives.begin([broken]);
    await within(first, first.system.send(broken.handles.numbers, 1, -5, 2));
    await within(first, first.system.send(broken.handles.numbers, 10));
    const before = first.system.deadLetters.list();
    expect(before).toHaveLength(1);

    const mended = adding(true);
    const second = await lives.begin([mended]);
    const seen = listen(second, mended);
    const [letter, ...others] = second.system.deadLetters.list();
    expect(others).toEqual([]);
    expect(letter).toMatchObject({ id: 1, workflow: '/adding/workflows/add', kind: 'atom' });
    expect(letter?.events).toEqual(before[0]?.events);
    expect(letter?.error).toBeInstanceOf(PorticoError);
    expect(letter?.error.message).toBe(before[0]?.error.message);
    expect(letter?.error.cause).toMatchObject({ name: 'RangeError', message: '-5 is below 0' });
    second.system.deadLetters.resend(1);
    await second.host.run();
    expect(seen).toEqual([11, 6, 8]);

    // It is gone for good.
    const third = await lives.begin([adding(true)]);
    expect(third.system.deadLetters.list()).toEqual([]);
  });

  it('that was sent again and has not run yet runs after the crash', async () => {
    const lives = new Lives();
    const broken = adding(false);
    const first = await lives.begin([broken]);
    await within(first, first.system.send(broken.handles.numbers, -1));
    const mended = adding(true);
    const host = crashingHost({ startMs: 0, after: 5 }, () => {
      lives.crash();
    });
    const { system } = await lives.begin([mended], { host, epochs: { epochMs: 0 } });
    inSmallSteps(system, 0);
    system.deadLetters.resend(1);
    await host.run();
    const last = adding(true);
    const third = await lives.begin([last]);
    const seen = listen(third, last);
    expect(third.system.deadLetters.list()).toEqual([]);
    await third.host.run();
    expect(seen).toEqual([-1]);
  });

  it('that was discarded stays so', async () => {
    const lives = new Lives();
    const broken = adding(false);
    const first = await lives.begin([broken]);
    await within(first, first.system.send(broken.handles.numbers, -1));
    await within(first, first.system.send(broken.handles.numbers, -2));
    first.system.deadLetters.discard(1);
    await first.host.run();
    const second = await lives.begin([adding(false)]);
    expect(second.system.deadLetters.list().map(({ id }) => id)).toEqual([2]);
    const app = adding(false);
    const third = await lives.begin([app]);
    await within(third, third.system.send(app.handles.numbers, -3));
    expect(third.system.deadLetters.list().map(({ id }) => id)).toEqual([2, 3]);
  });

  it('keeps the order of letters', async () => {
    const lives = new Lives();
    const broken = adding(false);
    const first = await lives.begin([broken]);
    for (let n = 1; n <= 12; n++) await within(first, first.system.send(broken.handles.numbers, -n));
    const second = await lives.begin([adding(false)]);
    const ids = second.system.deadLetters.list().map(({ id }) => id);
    expect(ids).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  });

  it('of a timer does not fire again by itself, and does when it is sent again', async () => {
    const fired = perTaskState('fired', 0);
    const timing = (fails: boolean) =>
      application('timing', (app) => {
        const starts = app.ingress<string>('starts');
        const out = app
          .workflow('w', { onFailure: 'deadLetter' })
          .source(starts.stream)
          .processor<string>((_, ctx) => void ctx.after(10, 'tea'))
          .withOnTimer<string>((what, ctx) => {
            if (fails) throw new Error('no tea');
            ctx.emit(`${what} ${fired.update(ctx, (n) => n + 1)}`);
          })
          .sink();
        return { starts, out };
      });
    const lives = new Lives();
    const failing = timing(true);
    const first = await lives.begin([failing]);
    await within(first, first.system.send(failing.handles.starts, 'go'));
    await first.host.advance(20);
    await within(first, first.system.send(failing.handles.starts, 'go'));
    await first.host.advance(20);
    expect(first.system.deadLetters.list().map(({ kind, events }) => [kind, events])).toEqual([
      ['timers', [{ key: 'go', value: 'tea' }]],
      ['timers', [{ key: 'go', value: 'tea' }]],
    ]);
    first.system.deadLetters.discard(2);
    await first.host.run();

    const fine = timing(false);
    const second = await lives.begin([fine]);
    const seen: string[] = [];
    second.system.subscribe(fine.handles.out, (line) => seen.push(line));
    await second.host.advance(100);
    expect(seen).toEqual([]);
    second.system.deadLetters.resend(1);
    await second.host.run();
    expect(seen).toEqual(['tea 1']);
    expect(second.system.partition.taskTimers.size).toBe(0);
  });

  it('of a request and of a reply is one after a crash, too', async () => {
    const replied = continuation<string, string, string>('replied', (reply, of, ctx) => {
      ctx.emit(`${of}: ${reply}`);
      if (!mended) throw new Error('not yet');
    });
    let mended = false;
    const asking = () =>
      application('asking', (app) => {
        const names = app.ingress<string>('names');
        const portal = app.portal<string, string>('greet');
        app
          .workflow('replier')
          .source(app.generators.empty<never>())
          .replier([answer<string, string>(portal, (name, ctx) => ctx.reply(`hello ${name}`))])
          .sink();
        const out = app
          .workflow('asker', { onFailure: 'deadLetter' })
          .source(names.stream)
          .asker<string>({ asks: [portal], continuations: [replied] }, (name, ctx) => {
            ctx.await(ctx.ask(portal, name), replied, `for ${name}`);
          })
          .sink();
        return { names, out };
      });
    const lives = new Lives();
    const before = asking();
    const first = await lives.begin([before]);
    await within(first, first.system.send(before.handles.names, 'Ann'));
    expect(first.system.deadLetters.list()).toMatchObject([
      { kind: 'replies', events: [{ key: 'Ann', value: 'hello Ann' }] },
    ]);
    mended = true;
    const after = asking();
    const second = await lives.begin([after]);
    const seen: string[] = [];
    second.system.subscribe(after.handles.out, (line) => seen.push(line));
    expect(second.system.deadLetters.list()).toMatchObject([
      { kind: 'replies', events: [{ key: 'Ann', value: 'hello Ann' }] },
    ]);
    second.system.deadLetters.resend(1);
    await second.host.run();
    expect(seen).toEqual(['for Ann: hello Ann']);
    expect(lives.store.keys().filter((row) => /^(asks|letters|passes)/.test(row))).toEqual([]);
  });
});

describe('what is kept at an egress', () => {
  const calling = () =>
    application('calling', (app) => {
      const numbers = app.ingress<number>('numbers');
      const results = app.ingress<string>('results');
      const calls = app.egress<number>('calls', { kept: true });
      app
        .workflow('call')
        .source(numbers.stream)
        .processor((n, ctx) => ctx.release(calls, n))
        .sink();
      const out = app
        .workflow('results')
        .source(results.stream)
        .map((result, ctx) => `${result} ${sum.update(ctx, (n) => n + 1)}`)
        .sink();
      return { numbers, results, calls, out };
    });

  interface Calls {
    readonly numbers: Ingress<number>;
    readonly results: Ingress<string>;
    readonly calls: Egress<number>;
  }

  const handled = ({ system }: Life, { calls }: Calls): string[] => {
    const seen: string[] = [];
    system.handle(calls, (n, { id, key }) => seen.push(`${id}: ${n} of ${String(key)}`));
    return seen;
  };

  it('is handed over again, in order and with the same numbers, until it is done with', async () => {
    const lives = new Lives();
    const first = calling();
    const life = await lives.begin([first]);
    await within(life, life.system.send(first.handles.numbers, 10, 20, 30));
    expect(handled(life, first.handles)).toEqual([]);
    await life.host.run();

    for (const expected of [
      ['1: 10 of 10', '2: 20 of 20', '3: 30 of 30'],
      ['1: 10 of 10', '3: 30 of 30'],
      [],
    ]) {
      const app = calling();
      const next = await lives.begin([app]);
      const seen = handled(next, app.handles);
      await next.host.run();
      expect(seen).toEqual(expected);
      if (seen.length === 3) await within(next, next.system.settle(app.handles.calls, 2));
      else {
        await within(next, next.system.settle(app.handles.calls, 1));
        await within(next, next.system.settle(app.handles.calls, 3));
      }
    }
    expect(lives.store.keys().filter((row) => row.startsWith('kept'))).toEqual([]);
    const app = calling();
    const last = await lives.begin([app]);
    const seen = handled(last, app.handles);
    await within(last, last.system.send(app.handles.numbers, 40));
    await last.host.run();
    expect(seen).toEqual(['4: 40 of 40']);
  });

  it('is done with in the same commit in which its outcome comes in', async () => {
    for (const keeps of [false, true]) {
      const lives = new Lives();
      const first = calling();
      const life = await lives.begin([first]);
      await within(life, life.system.send(first.handles.numbers, 10));
      const { calls, results } = first.handles;
      let isDone = false;
      lives.store.pause = () => new Promise(() => undefined);
      const outcome = { ingress: results, values: ['ten'] };
      void life.system.settle(calls, 1, outcome).then(() => (isDone = true));
      await life.host.run();
      expect(lives.store.committing).toBe(true);
      lives.store.crash(keeps);
      lives.store.pause = () => Promise.resolve();
      expect(isDone).toBe(false);

      const app = calling();
      const next = await lives.begin([app]);
      const seen = handled(next, app.handles);
      await next.host.run();
      expect(seen).toEqual(keeps ? [] : ['1: 10 of 10']);
      const lines: string[] = [];
      next.system.subscribe(app.handles.out, (line) => lines.push(line));
      await within(
        next,
        next.system.settle(app.handles.calls, 1, { ingress: app.handles.results, values: ['ten'] }),
      );
      await within(next, next.system.send(app.handles.results, 'ten'));
      await next.host.run();
      // Once by the outcome, in whichever life, and once by this.
      expect(lines.at(-1)).toBe('ten 2');
    }
  });

  it('is done with only when that is durable, however often it is said', async () => {
    const lives = new Lives();
    const app = calling();
    const life = await lives.begin([app]);
    await within(life, life.system.send(app.handles.numbers, 10));
    lives.store.pause = () => new Promise(() => undefined);
    let done = 0;
    for (let time = 0; time < 2; time++) void life.system.settle(app.handles.calls, 1).then(() => done++);
    await life.host.run();
    expect(done).toBe(0);
  });
});
