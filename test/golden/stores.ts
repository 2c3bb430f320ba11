// Whole stores: what lies in one when its system has ended or has died, and what a system says that goes on with it.
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { actorRef, ActorRef, type ActorSystem } from 'portico';
import { platformHost, type RunningSystem } from 'portico/dataflow';
import { fileStore } from 'portico/node';
import { setClock } from './clock.ts';
import { fillFlow, startFlow } from './flow.ts';
import type { Part } from './parts.ts';
import { fill, outside, sold, startShop, writtenMs } from './shop.ts';
import { shown } from './shown.ts';

const journal = { preallocateBytes: 0 };
type Kind = 'level' | 'memory';

/** Lets a system do something, and keeps its folder: as it is when it has ended, or as it is when it dies. */
async function kept(
  folder: string,
  end: 'ends' | 'dies',
  run: (folder: string) => Promise<{ readonly stop: () => Promise<unknown> }>,
): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), 'portico-golden-'));
  try {
    const { stop } = await run(work);
    if (end === 'dies') cpSync(work, folder, { recursive: true });
    await stop();
    if (end === 'ends') cpSync(work, folder, { recursive: true });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const shop = (kind: Kind, end: 'ends' | 'dies'): Part => ({
  write: (folder) =>
    kept(folder, end, async (work) => {
      outside.answer = undefined;
      outside.calls = [];
      const system = await startShop(fileStore(work, { state: kind, journal }), setClock(writtenMs));
      await fill(system);
      await settled(system, () => outside.calls.length > 0 && system.deadLetters.count > 0);
      return { stop: () => system.stop() };
    }),
  read: (folder) => shopStory(folder, kind),
});

async function shopStory(folder: string, kind: Kind): Promise<string> {
  const lines: string[] = [];
  const say = (what: string, value: unknown): void => void lines.push(`${what}: ${shown(value)}`);
  outside.calls = [];
  let paid: ((word: string) => void) | undefined;
  outside.answer = () => new Promise((resolve) => (paid = resolve));
  const clock = setClock(writtenMs + 500);
  const system = await startShop(fileStore(folder, { state: kind, journal }), clock);
  const emitted = listening(system);
  // An entity by its reference, as whoever has stored that has it.
  const ann = new ActorRef<never>('entity:counter/ann');
  const ask = (ref: ActorRef<never>, options = {}): Promise<unknown> => system.ask(ref, {} as never, options);
  await settled(system, () => paid !== undefined && emitted.length > 0);
  say('the entity', await ask(ann));
  say('by number', await ask(new ActorRef<never>(-1)));
  say('by name', await ask(actorRef<never>('till')));
  say('emitted before', emitted.splice(0));
  say(
    'calls outside',
    outside.calls.map((call) => call.replace(/\/.*\//, '/…/')),
  );
  say(
    'dead letters',
    system.deadLetters.list().map(({ ref, reason, message, error }) => [ref, reason, message, error]),
  );
  const send = (message: object, options = {}): Promise<void> => system.send(ann, message as never, options);
  await send({ add: 10 }, { idempotencyKey: 'ten' });
  await send({ add: 20 }, { idempotencyKey: { client: 'till', seq: 7 } });
  await send({ add: 40 }, { idempotencyKey: { client: 'till', seq: 8 } });
  say('after what had entered before', await ask(ann));
  say('the answer on record', await ask(ann, { idempotencyKey: 'asked' }));
  paid?.('paid');
  await settled(system, () => emitted.length > 0);
  say('after the effect', emitted.splice(0));
  clock.pass(60_000);
  await settled(system);
  say('after a minute', emitted.splice(0));
  say('the timer has rung', await ask(ann));
  await system.send(actorRef<never>('shut'), { open: true } as never);
  await settled(system);
  say('after what was stashed', emitted.splice(0));
  await system.send(actorRef<never>('parent'), 'end' as never);
  await settled(system);
  say('after the children', emitted.splice(0));
  for (const { id } of system.deadLetters.list()) await system.deadLetters.resend(id);
  await settled(system);
  say(
    'sent again',
    system.deadLetters.list().map(({ reason }) => reason),
  );
  await system.stop();
  const next = await startShop(fileStore(folder, { state: kind, journal }), clock);
  say('in the next run', await next.ask(ann, {} as never));
  await next.stop();
  return lines.join('\n');
}

function listening(system: ActorSystem): unknown[] {
  const values: unknown[] = [];
  void (async () => {
    for await (const { value } of system.readFrom(sold)) values.push(value.what);
  })().catch(() => undefined);
  return values;
}

/** Until all is done and told; or, while something is carried out outside that takes longer, until `isTold`. */
async function settled(system: { idle(): Promise<void> }, isTold?: () => boolean): Promise<void> {
  const host = platformHost();
  const soon = (): Promise<void> => new Promise((resolve) => void host.after(10, resolve));
  if (isTold === undefined) await system.idle();
  else for (let tries = 0; tries < 1_000 && !isTold(); tries++) await soon();
  // What was read comes to those who read a little later.
  for (let i = 0; i < 5; i++) await soon();
  if (isTold === undefined) await system.idle();
}

const flow = (kind: Kind, end: 'ends' | 'dies'): Part => ({
  write: (folder) =>
    kept(folder, end, async (work) => {
      const started = await startFlow(fileStore(work, { state: kind, journal }), setClock(writtenMs));
      await fillFlow(started);
      return { stop: () => started.system.shutdown() };
    }),
  read: (folder) => flowStory(folder, kind),
});

async function flowStory(folder: string, kind: Kind): Promise<string> {
  const lines: string[] = [];
  const say = (what: string, value: unknown): void => void lines.push(`${what}: ${shown(value)}`);
  const clock = setClock(writtenMs + 500);
  const { system, app } = await startFlow(fileStore(folder, { state: kind, journal }), clock);
  const { moves, out, kept: released } = app.handles;
  const values = reading(system, out);
  const handled: unknown[] = [];
  system.handle(released, (value, { id }) => {
    handled.push([id, value]);
  });
  await settled(system);
  say('retained', values.splice(0));
  say('kept', handled);
  say(
    'dead letters',
    system.deadLetters.list().map(({ id, error }) => [id, error.code]),
  );
  say('had entered', !(await system.sendOnce(moves, { key: 'once' }, { key: 'once', n: 1 })));
  for (const key of ['a', 7, 8n, '../b', 'once']) await system.send(moves, { key, n: 50 });
  await settled(system);
  say('goes on', values.splice(0));
  clock.pass(60_000);
  await settled(system);
  say('the timer has rung', values.splice(0));
  await system.shutdown();
  return lines.join('\n');
}

function reading(system: RunningSystem, out: Parameters<RunningSystem['readFrom']>[0]): unknown[] {
  const values: unknown[] = [];
  void (async () => {
    for await (const { value } of system.readFrom(out)) values.push(value);
  })().catch(() => undefined);
  return values;
}

export const stores: Readonly<Record<string, Part>> = {
  'shop-level': shop('level', 'ends'),
  'shop-memory': shop('memory', 'dies'),
  'flow-level': flow('level', 'ends'),
  'flow-memory': flow('memory', 'dies'),
};
