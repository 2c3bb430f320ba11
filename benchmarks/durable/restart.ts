/** A system that is started again with many actors in its store: how soon it replies, and what the others cost meanwhile. */
import type { FileStoreOptions } from 'portico/node';
import { question, type Contender } from '../harness/question.ts';
import { noDisk, withFolder } from './places.ts';
import { settle, visit, type Leaving } from './residents.ts';

interface RestartLoad extends Record<string, number> {
  actors: number;
  'actors where there are few': number;
  'active actors': number;
}

const restarted = (
  name: string,
  state: NonNullable<FileStoreOptions['state']>,
  actorsOf: (load: RestartLoad) => number,
  leaving: Leaving = 'stopped',
): Contender<RestartLoad> => ({
  name,
  missing: noDisk,
  run: (load) =>
    withFolder(async (folder) => {
      const residence = { folder, state, actors: actorsOf(load) };
      await settle(residence, leaving);
      const { outcome, ...run } = await visit(residence, activeOf(load, residence.actors));
      return { ...run, outcome: { ...outcome } };
    }),
  // Some are looked at twice, and others twice as well.
  expects: (load) => ({ first: 1, known: 4 * activeOf(load, actorsOf(load)) }),
});

/** There are as many others. */
const activeOf = (load: RestartLoad, actors: number): number => Math.min(load['active actors'], actors >> 1);

const few = (load: RestartLoad): number => load['actors where there are few'];
const many = (load: RestartLoad): number => load.actors;

export const durableRestart = question<RestartLoad>({
  name: 'durable-restart',
  asks: 'How soon does a system reply again that has 1,000,000 actors in its store, and what do these cost it?',
  method:
    'A process fills a store with actors, each with a name and a number, and stops, or is killed before it does: then the journal holds what the state lacks. A new ' +
    'process starts a system with the store, of which nothing was compiled, and asks one actor. The first reply is timed from the call of `start`, when the ' +
    'modules are loaded; and once more from the start of the process. Then 10,000 actors (half of them where there are few) are looked at, which is when the memory is taken, after a forced ' +
    'collection; and as many others twice, by one actor that sends to all of them in a turn. The first time they are cold.',
  metrics: [
    { name: 'first reply', unit: 'ms', better: 'less' },
    { name: 'with the start of Node', unit: 'ms', better: 'less' },
    { name: 'heap', unit: 'MB', better: 'less' },
    { name: 'whole process', unit: 'MB', better: 'less' },
    { name: 'cold', unit: 'µs/message', better: 'less' },
    { name: 'cold beyond hot', unit: 'µs/message', better: 'less', absolute: true },
  ],
  contenders: [
    restarted('level, few', 'level', few),
    restarted('level', 'level', many),
    restarted('level, killed', 'level', many, 'killed'),
    restarted('memory, few', 'memory', few),
    restarted('memory', 'memory', many),
    restarted('memory, killed', 'memory', many, 'killed'),
  ],
  reference: 'level, few',
  goals: [
    { contender: 'level', metric: 'first reply', atMost: 150 },
    { contender: 'level', metric: 'first reply', timesThatOf: 'level, few', atMost: 1.5 },
    { contender: 'level, killed', metric: 'first reply', atMost: 150 },
    { contender: 'level', metric: 'heap', atMost: 150 },
    { contender: 'level', metric: 'cold beyond hot', atMost: 30 },
  ],
  loads: {
    full: { actors: 1_000_000, 'actors where there are few': 10_000, 'active actors': 10_000 },
    warmUp: { actors: 1_000, 'actors where there are few': 100, 'active actors': 50 },
    quick: { actors: 1_000, 'actors where there are few': 200, 'active actors': 50 },
  },
  // Whoever visits is another process, and has to be cold.
  warmUps: 0,
});
