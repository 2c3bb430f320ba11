/** What plain JavaScript has in place of a stream: a ring buffer with one object for each event. */

export class PlainEvent {
  readonly key: number;
  readonly value: number;

  constructor(key: number, value: number) {
    this.key = key;
    this.value = value;
  }
}

export class PlainRing<T> {
  #items: (T | undefined)[] = Array.from({ length: 1024 });
  #first = 0;
  #next = 0;

  push(item: T): void {
    if (this.#next - this.#first === this.#items.length) this.#grow();
    this.#items[this.#next++ & (this.#items.length - 1)] = item;
  }

  shift(): T | undefined {
    if (this.#first === this.#next) return undefined;
    const at = this.#first++ & (this.#items.length - 1);
    const item = this.#items[at];
    this.#items[at] = undefined;
    return item;
  }

  #grow(): void {
    // The same twice: each item is where it belongs, and once more where there is room now.
    this.#items = this.#items.concat(this.#items);
    const { length } = this.#items;
    for (let at = this.#next; at < this.#first + length; at++) this.#items[at & (length - 1)] = undefined;
  }
}
