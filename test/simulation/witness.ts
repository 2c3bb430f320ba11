// The witness: a small machine that knows neither turns nor atoms nor disks. It is shown the committed records, in their order,
// and has to understand each change of each account as a run in which nothing ever failed: what an account consumed was at the
// front of its channel, each state is what that makes of the one before, and in the end nothing is left.
//
// It is the machine `H` of the proof, at the grain of what records hold: the states of accounts before and after an epoch, not
// each atom. What came in between within an epoch follows from the order that an account itself notes.
//
// WR1. A record that was acknowledged, or that a later process found, is never another one.
// WR2. An op is booked with the next number, once; its money moves as it says.
// WR3. A deposit is the oldest one that was sent from there to here, and has not come yet.
// WR4. An effect is kept in the very record that books its op, with what was drawn there; its outcome comes after that.
// WR5. What is stored is what is loaded: every row of every record, decoded and encoded again, is the same.
import type { Store } from 'portico';
import { ownDefinitions } from '../../actors/behaviors.ts';
import { definitionsOf } from '../../actors/storable.ts';
import { actorTypes } from '../../actors/stored.ts';
import type { Definition } from '../../actors/behavior.ts';
import type { Codec } from '../../src/codec.ts';
import { changesOf } from '../../src/engine/record.ts';
import { codecOf } from '../../src/system/store.ts';
import { Violation } from '../../src/testing/simulation/index.ts';
import type { Entry, Op } from './ledger.ts';

/** What the witness has of an account. */
interface Account {
  balance: number;
  booked: number;
  readonly entries: Map<string, Entry>;
  readonly noted: Set<string>;
}

export class Witness {
  /** What clients have sent. */
  readonly ops = new Map<string, { readonly op: Op; readonly account: string }>();
  readonly #codec: Codec;
  readonly #records = new Map<number, Uint8Array>();
  readonly #accounts = new Map<string, Account>();
  /** What is on its way, oldest first, by where from and where to. */
  readonly #channels = new Map<string, string[]>();
  /** The draws of effects that are kept. */
  readonly #effects = new Map<string, number>();
  #slots: readonly string[] = [];
  #seen = 0;

  constructor(definitions: Iterable<Definition>) {
    this.#codec = codecOf(actorTypes(definitionsOf([...definitions, ...ownDefinitions])));
  }

  /** The same store, and the witness sees what is committed to it. */
  watch(store: Store): Store {
    return {
      name: store.name,
      parts: async () => {
        const { journal, state } = await store.parts();
        return {
          state,
          journal: {
            open: (owner) => journal.open(owner),
            append: async (body) => {
              const copy = body.slice();
              const seq = await journal.append(body);
              this.#note(seq, copy);
              return seq;
            },
            read: (from) => this.#read(journal.read(from)),
            check: () => journal.check(),
            trim: (below) => journal.trim(below),
            close: () => journal.close(),
          },
        };
      },
    };
  }

