import {
  behavior,
  effect,
  init,
  mapState,
  receive,
  refEquals,
  same,
  stopped,
  unhandled,
  valueState,
  type ActorRef,
  type Behavior,
  type Failure,
} from 'portico';
import { behaviorKit } from 'portico/testkit';
import { describe, expect, it } from 'vitest';

type Item = { price: number; replyTo: ActorRef<number> };
type Message =
  | { type: 'create'; name?: string; child?: boolean }
  | { type: 'send'; to: ActorRef<string> }
  | { type: 'ask'; to: ActorRef<Item> }
  | { type: 'priced'; reply?: number; failure?: Failure }
  | { type: 'run' }
  | { type: 'schedule' }
  | { type: 'watch'; ref: ActorRef<never> }
  | { type: 'log' }
  | { type: 'count' }
  | { type: 'fail' }
  | { type: 'adapt'; to: ActorRef<ActorRef<number>> }
  | { type: 'roll' }
  | { type: 'unknown' }
  | { type: 'end' };

const lookUp = effect('lookUp', (item: string) => item.length);
const child = behavior('child', () => receive<string>(() => same));
const count = valueState('count', 0);
const kept = mapState<string, number>('kept');

const everything = behavior('everything', (seen: number): Behavior<Message> =>
  receive(
    (message, ctx) => {
      switch (message.type) {
        case 'create': {
          const { name, child: isChild = false } = message;
          ctx.create(child(), { child: isChild, ...(name !== undefined && { name }) });
          return everything(seen + 1);
        }
        case 'send':
          ctx.send(message.to, 'hello');
          return same;
        case 'ask':
          ctx.ask(message.to, { price: 7 }, { as: { type: 'priced' }, timeoutMs: 100 });
          return same;
        case 'priced':
          ctx.emit(message.reply ?? message.failure?.code);
          return same;
        case 'run':
          ctx.run(lookUp, 'tea', { as: { type: 'priced' } });
          return same;
        case 'schedule':
          ctx.timers.single('once', 10, { type: 'log' });
          ctx.timers.fixedRate('often', 20, { type: 'log' });
          ctx.timers.cron('daily', '0 9 * * *', { type: 'log' });
          ctx.timers.cancel('once');
          ctx.emit(['once', 'often'].map((key) => ctx.timers.isActive(key)));
          return same;
        case 'watch':
          ctx.watch(message.ref);
          ctx.unwatch(message.ref);
          return same;
        case 'log':
          ctx.log.warn(`at ${ctx.nowMs}`);
          return same;
        case 'count':
          kept.set(
            ctx,
            'last',
            count.update(ctx, (n) => n + 1),
          );
          return same;
        case 'fail':
          count.set(ctx, 100);
          ctx.create(child(), { child: true });
          ctx.timers.single('late', 10, { type: 'log' });
          throw new Error('told to fail');
        case 'adapt':
          ctx.send(message.to, ctx.adapt({ type: 'priced' }));
          return same;
        case 'roll':
          ctx.emit(ctx.random(1_000_000));
          return same;
        case 'unknown':
          return unhandled;
        case 'end':
          return stopped;
      }
    },
    { onSignal: ({ signal }, ctx) => (ctx.emit(signal), same) },
  ),
);

const other = behaviorKit(child(), { name: 'other' }).ref;

