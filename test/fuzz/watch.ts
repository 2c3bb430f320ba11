// Watches what an input does beside its result: what it adds to the prototypes of all objects, how large the buffers are that
// it asks for, and how long it takes. To be loaded before what is watched.
import { must } from './target.ts';

const prototypes: readonly object[] = [
  Object,
  Array,
  Map,
  Set,
  Error,
  Date,
  Function,
  String,
  Number,
  Uint8Array,
].map((of) => of.prototype as object);
const watchedOften = [Object.prototype, Array.prototype];

/** All that is there for all objects. */
function inherited(): unknown[] {
  return prototypes.flatMap((prototype) =>
    Reflect.ownKeys(prototype).flatMap((key) => [
      key,
      ...Object.values(Object.getOwnPropertyDescriptor(prototype, key) as PropertyDescriptor),
    ]),
  );
}

const before = inherited();
const counts = watchedOften.map((prototype) => Reflect.ownKeys(prototype).length);

/** That no prototype has got anything, at a glance. */
export function checkPrototypes(): void {
  for (let i = 0; i < watchedOften.length; i++)
    must(Reflect.ownKeys(watchedOften[i] as object).length === counts[i], 'no prototype has got a property');
}

/** The same, of all that there is. */
export function checkPrototypesWell(): void {
  const now = inherited();
  must(
    now.length === before.length && now.every((each, i) => Object.is(each, before[i])),
    'no prototype has changed',
  );
}

/** How many bytes of buffers were asked for by their number since it was set to zero. */
export const asked = { bytes: 0 };

const buffers = [
  'ArrayBuffer',
  'Uint8Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float64Array',
] as const;

/** Has all buffers counted that are asked for by their size from now on. */
export function countBuffers(): void {
  for (const name of buffers) {
    const of = globalThis[name];
    const each = 'BYTES_PER_ELEMENT' in of ? of.BYTES_PER_ELEMENT : 1;
    const counted: object = new Proxy(of, {
      construct(target: new (...args: never[]) => object, args: unknown[], newTarget: unknown): object {
        if (typeof args[0] === 'number') asked.bytes += each * args[0];
        const made = (newTarget === counted ? target : newTarget) as typeof target;
        return Reflect.construct(target as new (...args: unknown[]) => object, args, made);
      },
    });
    Object.defineProperty(globalThis, name, { value: counted, writable: true, configurable: true });
  }
}
