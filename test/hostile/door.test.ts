// What strangers send to a system that runs from a folder: it is taken exactly as it is, or refused with a code and the path of
// the field; no file is touched outside of the folder, and nobody else is any worse for it.
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  behavior,
  mapState,
  receive,
  same,
  start,
  valueState,
  type ActorRef,
  type ActorSystem,
  type Behavior,
} from 'portico';
import {
  application,
  perKeyState,
  platformHost,
  startSystem,
  type Key,
  type RunningSystem,
} from 'portico/dataflow';
import { fileStore } from 'portico/node';
import { same as isSame } from '../properties/same.ts';
import { rejected } from '../errors/said.ts';
import { names, refused, taken } from './values.ts';

const root = mkdtempSync(join(tmpdir(), 'portico-hostile-'));
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

type Keep =
  | { readonly keep: unknown }
  | { readonly make: number; readonly replyTo?: ActorRef<unknown> }
  | { readonly replyTo: ActorRef<unknown> };

const kept = valueState<unknown>('kept', 'nothing');
const byName = mapState<string, unknown>('byName');

/** Keeps what it is given, and gives it back. */
const keeper = behavior('keeper', (): Behavior<Keep> =>
  receive((message, ctx) => {
    if ('keep' in message) kept.set(ctx, message.keep);
    else if ('make' in message) kept.set(ctx, made(message.make));
    else ctx.send(message.replyTo, kept.get(ctx));
    return same;
  }),
);

/** Counts, for somebody who has nothing to do with any of it. */
const bystander = behavior(
  'bystander',
  (count: number): Behavior<'up' | { readonly replyTo: ActorRef<number> }> =>
    receive((message, ctx) => {
      if (message === 'up') return bystander(count + 1);
      ctx.send(message.replyTo, count);
      return same;
    }),
);

/** Keeps by a name that it is told. */
const register = behavior(
  'register',
  (): Behavior<{ name: string; value?: unknown; replyTo?: ActorRef<unknown> }> =>
    receive(({ name, value, replyTo }, ctx) => {
      if (replyTo === undefined) byName.set(ctx, name, value);
      else ctx.send(replyTo, byName.get(ctx, name));
      return same;
    }),
);

/** What an actor makes by itself, that no door looks at. */
function made(depth: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < depth; i++) value = [value];
  return value;
}

const behaviors = { keeper, bystander, register };

/** All that is there for all objects. */
const inherited = (): string[] =>
  [Object, Array, Map, Function].flatMap((of) => Reflect.ownKeys(of.prototype as object).map(String));

function files(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}

const ours =
  /^store\/(last-words-\d+|journal\/(journal|highwater)\.\d{16}|state\/([\w.-]+)|snapshots\/(\d{8}\.opened|\d{16}-\d{8}\.(full|delta)))$/;

