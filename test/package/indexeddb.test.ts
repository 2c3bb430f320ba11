// What ships keeps its promises on a real IndexedDB: both contract suites run in a page, and a browser is killed while it
// appends.
import { spawn, type ChildProcess } from 'node:child_process';
import { accessSync, constants, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { journalContract } from '../../dist/src/testing/contracts/journal.js';
import { stateContract } from '../../dist/src/testing/contracts/state.js';
import { handlersIn, runtimeFiles, textOf } from '../faults/handlers.ts';

const root = new URL('../../', import.meta.url);

/** Where chromium is, if it is on the path. */
const chromium = (process.env['PATH'] ?? '')
  .split(delimiter)
  .flatMap((folder) => ['chromium', 'chromium-browser', 'google-chrome'].map((name) => join(folder, name)))
  .find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

const seeds = 2;
const skips = {
  'appends nothing when there is no room, and goes on when there is':
    'a page cannot choose how much room it has',
  'keeps over a crash what it acknowledged, and of the rest a beginning':
    'a page cannot end itself and go on; a browser is killed below',
};

const names = {
  journal: journalContract(
    () => {
      throw new Error('only the names are wanted here');
    },
    { seeds, skips },
  ).map(({ name, skip }) => ({ name, skip })),
  state: stateContract(
    () => {
      throw new Error('only the names are wanted here');
    },
    { seeds },
  ).map(({ name }) => ({ name, skip: undefined })),
};

/** What a page has to say: of each case nothing, or what went wrong. */
type Results = Record<'journal' | 'state', Record<string, string | null>>;

/** Runs the cases that are not skipped, and posts what came of them. */
const contracts = `
  const { indexedDbJournal, indexedDbState } = await import('/dist/src/web/index.js');
  const { journalContract } = await import('/dist/src/testing/contracts/journal.js');
  const { stateContract } = await import('/dist/src/testing/contracts/state.js');
  let places = 0;
  const run = async (cases) => {
    const results = {};
    for (const { name, run, skip } of cases) {
      if (skip === undefined) results[name] = await run().then(() => null, (error) => String(error?.stack ?? error));
    }
    return results;
  };
  const maxRecordBytes = 200_000;
  const journals = () => {
    const name = 'place ' + places++;
    return { maxRecordBytes, journal: () => indexedDbJournal(name, { maxRecordBytes }) };
  };
  const states = () => {
    const name = 'place ' + places++;
    return { state: () => indexedDbState(name) };
  };
  const options = ${JSON.stringify({ seeds, skips })};
  return { journal: await run(journalContract(journals, options)), state: await run(stateContract(states, options)) };
`;

/** Appends and checkpoints without end; posts how far it is. */
const appends = `
  const { indexedDbJournal, indexedDbState } = await import('/dist/src/web/index.js');
  const journal = indexedDbJournal('killed');
  const state = indexedDbState('killed');
  await journal.open('the one that is killed');
  await state.open();
  for (;;) {
    const seq = await journal.append(new Uint8Array(1000));
    await state.apply([{ table: 'cells', key: String(seq), value: new Uint8Array(seq) }], seq);
    await state.checkpoint();
    await post('/seen', seq);
  }
`;

/** Opens what was left and posts what is there. */
const reads = `
  const { indexedDbJournal, indexedDbState } = await import('/dist/src/web/index.js');
  const journal = indexedDbJournal('killed');
  const { ownerEpoch, next } = await journal.open('the next one');
  let records = 0;
  for await (const { seq, body } of journal.read(1)) if (seq === records + 1 && body.length === 1000) records++;
  const state = indexedDbState('killed');
  const position = await state.open();
  let rows = 0;
  for await (const [key, value] of state.scan('cells')) if (value.length === Number(key)) rows++;
  return { ownerEpoch, next, records, position, rows };
`;

/** What is damaged on purpose is found. */
const damages = `
  const { indexedDbJournal, indexedDbState } = await import('/dist/src/web/index.js');
  const codeOf = (promise) => promise.then(() => 'none', ({ code, what }) => code + ': ' + what);
  const read = async (name) => {
    const journal = indexedDbJournal(name);
    await journal.open('reader');
    for await (const { seq } of journal.read(1)) void seq;
  };
  const changed = (name, store, change) => new Promise((resolve, reject) => {
    const opening = indexedDB.open(name);
    opening.onsuccess = () => {
      const transaction = opening.result.transaction(['head', store], 'readwrite');
      change(transaction.objectStore(store), transaction.objectStore('head'));
      transaction.oncomplete = () => { opening.result.close(); resolve(); };
      transaction.onabort = () => reject(transaction.error);
    };
  });
  const flip = (key, change) => (store) => {
    store.get(key).onsuccess = ({ target }) => store.put(change(target.result), key);
  };
  const journalWith = async (name, change) => {
    const journal = indexedDbJournal(name);
    await journal.open('writer');
    for (let seq = 1; seq <= 5; seq++) await journal.append(Uint8Array.of(seq));
    await journal.close();
    await changed('portico/' + name + '/journal', 'records', change);
    return codeOf(read(name));
  };
  const stateWith = async (name, change) => {
    const state = indexedDbState(name);
    await state.open();
    await state.apply([1, 2, 3].map((i) => ({ table: 't', key: String(i), value: Uint8Array.of(i) })), 1);
    await state.checkpoint();
    await state.close();
    await changed('portico/' + name + '/state', 'rows', change);
    return codeOf(indexedDbState(name).open());
  };
  const older = indexedDbState('two');
  await older.open();
  const newer = indexedDbState('two');
  await newer.open();
  await older.apply([], 1);
  return {
    flipped: await journalWith('a', flip(3, (record) => ({ ...record, body: Uint8Array.of(9) }))),
    renumbered: await journalWith('b', (store) => {
      store.get(2).onsuccess = ({ target }) => store.put(target.result, 4);
    }),
    gap: await journalWith('c', (store) => store.delete(3)),
    tail: await journalWith('d', (store) => store.delete(5)),
    format: await journalWith('e', (_, head) => flip(0, (row) => ({ ...row, format: 2 }))(head)),
    value: await stateWith('f', flip(['t', '2'], (row) => ({ ...row, value: Uint8Array.of(9) }))),
    moved: await stateWith('g', (store) => {
      store.get(['t', '2']).onsuccess = ({ target }) => store.put(target.result, ['t', '3']);
    }),
    missing: await stateWith('h', (store) => store.delete(['t', '2'])),
    newer: await stateWith('i', (_, head) => flip(0, (row) => ({ ...row, format: 2 }))(head)),
    fenced: await codeOf(older.checkpoint()),
    again: await codeOf(older.apply([], 2)),
  };
`;

/** Every call that a journal and a state make of IndexedDB fails once, in every way; what is told, and what is there then. */
const faults = `
  const { indexedDbJournal, indexedDbState } = await import('/dist/src/web/index.js');
  const wrong = [];
  let runs = 0, places = 0;
  const journals = async (name, tell) => {
    const acknowledged = new Map();
    const journal = indexedDbJournal(name, { maxRecordBytes: 1000 });
    await journal.open('first').catch(tell);
    for (let n = 1; n <= 3; n++)
      await journal.append(Uint8Array.of(n)).then((seq) => acknowledged.set(seq, n), tell);
    await journal.check().catch(tell);
    await journal.trim(2).catch(tell);
    await (async () => { for await (const { seq } of journal.read(2)) void seq; })().catch(tell);
    await journal.close().catch(tell);
    return acknowledged;
  };
  const isJournal = async (name, acknowledged) => {
    const journal = indexedDbJournal(name);
    const { first, next } = await journal.open('second');
    if (next <= Math.max(0, ...acknowledged.keys())) throw new Error('what was acknowledged is gone');
    for await (const { seq, body } of journal.read(first))
      if ((acknowledged.get(seq) ?? body[0]) !== body[0]) throw new Error('record ' + seq + ' is another one');
    await journal.close();
  };
  const states = async (name, tell) => {
    let durable = 0;
    for (let life = 1; life <= 2; life++) {
      const state = indexedDbState(name);
      let position = await state.open().catch((error) => (tell(error), 0));
      for (let step = 1; step <= 2; step++) {
        const rows = [{ table: 't', key: 'a', value: Uint8Array.of(position + 1) }, { table: 't', key: 'b' + step, value: undefined }];
        await state.apply(rows, position + 1).then(() => position++, tell);
        await state.checkpoint().then((reached) => (durable = Math.max(durable, reached)), tell);
      }
      await state.close().catch(tell);
    }
    return durable;
  };
  const isState = async (name, durable) => {
    const state = indexedDbState(name);
    const position = await state.open();
    if (position < durable) throw new Error('what was durable is gone');
    if (position > 0 && state.read('t', 'a')[0] !== position) throw new Error('a row is another one');
    await state.close();
  };
  const full = () => new DOMException('planted', 'QuotaExceededError');
  const ways = {
    throws: () => { throw new Error('planted'); },
    'has no room': () => { throw full(); },
    fails: (call, self) => {
      const request = call();
      (self.transaction ?? request.transaction)?.abort();
      return request;
    },
  };
  const operations = [
    [IDBFactory, 'open'], [IDBDatabase, 'transaction'], [IDBTransaction, 'objectStore'],
    ...['get', 'put', 'add', 'delete', 'getAll', 'getAllKeys', 'openKeyCursor'].map((name) => [IDBObjectStore, name]),
  ];
  for (const [{ prototype, name: kind }, operation] of operations) {
    const real = prototype[operation];
    for (const [way, fail] of Object.entries(ways)) {
      if (way === 'fails' && kind !== 'IDBObjectStore') continue;
      for (const [script, look] of [[journals, isJournal], [states, isState]]) {
        for (let call = 1, met = true; met; call++) {
          const what = kind + '.' + operation + ' ' + call + ' ' + way + ': ';
          const name = 'fault ' + places++;
          let calls = 0;
          met = false;
          prototype[operation] = function (...given) {
            if (++calls !== call) return real.apply(this, given);
            met = true;
            return fail(() => real.apply(this, given), this);
          };
          const found = await script(name, (error) => {
            if (!/^(journal|state)\\//.test(error?.code)) wrong.push(what + 'it told ' + error);
          });
          prototype[operation] = real;
          await look(name, found).catch((error) => wrong.push(what + 'afterwards ' + error));
          if (met) runs++;
        }
      }
    }
  }
  // A transaction that cannot even be aborted says why.
  const { abort } = IDBTransaction.prototype;
  const { put } = IDBObjectStore.prototype;
  IDBObjectStore.prototype.put = ways.throws;
  IDBTransaction.prototype.abort = ways['has no room'];
  const refused = await indexedDbState('never').open().then(() => 'opened', ({ code }) => code);
  IDBObjectStore.prototype.put = put;
  IDBTransaction.prototype.abort = abort;
  return { wrong, runs, refused, handled: [...(globalThis.handled ?? [])] };
`;

/** What is written in src/web, with a note wherever it takes care of a failure. */
function noted(file: string): string {
  const text = readFileSync(new URL(file, root), 'utf8');
  const handlers = handlersIn(text);
  return handlers.reduceRight(
    (before, { at }, index) =>
      `${before.slice(0, at)}(globalThis.handled ??= new Set()).add('${file} ${index}');${before.slice(at)}`,
    text,
  );
}

/** A counter that is an actor, kept in the browser. */
const counter = `
  const { behavior, receive, same, start, valueState } = await import('/dist/actors/index.js');
  const { browserStore } = await import('/dist/src/web/index.js');
  const count = valueState('count', 0);
  const counter = behavior('counter', () =>
    receive(({ replyTo }, ctx) => (ctx.send(replyTo, count.update(ctx, (n) => n + 1)), same)),
  );
  const system = await start({ behaviors: { counter }, store: browserStore('actors') });
  const up = () => system.ask(system.entity(counter(), 'one'), {});
`;

/** Counts without end; posts how far it is. */
const counts = `${counter}
  for (;;) await post('/seen', await up());
`;

/** Counts once more. */
const goesOn = `${counter}
  return { count: await up(), run: system.dataflow.run };
`;

const programs: Record<string, string> = { contracts, appends, reads, damages, faults, counts, goesOn };

const page = (program: string): string => `<!doctype html>
<meta charset="utf-8">
<title>Portico</title>
<script type="module">
  const post = (path, value) => fetch(path, { method: 'POST', body: JSON.stringify(value) });
  const run = async () => {${program}};
  run().then((result) => post('/result', result), (error) => post('/result', { error: String(error?.stack ?? error) }));
</script>
`;

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const piece of request) text += String(piece);
  return JSON.parse(text) as unknown;
}

