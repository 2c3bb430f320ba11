/**
 * What every state promises (src/state/state.ts), as cases that any test runner can run: each rejects with what went
 * wrong. They also run where there is no test runner, such as in a page.
 */
import { Random } from '../../engine/random.ts';
import { isPorticoError, printed } from '../../errors.ts';
import type { Row, State } from '../../state/state.ts';

/** Where states under test are kept. */
export interface StatePlace {
  /** A state on what the one before left. That one was closed, or the place has crashed since. */
  state(): State;
  /** All that was running ends, and what no checkpoint has made durable may be lost. Left out if it cannot be done. */
  crash?(): Promise<void>;
}

/** A promise and its test. */
export interface StateCase {
  /** Ends the sentence that begins with the name of the implementation. */
  readonly name: string;
  readonly run: () => Promise<void>;
}

/** The cases for the states of a kind; each gets a place of its own. */
export function stateContract(
  newPlace: () => StatePlace | Promise<StatePlace>,
  { seeds = 10 }: { seeds?: number } = {},
): readonly StateCase[] {
  const opened = async (): Promise<{ place: StatePlace; state: State }> => {
    const place = await newPlace();
    const state = place.state();
    equal(await state.open(), 0, 'the position of a new state');
    return { place, state };
  };
  const reopened = async (place: StatePlace, state: State): Promise<{ state: State; position: number }> => {
    await state.close();
    const next = place.state();
    return { state: next, position: await next.open() };
  };
  const cases: StateCase[] = [];
  const it = (name: string, run: () => Promise<void>): void => {
    cases.push({ name, run });
  };

  it('begins with nothing', async () => {
    const { state } = await opened();
    equal(await state.tables(), [], 'tables');
    equal(await all(state.scan('a')), [], 'rows');
    equal(state.read('a', 'k'), undefined, 'a row');
    equal(await state.checkpoint(), 0, 'the position of the checkpoint');
    await state.close();
  });

  it('shows what was applied, and keeps it over a checkpoint', async () => {
    const { place, state } = await opened();
    await state.apply([row('a', 'x', 'one'), row('b', 'x', 'two')], 3);
    equal(state.read('a', 'x'), bytes('one'), 'a row');
    equal(state.read('a', 'y'), undefined, 'another key');
    equal(await state.checkpoint(), 3, 'the position of the checkpoint');
    const { state: next, position } = await reopened(place, state);
    equal(position, 3, 'the position');
    equal(next.read('b', 'x'), bytes('two'), 'the row of the other table');
    equal(await next.tables(), ['a', 'b'], 'tables');
    await next.close();
  });

  it('lets the last of several rows with the same key count', async () => {
    const { state } = await opened();
    await state.apply([row('a', 'x', 'one'), row('a', 'x'), row('a', 'x', 'two')], 1);
    equal(state.read('a', 'x'), bytes('two'), 'the row');
    await state.apply([row('a', 'x', 'three'), row('a', 'x')], 2);
    equal(state.read('a', 'x'), undefined, 'the row');
    equal(await state.tables(), [], 'tables');
    await state.close();
  });

  it('deletes, and takes a row again after that', async () => {
    const { place, state } = await opened();
    const model = new Model();
    let current = state;
    const steps = [
      [row('a', 'x', '1'), row('a', 'y', '2')],
      [row('a', 'x'), row('a', 'never')],
      [row('a', 'x', '3')],
    ];
    for (const [i, rows] of [...steps, [row('a', 'x'), row('a', 'y')], [row('a', 'y', '4')]].entries()) {
      await current.apply(rows, i + 1);
      model.apply(rows);
      await current.checkpoint();
      const next = await reopened(place, current);
      equal(next.position, i + 1, 'the position');
      await model.compare(next.state);
      current = next.state;
    }
    await current.close();
  });

  it('tells no value from an empty one', async () => {
    const { place, state } = await opened();
    await state.apply([row('a', 'empty', ''), row('a', 'none')], 1);
    await state.checkpoint();
    const { state: next } = await reopened(place, state);
    equal(next.read('a', 'empty'), new Uint8Array(0), 'the empty row');
    equal(next.read('a', 'none'), undefined, 'the row that is not there');
    await next.close();
  });

  it('takes any text for a key and for a table', async () => {
    const { place, state } = await opened();
    const rows = oddTexts.flatMap((table) => oddTexts.map((key) => row(table, key, `${table}|${key}`)));
    const model = new Model();
    model.apply(rows);
    await state.apply(rows, 1);
    await model.compare(state);
    await state.checkpoint();
    const { state: next } = await reopened(place, state);
    await model.compare(next);
    // Whatever is taken out, nothing else goes with it.
    const half = rows.filter((_, i) => i % 2 === 0).map(({ table, key }) => row(table, key));
    model.apply(half);
    await next.apply(half, 2);
    await model.compare(next);
    await next.close();
  });

  it('takes long keys and large values', async () => {
    const { place, state } = await opened();
    const long = 'ä'.repeat(100_000);
    const rows = [
      row('a', long, 'long'),
      row('a', `${long}\u{1F30D}`, 'longer'),
      { table: 'a', key: 'large', value: filled(1_000_000, 1) },
      { table: long, key: 'x', value: filled(300_000, 2) },
    ];
    const model = new Model();
    model.apply(rows);
    await state.apply(rows, 1);
    await state.checkpoint();
    const { state: next } = await reopened(place, state);
    await model.compare(next);
    await next.close();
  });

  it('scans in the order of the code units, as it is when that begins', async () => {
    const { state } = await opened();
    const keys = ['b', 'a', '', 'aa', '\u{1F30D}', '\uFFFD', '\uE000', '\u0000', 'a\u0000', 'é', '10', '9'];
    await state.apply(
      keys.map((key) => row('t', key, key)),
      1,
    );
    const found: string[] = [];
    for await (const [key, value] of state.scan('t')) {
      equal(value, bytes(key), 'the value');
      if (found.length === 0) await state.apply([row('t', 'b'), row('t', 'c', 'c'), row('t', '9', 'new')], 2);
      found.push(key);
    }
    equal(found, [...keys].sort(), 'the keys');
    await state.close();
  });

  it('leaves alone what it was given and what it gave', async () => {
    const { state } = await opened();
    const value = bytes('one');
    await state.apply([{ table: 'a', key: 'x', value }], 1);
    value.fill(0);
    const read = state.read('a', 'x');
    for (let position = 2; position < 300; position++) {
      await state.apply(
        [{ table: 'a', key: 'x', value: filled(500, position) }, row('a', `${position}`, '')],
        position,
      );
    }
    await state.checkpoint();
    equal(read, bytes('one'), 'what was read before');
    await state.close();
  });

  it('takes ten thousand rows, and gives half of them back', async () => {
    const { place, state } = await opened();
    const keys = Array.from({ length: 10_000 }, (_, i) => `actor-${i}`);
    const rows = keys.map((key) => row('cells', key, `the state of ${key}`));
    const model = new Model();
    model.apply(rows);
    await state.apply(rows, 1);
    await state.checkpoint();
    const gone = keys.filter((_, i) => i % 2 === 0).map((key) => row('cells', key));
    model.apply(gone);
    await state.apply(gone, 2);
    await state.checkpoint();
    await model.compare(state);
    const { state: next } = await reopened(place, state);
    await model.compare(next);
    await next.close();
  });

  it('takes positions without rows, and very large ones', async () => {
    const { place, state } = await opened();
    await state.apply([], 7);
    equal(await state.checkpoint(), 7, 'the position of the checkpoint');
    equal(await state.checkpoint(), 7, 'the position of one more');
    await state.apply([row('a', 'x', 'x')], 2 ** 50);
    equal(await state.checkpoint(), 2 ** 50, 'the position of the checkpoint');
    const { state: next, position } = await reopened(place, state);
    equal(position, 2 ** 50, 'the position');
    await next.close();
  });

  it('applies in the order of the calls, however many are in flight', async () => {
    const { place, state } = await opened();
    const done: number[] = [];
    const calls = Array.from({ length: 50 }, async (_, i) => {
      await state.apply([row('a', 'x', `${i}`), row('a', `${i}`, 'x')], i + 1);
      done.push(i);
    });
    const position = await state.checkpoint();
    await Promise.all(calls);
    equal(position, 50, 'the position of the checkpoint');
    equal(done, [...Array(50).keys()], 'the order');
    equal(state.read('a', 'x'), bytes('49'), 'the row');
    const { state: next } = await reopened(place, state);
    equal(next.read('a', 'x'), bytes('49'), 'the row');
    equal((await all(next.scan('a'))).length, 51, 'how many rows there are');
    await next.close();
  });

  it('goes on while a checkpoint is being written, which holds what was applied before', async () => {
    const { place, state } = await opened();
    const model = new Model();
    const rows = Array.from({ length: 3_000 }, (_, i) => row('a', `${i}`, `first ${i}`));
    await state.apply(rows, 1);
    model.apply(rows);
    const checkpoint = state.checkpoint();
    for (let position = 2; position < 30; position++) {
      const changes = [row('a', `${position}`, `second ${position}`), row('a', `${position + 100}`)];
      await state.apply(changes, position);
      model.apply(changes);
      equal(state.read('a', `${position}`), bytes(`second ${position}`), 'a row');
    }
    const position = await checkpoint;
    equal(position >= 1 && position <= 29, true, 'that the position of the checkpoint is possible');
    await model.compare(state);
    equal(await state.checkpoint(), 29, 'the position of the next one');
    const { state: next } = await reopened(place, state);
    await model.compare(next);
    await next.close();
  });

  it('ends a checkpoint before it closes', async () => {
    const { place, state } = await opened();
    await state.apply([row('a', 'x', 'one')], 1);
    const checkpoint = state.checkpoint();
    const { state: next, position } = await reopened(place, state);
    equal(await checkpoint, 1, 'the position of the checkpoint');
    equal(position, 1, 'the position');
    equal(next.read('a', 'x'), bytes('one'), 'the row');
    await next.close();
  });

  it('does nothing before it is open and after it was closed', async () => {
    const place = await newPlace();
    const state = place.state();
    const calls: readonly (() => unknown)[] = [
      () => state.read('a', 'x'),
      () => all(state.scan('a')),
      () => state.tables(),
      () => state.apply([], 1),
      () => state.checkpoint(),
    ];
    const refuses = async (): Promise<void> => {
      for (const call of calls) equal(await codeOf(call), 'state/closed', 'the error');
    };
    await refuses();
    await state.open();
    await state.close();
    await refuses();
  });

  for (let seed = 1; seed <= seeds; seed++) {
    it(`is a map of maps, whenever it is closed or crashes (seed ${seed})`, () => randomly(newPlace, seed));
  }

  return cases;
}

