// What the chapter “Actor discovery” of the Akka Typed documentation promises: actors are found by the service that they
// offer, for as long as they live.
import { describe, expect, it } from 'vitest';
import {
  init,
  receive,
  receptionist,
  refEquals,
  restart,
  same,
  serviceKey,
  stopped,
  supervise,
  type ActorRef,
  type Behavior,
  type Failure,
  type Listing,
} from 'portico';
import { settled, world } from './world.ts';

const printing = serviceKey<string>('printing');

/** Registers itself as it begins; stops at `stop`, fails at `bad`. */
const printer = (): Behavior<string> =>
  init((ctx) => {
    receptionist.register(ctx, printing, ctx.self);
    return receive((text, inner) => {
      if (text === 'bad') throw new Error('no paper');
      if (text === 'leave') receptionist.deregister(inner, printing, inner.self);
      else inner.emit(text);
      return text === 'stop' ? stopped : same;
    });
  });

/** Emits how many there are, each time it is told. */
type Office = { type: 'listing'; reply?: Listing<string>; failure?: Failure } | { type: 'leave' };
const office: Behavior<Office> = init((ctx) => {
  receptionist.subscribe(ctx, printing, { as: { type: 'listing' } });
  return receive((message, inner) => {
    if (message.type === 'leave') receptionist.unsubscribe(inner, printing);
    else inner.emit(message.reply?.refs.length);
    return same;
  });
});

describe('an actor that is registered', () => {
  it('is found by its key, in the order of registration, and by no other', async () => {
    await using w = await world();
    const refs = [await w.create(printer()), await w.create(printer())];
    const found = await settled(w.host, receptionist.find(w.system, printing));
    expect(found).toMatchObject({ reply: { key: printing } });
    const { refs: listed } = (found as { reply: Listing<string> }).reply;
    expect(listed.map((ref, i) => refEquals(ref, refs[i] ?? ref))).toEqual([true, true]);
    expect(listed).toHaveLength(2);
    const none = await settled(w.host, receptionist.find(w.system, serviceKey<string>('faxing')));
    expect(none).toMatchObject({ reply: { refs: [] } });
  });

  it('can be sent to through what was found', async () => {
    await using w = await world();
    await w.create(printer());
    type Desk = { type: 'print'; text: string } | { type: 'found'; text: string; reply?: Listing<string> };
    const desk = await w.create(
      receive<Desk>((message, ctx) => {
        if (message.type === 'print')
          receptionist.find(ctx, printing, { as: { type: 'found', text: message.text } });
        else for (const ref of message.reply?.refs ?? []) ctx.send(ref, message.text);
        return same;
      }),
    );
    await w.tell(desk, { type: 'print', text: 'hello' });
    expect(w.said).toEqual(['hello']);
  });

  it('is listed once, however often it registers, and not any more once it has left or stopped', async () => {
    await using w = await world();
    await w.create(office);
    const one = await w.create(printer());
    await receptionist.register(w.system, printing, one);
    const two = await w.create(printer());
    await w.tell(one, 'leave');
    await w.tell(two, 'stop');
    await w.tell(one, 'still alive');
    expect(w.said).toEqual([0, 1, 2, 1, 'stop', 0, 'still alive']);
  });

  it('stays listed through a restart, and does not register in a turn that fails', async () => {
    await using w = await world();
    await w.create(office);
    const ref = await w.create(supervise(printer(), restart()));
    await w.tell(ref, 'bad');
    await w.create(
      init<string>((ctx) => {
        receptionist.register(ctx, printing, ctx.self);
        throw new Error('no');
      }),
    );
    expect(w.said).toEqual([0, 1]);
  });

  it('that has stopped already is taken off the list at once', async () => {
    await using w = await world();
    await w.create(office);
    const gone = await w.create<string>(stopped);
    await receptionist.register(w.system, printing, gone);
    await w.rest();
    expect(w.said.at(-1)).toBe(0);
  });
});

describe('a subscriber', () => {
  it('is told at once, and after each change, until it leaves', async () => {
    await using w = await world();
    const ref = await w.create(office);
    await w.create(printer());
    await w.tell(ref, { type: 'leave' });
    await w.create(printer());
    expect(w.said).toEqual([0, 1]);
  });

  it('that has stopped is told no more, and nothing is left of any of it', async () => {
    await using w = await world();
    const once: Behavior<Office> = init((ctx) => {
      receptionist.subscribe(ctx, printing, { as: { type: 'listing' } });
      return receive((_, inner) => (inner.emit('told'), stopped));
    });
    await w.create(once);
    const refs: ActorRef<string>[] = [];
    for (let i = 0; i < 10; i++) refs.push(await w.create(printer()));
    for (const ref of refs) await w.tell(ref, 'stop');
    expect(w.said.filter((each) => each === 'told')).toHaveLength(1);
    expect(w.letters()).toEqual([]);
    expect(w.cells()).toBe(0);
  });

  it('may be outside', async () => {
    await using w = await world();
    const told: number[] = [];
    const end = receptionist.subscribe(w.system, printing, ({ refs }) => void told.push(refs.length));
    await w.rest();
    const ref = await w.create(printer());
    end();
    await w.rest();
    await w.tell(ref, 'stop');
    expect(told).toEqual([0, 1]);
    expect(w.cells()).toBe(0);
  });
});
