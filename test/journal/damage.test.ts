// Damage is found and named, never served: every stretch of every file is flipped, zeroed, cut off, removed or replaced.
import { describe, expect, it } from 'vitest';
import { isPorticoError } from '../../src/errors.ts';
import { fileJournal } from '../../src/journal/file-journal.ts';
import { soon } from './campaign.ts';
import { SimulatedDisk } from '../../src/testing/simulated-disk.ts';

const options = { segmentBytes: 8192 + 400, preallocateBytes: 512, writesPerMark: 1, entropy: () => 7 };
const records = Array.from({ length: 12 }, (_, n) => new Uint8Array(30 + 9 * n).fill(n + 1));
const sector = 512;

type Files = ReadonlyMap<string, Uint8Array>;

function filesOf(machine: SimulatedDisk): Files {
  return new Map(machine.files().map((name) => [name, machine.content(name)]));
}

function machineWith(files: Files): SimulatedDisk {
  const machine = new SimulatedDisk({ slowness: 0, kernelPercent: 0 });
  for (const [name, content] of files) machine.put(name, content);
  return machine;
}

/** The files after so many records, appended by two owners; the last one was closed, or killed. */
async function written(count: number, end: 'closed' | 'killed' = 'closed'): Promise<Files> {
  const machine = machineWith(new Map());
  for (const [from, to] of [
    [0, Math.ceil(count / 2)],
    [Math.ceil(count / 2), count],
  ] as const) {
    const journal = fileJournal(machine.mount(), options);
    await journal.open('owner');
    for (const body of records.slice(from, to)) await journal.append(body);
    // A mark is written beside the appends, and this one is to have been written.
    for (let wait = 0; wait < 100; wait++) await soon;
    if (end === 'closed') await journal.close();
    else machine.kill();
  }
  return filesOf(machine);
}

/** What comes of opening and reading: `whole`, the code of an error, or what is wrong with what was read. */
async function outcome(files: Files): Promise<string> {
  const machine = machineWith(files);
  const journal = fileJournal(machine.mount(), options);
  try {
    const { first, next } = await journal.open('reader');
    let seq = first;
    for await (const record of journal.read(first)) {
      if (record.seq !== seq++) return `record ${record.seq} comes as number ${seq - 1}`;
      if (String(record.body) !== String(records[record.seq - 1])) return `record ${record.seq} is another`;
    }
    return first === 1 && next === seq && seq === records.length + 1 ? 'whole' : `${first} to ${seq - 1}`;
  } catch (error) {
    if (!isPorticoError(error)) throw error;
    return /^\/simulated\/(journal|highwater)\.\d{16}$/.test(error.where) ? error.code : `in ${error.where}`;
  }
}

function changed(files: Files, name: string, change: (content: Uint8Array) => Uint8Array | void): Files {
  const content = (files.get(name) ?? new Uint8Array(0)).slice();
  return new Map(files).set(name, change(content) ?? content);
}

function without(files: Files, ...names: string[]): Files {
  return new Map([...files].filter(([name]) => !names.includes(name)));
}

/** What came of many damages. */
class Results {
  readonly #found = new Set<string>();
  readonly #missed: string[] = [];

  /** Some damage does no harm; what must be found is said. */
  add(result: string, mustBeFound: boolean, what: string): void {
    this.#found.add(result);
    if (mustBeFound && result !== 'journal/damaged') this.#missed.push(`${what}: ${result}`);
  }

