// Thermometers in groups, after the guide of Akka. A manager has groups, a group has devices, and for each question about
// a whole group there is an actor that asks all its devices and waits no longer than it was told to.
import process from 'node:process';
import {
  behavior,
  init,
  mapState,
  receive,
  same,
  start,
  stopped,
  type ActorRef,
  type Behavior,
  type Failure,
} from 'portico';
import { virtualHost } from 'portico/testing';

type Device =
  | { type: 'record'; celsius: number }
  | { type: 'read'; replyTo: ActorRef<number | null> }
  | { type: 'lose connection' }
  | { type: 'switch off' };

const device = behavior('device', (celsius: number | null): Behavior<Device> =>
  receive((message, ctx) => {
    switch (message.type) {
      case 'record':
        return device(message.celsius);
      case 'read':
        ctx.send(message.replyTo, celsius);
        return same;
      case 'lose connection':
        return unreachable();
      case 'switch off':
        return stopped;
    }
  }),
);

const unreachable = behavior('unreachable', () =>
  receive<Device>((message) => (message.type === 'switch off' ? stopped : same)),
);

/** What became known of one device: a temperature, or why there is none. */
type Reading = number | 'nothing recorded' | 'switched off' | 'no answer';
type Readings = Readonly<Record<string, Reading>>;

type Track = { type: 'track'; group: string; device: string; replyTo: ActorRef<ActorRef<Device>> };
type ReadAll = { type: 'read all'; group: string; timeoutMs: number; replyTo: ActorRef<Readings> };

type Group = Track | ReadAll | { type: 'device stopped'; device: string; reply?: ActorRef<never> };

const devices = mapState<string, ActorRef<Device>>('devices');

const group = behavior('group', () =>
  receive<Group>((message, ctx) => {
    switch (message.type) {
      case 'track': {
        const id = message.device;
        let ref = devices.get(ctx, id);
        if (ref === undefined) {
          ref = ctx.create(device(null), { child: true });
          devices.set(ctx, id, ref);
          ctx.watch(ref, { as: { type: 'device stopped', device: id } });
        }
        ctx.send(message.replyTo, ref);
        return same;
      }
      case 'read all':
        ctx.create(query(Object.fromEntries(devices.entries(ctx)), message), { child: true });
        return same;
      case 'device stopped':
        devices.delete(ctx, message.device);
        return same;
    }
  }),
);

type Query = { device: string; reply?: number | null; failure?: Failure };

const query = behavior(
  'query',
  (asked: Readonly<Record<string, ActorRef<Device>>>, { timeoutMs, replyTo }: ReadAll) =>
    init<Query>((ctx) => {
      for (const [device, ref] of Object.entries(asked))
        ctx.ask(ref, { type: 'read' }, { as: { device }, timeoutMs });
      return gathering(Object.keys(asked).length, {}, replyTo);
    }),
);

const gathering = behavior(
  'gathering',
  (missing: number, readings: Readings, replyTo: ActorRef<Readings>): Behavior<Query> =>
    missing === 0
      ? init((ctx) => {
          ctx.send(replyTo, readings);
          return stopped;
        })
      : receive(({ device, reply, failure }) => {
          // Every ask has an outcome: a reply, or a failure that says why there is none.
          const missed = failure?.code === 'ask/timeout' ? 'no answer' : 'switched off';
          const reading = failure === undefined ? (reply ?? 'nothing recorded') : missed;
          return gathering(missing - 1, { ...readings, [device]: reading }, replyTo);
        }),
);

const groups = mapState<string, ActorRef<Group>>('groups');

/** Makes a group when its first device is tracked. */
const manager = behavior('manager', () =>
  receive<Track | ReadAll>((message, ctx) => {
    let ref = groups.get(ctx, message.group);
    if (ref === undefined) {
      ref = ctx.create(group(), { child: true });
      groups.set(ctx, message.group, ref);
    }
    ctx.send(ref, message);
    return same;
  }),
);

export async function main(print: (line: string) => void): Promise<void> {
  const host = virtualHost();
  await using system = await start({
    behaviors: { device, unreachable, group, query, gathering, manager },
    seed: 1,
    host,
  });
  /** Lets the time of the host pass until there is a reply. */
  const soon = async <T>(reply: Promise<T>): Promise<T> => {
    await host.advance(10_000);
    return reply;
  };
  const house = system.create(manager());
  const track = async (group: string, device: string): Promise<ActorRef<Device>> =>
    soon(system.ask(house, { type: 'track', group, device }));
  const show = async (group: string): Promise<void> => {
    const readings = await soon(system.ask(house, { type: 'read all', group, timeoutMs: 3_000 }));
    print(
      `${group}: ${Object.entries(readings)
        .map(([device, reading]) => `${device} ${reading}`)
        .join(', ')}`,
    );
  };

  const kitchen = await track('home', 'kitchen');
  const cellar = await track('home', 'cellar');
  const attic = await track('home', 'attic');
  await track('office', 'hall');
  await system.send(kitchen, { type: 'record', celsius: 21 });
  await system.send(attic, { type: 'record', celsius: 30 });
  await show('home');
  await show('office');

  await system.send(attic, { type: 'lose connection' });
  await system.send(cellar, { type: 'record', celsius: 12 });
  await show('home');
  // This one stops while it is being asked; afterwards it is no device of the group any more.
  const shown = show('home');
  await system.send(cellar, { type: 'switch off' });
  await shown;
  await show('home');
}

if (process.argv[1] === import.meta.filename) await main((line) => console.log(line));