const why = chromium === undefined ? ' (skipped: there is no chromium on the path)' : '';

describe.skipIf(chromium === undefined)(`on a real IndexedDB${why}`, () => {
  const profile = mkdtempSync(join(tmpdir(), 'portico-chromium-'));
  const browsers = new Set<ChildProcess>();
  let server: Server;
  /** Who waits for what a page says. */
  let told: (result: unknown) => void = () => undefined;
  let seen: (value: unknown) => void = () => undefined;

  beforeAll(async () => {
    server = createServer((request, response) => {
      const { url = '/', method } = request;
      const file = fileURLToPath(new URL(url.slice(1), root));
      if (method === 'POST') {
        void answer(request, url).then(() => response.end());
      } else if (/^\/dist\/[\w/.-]+\.js$/.test(url) && !url.includes('..') && existsSync(file)) {
        response
          .setHeader('content-type', 'text/javascript')
          .end(url.startsWith('/dist/src/web/') ? noted(url.slice(1)) : readFileSync(file));
      } else if (programs[url.slice(1)] !== undefined) {
        response.setHeader('content-type', 'text/html').end(page(programs[url.slice(1)] ?? ''));
      } else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
  });

  afterAll(async () => {
    await Promise.all([...browsers].map(killed));
    server.close();
    server.closeAllConnections();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  });

  async function answer(request: IncomingMessage, url: string): Promise<void> {
    const value = await bodyOf(request);
    if (url === '/result') told(value);
    else seen(value);
  }

  /** A browser with a page. They all have the same profile, so there may be only one at a time. */
  function browse(program: string): ChildProcess {
    const { port } = server.address() as AddressInfo;
    const browser = spawn(
      chromium ?? '',
      [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--remote-debugging-port=0',
        `--user-data-dir=${profile}`,
        `http://127.0.0.1:${port}/${program}`,
      ],
      // A group of its own, so that all its processes can be killed at once.
      { detached: true, stdio: 'ignore' },
    );
    browsers.add(browser);
    return browser;
  }

  async function killed(browser: ChildProcess): Promise<void> {
    browsers.delete(browser);
    const gone = new Promise((resolve) => browser.once('exit', resolve));
    if (browser.exitCode !== null || browser.signalCode !== null) return;
    process.kill(-(browser.pid ?? 0), 'SIGKILL');
    await gone;
  }

  /** What a program gives. */
  async function run(program: string): Promise<unknown> {
    const result = new Promise<unknown>((resolve) => {
      told = resolve;
    });
    const browser = browse(program);
    try {
      return await result;
    } finally {
      await killed(browser);
    }
  }

  describe('the contracts', () => {
    let results: Results;

    beforeAll(async () => {
      results = (await run('contracts')) as Results;
      expect(results).toMatchObject({ journal: {}, state: {} });
    }, 90_000);

    for (const kind of ['journal', 'state'] as const) {
      describe(`of a ${kind}`, () => {
        for (const { name, skip } of names[kind]) {
          const reason = skip === undefined ? '' : ` (skipped: ${skip})`;
          it.skipIf(skip !== undefined)(`${name}${reason}`, () => {
            expect(results[kind][name]).toBeNull();
          });
        }
      });
    }
  });

  it('what is damaged is found, and nobody writes over a newer owner', async () => {
    const found = (await run('damages')) as Record<string, string>;
    expect(found).toEqual({
      flipped: 'journal/damaged: record 3 is not what was written',
      renumbered: 'journal/damaged: record 4 is not what was written',
      gap: expect.stringContaining('journal/damaged: ') as string,
      tail: 'journal/damaged: there are records 1 to 4, not 1 to 5',
      format: expect.stringContaining('journal/format: ') as string,
      value: 'state/damaged: a row of table "t" is not what was written',
      moved: 'state/damaged: a row of table "t" is not what was written',
      missing: 'state/damaged: there are 2 rows, not 3',
      newer: expect.stringContaining('state/damaged: it is of format 2') as string,
      fenced: 'state/failed: somebody else has opened the state since',
      again: 'state/failed: somebody else has opened the state since',
    });
  }, 60_000);

  it('whichever request or transaction fails, that is told, what was acknowledged is there, and each handler runs', async () => {
    const found = (await run('faults')) as {
      readonly wrong: readonly string[];
      readonly runs: number;
      readonly refused: string;
      readonly handled: readonly string[];
    };
    expect(found.wrong).toEqual([]);
    expect(found.runs).toBeGreaterThan(50);
    expect(found.refused).toMatch(/^state\//);
    const handlers = runtimeFiles()
      .filter((file) => file.startsWith('src/web/'))
      .flatMap((file) =>
        handlersIn(textOf(file)).map((_, index) => `dist/${file.replace(/ts$/, 'js')} ${index}`),
      );
    expect([...found.handled].sort()).toEqual(handlers.sort());
  }, 120_000);

  it('a system of actors goes on where it was when the browser was killed', async () => {
    let acknowledged = 0;
    const far = new Promise<void>((resolve) => {
      seen = (value) => {
        acknowledged = value as number;
        if (acknowledged >= 30) resolve();
      };
    });
    const browser = browse('counts');
    await far;
    await killed(browser);
    const found = (await run('goesOn')) as { readonly count: number; readonly run: number };
    // One more may have been counted, whose acknowledgement the browser did not live to give.
    expect(found.count - acknowledged).toBeGreaterThanOrEqual(1);
    expect(found.count - acknowledged).toBeLessThanOrEqual(2);
    expect(found.run).toBe(2);
  }, 60_000);

  it('what was acknowledged is there after the browser was killed', async () => {
    const far = new Promise<void>((resolve) => {
      seen = (value) => {
        acknowledged = value as number;
        if (acknowledged >= 30) resolve();
      };
    });
    let acknowledged = 0;
    const browser = browse('appends');
    await far;
    await killed(browser);
    const found = (await run('reads')) as Record<'next' | 'records' | 'position' | 'rows', number>;
    expect(found).toMatchObject({ ownerEpoch: 2, records: found.next - 1, rows: found.position });
    expect(found.records).toBeGreaterThanOrEqual(acknowledged);
    expect(found.position).toBeGreaterThanOrEqual(acknowledged);
    expect(found.position).toBeLessThanOrEqual(found.records);
  }, 60_000);
});
