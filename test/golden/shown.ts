// Any value as text, a line for each part: the same on every platform and for ever, for it stands beside golden files.
import { ActorCreate, ActorRef, Behavior } from 'portico';

export function shown(value: unknown, indent = ''): string {
  const next = `${indent}  `;
  const lines = (open: string, parts: readonly string[]): string =>
    parts.length === 0 ? open : `${open}\n${parts.map((part) => `${next}${part}`).join('\n')}`;
  if (typeof value === 'string') return `text ${JSON.stringify(value.length > 400 ? `${value.slice(0, 40)}… ${value.length}` : value)}`; // prettier-ignore
  if (typeof value === 'number') return `number ${Object.is(value, -0) ? '-0' : value}`;
  if (typeof value === 'bigint') return `bigint ${value}`;
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value))
    return lines(
      'array',
      value.map((each) => shown(each, next)),
    );
  if (value instanceof Map)
    return lines(
      'map',
      [...value].map(([key, each]) => `${shown(key, next)} => ${shown(each, next)}`),
    );
  if (value instanceof Set)
    return lines(
      'set',
      [...value].map((each) => shown(each, next)),
    );
  if (value instanceof Date) return `date ${value.getTime()}`;
  if (value instanceof Error) {
    const { code } = value as { code?: unknown };
    const cause = 'cause' in value ? [`cause ${shown(value.cause, next)}`] : [];
    return lines(`error ${value.name}: ${value.message}`, [`code ${String(code)}`, ...cause]);
  }
  if (value instanceof ArrayBuffer) return `buffer ${hex(new Uint8Array(value))}`;
  if (ArrayBuffer.isView(value))
    return `${value.constructor.name} ${hex(new Uint8Array(value.buffer, value.byteOffset, value.byteLength))}`;
  if (value instanceof ActorRef) return lines(`ref ${typeof value.id} ${String(value)}`, value.via === undefined ? [] : [shown({ ...value.via }, next)]); // prettier-ignore
  if (value instanceof Behavior) return `behavior ${String(value)}`;
  const name = (Object.getPrototypeOf(value) as object | null)?.constructor.name;
  return lines(
    name === 'Object' ? 'object' : `instance of ${String(name)}`,
    Object.entries(value instanceof ActorCreate ? whole(value) : value).map(
      ([key, each]) => `${JSON.stringify(key)}: ${shown(each, next)}`,
    ),
  );
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** What it says, however it keeps the reference. */
function whole({ kind, ref, behavior, birth }: ActorCreate): object {
  return { kind, ref, behavior, birth };
}