/** Applies, checkpoints, closes and crashes at random, and compares with a plain map. */
async function randomly(newPlace: () => StatePlace | Promise<StatePlace>, seed: number): Promise<void> {
  const random = new Random(seed);
  const place = await newPlace();
  let state = place.state();
  let position = await state.open();
  let durable = 0;
  let model = new Model();
  /** What it may be at after a restart. */
  let history = [model];
  for (let step = 0; step < 60; step++) {
    const choice = random.below(10);
    if (choice < 6) {
      const rows = randomRows(random);
      position += 1 + random.below(3);
      model = model.after(rows, position);
      history.push(model);
      await state.apply(rows, position);
    } else if (choice < 8) {
      durable = await state.checkpoint();
      equal(durable, position, 'the position of the checkpoint');
      history = [model];
    } else {
      if (choice === 9 && place.crash !== undefined) await place.crash();
      else await state.close();
      state = place.state();
      const opened = await state.open();
      const found = history.find((each) => each.position === opened);
      if (found === undefined) throw new Error(`it opens at ${opened}, between ${durable} and ${position}`);
      model = found;
      position = opened;
      history = history.filter((each) => each.position <= opened);
    }
    if (choice >= 5) await model.compare(state);
  }
  await state.close();
}

function randomRows(random: Random): readonly Row[] {
  return Array.from({ length: random.below(30) }, () => {
    const table = ['a', 'ab', ''][random.below(3)] as string;
    const key =
      random.below(8) === 0 ? (oddTexts[random.below(oddTexts.length)] as string) : `${random.below(40)}`;
    const size = random.below(20) === 0 ? 5_000 : random.below(60);
    return random.below(3) === 0 ? row(table, key) : { table, key, value: filled(size, random.below(256)) };
  });
}

