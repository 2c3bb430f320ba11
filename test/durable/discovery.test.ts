// Services and routers over restarts.
import { describe, expect, it } from 'vitest';
import {
  behavior,
  entityRef,
  groupRouter,
  init,
  poolRouter,
  receive,
  receptionist,
  same,
  serviceKey,
  stopped,
  type Behavior,
  type Listing,
} from 'portico';
import { ends, Lives, witness } from './lives.ts';

const the = entityRef(witness(), 'the only one');

type Job = { readonly job: string } | 'stop' | 'fail';
const printing = serviceKey<Job>('printing');

const printer = behavior('printer', (): Behavior<Job> =>
  receive((message, ctx) => {
    if (message === 'stop') return stopped;
    if (message === 'fail') throw new Error('paper jam');
    ctx.send(the, { said: `${ctx.name} ${message.job}` });
    return same;
  }),
);
const registers = behavior('registers', (): Behavior<Job> =>
  init((ctx) => {
    receptionist.register(ctx, printing, ctx.self);
    return printer();
  }),
);

type Looking = { readonly type: 'listed'; readonly reply?: Listing<Job> } | { readonly type: 'unsubscribe' };
const looking = behavior('looking', (): Behavior<Looking> =>
  init((ctx) => {
    receptionist.subscribe(ctx, printing, { as: { type: 'listed' } });
    return looks();
  }),
);
const looks = behavior('looks', (): Behavior<Looking> =>
  receive((message, ctx) => {
    if (message.type === 'listed') ctx.send(the, { said: (message.reply?.refs ?? []).map(String).join(' ') });
    else receptionist.unsubscribe(ctx, printing);
    return same;
  }),
);

const roundRobin = poolRouter('round robin', printer, { size: 3 });
const byJob = poolRouter('by job', printer, {
  size: 3,
  strategy: { hashBy: (job) => (job as { job: string }).job },
});
const group = groupRouter('group', printing);

const behaviors = { printer, registers, looking, looks, roundRobin, byJob, group };

describe.each(ends)('after %s', (end) => {
  it('services are found that were registered before', async () => {
    const lives = new Lives({ behaviors });
    let system = await lives.start();
    const one = system.create(registers());
    await lives.rest();
    const two = system.create(printer(), { name: 'two' });
    await receptionist.register(system, printing, two);
    await lives.rest();
    system = await lives.again(end);
    const { refs } = await receptionist.find(system, printing);
    expect(refs.map(String)).toEqual([String(one), String(two)]);
  });

  it('a service whose actor stops is not listed any more', async () => {
    const lives = new Lives({ behaviors });
    let system = await lives.start();
    const one = system.create(registers());
    const two = system.create(registers());
    await lives.rest();
    system = await lives.again(end);
    await system.send(one, 'stop');
    await lives.rest();
    system = await lives.again(end);
    const { refs } = await receptionist.find(system, printing);
    expect(refs.map(String)).toEqual([String(two)]);
  });

  it('subscribers are told of changes, until they take that back', async () => {
    const lives = new Lives({ behaviors });
    let system = await lives.start();
    const ref = system.create(looking());
    await lives.rest();
    system = await lives.again(end);
    const one = system.create(registers());
    await lives.rest();
    await system.send(ref, { type: 'unsubscribe' });
    await lives.rest();
    system = await lives.again(end);
    system.create(registers());
    expect(await lives.heard()).toEqual(['', String(one)]);
  });

  it('a pool goes on with its routees, and with whose turn it is', async () => {
    const lives = new Lives({ behaviors });
    let system = await lives.start();
    const ref = system.create(roundRobin());
    for (const job of ['a', 'b']) await system.send(ref, { job });
    await lives.rest();
    system = await lives.again(end);
    for (const job of ['c', 'd']) await system.send(ref, { job });
    await lives.rest();
    expect(await lives.heard()).toEqual(['1 a', '2 b', '3 c', '1 d']);
  });

  it('a pool has its routees restarted that fail, and does without those that stop', async () => {
    const lives = new Lives({ behaviors });
    let system = await lives.start();
    const ref = system.create(roundRobin());
    await system.send(ref, 'fail');
    await lives.rest();
    system = await lives.again(end);
    await system.send(ref, 'stop');
    await lives.rest();
    system = await lives.again(end);
    for (const job of ['a', 'b', 'c']) await system.send(ref, { job });
    const heard = await lives.heard();
    expect(new Set(heard.map((line) => String(line).split(' ')[0]))).toEqual(new Set(['1', '3']));
  });

  it('a pool that hashes sends jobs of one key to the same routee', async () => {
    const lives = new Lives({ behaviors });
    let system = await lives.start();
    const ref = system.create(byJob());
    const jobs = ['a', 'b', 'c', 'd', 'e', 'f'];
    for (const job of jobs) await system.send(ref, { job });
    await lives.rest();
    system = await lives.again(end);
    for (const job of jobs) await system.send(ref, { job });
    const heard = (await lives.heard()).map(String).sort();
    expect(heard).toHaveLength(12);
    expect(new Set(heard).size).toBe(6);
  });

  it('a group sends to those that were registered before and since', async () => {
    const lives = new Lives({ behaviors });
    let system = await lives.start();
    const one = system.create(registers());
    const ref = system.create(group());
    await lives.rest();
    system = await lives.again(end);
    const two = system.create(registers());
    await lives.rest();
    for (const job of ['a', 'b']) await system.send(ref, { job });
    const expected = [one, two].map(({ id }, i) => `${String(id)} ${['a', 'b'][i]}`);
    expect(await lives.heard()).toEqual(expected);
  });

  it('those outside who listened to a service leave nothing behind', async () => {
    const lives = new Lives({ behaviors });
    let system = await lives.start();
    const ref = system.create(registers());
    const rows: number[] = [];
    for (let life = 0; life < 4; life++) {
      const seen: number[] = [];
      receptionist.subscribe(system, printing, ({ refs }) => seen.push(refs.length));
      system.watch(ref).catch(() => undefined);
      await lives.rest();
      expect(seen).toEqual([1]);
      rows.push(lives.store.keys().length);
      system = await lives.again(end);
      await lives.rest();
    }
    expect(rows.at(-1)).toBe(rows[1]);
    expect(system.deadLetters.list()).toEqual([]);
  });
});
