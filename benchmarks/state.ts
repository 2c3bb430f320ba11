/** What a key with state costs. */
import { ApplicationBuilder, perKeyState, steppingSystem, type Key } from 'portico/dataflow';
import { perSecond, timed } from './harness/clock.ts';
import { heapInUse } from './harness/heap.ts';
import { question, type Contender } from './harness/question.ts';

interface StateLoad extends Record<string, number> {
  keys: number;
}

/** Events in an atom. */
const ATOM = 1_000;

/** Something that holds a number for each key, from a first one up to a last one. */
interface Store {
  set(first: number, last: number): void;
  delete(first: number, last: number): void;
  /** How many were set less how many were deleted. */
  held(): number;
}

function plainStore(keyOf: (n: number) => Key): Store {
  const map = new Map<Key, number>();
  return {
    set(first, last) {
      for (let n = first; n <= last; n++) map.set(keyOf(n), n);
    },
    delete(first, last) {
      for (let n = first; n <= last; n++) map.delete(keyOf(n));
    },
    held: () => map.size,
  };
}

/** A task with per-key state, and commands from outside: positive numbers are set, negative ones deleted. */
function taskStore(keyOf: (n: number) => Key): Store {
  const numbers = perKeyState('number', 0);
  let held = 0;
  const app = new ApplicationBuilder('state');
  const commands = app.ingress<number>();
  app
    .workflow()
    .source(commands.stream)
    .key((n) => keyOf(Math.abs(n)))
    .consume((n, ctx) => {
      if (n > 0 && numbers.get(ctx) === 0) {
        numbers.set(ctx, n);
        held++;
      }
      if (n < 0 && numbers.get(ctx) === -n) {
        numbers.delete(ctx);
        held--;
      }
    })
    .sink();
  const system = steppingSystem();
  system.launch(app.build());
  const send = (first: number, last: number, sign: 1 | -1): void => {
    for (let n = first; n <= last; n += ATOM) {
      const length = Math.min(ATOM, last - n + 1);
      system.send(commands, ...Array.from({ length }, (_, i) => sign * (n + i)));
      system.stepUntilComplete();
    }
  };
  return {
    set: (first, last) => {
      send(first, last, 1);
    },
    delete: (first, last) => {
      send(first, last, -1);
    },
    held: () => held,
  };
}

function holding(
  name: string,
  reference: string,
  storeOf: (keyOf: (n: number) => Key) => Store,
  keyOf: (n: number) => Key,
): Contender<StateLoad> {
  return {
    name,
    reference,
    nodeFlags: ['--expose-gc'],
    run: async ({ keys }) => {
      const store = storeOf(keyOf);
      // What exists once, whatever the number of keys.
      store.set(1, ATOM);
      store.delete(1, ATOM);
      const before = heapInUse();
      const ms = await timed(() => {
        store.set(1, keys);
      });
      const held = store.held();
      const size = (heapInUse() - before) / keys;
      store.delete(1, keys);
      const left = (heapInUse() - before) / keys;
      return {
        figures: { size, 'left after deleting': left, speed: perSecond(keys, ms) },
        outcome: { held, heldAtEnd: store.held() },
      };
    },
    expects: ({ keys }) => ({ held: keys, heldAtEnd: 0 }),
  };
}

const asNumber = (n: number): Key => n;
const asText = (n: number): Key => `account-${n}`;

export const stateQuestion = question<StateLoad>({
  name: 'state',
  asks: 'What does a key with a number for its state cost, with 1,000,000 of them?',
  method:
    'A task with per-key state is given whole numbers, each under a key of its own, in atoms of 1,000; then all are deleted. The heap in use after a ' +
    'forced collection, per key. Keys are numbers, or texts that the state alone keeps alive. The plain contender is a Map.',
  metrics: [
    { name: 'size', unit: 'bytes/key', better: 'less' },
    { name: 'left after deleting', unit: 'bytes/key', better: 'less', absolute: true },
    { name: 'speed', unit: 'keys/s', better: 'more' },
  ],
  contenders: [
    holding('plain Map', 'plain Map', plainStore, asNumber),
    holding('task', 'plain Map', taskStore, asNumber),
    holding('plain Map, text keys', 'plain Map, text keys', plainStore, asText),
    holding('task, text keys', 'plain Map, text keys', taskStore, asText),
  ],
  reference: 'plain Map',
  goals: [
    { contender: 'task', metric: 'size', atMost: 150 },
    { contender: 'task', metric: 'left after deleting', atMost: 1 },
  ],
  loads: { full: { keys: 1_000_000 }, warmUp: { keys: 100_000 }, quick: { keys: 1_500 } },
  warmUps: 1,
});