/** Texts that are easily taken for one another, or for something else. */
const oddTexts: readonly string[] = [
  '',
  'a',
  'ab',
  'b',
  'a\u0000',
  'a\u0000b',
  '\u0000',
  '\u0001',
  'a\u00FF',
  '\u00FF',
  '\u0100',
  'a/b',
  '../a',
  'é',
  'e\u0301',
  '\uD83C',
  '\uDF0D',
  '\u{1F30D}',
  '\uD83C\uD83C',
  '\uE000',
  '\uFFFF',
  'a\uFFFF',
  '\uFEFF',
  ' ',
  '__proto__',
  'constructor',
  '0',
  '00',
  '-0',
  'position',
  '\u007F',
  '\u0080',
  '\u07FF',
  '\u0800',
  '\uFFFE',
];

/** What a state should be. */
class Model {
  readonly position: number;
  readonly tables: Map<string, Map<string, Uint8Array>>;

  constructor(position = 0, tables: Map<string, Map<string, Uint8Array>> = new Map()) {
    this.position = position;
    this.tables = tables;
  }

  apply(rows: readonly Row[]): void {
    for (const { table, key, value } of rows) {
      const found = this.tables.get(table) ?? new Map<string, Uint8Array>();
      if (value === undefined) found.delete(key);
      else found.set(key, value);
      if (found.size > 0) this.tables.set(table, found);
      else this.tables.delete(table);
    }
  }