  check(): void {
    expect(this.#missed).toEqual([]);
    expect([...this.#found].toSorted()).toEqual(['journal/damaged', 'whole']);
  }
}

/** The places of a file that hold something, and some of the others. */
function places(content: Uint8Array): number[] {
  return [...content.keys()].filter((at) => content[at] !== 0 || at % 401 === 0);
}

describe.each(['closed', 'killed'] as const)('a file journal whose owner was %s', (end) => {
  it('is whole to begin with, and has several segments', async () => {
    const files = await written(12, end);
    expect(await outcome(files)).toBe('whole');
    expect([...files.keys()].filter((name) => name.startsWith('journal')).length).toBeGreaterThan(3);
  });

  it('finds a flipped bit, wherever it is', async () => {
    const files = await written(12, end);
    const results = new Results();
    for (const [name, content] of files) {
      for (const at of places(content)) {
        const flipped = changed(files, name, (bytes) => {
          bytes[at] = (bytes[at] as number) ^ (1 << (at % 8));
        });
        // Not everything before the frames is of use, and what fills frames up is not.
        results.add(await outcome(flipped), at >= 8192 && content[at] !== 0, `${name} at ${at}`);
      }
    }
    results.check();
  });

  it('finds a sector of zeros, wherever it is', async () => {
    const files = await written(12, end);
    const results = new Results();
    for (const [name, content] of files) {
      for (let from = 0; from < content.length; from += sector) {
        const zeroed = changed(files, name, (bytes) => {
          bytes.fill(0, from, from + sector);
        });
        const frames = content.subarray(Math.max(8192, from), from + sector).some((byte) => byte !== 0);
        results.add(await outcome(zeroed), frames, `${name} from ${from}`);
      }
    }
    results.check();
  });

  it('finds a tail that was cut off, wherever it was cut', async () => {
    const files = await written(12, end);
    const results = new Results();
    for (const [name, content] of files) {
      for (let length = 0; length < content.length; length += length < 8192 ? 253 : 13) {
        const cut = changed(files, name, (bytes) => bytes.subarray(0, length));
        const used = name.startsWith('journal') && content.subarray(length).some((byte) => byte !== 0);
        results.add(await outcome(cut), used, `${name} to ${length}`);
      }
    }
    results.check();
  });

  it('finds that a file is missing, whichever it is', async () => {
    const files = await written(12, end);
    for (const name of files.keys()) {
      expect([name, await outcome(without(files, name))]).toEqual([name, 'journal/damaged']);
    }
    const segments = [...files.keys()].filter((name) => name.startsWith('journal'));
    expect(await outcome(without(files, ...segments))).toBe('journal/damaged');
  });

  it('finds an older copy of a file, or of all but the mark', async () => {
    const files = await written(12, end);
    for (const count of [5, 6, 9, 11]) {
      const older = await written(count, end);
      for (const [name, content] of older) {
        if (String(content) === String(files.get(name)) || name.startsWith('highwater')) continue;
        const result = await outcome(new Map(files).set(name, content));
        expect([count, name, result]).toEqual([count, name, 'journal/damaged']);
      }
      const marks = [...files].filter(([name]) => name.startsWith('highwater'));
      const segments = [...older].filter(([name]) => name.startsWith('journal'));
      expect(await outcome(new Map([...segments, ...marks]))).toBe('journal/damaged');
    }
  });

  it('finds files that changed places', async () => {
    const files = await written(12, end);
    const segments = [...files.keys()].filter((name) => name.startsWith('journal'));
    for (const a of segments) {
      for (const b of segments) {
        if (a === b) continue;
        const swapped = new Map(files).set(a, files.get(b) as Uint8Array).set(b, files.get(a) as Uint8Array);
        expect([a, b, await outcome(swapped)]).toEqual([a, b, 'journal/damaged']);
      }
    }
  });
});

describe('a file journal', () => {
  it('cannot tell a whole older copy from the newest: that takes a witness elsewhere', async () => {
    expect(await outcome(await written(6))).toBe('1 to 6');
  });

  it('cuts off what was torn beyond the mark, for nobody was told of it', async () => {
    const machine = machineWith(new Map());
    const journal = fileJournal(machine.mount(), { ...options, segmentBytes: 20_000, writesPerMark: 1000 });
    await journal.open('owner');
    for (const body of records) await journal.append(body);
    machine.kill();
    const name = 'journal.0000000000000001';
    const end = machine.content(name).findLastIndex((byte) => byte !== 0);
    machine.rot(name, end);
    expect(await outcome(filesOf(machine))).toBe('1 to 11');
    // But one in the middle has a later write behind it.
    machine.rot(name, end);
    machine.rot(name, 8192 + 40);
    expect(await outcome(filesOf(machine))).toBe('journal/damaged');
  });

  it('does not take a record for a frame that somebody put into its body', async () => {
    const machine = machineWith(new Map());
    const journal = fileJournal(machine.mount(), { ...options, segmentBytes: 20_000, writesPerMark: 1000 });
    await journal.open('owner');
    for (const body of records) await journal.append(body);
    machine.kill();
    // A journal in a body of another one, behind a record that was torn.
    const inner = machine.content('journal.0000000000000001').subarray(8192, 9400);
    const outer = new SimulatedDisk({ slowness: 0, kernelPercent: 0 });
    const own = { ...options, segmentBytes: 50_000, writesPerMark: 1000, entropy: () => 8 };
    const other = fileJournal(outer.mount(), own);
    await other.open('owner');
    await Promise.all([other.append(new Uint8Array(3)), other.append(inner)]);
    outer.kill();
    outer.rot('journal.0000000000000001', 8192 + 33);
    const next = fileJournal(outer.mount(), own);
    expect(await next.open('next')).toMatchObject({ next: 1 });
  });
});
