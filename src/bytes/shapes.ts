/**
 * The shapes of objects: lists of keys, in order. A writer finds them again by walking from key to key, which mostly
 * leads where it led the last time.
 *
 * What is remembered here outlives a record, but only saves work: no byte depends on it. Whether a record has defined a
 * shape is said by its `scope`.
 */

/** Objects with more keys than this have no shape. */
const KEYS = 32;
/** When so many shapes are known, beginnings of shapes included, it is time to forget them. */
const MANY = 4096;

/** A list of keys, as far as a walk has come. */
export class Shape {
  /** The key that followed last, and the shape it led to. */
  nextKey: string | undefined = undefined;
  next: Shape | undefined = undefined;
  /** All that ever followed, if there was more than one. */
  all: Map<string, Shape> | undefined = undefined;
  /** Its definition in bytes, once there was one. */
  definition: Uint8Array | undefined = undefined;
  /** The scope in which it was defined last, and the number it has there. */
  scope = 0;
  number = 0;
}

export class Shapes {
  #root = new Shape();
  #count = 0;

  /** The shape of these keys, unless they are too many. If nothing is to be added, also unless it is not known. */
  of(keys: readonly string[], add: boolean): Shape | undefined {
    if (keys.length > KEYS) return undefined;
    let shape = this.#root;
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] as string;
      const next = shape.nextKey === key ? shape.next : this.#branch(shape, key, add);
      if (next === undefined) return undefined;
      shape = next;
    }
    return shape;
  }

  /** Forgets, if it is time. To be called only where nothing is defined: there are no shapes then that are needed. */
  renew(): void {
    if (this.#count < MANY) return;
    this.#root = new Shape();
    this.#count = 0;
  }

  #branch(shape: Shape, key: string, add: boolean): Shape | undefined {
    let next = shape.all?.get(key);
    if (next === undefined) {
      if (!add) return undefined;
      this.#count++;
      next = new Shape();
      if (shape.next !== undefined) {
        shape.all ??= new Map([[shape.nextKey as string, shape.next]]);
        shape.all.set(key, next);
      }
    }
    shape.nextKey = key;
    shape.next = next;
    return next;
  }
}
