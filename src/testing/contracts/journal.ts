/**
 * What every journal promises (src/journal/journal.ts), as cases that any test runner can run: each rejects with what
 * went wrong. They also run where there is no test runner, such as in a page.
 */
import { Random } from '../../engine/random.ts';
import { isPorticoError, printed, type PorticoError } from '../../errors.ts';
import type { Journal } from '../../journal/journal.ts';

/** Where journals under test are kept. */
export interface JournalPlace {
  /** A new journal on what others have left or still own. Its records may have up to `maxRecordBytes`. */
  journal(): Journal;
  readonly maxRecordBytes: number;
  /** All that was running ends, and what nobody was told of may be lost. Left out if it cannot be done. */
  crash?(): Promise<void>;
  /** There is room for about so many bytes more; for any number if not given. Left out if it cannot be done. */
  room?(bytes?: number): Promise<void>;
}

/** A promise and its test. */
export interface JournalCase {
  /** Ends the sentence that begins with the name of the implementation. */
  readonly name: string;
  readonly run: () => Promise<void>;
  /** Why it is not run. */
  readonly skip?: string;
}

/** The cases for the journals of a kind; each gets a place of its own. What is skipped needs a reason, by its name. */
export function journalContract(
  newPlace: () => JournalPlace | Promise<JournalPlace>,
  { seeds = 10, skips = {} }: { seeds?: number; skips?: Readonly<Record<string, string>> } = {},
): readonly JournalCase[] {
  const opened = async (): Promise<{ place: JournalPlace; journal: Journal }> => {
    const place = await newPlace();
    const journal = place.journal();
    await journal.open('first');
    return { place, journal };
  };
  const cases: JournalCase[] = [];
  const it = (name: string, run: () => Promise<void>): void => {
    const skip = skips[name];
    cases.push(skip === undefined ? { name, run } : { name, run, skip });
  };

  it('begins with nothing', async () => {
    const journal = (await newPlace()).journal();
    const { first, next } = await journal.open('first');
    equal([first, next], [1, 1], 'the first and the next record');
    equal(await bodies(journal, 1), [], 'records');
    await journal.close();
  });

  it('numbers records from 1 and gives back what they hold', async () => {
    const { journal } = await opened();
    const written = [text('one'), new Uint8Array(0), text('three'), filled(5000, 3), filled(7, 4)];
    for (const [index, body] of written.entries()) equal(await journal.append(body), index + 1, 'the number');
    equal(await bodies(journal, 1), written, 'records');
    equal(await numbers(journal, 1), [1, 2, 3, 4, 5], 'numbers');
    await journal.close();
  });

  it('reads from any record on', async () => {
    const { journal } = await opened();
    for (let seq = 1; seq <= 5; seq++) await journal.append(text(`${seq}`));
    for (let from = 1; from <= 6; from++) {
      equal(await numbers(journal, from), [1, 2, 3, 4, 5].slice(from - 1), `the records from ${from} on`);
    }
    await journal.close();
  });

  it('keeps the order of what is in flight together', async () => {
    const { journal } = await opened();
    const written = Array.from({ length: 100 }, (_, at) => filled(at, at));
    equal(await Promise.all(written.map((body) => journal.append(body))), upTo(100), 'the numbers');
    equal(await bodies(journal, 1), written, 'records');
    await journal.close();
  });

  it('tells them in order', async () => {
    const { journal } = await opened();
    const told: number[] = [];
    await Promise.all(upTo(50).map((n) => journal.append(filled(n, n)).then((seq) => told.push(seq))));
    equal(told, upTo(50), 'what was told, in that order');
    await journal.close();
  });

  it('owns a copy of what was appended, and gives copies away', async () => {
    const { journal } = await opened();
    const body = text('mine');
    await journal.append(body);
    body.fill(0);
    for await (const record of journal.read(1)) record.body.fill(0);
    equal(await bodies(journal, 1), [text('mine')], 'records');
    await journal.close();
  });

  it('keeps records when it is closed and opened again', async () => {
    const { place, journal } = await opened();
    await journal.append(text('one'));
    await journal.append(text('two'));
    await journal.close();
    const next = place.journal();
    const opening = await next.open('second');
    equal([opening.first, opening.next], [1, 3], 'the first and the next record');
    equal(await next.append(text('three')), 3, 'the number');
    equal(await bodies(next, 1), [text('one'), text('two'), text('three')], 'records');
    await next.close();
  });

  it('gives each owner a higher epoch, and says whose each record is', async () => {
    const place = await newPlace();
    const epochs: number[] = [];
    for (let owner = 0; owner < 4; owner++) {
      const journal = place.journal();
      const { ownerEpoch } = await journal.open(`owner ${owner}`);
      check(ownerEpoch > (epochs.at(-1) ?? 0), `epoch ${ownerEpoch} after ${epochs.join(', ')}`);
      epochs.push(ownerEpoch);
      await journal.append(text('a'));
      await journal.close();
    }
    const journal = place.journal();
    await journal.open('last');
    equal(
      (await all(journal.read(1))).map(({ ownerEpoch }) => ownerEpoch),
      epochs,
      'the epochs of the records',
    );
    await journal.close();
  });

  it('does not grow by being opened', async () => {
    const place = await newPlace();
    for (let owner = 0; owner < 5; owner++) {
      const journal = place.journal();
      const { first, next } = await journal.open(`owner ${owner}`);
      equal([first, next], [1, 1], 'the first and the next record');
      await journal.close();
    }
  });

  it('fences the owner before, for good, and says who the new one is', async () => {
    const { place, journal } = await opened();
    await journal.append(text('one'));
    const newer = place.journal();
    const { ownerEpoch, next } = await newer.open('the newer one');
    equal(next, 2, 'the next record');
    const error = await refused(journal.append(text('stale')));
    equal(error.code, 'journal/fenced', 'the code');
    for (const said of ['the newer one', `${ownerEpoch}`])
      check(error.what.includes(said), `${error.what}: ${said}`);
    equal((await refused(journal.append(text('stale')))).code, 'journal/fenced', 'the code of the next');
    equal(await newer.append(text('two')), 2, 'the number');
    equal(await bodies(newer, 1), [text('one'), text('two')], 'records');
    await Promise.all([journal.close(), newer.close()]);
  });

  it('tells an owner that has nothing to append', async () => {
    const { place, journal } = await opened();
    await journal.check();
    const newer = place.journal();
    await newer.open('the newer one');
    const error = await refused(journal.check());
    equal(error.code, 'journal/fenced', 'the code');
    check(error.what.includes('the newer one'), error.what);
    await newer.check();
    await Promise.all([journal.close(), newer.close()]);
  });

  it('fences an owner that only trims', async () => {
    const { place, journal } = await opened();
    for (let seq = 1; seq <= 3; seq++) await journal.append(text('a'));
    const newer = place.journal();
    await newer.open('newer');
    equal((await refused(journal.trim(3))).code, 'journal/fenced', 'the code');
    equal(await numbers(newer, 1), [1, 2, 3], 'records');
    await Promise.all([journal.close(), newer.close()]);
  });

  it('is taken over in the midst of appends: what was acknowledged is there, and nothing is left out', async () => {
    for (let seed = 0; seed < seeds; seed++) {
      const { place, journal } = await opened();
      const random = new Random(seed);
      let acknowledged = 0;
      const written = upTo(40).map((n) => filled(random.below(300), n));
      const appends = written.map((body) =>
        journal.append(body).then(
          (seq) => (acknowledged = Math.max(acknowledged, seq)),
          (error: unknown) => printed(error),
        ),
      );
      for (let wait = random.below(60); wait > 0; wait--) await soon;
      const newer = place.journal();
      const { next } = await newer.open('newer');
      await Promise.all(appends);
      check(next - 1 >= acknowledged, `${next - 1} of ${acknowledged} acknowledged records are there`);
      equal(await bodies(newer, 1), written.slice(0, next - 1), 'records');
      await Promise.all([journal.close(), newer.close()]);
    }
  });

  it('drops nothing that was not trimmed, and keeps the rest over a restart', async () => {
    const { place, journal } = await opened();
    const written = upTo(60).map((n) => filled(200, n));
    for (const body of written) await journal.append(body);
    await journal.trim(31);
    await journal.trim(5);
    equal(await bodies(journal, 31), written.slice(30), 'records');
    await journal.close();
    const next = place.journal();
    const opening = await next.open('second');
    check(opening.first <= 31, `the first is ${opening.first}`);
    equal(opening.next, 61, 'the next record');
    equal(await bodies(next, opening.first), written.slice(opening.first - 1), 'records');
    equal(await next.append(text('more')), 61, 'the number');
    await next.close();
  });

  it('can be trimmed up to its end and beyond', async () => {
    const { place, journal } = await opened();
    for (const n of upTo(30)) await journal.append(filled(200, n));
    await journal.trim(1000);
    equal(await journal.append(text('more')), 31, 'the number');
    equal(await bodies(journal, 31), [text('more')], 'records');
    await journal.close();
    const next = place.journal();
    equal((await next.open('second')).next, 32, 'the next record');
    await next.close();
  });

  it('refuses to read what was never there', async () => {
    const { journal } = await opened();
    await journal.append(text('a'));
    equal((await refused(all(journal.read(0)))).code, 'journal/trimmed', 'the code');
    await journal.close();
  });

  it('reads on while it is appended to, as far as records are durable', async () => {
    const { journal } = await opened();
    for (let seq = 1; seq <= 3; seq++) await journal.append(text(`${seq}`));
    const seen: number[] = [];
    for await (const { seq } of journal.read(1)) {
      seen.push(seq);
      if (seq < 20) await journal.append(text('more'));
    }
    equal(seen, upTo(seen.length), 'the records');
    check(seen.length >= 3, `only ${seen.length} records were read`);
    await journal.close();
  });

  it('waits on closing for what is in flight', async () => {
    const { place, journal } = await opened();
    const appends = upTo(20).map((n) => journal.append(filled(n, n)));
    await journal.close();
    equal(await Promise.all(appends), upTo(20), 'the numbers');
    const next = place.journal();
    equal((await next.open('second')).next, 21, 'the next record');
    await next.close();
  });

  it('cannot be used before it is opened, nor after it is closed, nor opened twice', async () => {
    const place = await newPlace();
    const journal = place.journal();
    equal((await refused(journal.append(text('a')))).code, 'journal/closed', 'the code of an append before');
    await journal.open('first');
    equal((await refused(journal.open('first'))).code, 'journal/closed', 'the code of a second opening');
    await journal.close();
    await journal.close();
    const uses = [journal.append(text('a')), journal.trim(1), all(journal.read(1)), journal.open('again')];
    for (const use of uses) equal((await refused(use)).code, 'journal/closed', 'the code of a use after');
    const unused = place.journal();
    await unused.close();
    equal((await refused(unused.open('a'))).code, 'journal/closed', 'the code of an opening after the close');
  });

  it('takes the largest record, and refuses a larger one', async () => {
    const { place, journal } = await opened();
    const { maxRecordBytes } = place;
    equal(
      (await refused(journal.append(filled(maxRecordBytes + 1, 1)))).code,
      'journal/too-large',
      'the code',
    );
    equal(await journal.append(filled(maxRecordBytes, 2)), 1, 'the number');
    equal(await bodies(journal, 1), [filled(maxRecordBytes, 2)], 'records');
    await journal.close();
  });

  it('appends nothing when there is no room, and goes on when there is', async () => {
    const { place, journal } = await opened();
    if (place.room === undefined) throw new Error('a place without limits needs a reason to skip this');
    const written: Uint8Array[] = [];
    await journal.append(text('one'));
    await place.room(3000);
    let error: PorticoError | undefined;
    for (let n = 0; error === undefined; n++) {
      const body = filled(500, n);
      error = await journal.append(body).then(
        () => void written.push(body),
        (cause: PorticoError) => cause,
      );
    }
    equal(error.code, 'journal/full', 'the code');
    const behind = await Promise.allSettled(upTo(3).map((n) => journal.append(filled(2000, n))));
    equal(
      behind.map(({ status }) => status),
      ['rejected', 'rejected', 'rejected'],
      'what is appended then',
    );
    equal(await bodies(journal, 2), written, 'records');
    await place.room();
    equal(await journal.append(text('more')), written.length + 2, 'the number');
    await journal.close();
    const next = place.journal();
    await next.open('second');
    equal(await bodies(next, 1), [text('one'), ...written, text('more')], 'records after a restart');
    await next.close();
  });

  it('keeps over a crash what it acknowledged, and of the rest a beginning', async () => {
    for (let seed = 0; seed < seeds; seed++) {
      const { place, journal } = await opened();
      if (place.crash === undefined) throw new Error('a place that cannot crash needs a reason to skip this');
      const random = new Random(seed);
      let acknowledged = 0;
      const written = upTo(30).map((n) => filled(random.below(400), n));
      for (const body of written) {
        journal.append(body).then(
          (seq) => (acknowledged = Math.max(acknowledged, seq)),
          (error: unknown) => printed(error),
        );
        for (let wait = random.below(40); wait > 0; wait--) await soon;
      }
      const before = acknowledged;
      await place.crash();
      const next = place.journal();
      const opening = await next.open('second');
      check(opening.next > before, `the next record is ${opening.next}, and ${before} was acknowledged`);
      equal(await bodies(next, 1), written.slice(0, opening.next - 1), 'records');
      await next.close();
    }
  });

  it('holds what a list would, whatever is done with it', async () => {
    for (let seed = 0; seed < seeds; seed++) await compareWithList(await newPlace(), new Random(seed));
  });

  const unknown = Object.keys(skips).filter((name) => cases.every((each) => each.name !== name));
  if (unknown.length > 0) throw new Error(`no case is called ${unknown.join(', ')}`);
  return cases;
}

