// Whatever a program does: what its system is when it starts after a crash is what it was at its last commit.
import { steppingSystem } from 'portico/dataflow';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { build } from '../properties/build.ts';
import { World } from '../properties/perform.ts';
import { programs } from '../properties/program.ts';
import { runs } from '../properties/runs.ts';
import { CrashStore } from './crash-store.ts';
import { dump, seeRows, type KeysSeen } from './dump.ts';
import { begin, crashes, epochs, faults, live, steps, type Living } from './powercuts.ts';

const everything = {
  portals: true,
  timers: true,
  keeps: true,
  chance: true,
  sequencers: 'any',
  onFailure: 'deadLetter',
} as const;

/** Sends the first letter again, and forgets the second. */
function openLetters({ deadLetters }: Living['system']): void {
  const [first, second] = deadLetters.list();
  if (first !== undefined) deadLetters.resend(first.id);
  if (second !== undefined) deadLetters.discard(second.id);
}

describe('a system that starts after a crash', () => {
  it('is what it was at its last commit', async () => {
    await fc.assert(
      fc.asyncProperty(
        programs(everything),
        faults,
        epochs,
        crashes,
        fc.nat(),
        steps,
        async (program, faults, epochs, crashes, seed, steps) => {
          const make = () =>
            build(program, new World(faults), {
              durable: true,
              record: () => false,
              retain: (stream) => stream % 5 === seed % 7,
            }).app;
          const store = new CrashStore();
          const seen: KeysSeen = new Map();
          // Before anything is committed it is what it is without a store.
          const fresh = steppingSystem({ seed });
          fresh.launch(make());
          let committed: unknown = dump(fresh.partition, seen);
          let startMs = 0;
          for (const crash of [...crashes, undefined]) {
            const life = await begin({ store, application: make(), seed, steps, epochs, startMs, crash });
            if (life === undefined) continue;
            const { partition } = life.system;
            seeRows(store.rows, seen);
            expect(dump(partition, seen)).toEqual(committed);
            let cut: unknown;
            store.onAppend = () => {
              cut = dump(partition, seen);
            };
            store.onDurable = () => {
              committed = cut;
            };
            openLetters(life.system);
            startMs = await live(life);
            // If it outlived its time it fails now.
            if (!life.host.isDown) store.crash(crash?.keeps);
          }
        },
      ),
      runs(30),
    );
  });
});
