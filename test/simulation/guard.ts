// Forbids all that is not a function of the program and its input: whoever reads a clock, draws entropy, schedules, or reaches for
// the platform is refused, and it is noted, in case that somebody catches the refusal.
//
// GU1. What a realm has beside the language itself is refused, unless it is known to follow from what it is given.
// GU2. So is what the language takes from where it runs: the present, the zone of time, the locale, chance, collected garbage.
// GU3. Nothing is made of text: code from strings could name what is refused here.
// GU4. A module imports what belongs to the program, and nothing else.
import { register } from 'node:module';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';

/** What the platform adds that follows from its arguments alone. */
const harmless = new Set([
  'AbortController',
  'AbortSignal',
  'DOMException',
  'TextDecoder',
  'TextEncoder',
  'URL',
  'URLSearchParams',
  'atob',
  'btoa',
  'globalThis',
  'structuredClone',
]);

/** What the language itself has. What is refused of these stands below. */
const language = new Set(
  `AggregateError Array ArrayBuffer BigInt BigInt64Array BigUint64Array Boolean DataView Date Error EvalError Float32Array
  Float64Array Function Infinity Int16Array Int32Array Int8Array JSON Map Math NaN Number Object Promise Proxy RangeError
  ReferenceError Reflect RegExp Set String Symbol SyntaxError TypeError URIError Uint16Array Uint32Array Uint8Array
  Uint8ClampedArray WeakMap WeakSet decodeURI decodeURIComponent encodeURI encodeURIComponent escape eval isFinite isNaN
  parseFloat parseInt undefined unescape`.split(/\s+/),
);

/** What was refused. */
export class AmbientUse extends Error {
  override readonly name: string = 'AmbientUse';
}

export interface Guard {
  /** What was used since this was asked last. */
  uses(): string[];
}

/** From now on. What was loaded before may have taken what it needs. */
export function guard(root: string): Guard {
  const used: string[] = [];
  const refuse = (what: string): never => {
    used.push(what);
    throw new AmbientUse(`${what} is not a function of the program and its input`);
  };
  // The thread of the loader is started with what is forbidden after that.
  const imports = forbidImports(root);
  forbidGlobals(refuse);
  forbidTimeAndPlace(refuse);
  forbidText(refuse);
  return { uses: () => [...used.splice(0), ...imports()] };
}

type Refuse = (what: string) => never;

/** GU1. */
function forbidGlobals(refuse: Refuse): void {
  const event = Event.prototype;
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    if (language.has(name) || harmless.has(name)) continue;
    Object.defineProperty(globalThis, name, { get: () => refuse(name), enumerable: false });
  }
  forbid(AbortSignal, ['timeout'], refuse);
  forbid(URL, ['createObjectURL'], refuse);
  // What an abort is told to listeners with.
  Object.defineProperty(event, 'timeStamp', { get: () => refuse('timeStamp of an event') });
}

/** GU2. */
function forbidTimeAndPlace(refuse: Refuse): void {
  forbid(Math, ['random'], refuse);
  forbid(Date, ['now'], refuse);
  const local = (name: string): boolean => /^[gs]et(?!UTC|Time$)|^to(Locale|Date|Time|String)/.test(name);
  forbid(Date.prototype, Object.getOwnPropertyNames(Date.prototype).filter(local), refuse);
  for (const { prototype } of [
    String,
    Number,
    BigInt,
    Array,
    Object.getPrototypeOf(Uint8Array) as typeof Array,
  ])
    forbid(
      prototype,
      Object.getOwnPropertyNames(prototype).filter((name) => /locale/i.test(name)),
      refuse,
    );
  const parse = Date.parse.bind(Date);
  Date.parse = (text) => (zoned(text) ? parse(text) : refuse('a time without a zone'));
  const construct = (target: DateConstructor, args: unknown[], newTarget: new () => Date): Date => {
    if (args.length === 0) refuse('new Date()');
    if (args.length > 1) refuse('a date in the zone of the machine');
    if (typeof args[0] === 'string' && !zoned(args[0])) refuse('a time without a zone');
    return Reflect.construct(target, args, newTarget) as Date;
  };
  const apply = (): never => refuse('Date()');
  replace('Date', new Proxy(Date, { construct: construct as never, apply }));
}

/** A day alone is meant in universal time. */
const zoned = (text: string): boolean => /(Z|[+-]\d\d:?\d\d)$|^[+-]?\d{4,6}(-\d\d){0,2}$/.test(text.trim());

/** GU3. */
function forbidText(refuse: Refuse): void {
  replace('eval', () => refuse('eval'));
  const handler = { apply: () => refuse('Function'), construct: () => refuse('Function') };
  const kinds = [function* () {}, async () => {}, async function* () {}].map(
    (each) => each.constructor as FunctionConstructor,
  );
  for (const kind of kinds)
    Object.defineProperty(kind.prototype, 'constructor', { value: new Proxy(kind, handler) });
  replace('Function', new Proxy(Function, handler));
}

/** GU4. The hooks are in another thread. */
function forbidImports(root: string): () => string[] {
  const { port1, port2 } = new MessageChannel();
  port1.unref();
  // Beside this one, as a source or as JavaScript.
  register(import.meta.url.replace(/guard(\.\w+)$/, 'guard-imports$1'), {
    data: { root, port: port2 },
    transferList: [port2],
  });
  return () => {
    const uses: string[] = [];
    for (;;) {
      const received = receiveMessageOnPort(port1);
      if (received === undefined) return uses;
      uses.push(String(received.message));
    }
  };
}

/** In the realm, and for those who find it by what it has made. */
function replace(name: 'Date' | 'Function' | 'eval', value: unknown): void {
  const { prototype } = globalThis[name] as { readonly prototype?: object };
  if (prototype !== undefined) Object.defineProperty(prototype, 'constructor', { value });
  Object.defineProperty(globalThis, name, { value, writable: false, configurable: false });
}

function forbid(owner: object, names: readonly string[], refuse: Refuse): void {
  for (const name of names)
    Object.defineProperty(owner, name, { value: () => refuse(name), writable: false, configurable: false });
}