/** A random program of appends, trims, reads and restarts, beside a list that does the same. */
async function compareWithList(place: JournalPlace, random: Random): Promise<void> {
  const model: Uint8Array[] = [];
  let trimmedBelow = 1;
  let journal = place.journal();
  let { first } = await journal.open('owner 0');
  for (let step = 1; step <= 40; step++) {
    const choice = random.below(10);
    if (choice < 6) {
      const some = upTo(1 + random.below(6)).map((n) => filled(random.below(600), step * 10 + n));
      const seqs = await Promise.all(some.map((body) => journal.append(body)));
      equal(
        seqs,
        some.map((_, at) => model.length + 1 + at),
        'the numbers',
      );
      model.push(...some);
    } else if (choice === 6) {
      trimmedBelow = Math.max(trimmedBelow, 1 + random.below(model.length + 1));
      await journal.trim(trimmedBelow);
    } else if (choice === 7) {
      const from = trimmedBelow + random.below(model.length + 2 - trimmedBelow);
      equal(await bodies(journal, from), model.slice(from - 1), `the records from ${from} on`);
    } else {
      if (random.below(2) === 0) await journal.close();
      journal = place.journal();
      const opening = await journal.open(`owner ${step}`);
      equal(opening.next, model.length + 1, 'the next record');
      check(opening.first >= first && opening.first <= trimmedBelow, `the first is ${opening.first}`);
      ({ first } = opening);
    }
  }
  equal(await bodies(journal, trimmedBelow), model.slice(trimmedBelow - 1), 'the records at the end');
  await journal.close();
}