describe.each([{ state: 'level' }, { state: 'memory' }] as const)(
  'a folder with $state as its state',
  (kind) => {
    let folder = '';
    let system: ActorSystem;
    let sent = 0;
    const before = inherited();

    const begin = async (): Promise<void> => {
      system = await start({
        behaviors,
        store: fileStore(join(folder, 'store'), kind),
        log: () => undefined,
      });
    };
    const again = async (): Promise<void> => {
      await system.stop();
      await begin();
    };
    /** Somebody else goes on meanwhile. */
    const goesOn = async (): Promise<void> => {
      const other = system.entity(bystander(0), 'ann');
      await system.send(other, 'up');
      expect(await system.ask(other, {})).toBe(++sent);
    };

    beforeEach(async () => {
      folder = mkdtempSync(join(root, 'x-'));
      mkdirSync(join(folder, 'etc'));
      sent = 0;
      await begin();
    });
    afterEach(async () => {
      await system.stop();
      expect(inherited()).toEqual(before);
      expect(({} as { polluted?: unknown; admin?: unknown }).polluted).toBeUndefined();
      expect(readdirSync(folder).sort()).toEqual(['etc', 'store']);
      expect(readdirSync(join(folder, 'etc'))).toEqual([]);
      expect(files(folder).filter((name) => !ours.test(name))).toEqual([]);
    });

    it('keeps what looks like something else, exactly, over a restart', async () => {
      for (const [what, value] of Object.entries(taken)) {
        const ref = system.entity(keeper(), what);
        await system.send(ref, { keep: value });
        expect([what, await system.ask(ref, {})]).toEqual([what, value]);
        await goesOn();
      }
      await again();
      for (const [what, value] of Object.entries(taken))
        expect([what, isSame(await system.ask(system.entity(keeper(), what), {}), value)]).toEqual([
          what,
          true,
        ]);
    });

    it('refuses what cannot be kept, with its path, and what was sent with it goes on', async () => {
      for (const [what, [value, code, path]] of Object.entries(refused)) {
        const ref = system.entity(keeper(), what);
        const bad = rejected(system.send(ref, { keep: value }));
        const good = system.send(ref, { keep: what });
        const error = await bad;
        expect([what, error.code, error.what.replace(/^the value\.keep|^\.keep/, '')]).toEqual([
          what,
          code,
          expect.stringMatching(path) as string,
        ]);
        await good;
        expect(await system.ask(ref, {})).toBe(what);
        await goesOn();
      }
      expect(system.deadLetters.count).toBe(0);
      await again();
      for (const what of Object.keys(refused))
        expect(await system.ask(system.entity(keeper(), what), {})).toBe(what);
    });

    it('sets the message aside of an actor that makes too much depth of it, and goes on', async () => {
      const ref = system.entity(keeper(), 'deep');
      await system.send(ref, { keep: 'before' });
      await system.send(ref, { make: 10_000 });
      await system.idle();
      expect(system.deadLetters.list()).toMatchObject([{ reason: 'failed', message: { make: 10_000 } }]);
      expect(await system.ask(ref, {})).toBe('before');
      await goesOn();
      await again();
      expect(await system.ask(ref, {})).toBe('before');
    });

    it('has an entity of its own for each id, whatever it looks like', async () => {
      for (const [n, name] of names.entries()) {
        await system.send(system.entity(keeper(), name), { keep: n });
        await system.send(system.create(bystander(n), { name }), 'up');
        await system.send(system.entity(register(), 'all'), { name, value: n });
      }
      await goesOn();
      for (let run = 0; run < 2; run++) {
        for (const [n, name] of names.entries()) {
          expect(await system.ask(system.entity(keeper(), name), {})).toBe(n);
          expect(
            await system.ask(
              system.entity(register(), 'all') as ActorRef<{ name: string; replyTo: ActorRef<unknown> }>,
              { name },
            ),
          ).toBe(n);
          expect(await system.ask(system.entity(bystander(0), name), {})).toBe(0);
        }
        await again();
      }
    });

    it('takes the empty text as the id of an entity, and refuses it as a name', async () => {
      await system.send(system.entity(keeper(), ''), { keep: 1 });
      expect(await system.ask(system.entity(keeper(), ''), {})).toBe(1);
      expect(() => system.create(keeper(), { name: '' })).toThrow(/actor\/bad-name/);
      for (const id of [undefined, null, 7, Symbol('x'), {}, ['a']])
        expect(() => system.entity(keeper(), id as never)).toThrow(/actor\/bad-name/);
    });

    it('knows each idempotency key, and refuses those that are too long or none', async () => {
      const ref = system.entity(bystander(0), 'keys');
      const keys = names.filter((name) => name.length <= 1_000);
      for (let run = 0; run < 2; run++) {
        for (const idempotencyKey of keys) await system.send(ref, 'up', { idempotencyKey });
        await again();
      }
      expect(await system.ask(ref, {})).toBe(keys.length);
      for (const idempotencyKey of ['', 'x'.repeat(1_001), 'x'.repeat(10_000_000), 7, null, {}])
        expect(
          await rejected(system.send(ref, 'up', { idempotencyKey: idempotencyKey as never })),
        ).toMatchObject({
          code: 'system/bad-argument',
        });
      for (const seq of [NaN, -1, 1.5, Infinity, 2 ** 60, '1', undefined])
        expect(
          await rejected(system.send(ref, 'up', { idempotencyKey: { client: 'a', seq: seq as never } })),
        ).toMatchObject({ code: 'system/bad-argument' });
      expect(await system.ask(ref, {})).toBe(keys.length);
    });
  },
);

const last = perKeyState<number>('times', 0);

const host = platformHost({ log: () => undefined });

/** What a function may give as a key that is none. */
const noKeys: readonly unknown[] = [
  NaN,
  Infinity,
  {},
  null,
  undefined,
  Symbol('key'),
  ['__proto__'],
  () => 1,
];

describe.each([{ state: 'level' }, { state: 'memory' }] as const)(
  'a dataflow in a folder with $state as its state',
  (kind) => {
    const counting = (stranger: () => unknown) =>
      application('counts', (app) => {
        const values = app.ingress<Key | { readonly bad: number }>('values');
        const out = app
          .workflow('w', { onFailure: 'deadLetter' })
          .source(values.stream)
          .key((value) => (typeof value === 'object' ? (stranger() as Key) : value))
          .processor<readonly [Key | undefined, number]>((_, ctx) => {
            ctx.emit([ctx.key, last.update(ctx, (n) => n + 1)]);
          })
          .sink();
        return { values, out };
      });

    it('has a state of its own for each key, whatever it looks like, and sets aside what has none', async () => {
      const folder = mkdtempSync(join(root, 'y-'));
      const keys: Key[] = [...names, '', 0, -1, 1e300, -0.5, 2n ** 80n, -1n];
      let stranger: unknown;
      for (let run = 1; run <= 2; run++) {
        const app = counting(() => stranger);
        const { values, out } = app.handles;
        const store = fileStore(join(folder, 'store'), kind);
        const system: RunningSystem = await startSystem({ applications: [app], store, host });
        const seen: unknown[] = [];
        system.subscribe(out, (value) => seen.push(value));
        for (const key of keys) await system.send(values, key);
        for (stranger of noKeys) {
          await system.send(values, { bad: run });
          await system.idle();
        }
        for (const [value, code] of Object.values(refused)) {
          expect(await rejected(system.send(values, value as never))).toMatchObject({ code });
        }
        await system.send(values, 'the end');
        await system.idle();
        expect(seen).toEqual([...keys, 'the end'].map((key) => [key, run]));
        const letters = system.deadLetters.list();
        expect(letters).toHaveLength(run * noKeys.length);
        for (const { error } of letters) expect(JSON.stringify(error)).toContain('key/unsupported');
        await system.shutdown();
      }
      expect(readdirSync(folder)).toEqual(['store']);
      expect(files(folder).filter((name) => !ours.test(name))).toEqual([]);
    });
  },
);
