/** What a key with state costs. */
import { application, perKeyState, steppingSystem, type Key } from 'portico/dataflow';
import { perSecond, timed } from './harness/clock.ts';
import { heapInUse } from './harness/heap.ts';
import { question, type Contender } from './harness/question.ts';

interface StateLoad extends Record<string, number> {
  keys: number;
}

const ATOM = 1_000;

/** Something that holds a number for each key. */
interface Store {
  /** Writes the keys from a number up to another. */
  write(from: number, to: number): void;
  delete(from: number, to: number): void;
  /** How many writes and deletions it has done, so that it is certain that it did. */
  done(): number;
}

function plainStore(keyOf: (n: number) => Key): Store {
  const map = new Map<Key, number>();
  let done = 0;
  return {
    write(from, to) {
      for (let n = from; n < to; n++) {
        map.set(keyOf(n), n);
        done++;
      }
    },
    delete(from, to) {
      for (let n = from; n < to; n++) if (map.delete(keyOf(n))) done++;
    },
    done: () => done,
  };
}

/** A task with per-key state; positive numbers are written under their key, negative ones delete. */
function taskStore(keyOf: (n: number) => Key): Store {
  const held = perKeyState<number | undefined>('held', undefined);
  const system = steppingSystem();
  const { commands, app } = write();
  system.launch(app);
  let done = 0;

  function write() {
    let commands;
    const app = application('state', (app) => {
      commands = app.ingress<number>();
      app
        .workflow()
        .source(commands.stream)
        .key((n) => keyOf(Math.abs(n)))
        .consume((n, ctx) => {
          if (n > 0) held.set(ctx, n);
          else if (held.get(ctx) === -n) held.delete(ctx);
          done++;
        })
        .sink();
    });
    return { commands, app };
  }
  return { write: () => undefined, delete: () => undefined, done: () => done };
}