async function bodies(journal: Journal, from: number): Promise<Uint8Array[]> {
  return (await all(journal.read(from))).map(({ body }) => body);
}

async function numbers(journal: Journal, from: number): Promise<number[]> {
  return (await all(journal.read(from))).map(({ seq }) => seq);
}

/** What is waited for to let others have their turn. */
const soon = Promise.resolve();

function upTo(n: number): number[] {
  return Array.from({ length: n }, (_, at) => at + 1);
}

function text(letters: string): Uint8Array {
  return Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
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

async function refused(promise: Promise<unknown>): Promise<PorticoError> {
  const error: unknown = await promise.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (isPorticoError(error)) return error;
  throw new Error(`an error of Portico was expected, not ${printed(error)}`);
}

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

function equal(actual: unknown, expected: unknown, what: string): void {
  if (!isSame(actual, expected)) throw new Error(`${what}: ${shown(actual)} instead of ${shown(expected)}`);
}

/** Whether two things are the same all through: numbers, texts, bytes, and lists of such. */
function isSame(a: unknown, b: unknown): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array) {
    return a.length === b.length && a.every((byte, at) => byte === b[at]);
  }
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((each, at) => isSame(each, b[at]));
  }
  return Object.is(a, b);
}

function shown(value: unknown): string {
  const parts = Array.isArray(value) ? `[${value.map(shown).join(', ')}]` : printed(value);
  return parts.length > 300 ? `${parts.slice(0, 300)}…` : parts;
}