  async *#read<R extends { readonly seq: number; readonly body: Uint8Array }>(
    records: AsyncIterable<R>,
  ): AsyncGenerator<R> {
    for await (const record of records) {
      this.#note(record.seq, record.body);
      yield record;
    }
  }

  /** WR1. */
  #note(seq: number, body: Uint8Array): void {
    const known = this.#records.get(seq);
    if (known !== undefined && !same(known, body))
      throw new Violation(`WR1: record ${seq} was another one before`);
    this.#records.set(seq, body);
  }

  /** Replays what has come since. Throws if that is no run without failures; at rest nothing may be left. */
  check(): void {
    for (let seq = this.#seen + 1; this.#records.has(seq); seq++) {
      this.#replay(seq, this.#records.get(seq) as Uint8Array);
      this.#seen = seq;
    }
    if (this.#seen !== Math.max(0, ...this.#records.keys()))
      throw new Violation(`WR1: record ${this.#seen + 1} is missing`);
    for (const [channel, ids] of this.#channels)
      if (ids.length > 0) throw new Violation(`WR3: ${ids.join()} never came through ${channel}`);
  }

  #replay(seq: number, record: Uint8Array): void {
    const cells: [name: string, row: Map<string, unknown>][] = [];
    for (const { table, key, value } of changesOf(this.#codec, record, `record ${seq}`).rows) {
      if (value === undefined) continue;
      const data = this.#codec.decode(value, `${table} ${key}`);
      // WR5.
      if (!same(this.#codec.encode(data, `${table} ${key}`), value))
        throw new Violation(`WR5: ${table} ${key} of record ${seq} is another one when it is stored again`);
      if (table === 'tasks' && key.includes('/actors/')) this.#slots = (data as [string[]])[0];
      if (table.startsWith('kept ')) this.#keep(data);
      const name = /^cells .*\$entity:account\/(\w+)$/.exec(`${table} ${key}`)?.[1];
      if (name !== undefined) cells.push([name, this.#row(data as unknown[])]);
    }
    // First all that was booked and sent, then what was consumed of it: within an epoch both may be.
    for (const [name, row] of cells) this.#book(seq, name, row);
    for (const [name, row] of cells) this.#consume(seq, name, row);
  }

  /** A cell, by the names of its slots. */
  #row(list: readonly unknown[]): Map<string, unknown> {
    const row = new Map<string, unknown>();
    for (let i = 0; i < list.length; i += 2) row.set(this.#slots[list[i] as number] ?? '', list[i + 1]);
    return row;
  }

  #keep(data: unknown): void {
    const [, call] = data as readonly [
      unknown,
      { readonly args?: { readonly id: string; readonly draw: number } },
    ];
    if (call.args !== undefined) this.#effects.set(call.args.id, call.args.draw);
  }

  #account(name: string): Account {
    let account = this.#accounts.get(name);
    if (account === undefined)
      this.#accounts.set(name, (account = { balance: 0, booked: 0, entries: new Map(), noted: new Set() }));
    return account;
  }

  /** WR2. */
  #book(seq: number, name: string, row: ReadonlyMap<string, unknown>): void {
    const account = this.#account(name);
    const entries = new Map(row.get('entries') as Iterable<[string, Entry]> | undefined);
    for (const [id, entry] of account.entries)
      if (JSON.stringify(entries.get(id)) !== JSON.stringify(entry))
        throw new Violation(`WR2: record ${seq} changes ${id} of ${name}, which was booked before`);
    const fresh = [...entries]
      .filter(([id]) => !account.entries.has(id))
      .sort(([, a], [, b]) => a.order - b.order);
    for (const [id, entry] of fresh) {
      const sent = this.ops.get(id);
      if (sent === undefined || sent.account !== name)
        throw new Violation(`WR2: nobody sent ${id} to ${name}`);
      if (entry.order !== ++account.booked || entry.times !== 1)
        throw new Violation(
          `WR2: ${id} is number ${entry.order} of ${name}, and ${account.booked} comes next`,
        );
      account.entries.set(id, entry);
      const { op, amount, to } = sent.op;
      if (op === 'add') account.balance += amount;
      if (op === 'transfer') account.balance -= amount;
      if (op === 'transfer') this.#channel(name, to).push(id);
      if (op === 'child') this.#channel(`helper ${id}`, name).push(id);
      // WR4.
      if (op === 'effect' && this.#effects.get(id) !== entry.draw)
        throw new Violation(
          `WR4: record ${seq} books ${id} with ${entry.draw}, and keeps ${this.#effects.get(id)}`,
        );
    }
  }

  /** WR3. */
  #consume(seq: number, name: string, row: ReadonlyMap<string, unknown>): void {
    const account = this.#account(name);
    const noted = new Map(row.get('noted') as Iterable<[string, number]> | undefined);
    for (const [what, times] of noted) {
      if (times !== 1) throw new Violation(`WR3: record ${seq} has “${what}” ${times} times`);
      if (account.noted.has(what)) continue;
      account.noted.add(what);
      const [kind, id = ''] = what.split(' ');
      const sent = this.ops.get(id);
      if (kind !== 'deposit') {
        if (!account.entries.has(id))
          throw new Violation(`WR4: record ${seq} has “${what}” before ${id} is booked`);
        continue;
      }
      const from = sent?.op.op === 'child' ? `helper ${id}` : (sent?.account ?? '');
      const next = this.#channel(from, name).shift();
      if (next !== id) throw new Violation(`WR3: ${name} consumes ${id}, and ${next} is in front`);
      account.balance += sent?.op.amount ?? 0;
    }
    for (const what of account.noted)
      if (!noted.has(what)) throw new Violation(`WR3: record ${seq} has lost “${what}” of ${name}`);
    const balance = (row.get('balance') as number | undefined) ?? 0;
    const booked = (row.get('booked') as number | undefined) ?? 0;
    if (balance !== account.balance || booked !== account.booked)
      throw new Violation(
        `WR2: record ${seq} leaves ${name} with ${balance} after ${booked} ops, and right is ${account.balance} after ${account.booked}`,
      );
  }

  #channel(from: string, to: string): string[] {
    const at = `${from} to ${to}`;
    let ids = this.#channels.get(at);
    if (ids === undefined) this.#channels.set(at, (ids = []));
    return ids;
  }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
