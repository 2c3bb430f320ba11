// Ways to reach for what the guard forbids: each is the body of a function in a module of the program, and what the guard has to
// say of it; or why the guard does not see it, and what does.

export interface Escape {
  /** What is noted. */
  readonly caught?: RegExp;
  /** Why it is not. */
  readonly missed?: string;
  /** What the module does when it is loaded. */
  readonly loads?: string;
  readonly body: string;
}

const path = 'tells where the program lies; the two runs that are compared lie in two folders';

export const escapes: Readonly<Record<string, Escape>> = {
  // Time.
  'the present': { body: 'return Date.now();', caught: /^now$/ },
  'the present, taken when the module was loaded': {
    loads: 'const { now } = Date;',
    body: 'return now();',
    caught: /^now$/,
  },
  'a new date': { body: 'return new Date();', caught: /new Date\(\)/ },
  'a date as a string': { body: 'return Date();', caught: /Date\(\)/ },
  'a date by reflection': { body: 'return Reflect.construct(Date, []);', caught: /new Date\(\)/ },
  'a date by its class': { body: 'return new (class extends Date {})();', caught: /new Date\(\)/ },
  'a date by another one': { body: 'return new (new Date(0).constructor)();', caught: /new Date\(\)/ },
  'the present by the prototype': { body: 'return Date.prototype.constructor.now();', caught: /^now$/ },
  'the present by its descriptor': {
    body: "return Object.getOwnPropertyDescriptor(Date, 'now').value();",
    caught: /^now$/,
  },
  'the hour of the machine': { body: 'return new Date(0).getHours();', caught: /getHours/ },
  'a date of the machine': { body: 'return new Date(2020, 1, 1);', caught: /zone of the machine/ },
  'a date without a zone': { body: "return Date.parse('2020-01-01T00:00');", caught: /without a zone/ },
  'a new date without a zone': { body: "return new Date('1 May 2020');", caught: /without a zone/ },
  'a date printed for the machine': { body: 'return String(new Date(0));', caught: /toString/ },
  'a date printed for a reader': { body: 'return new Date(0).toLocaleString();', caught: /toLocaleString/ },
  'the zone of the machine': { body: 'return new Date(0).getTimezoneOffset();', caught: /getTimezoneOffset/ },
  'the present in a format': { body: 'return Intl.DateTimeFormat().format();', caught: /Intl/ },
  'the name of the zone': {
    body: 'return new Intl.DateTimeFormat().resolvedOptions().timeZone;',
    caught: /Intl/,
  },
  'the time since the start': { body: 'return performance.now();', caught: /performance/ },
  'the beginning of time': {
    body: "return Reflect.get(globalThis, 'performance').timeOrigin;",
    caught: /performance/,
  },
  'the time of the processor': { body: 'return process.hrtime.bigint();', caught: /process/ },
  'the time of an event': {
    body: `let at;
      const controller = new AbortController();
      controller.signal.addEventListener('abort', (event) => {
        try { at = event.timeStamp; } catch { at = 0; }
      });
      controller.abort();
      return at;`,
    caught: /timeStamp/,
  },
  'the time of an event of its own': { body: "return new Event('x').timeStamp;", caught: /Event/ },
  // Chance.
  chance: { body: 'return Math.random();', caught: /random/ },
  'chance of the realm': { body: 'return globalThis.Math.random();', caught: /random/ },
  'chance by a name that is made': { body: "return Math['ran' + 'dom']();", caught: /random/ },
  'chance, taken when the module was loaded': {
    loads: 'const { random } = Math;',
    body: 'return random();',
    caught: /random/,
  },
  'chance of the platform': { body: 'return crypto.getRandomValues(new Uint8Array(8));', caught: /crypto/ },
  'an identity': { body: 'return globalThis.crypto.randomUUID();', caught: /crypto/ },
  'memory that was not cleared': { body: 'return Buffer.allocUnsafe(64);', caught: /Buffer/ },
  // The scheduler.
  'a timer': { body: 'setTimeout(() => {}, 1);', caught: /setTimeout/ },
  'a timer that repeats': { body: 'setInterval(() => {}, 1);', caught: /setInterval/ },
  'a turn of the loop': { body: 'await new Promise(setImmediate);', caught: /setImmediate/ },
  'a task of its own': { body: 'queueMicrotask(() => {});', caught: /queueMicrotask/ },
  'a tick': { body: 'process.nextTick(() => {});', caught: /process/ },
  'a message to itself': { body: 'return new MessageChannel();', caught: /MessageChannel/ },
  'a message to others': { body: "return new BroadcastChannel('x');", caught: /BroadcastChannel/ },
  'a signal after a while': { body: 'return AbortSignal.timeout(1);', caught: /timeout/ },
  'a wait of a thread': {
    body: 'return Atomics.waitAsync(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);',
    caught: /Atomics|SharedArrayBuffer/,
  },
  'a module of machine code': {
    body: 'return WebAssembly.validate(new Uint8Array());',
    caught: /WebAssembly/,
  },
  // Garbage.
  'what the collector leaves': { body: 'return new WeakRef({}).deref();', caught: /WeakRef/ },
  'what the collector takes': {
    body: 'return new FinalizationRegistry(() => {});',
    caught: /FinalizationRegistry/,
  },
  // The outside.
  'the network': { body: "return fetch('http://127.0.0.1');", caught: /fetch/ },
  'the console': { body: "console.log('x');", caught: /console/ },
  'the environment': { body: 'return process.env.HOME;', caught: /process/ },
  'the navigator': {
    body: 'return typeof navigator === "undefined" ? process.arch : navigator;',
    caught: /process|navigator/,
  },
  'a file': { body: "return import('node:fs');", caught: /import of node:fs/ },
  'a file by its old name': { body: "return import('fs');", caught: /import of fs/ },
  'a file, and nobody says a word': {
    body: "return import('node:fs').catch(() => {});",
    caught: /import of node:fs/,
  },
  'a file by a name that is made': {
    body: "return import(['node', 'fs'].join(':'));",
    caught: /import of node:fs/,
  },
  'a file when the module is loaded': {
    loads: "import { readFileSync } from 'node:fs';",
    body: 'return readFileSync;',
    caught: /import of node:fs/,
  },
  'a file by the process': { body: "return process.getBuiltinModule('fs');", caught: /process/ },
  'a clock by a module': { body: "return import('node:perf_hooks');", caught: /import of node:perf_hooks/ },
  'a realm of its own': { body: "return import('node:vm');", caught: /import of node:vm/ },
  'a thread': { body: "return import('node:worker_threads');", caught: /import of node:worker_threads/ },
  'a way to require': { body: "return import('node:module');", caught: /import of node:module/ },
  'a package': { body: "return import('typescript');", caught: /import of typescript/ },
  'a module made of text': {
    body: "return import('data:text/javascript,export default 1');",
    caught: /import of data:/,
  },
  // Code from text.
  'a function made of text': { body: "return Function('return Date')().now();", caught: /Function/ },
  'a function of another kind made of text': {
    body: "return (async () => {}).constructor('return Math.random()')();",
    caught: /Function/,
  },
  'text that is run': { body: "return (0, eval)('Math.random()');", caught: /eval/ },
  'text that is run where it stands': { body: "return eval('1');", caught: /eval/ },
  // The place.
  'the order of words here': { body: "return 'a'.localeCompare('b');", caught: /localeCompare/ },
  'a number as it is written here': { body: 'return (1.5).toLocaleString();', caught: /toLocaleString/ },
  'capitals as they are written here': {
    body: "return 'i'.toLocaleUpperCase();",
    caught: /toLocaleUpperCase/,
  },
  // What is not seen.
  'the stack of an error': { body: 'return new Error().stack;', missed: path },
  'where a module lies': { body: 'return import.meta.url;', missed: path },
  'how deep the stack is': {
    body: 'const deep = () => { try { return 1 + deep(); } catch { return 0; } }; return deep() > 0;',
    missed: 'depends on the size of the stack; the codec and the builders bound depths before that',
  },
  'digits that are left to the engine': {
    body: 'return Math.tan(1e300);',
    missed: 'is the same on one engine; nothing that is kept is computed so',
  },
  'an order of things that are neither': {
    body: 'return [3, 1, 2].sort(() => 1);',
    missed: 'is the same on one engine',
  },
};
