// Effects over restarts: at least once each, with one key; the outcome exactly once.
import { describe, expect, it } from 'vitest';
import {
  behavior,
  effect,
  entityRef,
  receive,
  same,
  type Behavior,
  type EffectContext,
  type Failure,
} from 'portico';
import { ends, Lives, witness } from './lives.ts';

const the = entityRef(witness(), 'the only one');

/** Effects that a test has in its hand. */
class Bank {
  readonly calls: {
    readonly what: string;
    readonly key: string;
    readonly signal: EffectContext['signal'];
  }[] = [];
  readonly #open: {
    readonly resolve: (value: unknown) => void;
    readonly reject: (error: unknown) => void;
  }[] = [];

  readonly effect = effect<string, unknown>(
    'pay',
    (what, { idempotencyKey, signal }) => {
      this.calls.push({ what, key: idempotencyKey, signal });
      return new Promise((resolve, reject) => this.#open.push({ resolve, reject }));
    },
    { tries: 3, backoffMs: 100 },
  );

  /** Of those that are under way, the first one succeeds. */
  pay(value: unknown = 'paid'): void {
    this.#open.shift()?.resolve(value);
  }

  refuse(error: unknown = new Error('no money')): void {
    this.#open.shift()?.reject(error);
  }

  forget(): void {
    this.#open.length = 0;
  }

  get keys(): string[] {
    return this.calls.map(({ key }) => key);
  }
}

type Message =
  | { readonly type: 'pay'; readonly what: string }
  | {
      readonly type: 'paid';
      readonly what: string;
      readonly reply?: unknown;
      readonly failure?: Failure;
    };

/** A program with a bank. */
function paying(bank: Bank) {
  const payer = behavior('payer', (): Behavior<Message> =>
    receive((message, ctx) => {
      const { what } = message;
      if (message.type === 'pay') ctx.run(bank.effect, what, { as: { type: 'paid', what } });
      else ctx.send(the, { said: `${what} ${message.failure?.message ?? String(message.reply)}` });
      return same;
    }),
  );
  return { payer, program: { behaviors: { payer }, effects: { pay: bank.effect } } };
}

describe.each(ends)('over %s', (end) => {
  it('an effect that was under way is carried out again, with the same key, and its outcome comes once', async () => {
    const bank = new Bank();
    const { payer, program } = paying(bank);
    const lives = new Lives(program);
    const system = await lives.start();
    await system.send(system.create(payer()), { type: 'pay', what: 'rent' });
    await lives.rest();
    expect(bank.calls.map(({ what }) => what)).toEqual(['rent']);
    await lives.again(end);
    bank.forget();
    await lives.again(end);
    expect(new Set(bank.keys).size).toBe(1);
    const tries = bank.calls.length;
    expect(tries).toBeGreaterThan(1);
    bank.forget();
    await lives.again(end);
    bank.pay();
    expect(await lives.heard()).toEqual(['rent paid']);
    await lives.again(end);
    await lives.pass(60_000);
    expect(await lives.heard()).toEqual(['rent paid']);
    expect(bank.calls).toHaveLength(tries + 1);
  });

  it('an effect whose outcome has come is not carried out again', async () => {
    const bank = new Bank();
    const { payer, program } = paying(bank);
    const lives = new Lives(program);
    const system = await lives.start();
    await system.send(system.create(payer()), { type: 'pay', what: 'rent' });
    await lives.rest();
    bank.pay();
    await lives.rest();
    await lives.again(end);
    expect(await lives.heard()).toEqual(['rent paid']);
    expect(bank.calls).toHaveLength(1);
  });

  it('several are carried out again in the order in which they were begun, each with a key of its own', async () => {
    const bank = new Bank();
    const { payer, program } = paying(bank);
    const lives = new Lives(program);
    let system = await lives.start();
    const ref = system.create(payer());
    for (const what of ['a', 'b', 'c']) await system.send(ref, { type: 'pay', what });
    await lives.rest();
    bank.pay();
    await lives.rest();
    bank.forget();
    system = await lives.again(end);
    await system.send(ref, { type: 'pay', what: 'd' });
    await lives.rest();
    expect(bank.calls.map(({ what }) => what)).toEqual(['a', 'b', 'c', 'b', 'c', 'd']);
    const [a, b, c, b2, c2, d] = bank.keys;
    expect([b2, c2]).toEqual([b, c]);
    expect(new Set([a, b, c, d]).size).toBe(4);
  });

  it('failed tries are repeated with the same key, and the failure comes when they are used up', async () => {
    const bank = new Bank();
    const { payer, program } = paying(bank);
    const lives = new Lives(program);
    const system = await lives.start();
    await system.send(system.create(payer()), { type: 'pay', what: 'rent' });
    await lives.rest();
    bank.refuse();
    await lives.rest();
    await lives.again(end);
    for (const waitMs of [0, 100, 200]) {
      await lives.pass(waitMs);
      bank.refuse();
    }
    expect(await lives.heard()).toEqual(['rent no money']);
    expect(new Set(bank.keys).size).toBe(1);
    await lives.again(end);
    expect(await lives.heard()).toEqual(['rent no money']);
  });
});

