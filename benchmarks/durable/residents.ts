/**
 * Many actors in a store: they move in, and later somebody visits some of them. Each of both is a process of its own when the
 * benchmarks are compiled, and a part of this one in the tests.
 */
import { writeSync } from 'node:fs';
import process from 'node:process';
import { behavior, receive, same, start, valueState, type ActorRef, type ActorSystem } from 'portico';
import { fileStore, type FileStoreOptions } from 'portico/node';
import { Core } from '../harness/core.ts';
import { heapInUse } from '../harness/heap.ts';
import { inOwnProcess, isMain } from '../harness/own-process.ts';
import { timed } from '../harness/clock.ts';

export interface Residence {
  readonly folder: string;
  readonly state: NonNullable<FileStoreOptions['state']>;
  readonly actors: number;
}

export interface Visited {
  readonly figures: Readonly<Record<string, number>>;
  /** What the first one replied, and how many of those who were visited had moved in. */
  readonly outcome: { readonly first: number; readonly known: number };
  readonly share?: number;
}

/** Actors that are sent a message in one turn. */
const TURN = 1_000;

/** Seen from outside: how many had moved in of those who were looked at. */
const seen = { known: 0 };

type Resident = 'move in' | 'look' | { readonly replyTo: ActorRef<number> };

const number = valueState('number', 0);
const resident = behavior('resident', () =>
  receive<Resident>((message, ctx) => {
    if (message === 'move in') number.set(ctx, 1);
    // To be looked at changes nothing.
    else if (message === 'look') seen.known += number.get(ctx);
    else ctx.send(message.replyTo, number.get(ctx));
    return same;
  }),
);

interface Round {
  readonly message: 'move in' | 'look';
  readonly first: number;
  readonly count: number;
}

/** Sends all of it in one turn. */
const postman = behavior('postman', () =>
  receive<Round>(({ message, first, count }, ctx) => {
    for (let i = first; i < first + count; i++) ctx.send(ctx.entity(resident(), nameOf(i)), message);
    return same;
  }),
);

const nameOf = (i: number): string => `resident-${i}`;

const opened = ({ folder, state }: Residence): Promise<ActorSystem> =>
  start({ behaviors: { postman, resident }, seed: 1, store: fileStore(folder, { state }) });

/** How the actors leave the store behind when they have moved in. */
export type Leaving = 'stopped' | 'killed';

/** Fills a store. In a process of its own that one is killed at the end, if it is to be; else the system is stopped. */
export async function settle(residence: Residence, leaving: Leaving): Promise<void> {
  if (!isCompiled) await moveIn(residence);
  else await inOwnProcess(import.meta.url, [], ['settle', JSON.stringify(residence), leaving]);
}

/** Starts a system with that store, and looks at so many actors, and at so many others. */
export function visit(residence: Residence, active: number): Promise<Visited> {
  if (!isCompiled) return lookAround(residence, active);
  return inOwnProcess(import.meta.url, ['--expose-gc'], ['visit', JSON.stringify(residence), String(active)]);
}

async function moveIn(residence: Residence, atEnd: () => void = () => undefined): Promise<void> {
  await using system = await opened(residence);
  const round = system.entity(postman(), 'moving');
  for (let first = 0; first < residence.actors; first += TURN) {
    const count = Math.min(TURN, residence.actors - first);
    await system.send(round, { message: 'move in', first, count });
    await system.idle();
  }
  atEnd();
}

async function lookAround(residence: Residence, active: number): Promise<Visited> {
  // A store loads this package when it is opened.
  if (residence.state === 'level') await import('classic-level');
  const core = new Core();
  seen.known = 0;
  const before = performance.now();
  await using system = await opened(residence);
  const first = await system.ask(system.entity(resident(), nameOf(0)), {});
  const replied = performance.now();
  const round = system.entity(postman(), 'visiting');
  const look = (from: number): Promise<number> =>
    timed(async () => {
      await system.send(round, { message: 'look', first: from, count: active });
      await system.idle();
    });
  await look(0);
  const heap = heapInUse();
  const { rss } = process.memoryUsage();
  // By now the code is warm. The others are cold the first time.
  await look(0);
  const cold = await look(active);
  const hot = await look(active);
  return {
    figures: {
      'first reply': replied - before,
      'with the start of Node': replied,
      heap: heap / MB,
      'whole process': rss / MB,
      cold: (cold / active) * 1000,
      'cold beyond hot': ((cold - hot) / active) * 1000,
    },
    outcome: { first, known: seen.known },
    ...core.share(),
  };
}

const MB = 1_000_000;

const isCompiled = import.meta.url.endsWith('.js');

if (isCompiled && isMain(import.meta.url)) {
  const [what, which = '', how = ''] = process.argv.slice(2);
  const residence = JSON.parse(which) as Residence;
  const tell = (what: unknown): void => {
    writeSync(1, JSON.stringify(what));
  };
  if (what === 'visit') tell(await lookAround(residence, Number(how)));
  else {
    await moveIn(residence, () => {
      if (how !== 'killed') return;
      tell('killed');
      process.kill(process.pid, 'SIGKILL');
    });
    tell('stopped');
  }
}
