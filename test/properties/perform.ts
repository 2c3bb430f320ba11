/** How the actions of a random program are performed: the same way for the engine and for the naive interpreter. */
import { InvariantViolation, type Key } from 'portico/dataflow';
import { hash, lifeOf, mix, type Action, type Scope } from './program.ts';

/** What a turn offers. The engine's contexts and the naive interpreter each have one. */
export interface Turn {
  readonly key: Key | undefined;
  emit(value: number): void;
  emitTo(key: Key, value: number): void;
  release(value: number): void;
  undo(): void;
  keep(): void;
  forgetKey(): void;
  draw(): number;
  log(value: number): void;
  read(scope: Scope, slot: number): number | undefined;
  write(scope: Scope, slot: number, value: number | undefined): void;
  entries(scope: Scope): readonly (readonly [Key, number])[];
  put(scope: Scope, entry: number, value: number | undefined): void;
  clear(scope: Scope): void;
  after(ms: number, value: number): void;
  cancel(): void;
  ask(action: Action & { readonly do: 'ask' }, value: number, site: string): void;
  reply(value: number): void;
  defer(): void;
  settle(how: 'reply' | 'refuse', value: number): void;
}

/** When turns throw. Late: somewhere between their effects. Early: the same turns, before any effect. */
export interface Faults {
  readonly when: 'late' | 'early';
  readonly salt: number;
  /** How many turns of a hundred throw. */
  readonly percent: number;
}

/** What was seen when a turn began. */
export interface Seen {
  readonly site: string;
  readonly key: Key | undefined;
  readonly value: number;
  /** All state that the turn can see. */
  readonly state: string;
}

/** Thrown by turns, as the fault plan has it. */
export class Fault extends Error {}

/** More turns than this, and the program is given up. */
const MANY = 600;

/** One run of a program: what is planned for it, and what was seen of it. */
export class World {
  readonly trace: Seen[] = [];
  faults: Faults | undefined;

  constructor(faults: Faults | undefined) {
    this.faults = faults;
  }

  /** Performs actions as one part of a turn. `site` says which handler this is. */
  perform(turn: Turn, site: string, value: number, actions: readonly Action[]): void {
    if (this.trace.length >= MANY) throw tooLarge();
    this.trace.push({ site, key: turn.key, value, state: stateOf(turn) });
    const fault = this.#fault(site, value, actions.length);
    const before = fault === -1 ? actions : actions.slice(0, fault);
    try {
      before.forEach((action, i) => {
        act(turn, action, value, `${site}/${i}`);
      });
    } catch (error) {
      // A turn that is to throw anyway throws its fault, also if one of its effects was refused before.
      if (fault === -1) throw error;
    }
    if (fault !== -1) throw new Fault(`${site} at ${value}`);
  }

  /** Before which of its actions the turn throws; -1 if it does not. */
  #fault(site: string, value: number, length: number): number {
    const { faults } = this;
    if (faults === undefined) return -1;
    const drawn = hash(`${faults.salt} ${site} ${value}`);
    if (drawn % 100 >= faults.percent) return -1;
    return faults.when === 'early' ? 0 : (drawn >>> 8) % (length + 1);
  }
}

/** Tells that a program got out of hand; the engine does not catch this. */
export function isTooLarge(error: unknown): boolean {
  return error instanceof InvariantViolation && error.where === 'too large';
}

function tooLarge(): InvariantViolation {
  return new InvariantViolation({
    code: 'invariant/violated',
    where: 'too large',
    what: 'it is',
    cure: 'none',
  });
}

/** A value that says which error it was. */
export function blame(error: unknown): number {
  const text =
    error instanceof Fault
      ? error.message
      : error instanceof Error && 'code' in error
        ? String(error.code)
        : String(error);
  return hash(text) % 100;
}

function act(turn: Turn, action: Action, value: number, site: string): void {
  switch (action.do) {
    case 'emit':
      return turn.emit(mix(value, action.add));
    case 'emitTo':
      return turn.emitTo(action.key, mix(value, action.add));
    case 'release':
      return turn.release(mix(value, action.add));
    case 'undo':
      return turn.undo();
    case 'keep':
      return turn.keep();
    case 'forgetKey':
      return turn.forgetKey();
    case 'draw':
      return turn.emit(mix(value, turn.draw()));
    case 'show':
      return turn.emit(lifeOf(value) * 100 + (hash(stateOf(turn)) % 100));
    case 'log':
      return turn.log(value);
    case 'add':
      return turn.write(
        action.scope,
        action.slot,
        (turn.read(action.scope, action.slot) ?? 0) + action.by + value,
      );
    case 'addMany':
      for (let slot = 0; slot < SLOTS; slot++)
        turn.write(action.scope, slot, (turn.read(action.scope, slot) ?? 0) + slot);
      return;
    case 'forget':
      return turn.write(action.scope, action.slot, undefined);
    case 'put':
      return turn.put(action.scope, action.entry, value);
    case 'drop':
      return turn.put(action.scope, action.entry, undefined);
    case 'clear':
      return turn.clear(action.scope);
    case 'after':
      if (lifeOf(value) > 0) turn.after(action.ms, value - 100);
      return;
    case 'cancel':
      return turn.cancel();
    case 'ask':
      return turn.ask(action, value, site);
    case 'reply':
      return turn.reply(mix(value, action.add));
    case 'defer':
      return turn.defer();
    case 'settle':
      return turn.settle(action.how, value);
  }
}

/** The slots of values that actions use: more than an undo log could mark in one word. */
export const SLOTS = 20;
/** Those that are looked at. */
const LOOKED_AT = [0, 1, SLOTS - 1];

/** All state that a turn can see, as a text. */
export function stateOf(turn: Pick<Turn, 'key' | 'read' | 'entries'>): string {
  return turn.key === undefined ? stateIn('task', turn) : `${stateIn('key', turn)}, ${stateIn('task', turn)}`;
}

/** The state of one scope. */
export function stateIn(scope: Scope, turn: Pick<Turn, 'read' | 'entries'>): string {
  const values = LOOKED_AT.map((slot) => turn.read(scope, slot) ?? '-').join(' ');
  const entries = turn.entries(scope).map(([entry, value]) => `${entry}=${value}`);
  return `${scope}: ${values} {${entries.join(' ')}}`;
}