describe('the outcome of an effect', () => {
  it.each([true, false])('that comes in the moment of a crash counts once, on disk: %s', async (keeps) => {
    const bank = new Bank();
    const { payer, program } = paying(bank);
    const lives = new Lives(program);
    const system = await lives.start();
    await system.send(system.create(payer()), { type: 'pay', what: 'rent' });
    await lives.rest();
    lives.hold();
    bank.pay();
    await lives.ticks();
    lives.crash({ keeps });
    await lives.start();
    await lives.rest();
    // Whoever was paid without anybody remembering is paid again under the same key.
    expect(bank.calls).toHaveLength(keeps ? 1 : 2);
    bank.pay();
    expect(await lives.heard()).toEqual(['rent paid']);
    expect(new Set(bank.keys).size).toBe(1);
  });

  it('is not handed to anybody before the turn that began it is durable', async () => {
    const bank = new Bank();
    const { payer, program } = paying(bank);
    const lives = new Lives(program);
    const system = await lives.start();
    const ref = system.create(payer());
    await lives.rest();
    lives.hold();
    void system.send(ref, { type: 'pay', what: 'rent' });
    await lives.ticks();
    expect(bank.calls).toEqual([]);
    lives.crash();
    await lives.start();
    await lives.rest();
    expect(bank.calls).toEqual([]);
  });

  it('that cannot be stored is a failure that says so', async () => {
    const bank = new Bank();
    const { payer, program } = paying(bank);
    const lives = new Lives(program);
    const system = await lives.start();
    await system.send(system.create(payer()), { type: 'pay', what: 'rent' });
    await lives.rest();
    bank.pay({ receipt: { print: () => undefined } });
    const [said] = await lives.heard();
    expect(said).toMatch(/rent its outcome cannot be stored: .*reply\.receipt\.print is the function/);
    expect(system.dataflow.failure).toBeUndefined();
    await lives.again();
    expect(await lives.heard()).toHaveLength(1);
    expect(bank.calls).toHaveLength(1);
  });
});

describe('stop', () => {
  it('aborts what is under way by its signal, and no further try begins', async () => {
    const bank = new Bank();
    const { payer, program } = paying(bank);
    const lives = new Lives(program);
    const system = await lives.start();
    const ref = system.create(payer());
    await system.send(ref, { type: 'pay', what: 'a' });
    await system.send(ref, { type: 'pay', what: 'b' });
    await lives.rest();
    bank.refuse();
    await lives.rest();
    expect(bank.calls.map(({ signal }) => signal.aborted)).toEqual([false, false]);
    await system.stop();
    expect(bank.calls.map(({ signal }) => signal.aborted)).toEqual([true, true]);
    bank.refuse(new Error('aborted'));
    await lives.ticks();
    bank.forget();
    await lives.start();
    await lives.rest();
    expect(bank.calls.map(({ what }) => what)).toEqual(['a', 'b', 'a', 'b']);
  });
});

describe('the key of an effect', () => {
  it('is never that of another system, of the same program and with the same seed', async () => {
    const keys = await Promise.all(
      [1, 2].map(async (seed) => {
        const bank = new Bank();
        const { payer, program } = paying(bank);
        const lives = new Lives({ ...program, seed: 7 }, seed);
        const system = await lives.start();
        await system.send(system.create(payer()), { type: 'pay', what: 'rent' });
        await lives.rest();
        return bank.keys[0];
      }),
    );
    expect(new Set(keys).size).toBe(2);
  });

  it('differs from one application to the other within a store', async () => {
    const bank = new Bank();
    const { payer, program } = paying(bank);
    const lives = new Lives(program);
    for (const name of ['first', 'second']) {
      const system = await lives.start({ name });
      await system.send(system.create(payer()), { type: 'pay', what: 'rent' });
      await lives.rest();
      lives.crash();
    }
    expect(new Set(bank.keys).size).toBe(2);
  });

  it('cannot be made of arguments that cannot be stored: the turn fails, and says where', async () => {
    const bank = new Bank();
    const { program } = paying(bank);
    const sloppy = behavior('sloppy', (): Behavior<Message> =>
      receive((_, ctx) => {
        ctx.run(bank.effect, { callback: () => 1 } as never, { as: { type: 'paid', what: 'x' } });
        return same;
      }),
    );
    const lives = new Lives({ ...program, behaviors: { sloppy } });
    const system = await lives.start();
    // Not only the first ones are looked at.
    const ref = system.create(sloppy());
    for (let i = 0; i < 600; i++) void system.send(ref, { type: 'pay', what: 'rent' });
    await lives.rest();
    const letters = system.deadLetters.list();
    expect(letters).toHaveLength(600);
    expect(String(letters.at(-1)?.error)).toMatch(/args\.callback is the function/);
    expect(bank.calls).toEqual([]);
  });
});
