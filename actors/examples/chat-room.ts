// A chat room. Nobody talks to the room itself: whoever enters gets a session, an actor that belongs to the room and
// speaks in one name. So nobody can speak in the name of another.
import process from 'node:process';
import { behavior, receive, same, start, stopped, type ActorRef, type Behavior } from 'portico';

/** What a guest can be told. */
type ToGuest =
  | { type: 'entered'; session: ActorRef<ToSession> }
  | { type: 'refused'; reason: string }
  | { type: 'said'; by: string; text: string };

type ToSession = { type: 'say'; text: string } | { type: 'leave' };

type ToRoom = { type: 'enter'; name: string; guest: ActorRef<ToGuest> } | { type: 'said'; by: string; text: string };

interface Member {
  readonly name: string;
  readonly guest: ActorRef<ToGuest>;
  readonly session: ActorRef<ToSession>;
}

const room = behavior(
  'room',
  (members: readonly Member[]): Behavior<ToRoom> =>
    receive(
      (message, ctx) => {
        switch (message.type) {
          case 'enter': {
            const { name, guest } = message;
            if (members.some((member) => member.name === name)) {
              ctx.send(guest, { type: 'refused', reason: `there is a ${name} already` });
              return same;
            }
            const created = ctx.create(session(ctx.self, name), { child: true });
            ctx.watch(created);
            ctx.send(guest, { type: 'entered', session: created });
            return room([...members, { name, guest, session: created }]);
          }
          case 'said':
            for (const { guest } of members) ctx.send(guest, message);
            return same;
        }
      },
      {
        onSignal: (signal, ctx) => {
          if (signal.signal !== 'terminated') return same;
          const gone = members.find(({ session }) => refEquals(session, signal.ref));
          const others = members.filter((member) => member !== gone);
          for (const { guest } of others) ctx.send(guest, { type: 'said', by: 'room', text: `${gone?.name} has left` });
          return room(others);
        },
      },
    ),
);

/** Gives the room only what a guest may say, under the name of the guest. */
const session = behavior('session', (room: ActorRef<ToRoom>, name: string) =>
  receive<ToSession>((message, ctx) => {
    if (message.type === 'leave') return stopped;
    ctx.send(room, { type: 'said', by: name, text: message.text });
    return same;
  }),
);

/** Says each of its lines as soon as it hears another guest say something, and then leaves. */
const guest = behavior(
  'guest',
  (name: string, lines: readonly string[], session?: ActorRef<ToSession>): Behavior<ToGuest> =>
    receive((message, ctx) => {
      switch (message.type) {
        case 'entered':
          return guest(name, lines, message.session);
        case 'refused':
          ctx.emit(`${name} stays outside: ${message.reason}`);
          return stopped;
        case 'said': {
          ctx.emit(`${name} hears ${message.by}: ${message.text}`);
          const [line, ...rest] = lines;
          if (session === undefined || message.by === name || message.by === 'room') return same;
          ctx.send(session, line === undefined ? { type: 'leave' } : { type: 'say', text: line });
          return line === undefined ? stopped : guest(name, rest, session);
        }
      }
    }),
);

export async function main(print: (line: string) => void): Promise<void> {
  await using system = await start({ behaviors: { room, session, guest }, seed: 1 });
  system.subscribe((line) => print(String(line)));
  const lobby = system.create(room([]), { name: 'lobby' });
  const enter = async (name: string, ...lines: string[]): Promise<void> => {
    await system.send(lobby, { type: 'enter', name, guest: system.create(guest(name, lines)) });
    await system.idle();
  };
  await enter('Ann', 'Hello, Bob');
  await enter('Bob');
  await enter('Ann');
  await system.send(lobby, { type: 'said', by: 'room', text: 'good evening' });
  await system.idle();
}

if (process.argv[1] === import.meta.filename) await main((line) => console.log(line));
