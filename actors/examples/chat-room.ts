// A chat room. Nobody talks in the room itself: whoever enters gets a session, a child of the room that speaks in one
// name. So nobody can speak in the name of another, and a session that stops is noticed.
import process from 'node:process';
import { behavior, receive, refEquals, same, start, stopped, type ActorRef, type Behavior } from 'portico';

/** What everybody may send to the room. */
type Enter = { type: 'enter'; name: string; guest: ActorRef<ToGuest> };
/** What only its sessions send. */
type ToRoom = Enter | { type: 'said'; by: string; text: string };

type ToSession = { type: 'say'; text: string } | { type: 'leave' };

/** What the room tells its guests. */
type ToGuest =
  | { type: 'entered'; session: ActorRef<ToSession> }
  | { type: 'refused'; reason: string }
  | { type: 'heard'; by: string; text: string };

interface Member {
  readonly name: string;
  readonly guest: ActorRef<ToGuest>;
  readonly session: ActorRef<ToSession>;
}

const room = behavior('room', (members: readonly Member[]): Behavior<ToRoom> =>
  receive(
    (message, ctx) => {
      switch (message.type) {
        case 'enter': {
          const { name, guest } = message;
          if (members.some((member) => member.name === name)) {
            ctx.send(guest, { type: 'refused', reason: `${name} is here already` });
            return same;
          }
          const created = ctx.create(session(ctx.self, name), { child: true });
          ctx.watch(created);
          ctx.send(guest, { type: 'entered', session: created });
          return room([...members, { name, guest, session: created }]);
        }
        case 'said': {
          const { by, text } = message;
          for (const { guest } of members) ctx.send(guest, { type: 'heard', by, text });
          return same;
        }
      }
    },
    {
      onSignal: (signal, ctx) => {
        if (signal.signal !== 'terminated') return same;
        const left = members.find(({ session }) => refEquals(session, signal.ref));
        const others = members.filter((member) => member !== left);
        for (const { guest } of others)
          ctx.send(guest, { type: 'heard', by: 'the room', text: `${left?.name} left` });
        return room(others);
      },
    },
  ),
);

const session = behavior('session', (room: ActorRef<ToRoom>, name: string) =>
  receive<ToSession>((message, ctx) => {
    if (message.type === 'leave') return stopped;
    ctx.send(room, { type: 'said', by: name, text: message.text });
    return same;
  }),
);

/** Somebody at a keyboard: what is typed before the session is there has to wait. */
type Guest = ToGuest | { type: 'typed'; text: string } | { type: 'closed' };

const entering = behavior('entering', (name: string): Behavior<Guest> =>
  receive((message, ctx) => {
    switch (message.type) {
      case 'entered':
        ctx.stash.unstashAll();
        return seated(name, message.session);
      case 'refused':
        ctx.emit(`(${name} stays outside: ${message.reason})`);
        return stopped;
      default:
        ctx.stash.stash(message);
        return same;
    }
  }),
);

const seated = behavior('seated', (name: string, session: ActorRef<ToSession>) =>
  receive<Guest>((message, ctx) => {
    switch (message.type) {
      case 'typed':
        ctx.send(session, { type: 'say', text: message.text });
        return same;
      case 'heard':
        if (message.by !== name) ctx.emit(`${name} hears ${message.by}: ${message.text}`);
        return same;
      case 'closed':
        ctx.send(session, { type: 'leave' });
        return stopped;
      default:
        return same;
    }
  }),
);

export async function main(print: (line: string) => void): Promise<void> {
  await using system = await start({ behaviors: { room, session, entering, seated }, seed: 1 });
  system.subscribe((line) => print(String(line)));

  // A reference can be given out as less than it is: guests may only enter.
  const lobby: ActorRef<Enter> = system.create(room([]));
  const enter = async (name: string): Promise<ActorRef<Guest>> => {
    const guest = system.create(entering(name));
    await system.send(lobby, { type: 'enter', name, guest });
    return guest;
  };
  const ann = await enter('Ann');
  const bob = await enter('Bob');
  // Bob has no session yet; his words wait for it.
  await system.send(bob, { type: 'typed', text: 'Hello, Ann' });
  await system.idle();
  await enter('Ann');
  await system.send(ann, { type: 'typed', text: 'Hello, Bob' });
  await system.idle();
  await system.send(bob, { type: 'typed', text: 'I have to go' });
  await system.send(bob, { type: 'closed' });
  await system.idle();
}

if (process.argv[1] === import.meta.filename) await main((line) => console.log(line));
