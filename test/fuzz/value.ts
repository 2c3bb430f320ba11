// Any value that somebody could hand over, made of bytes; and what of it cannot be stored.
import { Choices } from './choices.ts';

/** An instance of a registered class. */
export class Box {
  readonly content: unknown;
  constructor(content: unknown) {
    this.content = content;
  }
}

export interface Made {
  readonly value: unknown;
  /** What it has that cannot be stored, and how many containers are around it. */
  readonly foreign: readonly number[];
  /** The same within the cause of an error, which goes without; also of what may be too deep or too large. */
  readonly dropped: number;
  /** It has something in it that may be deeper than any codec goes. */
  readonly deep: boolean;
}

export function valueOf(bytes: Uint8Array): Made {
  const maker = new Maker(bytes);
  const value = maker.value(0);
  const { foreign, dropped, deep } = maker;
  return { value, foreign, dropped, deep };
}

class Foreign {
  readonly hidden = 1;
}

const keys = ['id', 'type', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '0', '7', '', 'then'];

class Maker {
  readonly #choices: Choices;
  readonly foreign: number[] = [];
  dropped = 0;
  deep = false;
  #causes = 0;
  #parts = 0;

  constructor(bytes: Uint8Array) {
    this.#choices = new Choices(bytes);
  }

  value(depth: number): unknown {
    const choices = this.#choices;
    if (choices.done || depth > 60 || ++this.#parts > 2_000) return this.#parts;
    const kind = choices.byte();
    switch (kind % 32) {
      case 0:
        return choices.byte() - 128;
      case 1:
        return choices.text();
      case 2:
        return [undefined, null, true, false, NaN, -0, Infinity, Number.MAX_SAFE_INTEGER][choices.below(8)];
      case 3:
        return new DataView(padded(choices.take(8)).buffer).getFloat64(0);
      case 4:
        return choices.word() * (choices.below(2) === 0 ? 1 : -0x1_0000_0001);
      case 5: {
        let n = 0n;
        for (const byte of choices.take(choices.below(24))) n = n * 256n + BigInt(byte);
        return choices.below(2) === 0 ? n : -n;
      }
      case 6:
      case 7:
      case 8:
        return this.#object(depth, choices.below(5), kind);
      case 9:
        return this.#object(depth, 30 + choices.below(6), kind);
      case 10:
      case 11:
        return Array.from({ length: choices.below(5) }, () => this.value(depth + 1));
      case 12:
        return Array.from({ length: 14 + choices.below(6) }, () => this.value(depth + 1));
      case 13:
        return this.#map(depth, choices.below(4));
      case 14:
        return new Set(Array.from({ length: choices.below(4) }, () => this.value(depth + 1)));
      case 15:
        return new Date(choices.word() * 1e6 * (choices.below(3) - 1) + (choices.below(9) === 8 ? NaN : 0));
      case 16:
        return this.#view(choices.below(13));
      case 17:
        return this.#error(depth);
      case 18:
        return new Box(this.value(depth + 1));
      case 19:
        return this.#nested(depth);
      case 20:
        return this.#again(depth);
      case 21:
        return this.#object(depth, 2, 0xff);
      case 22:
        if (this.#causes > 0) this.dropped++;
        return choices.text().repeat(1 + choices.below(40));
      case 23:
        return kind > 0xc0 ? this.#foreign(depth) : choices.byte();
      default:
        return choices.byte();
    }
  }

  #object(depth: number, size: number, kind: number): object {
    const choices = this.#choices;
    const object = (kind & 0x80) === 0 ? {} : (Object.create(null) as object);
    for (let i = 0; i < size; i++) {
      const chosen = choices.byte();
      const key = chosen < 0x80 ? (keys[chosen % keys.length] as string) : choices.text();
      if (key === '__proto__' || Object.hasOwn(object, key)) continue;
      Object.defineProperty(object, key, {
        value: this.value(depth + 1),
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
    return object;
  }

  #map(depth: number, size: number): ReadonlyMap<unknown, unknown> {
    const map = new Map<unknown, unknown>();
    for (let i = 0; i < size; i++) {
      const key = this.value(depth + 1);
      if (!map.has(key)) map.set(key, this.value(depth + 1));
    }
    return map;
  }

  #view(kind: number): unknown {
    const choices = this.#choices;
    const { buffer } = choices.take(8 * choices.below(4)).slice();
    const of = [Uint8Array, Int8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array];
    const more = [Float32Array, Float64Array, BigInt64Array, BigUint64Array, DataView];
    const whole = buffer.slice(0, buffer.byteLength & ~7);
    const View = ([...of, ...more] as (new (buffer: ArrayBuffer) => unknown)[])[kind];
    return View === undefined ? whole : new View(whole);
  }

  #error(depth: number): Error {
    const choices = this.#choices;
    const message = choices.text();
    const hasCause = choices.below(2) === 0;
    this.#causes++;
    const error = new Error(message, hasCause ? { cause: this.value(depth + 1) } : undefined);
    this.#causes--;
    error.name = choices.text();
    return choices.below(2) === 0 ? error : Object.assign(error, { code: choices.text() });
  }

  /** Deep within arrays. */
  #nested(depth: number): unknown {
    let value = this.value(depth + 1);
    for (let left = 1 + this.#choices.byte() * 6; left > 0; left--) value = [value];
    this.#tooMuch();
    return value;
  }

  /** Something that is there twice, or holds itself. */
  #again(depth: number): unknown {
    const value = this.value(depth + 1);
    if (this.#choices.below(2) === 0) return [value, value];
    const circle: unknown[] = [value];
    circle.push(circle);
    this.#tooMuch();
    return circle;
  }

  #tooMuch(): void {
    this.deep = true;
    if (this.#causes > 0) this.dropped++;
  }

  #foreign(depth: number): unknown {
    const choices = this.#choices;
    if (this.#causes > 0) this.dropped++;
    else this.foreign.push(depth);
    switch (choices.below(14)) {
      case 0:
        return () => 1;
      case 1:
        return Symbol('x');
      case 2:
        return new Foreign();
      case 3:
        return Promise.resolve();
      case 4:
        return /x/;
      case 5:
        return { [Symbol('key')]: 1 };
      case 6:
        return JSON.parse('{ "a": 1, "__proto__": { "polluted": true } }') as unknown;
      case 7:
        return Object.defineProperty({}, 'got', { get: () => 1, enumerable: true });
      case 8:
        return Array(3);
      case 9:
        return revoked();
      case 10:
        return new Proxy({ a: 1 }, { ownKeys: () => { throw new Error('no keys'); } }); // prettier-ignore
      case 11:
        return Object.create(Map.prototype) as unknown;
      case 12:
        return Object.create({ inherited: 1 }) as unknown;
      default:
        return new (class extends Array<number> {})();
    }
  }
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

function padded(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(8);
  whole.set(bytes);
  return whole;
}