  /** Another one, with these rows applied. */
  after(rows: readonly Row[], position: number): Model {
    const tables = new Map([...this.tables].map(([name, found]) => [name, new Map(found)]));
    const next = new Model(position, tables);
    next.apply(rows);
    return next;
  }

  async compare(state: State): Promise<void> {
    equal(await state.tables(), [...this.tables.keys()].sort(), 'the tables');
    for (const [table, rows] of this.tables) {
      const expected = [...rows].sort(([a], [b]) => (a < b ? -1 : 1));
      equal(await all(state.scan(table)), expected, `the rows of table ${JSON.stringify(table)}`);
      for (const [key, value] of expected) {
        equal(state.read(table, key), value, `row ${JSON.stringify(key)} of table ${JSON.stringify(table)}`);
      }
    }
    for (const text of oddTexts) {
      if (!this.tables.has(text)) equal(await all(state.scan(text)), [], `table ${JSON.stringify(text)}`);
      if (this.tables.get('a')?.has(text) !== true)
        equal(state.read('a', text), undefined, JSON.stringify(text));
    }
  }
}

function row(table: string, key: string, value?: string): Row {
  return { table, key, value: value === undefined ? undefined : bytes(value) };
}

/** Two bytes a character, so that no two texts have the same. */
function bytes(text: string): Uint8Array {
  return Uint8Array.from({ length: 2 * text.length }, (_, i) => text.charCodeAt(i >> 1) >> (8 * (i & 1)));
}

function filled(size: number, seed: number): Uint8Array {
  const random = new Random(seed + 1);
  return Uint8Array.from({ length: size }, () => random.below(256));
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

async function codeOf(call: () => unknown): Promise<string> {
  try {
    await call();
  } catch (error) {
    return isPorticoError(error) ? error.code : printed(error);
  }
  return 'no error';
}

/** Whether two things are the same all through: numbers, texts, bytes, and lists of such. */
function isSame(a: unknown, b: unknown): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array) {
    return a.length === b.length && a.every((byte, i) => byte === b[i]);
  }
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((each, i) => isSame(each, b[i]));
  }
  return Object.is(a, b);
}

function equal(actual: unknown, expected: unknown, what: string): void {
  if (!isSame(actual, expected)) throw new Error(`${what}: it is ${shown(actual)}, not ${shown(expected)}`);
}

function shown(value: unknown): string {
  if (value === undefined) return 'undefined';
  const text = Array.isArray(value) ? `[${value.map(shown).join(', ')}]` : JSON.stringify(value);
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
