// Damage to files, made of bytes: what was changed, where, and by how much.
import type { Choices } from './choices.ts';
import type { Files } from './shelf.ts';

export interface Damaged {
  readonly files: Map<string, Uint8Array>;
  /** The names of those that are not what they were. */
  readonly touched: ReadonlySet<string>;
  /** Whether whole files came, went or changed places. */
  readonly moved: boolean;
}

/** Each change takes six bytes. */
export function damaged(files: Files, choices: Choices): Damaged {
  const result = new Map(files);
  const touched = new Set<string>();
  let moved = false;
  while (!choices.done) {
    const names = [...result.keys()];
    const [kind, which, at, more] = [choices.below(16), choices.byte(), choices.word(), choices.word()];
    const name = names[which % names.length];
    if (name === undefined) break;
    const before = result.get(name) as Uint8Array;
    const to = names[more % names.length] as string;
    switch (kind) {
      case 0:
        result.delete(name);
        moved = true;
        break;
      case 1:
        result.set(name, result.get(to) as Uint8Array).set(to, before);
        touched.add(to);
        moved = true;
        break;
      case 2: {
        const next = name.replace(/\d+(?=\D*$)/, (digits) =>
          String(Number(digits) + 1 + (more % 3)).padStart(digits.length, '0'),
        );
        result.set(next, before);
        touched.add(next);
        moved = true;
        break;
      }
      default:
        result.set(name, changed(before, kind, at, more));
    }
    touched.add(name);
  }
  for (const name of touched) if (result.get(name) === files.get(name)) touched.delete(name);
  return {
    files: result,
    touched: new Set([...touched].filter((name) => !isSame(result, files, name))),
    moved,
  };
}

function isSame(result: Files, files: Files, name: string): boolean {
  const [a, b] = [result.get(name), files.get(name)];
  return a !== undefined && b !== undefined && a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function changed(before: Uint8Array, kind: number, place: number, more: number): Uint8Array {
  const at = before.length === 0 ? 0 : place % before.length;
  const length = 1 + (more % 64);
  const bytes = before.slice();
  switch (kind) {
    case 3:
      return before.slice(0, at);
    case 4: {
      const longer = new Uint8Array(before.length + length);
      longer.set(before);
      return longer.fill(more >> 8, before.length);
    }
    case 5:
      return bytes.fill(0, at, at + 8 * length);
    case 6:
      return bytes.copyWithin(at, more % (before.length + 1), (more % (before.length + 1)) + 64);
    case 7: {
      const without = new Uint8Array(Math.max(0, before.length - length));
      without.set(before.subarray(0, Math.min(at, without.length)));
      if (at + length < before.length) without.set(before.subarray(at + length), at);
      return without;
    }
    case 8:
    case 9:
      bytes[at] = more;
      return bytes;
    case 10:
      bytes.set([more, more >> 8].slice(0, before.length - at), at);
      return bytes;
    case 11:
      bytes.fill(255, at, at + (more % 9));
      return bytes;
    default:
      if (bytes.length > 0) bytes[at] = (bytes[at] as number) ^ (1 << (more & 7));
      return bytes;
  }
}
