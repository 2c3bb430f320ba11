// Texts from outside: cron expressions, names and ids of actors, keys, cursors.
import { cron, nextCron } from '../../../actors/cron.ts';
import { behavior, receive, same } from '../../../actors/index.ts';
import { calledBy, entityRef, nameId } from '../../../actors/identity.ts';
import { AtomPool } from '../../../src/engine/atom.ts';
import { Entered, REMEMBER } from '../../../src/engine/entered.ts';
import { keyOfRow, rowKey } from '../../../src/engine/record.ts';
import { AtomicStream } from '../../../src/engine/stream.ts';
import { placeOf } from '../../../src/system/cursor.ts';
import { Choices } from '../choices.ts';
import { bytesOfText, must, refusedWith, type Target, type Verdict } from '../target.ts';

const expressions = [
  '* * * * *',
  '*/5 0-6/2 1,15 2 7',
  '59 23 29 2 *',
  '0 0 31 2 *',
  '0 0 1-7 * 1',
  '1/7 * * 12/1 0',
];

export const crons: Target = {
  name: 'cron',
  first: expressions.map(bytesOfText),
  words: ['*', '/', '-', ',', ' ', '\t', '0', '7', '31', '59', '99999999999999999999'].map(bytesOfText),
  most: 64,
  room: () => 0x1000,
  run: (bytes): Verdict => {
    let text = '';
    for (const byte of bytes) text += String.fromCharCode(byte);
    let read;
    try {
      read = cron(text);
    } catch (error) {
      return refusedWith(error, 'actor/bad-cron');
    }
    // Whatever it means, what comes next is later, on a whole minute, and allowed by each field.
    let now = bytes.length * 86_413_000_000;
    for (let i = 0; i < 3; i++) {
      const next = nextCron(read, now);
      const at = new Date(next);
      must(next > now && next % 60_000 === 0, 'the next time is a whole minute, and later');
      must(
        read.minutes.includes(at.getUTCMinutes()) && read.hours.includes(at.getUTCHours()),
        'the time fits',
      );
      const [day, weekday] = [read.days.includes(at.getUTCDate()), read.weekdays.includes(at.getUTCDay())];
      must(read.eitherDay ? day || weekday : day && weekday, 'the day fits');
      must(read.months.includes(at.getUTCMonth() + 1), 'the month fits');
      now = next;
    }
    return 'taken';
  },
};

const behaviors = ['account', 'a/b', 'a~1b', 'a', '~', '/'].map((name) =>
  behavior(name, () => receive(() => same)),
);
const stream = new AtomicStream('/a/b', new AtomPool(), true);

export const names: Target = {
  name: 'names',
  first: ['..', '../../etc/passwd', '__proto__', 'constructor', 'ann', '0.0@/a/b', '1.0@/a/b', 'k\0', ''].map(
    (text) => Uint8Array.of(0, 1, text.length, ...bytesOfText(text), text.length, ...bytesOfText(text)),
  ),
  words: ['/', '~', '~1', '~0', 'name:', 'entity:', '@', '.', '\0', '__proto__'].map(bytesOfText),
  most: 160,
  room: () => 0x1000,
  run: (bytes): Verdict => {
    const choices = new Choices(bytes);
    const [kind, other] = [behaviors[choices.below(6)], behaviors[choices.below(6)]] as [never, never];
    const [id, otherId] = [choices.text(), choices.text()];
    const [ref, otherRef] = [
      entityRef((kind as () => never)(), id),
      entityRef((other as () => never)(), otherId),
    ];
    must(calledBy(ref) === id, 'an entity is called by its id');
    const text = String(ref.id);
    must(
      text.slice(text.indexOf('/') + 1) === id,
      'what comes behind the first slash is the id, whatever the kind',
    );
    must(
      (ref.id === otherRef.id) === (kind === other && id === otherId),
      'no two entities are taken for each other',
    );
    for (const key of [id, id.length / 7, BigInt(id.length)])
      must(Object.is(keyOfRow(rowKey(key)), key), 'the key of a row is the key');
    must((rowKey(id) === rowKey(otherId)) === (id === otherId), 'no two keys share a row');
    const entered = new Entered('/in', REMEMBER, true);
    entered.add({ key: id }, 1, 1);
    entered.add({ client: id, seq: 5 }, 1, 2);
    must(
      entered.epochOf({ key: id }, 1) === 1 && entered.epochOf({ client: id, seq: 5 }, 1) === 2,
      'a key is known',
    );
    must((entered.epochOf({ key: otherId }, 1) === 1) === (id === otherId), 'no other key is known');
    try {
      placeOf(stream, id);
    } catch (error) {
      refusedWith(error, 'system/bad-argument', 'cursor/');
    }
    try {
      nameId(id, 'here');
    } catch (error) {
      return refusedWith(error, 'actor/bad-name');
    }
    return 'taken';
  },
};
