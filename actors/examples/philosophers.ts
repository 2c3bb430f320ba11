// The dining philosophers. Five of them sit at a round table with a fork between any two; to eat takes both. Each takes
// the fork with the lower number first, so they never all wait for each other. A fork that is in use stashes requests.
import process from 'node:process';
import { behavior, init, receive, same, start, stopped, type ActorRef, type Behavior } from 'portico';
import { virtualHost } from 'portico/testing';

type Fork = { type: 'take'; replyTo: ActorRef<'yours'> } | { type: 'putDown' };

const free = behavior('free', (): Behavior<Fork> =>
  receive((message, ctx) => {
    if (message.type === 'putDown') return same;
    ctx.send(message.replyTo, 'yours');
    return inUse();
  }),
);

const inUse = behavior('inUse', () =>
  receive<Fork>((message, ctx) => {
    if (message.type === 'take') {
      ctx.stash.stash(message);
      return same;
    }
    // The first who waits gets it; the others are stashed again.
    ctx.stash.unstashAll();
    return free();
  }),
);

interface Place {
  readonly name: string;
  readonly first: ActorRef<Fork>;
  readonly second: ActorRef<Fork>;
  readonly eatsMs: number;
}

type Philosopher = { type: 'hungry' | 'full' } | { type: 'gotFirst' | 'gotSecond'; reply?: 'yours' };

/** A fork replies as soon as it is free, however long that takes. */
const patiently = { timeoutMs: Infinity };

const philosopher = behavior('philosopher', (place: Place) =>
  init<Philosopher>((ctx) => {
    ctx.timers.single('thought', 1000, { type: 'hungry' });
    return dining(place, 2);
  }),
);

const dining = behavior('dining', (place: Place, meals: number): Behavior<Philosopher> =>
  receive((message, ctx) => {
    const { name, first, second, eatsMs } = place;
    const says = (what: string): void => ctx.emit(`${ctx.nowMs / 1000} s: ${name} ${what}`);
    switch (message.type) {
      case 'hungry':
        ctx.ask(first, { type: 'take' }, { as: { type: 'gotFirst' }, ...patiently });
        return same;
      case 'gotFirst':
        ctx.ask(second, { type: 'take' }, { as: { type: 'gotSecond' }, ...patiently });
        return same;
      case 'gotSecond':
        says('eats');
        ctx.timers.single('meal', eatsMs, { type: 'full' });
        return same;
      case 'full':
        says('thinks');
        for (const fork of [first, second]) ctx.send(fork, { type: 'putDown' });
        if (meals === 1) return stopped;
        ctx.timers.single('thought', 1000, { type: 'hungry' });
        return dining(place, meals - 1);
    }
  }),
);

export async function main(print: (line: string) => void): Promise<void> {
  // The time of this host moves only when it is told to.
  const host = virtualHost();
  await using system = await start({ behaviors: { free, inUse, philosopher, dining }, seed: 1, host });
  system.subscribe((line) => print(String(line)));
  const fork = (n: number): ActorRef<Fork> => system.entity(free(), `fork ${n}`);
  ['Aspasia', 'Diotima', 'Hypatia', 'Laozi', 'Zeno'].forEach((name, i, { length }) => {
    const right = (i + 1) % length;
    const [first, second] = [fork(Math.min(i, right)), fork(Math.max(i, right))];
    system.create(philosopher({ name, first, second, eatsMs: 2000 + 100 * i }));
  });
  await host.advance(60_000);
}

if (process.argv[1] === import.meta.filename) await main((line) => console.log(line));
