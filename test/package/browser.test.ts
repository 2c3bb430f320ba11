// What ships runs where there is no Node: in a page, without any shim, and where there is nothing but the language.
import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = new URL('../../', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
  exports: Record<string, string | { default: string }>;
};

/** What is for Node, what is no program, and what needs a peer that a page finds only with a bundler or an import map. */
const elsewhere = new Set(['./node', './package.json', './xstate', './rxjs']);

/** The entries that promise to run anywhere, the dataflow first. */
const entries = Object.entries(manifest.exports)
  .toSorted(([a], [b]) => Number(b === './dataflow') - Number(a === './dataflow'))
  .filter(([name]) => !elsewhere.has(name))
  .map(([, target]) => (typeof target === 'string' ? target : target.default).replace(/^\.\//, ''))
  .filter((path) => existsSync(new URL(path, root)));

/**
 * The program, as text because it runs elsewhere: a stepping and a running system with a cycle, a portal, a throttled
 * generator and a timer. Gives what came of them.
 */
const program = `async ({ application, answer, manualClock, startSystem, steppingSystem }, host) => {
  const countdown = application('countdown', (app) => {
    const loop = app.sequencer({ name: 'loop' });
    const back = app.workflow('down').source(loop.stream)
      .processor((n, ctx) => { if (n > 0) ctx.emit(n - 1); })
      .withOnTimer((left, ctx) => ctx.emit(left))
      .sink();
    app.connect(back, loop);
    const start = app.ingress('start');
    app.connect(start.stream, loop);
    return { start, back };
  });
  const lengths = application('lengths', (app) => {
    const portal = app.portal('lengths');
    const words = app.generators.fromArrays([['to', 'be'], ['or']], { throttle: { events: 2, perMs: 5 } });
    const asked = app.workflow('ask').source(words)
      .asker([portal], (word, ctx) => ctx.await(ctx.ask(portal, word), (n, inner) => inner.after(2, word + n)))
      .withOnTimer((text, ctx) => ctx.emit(text))
      .sink();
    app.workflow('answer').source(app.generators.empty())
      .replier([answer(portal, (word, ctx) => ctx.reply(word.length))]).sink();
    return { asked };
  });

  const clock = manualClock();
  const stepping = steppingSystem({ clock, log: () => {} });
  const stepped = [];
  stepping.launch(countdown);
  stepping.launch(lengths);
  stepping.subscribe(countdown.handles.back, (n) => stepped.push(n));
  stepping.subscribe(lengths.handles.asked, (text) => stepped.push(text));
  stepping.send(countdown.handles.start, 3);
  for (let ms = 0; ms < 20; ms++) {
    stepping.stepUntilComplete();
    clock.advance(1);
  }

  const running = await startSystem({ applications: [countdown, lengths], ...(host && { host }) });
  const ran = [];
  const heard = new Promise((resolve) => {
    running.subscribe(lengths.handles.asked, (text) => {
      ran.push(text);
      if (text === 'or2') resolve();
    });
  });
  running.subscribe(countdown.handles.back, (n) => ran.push(n));
  await running.send(countdown.handles.start, 3);
  await heard;
  await running.idle();
  await running.shutdown();
  return { stepped: stepped.map(String).sort(), ran: ran.map(String).sort() };
}`;

const expected = {
  stepped: ['0', '1', '2', 'be2', 'or2', 'to2'],
  ran: ['0', '1', '2', 'be2', 'or2', 'to2'],
};

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

const page = `<!doctype html>
<meta charset="utf-8">
<title>Portico</title>
<pre id="result">nothing was written</pre>
<script type="module">
  const write = (value) => { document.getElementById('result').textContent = JSON.stringify(value); };
  addEventListener('error', ({ message }) => write({ error: message }));
  try {
    const [dataflow] = await Promise.all(${JSON.stringify(entries)}.map((path) => import('/' + path)));
    write(await (${program})(dataflow));
  } catch (error) {
    write({ error: String(error?.stack ?? error) });
  }
</script>
`;

/** Serves the page, and of the package only what ships. */
function serve(): Promise<Server> {
  const server = createServer(({ url = '/' }, response) => {
    const file = fileURLToPath(new URL(url.slice(1), root));
    if (url === '/') response.setHeader('content-type', 'text/html').end(page);
    else if (/^\/dist\/[\w/.-]+\.js$/.test(url) && !url.includes('..') && existsSync(file)) {
      response.setHeader('content-type', 'text/javascript').end(readFileSync(file));
    } else response.writeHead(404).end();
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}

describe('in a browser', () => {
  const profile = mkdtempSync(join(tmpdir(), 'portico-chromium-'));
  let server: Server;

  beforeAll(async () => {
    server = await serve();
  });

  afterAll(() => {
    server.close();
    rmSync(profile, { recursive: true, force: true });
  });

  const why = chromium === undefined ? ' (skipped: there is no chromium on the path)' : '';
  it.skipIf(chromium === undefined)(
    `a stepping and a running system run in a page without a shim${why}`,
    async () => {
      const { port } = server.address() as AddressInfo;
      const { stdout } = await promisify(execFile)(
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
          `--user-data-dir=${profile}`,
          // Time runs as fast as there is nothing to do; this ends it even if the page never comes to rest.
          '--virtual-time-budget=20000',
          '--dump-dom',
          `http://127.0.0.1:${port}/`,
        ],
        { timeout: 60_000 },
      );
      const [, written = 'there is no result'] = /<pre id="result">([^<]*)<\/pre>/.exec(stdout) ?? [];
      expect(JSON.parse(written)).toEqual(expected);
    },
    90_000,
  );
});

describe('with nothing but the language', () => {
  /** What a context has to which nobody has added anything. */
  const bare = (runInNewContext('Object.getOwnPropertyNames(globalThis)') as string[]).filter(
    // V8 puts one everywhere, for its inspector.
    (name) => name !== 'console',
  );

  /** Runs in a thread that has no other globals: no process, no Buffer, no timers, no console. */
  function alone(code: string): Promise<unknown> {
    const [dataflow = ''] = entries;
    const source = `
      const { parentPort } = require('node:worker_threads');
      const bare = new Set(${JSON.stringify(bare)});
      for (const name of Object.getOwnPropertyNames(globalThis)) if (!bare.has(name)) delete globalThis[name];
      const left = Object.getOwnPropertyNames(globalThis).filter((name) => !bare.has(name));
      import(${JSON.stringify(new URL(dataflow, root).href)})
        .then(${code})
        .then((result) => parentPort.postMessage({ left, result }))
        .catch((error) => parentPort.postMessage({ left, error: String(error?.stack ?? error) }));
    `;
    return new Promise((resolve, reject) => {
      const worker = new Worker(source, { eval: true });
      worker.once('message', (message) => {
        resolve(message);
        void worker.terminate();
      });
      worker.once('error', reject);
    });
  }

  it('a stepping system runs, and a running one with a host of its own', async () => {
    // Time passes whenever the host is asked for it, and whoever waits is called when it has come.
    const host = `(() => {
      let now = 0;
      const waiting = new Set();
      const soon = (resume) => void Promise.resolve().then(resume);
      const tick = () => {
        now++;
        for (const each of waiting) if (each.at <= now && waiting.delete(each)) each.wake();
        if (waiting.size > 0) soon(tick);
      };
      return {
        now: () => now,
        entropy: () => 1,
        yield: soon,
        after(delayMs, wake) {
          const each = { at: now + delayMs, wake };
          if (waiting.size === 0) soon(tick);
          waiting.add(each);
          return () => void waiting.delete(each);
        },
        log() {},
      };
    })()`;
    expect(await alone(`(dataflow) => (${program})(dataflow, ${host})`)).toEqual({
      left: [],
      result: expected,
    });
  });

  it('a running system says what it lacks if it is given no host', async () => {
    const start = `async ({ application, startSystem }) => {
      const app = application('a', (app) => void app.workflow().source(app.generators.signal(1)).sink());
      try {
        await (await startSystem({ applications: [app] })).idle();
      } catch (error) {
        return error.code;
      }
    }`;
    expect(await alone(start)).toEqual({ left: [], result: 'host/missing' });
  });
});