describe('a behavior kit', () => {
  it('returns the actors that were created, with references that can be used', () => {
    const kit = behaviorKit(everything(0));
    const [first] = kit.run({ type: 'create' });
    const [second] = kit.run({ type: 'create', name: 'bob', child: true });
    expect(first).toMatchObject({ effect: 'created', behavior: child(), child: false });
    expect(second).toMatchObject({ effect: 'created', behavior: child(), child: true, name: 'bob' });
    expect(
      first?.effect === 'created' && second?.effect === 'created' && refEquals(first.ref, second.ref),
    ).toBe(false);
    expect(kit.effects).toEqual([first, second]);
  });

  it('shows the next behavior', () => {
    const kit = behaviorKit(everything(0));
    kit.run({ type: 'create' });
    kit.run({ type: 'log' });
    expect(String(kit.behavior)).toBe('everything(1)');
  });

  it('returns what was sent, and does not send it', () => {
    expect(behaviorKit(everything(0)).run({ type: 'send', to: other })).toEqual([
      { effect: 'sent', ref: other, message: 'hello' },
    ]);
  });

  it('returns what was asked, and takes the reply', () => {
    const kit = behaviorKit(everything(0));
    const [asked] = kit.run({ type: 'ask', to: other as unknown as ActorRef<Item> });
    if (asked?.effect !== 'asked') throw new Error('it did not ask');
    expect(asked).toMatchObject({
      ref: other,
      request: { price: 7 },
      as: { type: 'priced' },
      timeoutMs: 100,
    });
    expect(kit.reply(asked, 3)).toEqual([{ effect: 'emitted', value: 3 }]);
    expect(kit.fail(asked, { code: 'ask/timeout', message: 'late' })).toEqual([
      { effect: 'emitted', value: 'ask/timeout' },
    ]);
    expect(kit.deliver((asked.request as Item).replyTo, 4)).toEqual([{ effect: 'emitted', value: 4 }]);
  });

  it('returns the effects that were to run, and takes their outcome', () => {
    const kit = behaviorKit(everything(0));
    const [ran] = kit.run({ type: 'run' });
    if (ran?.effect !== 'ran') throw new Error('it did not run');
    expect(ran).toEqual({ effect: 'ran', name: 'lookUp', args: 'tea', as: { type: 'priced' } });
    expect(kit.reply(ran, 3)).toEqual([{ effect: 'emitted', value: 3 }]);
  });

  it('returns timers, knows which are set, and does not fire them', () => {
    const kit = behaviorKit(everything(0));
    const message = { type: 'log' };
    expect(kit.run({ type: 'schedule' })).toEqual([
      { effect: 'scheduled', key: 'once', kind: 'single', ms: 10, message },
      { effect: 'scheduled', key: 'often', kind: 'fixedRate', ms: 20, message },
      { effect: 'scheduled', key: 'daily', kind: 'cron', expression: '0 9 * * *', message },
      { effect: 'cancelled', key: 'once' },
      { effect: 'emitted', value: [false, true] },
    ]);
    kit.advance(1_000);
    expect([kit.effects.length, kit.nowMs]).toEqual([5, 1_000]);
  });

  it('returns who is watched', () => {
    expect(behaviorKit(everything(0)).run({ type: 'watch', ref: other })).toEqual([
      { effect: 'watched', ref: other },
      { effect: 'unwatched', ref: other },
    ]);
  });

  it('returns lines of the log, and tells the time that the test sets', () => {
    const kit = behaviorKit(everything(0), { startMs: 5 });
    kit.advance(10);
    expect(kit.run({ type: 'log' })).toEqual([{ effect: 'logged', level: 'warn', value: 'at 15' }]);
  });

  it('gives signals', () => {
    expect(behaviorKit(everything(0)).signal({ signal: 'terminated', ref: other })).toEqual([
      { effect: 'emitted', value: 'terminated' },
    ]);
  });

  it('keeps state, and lets a test read it', () => {
    const kit = behaviorKit(everything(0));
    kit.run({ type: 'count' });
    kit.run({ type: 'count' });
    expect(kit.inspect((ctx) => [count.get(ctx), kept.entries(ctx)])).toEqual([2, [['last', 2]]]);
  });

  it('throws what the behavior throws, and undoes that turn', () => {
    const kit = behaviorKit(everything(0));
    kit.run({ type: 'create', child: true });
    const before = kit.inspect((ctx) => ctx.children);
    expect(() => kit.run({ type: 'fail' })).toThrow('told to fail');
    expect(kit.inspect((ctx) => [count.get(ctx), ctx.timers.isActive('late')])).toEqual([0, false]);
    expect(kit.inspect((ctx) => ctx.children)).toEqual(before);
    expect(kit.effects).toHaveLength(1);
    expect(String(kit.behavior)).toBe('everything(1)');
  });

  it('delivers through adapters, and refuses references of others', () => {
    const kit = behaviorKit(everything(0));
    const [sent] = kit.run({ type: 'adapt', to: other as unknown as ActorRef<ActorRef<number>> });
    if (sent?.effect !== 'sent') throw new Error('it did not send');
    expect(kit.deliver(sent.message as ActorRef<number>, 9)).toEqual([{ effect: 'emitted', value: 9 }]);
    expect(() => kit.deliver(other, 'hello')).toThrow('is not a reference of');
  });

  it('says what was not handled', () => {
    expect(behaviorKit(everything(0)).run({ type: 'unknown' })).toEqual([
      { effect: 'unhandled', message: { type: 'unknown' } },
    ]);
  });

  it('says when it has stopped, and takes nothing from then on', () => {
    const kit = behaviorKit(everything(0));
    expect(kit.run({ type: 'end' })).toEqual([{ effect: 'stopped' }]);
    expect(kit.isAlive).toBe(false);
    expect(() => kit.run({ type: 'log' })).toThrow('has stopped');
  });

  it('draws from its seed', () => {
    const rolled = (seed: number): unknown => behaviorKit(everything(0), { seed }).run({ type: 'roll' });
    expect(rolled(1)).toEqual(rolled(1));
    expect(rolled(1)).not.toEqual(rolled(2));
  });

  it('runs init first', () => {
    const starting = init<string>((ctx) => {
      ctx.emit('begins');
      return child();
    });
    const kit = behaviorKit(starting);
    expect([kit.effects, String(kit.behavior)]).toEqual([
      [{ effect: 'emitted', value: 'begins' }],
      'child()',
    ]);
  });

  it('stashes and unstashes as the runtime does', () => {
    const opening = behavior('opening', (open: boolean): Behavior<string> =>
      receive((text, ctx) => {
        if (text === 'open') {
          ctx.stash.unstashAll();
          return opening(true);
        }
        if (open) ctx.emit(text);
        else ctx.stash.stash(text, 2);
        return same;
      }),
    );
    const kit = behaviorKit(opening(false));
    expect(kit.run('a')).toEqual([{ effect: 'stashed', message: 'a' }]);
    kit.run('b');
    expect(() => kit.run('c')).toThrow('no more may wait');
    expect(kit.run('open')).toEqual([
      { effect: 'unstashed', message: 'a' },
      { effect: 'emitted', value: 'a' },
      { effect: 'unstashed', message: 'b' },
      { effect: 'emitted', value: 'b' },
    ]);
    expect(kit.inspect((ctx) => ctx.stash.size)).toBe(0);
  });

  it('refuses a context that is used outside its turn', () => {
    let leaked: { random(bound: number): number } | undefined;
    behaviorKit(init<string>((ctx) => ((leaked = ctx), child())));
    expect(() => leaked?.random(2)).toThrow('context/outside-turn');
  });
});
