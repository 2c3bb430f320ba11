/**
 * A naive interpreter of random programs without portals, timers and merging sequencers: plain arrays, one event after
 * the other, and a copy of all state before every turn and every atom in place of any log to undo with. It shares with
 * the engine only the words of the programs, so that both cannot be wrong in the same way.
 */
import type { Key } from 'portico/dataflow';
import { AT_END, keyOf, type SeenAtom } from './build.ts';
import { blame, isTooLarge, type Turn, type World } from './perform.ts';
import {
  mix,
  positionsOf,
  type Action,
  type Behavior,
  type Node,
  type Program,
  type Step,
  type Workflow,
} from './program.ts';

type End = SeenAtom['end'];
type Event = { readonly key: Key; readonly value: number } | { readonly key: Key; readonly error: unknown };

interface Atom {
  readonly events: readonly Event[];
  readonly end: End;
}

/** An atom that failed, and all errors that were left over in it. */
export interface SetAside {
  readonly workflow: string;
  readonly events: readonly (readonly [Key, number])[];
  readonly errors: readonly unknown[];
}

/** What the naive interpreter makes of a program. */
export interface Interpreted {
  /** The atoms of all streams. */
  readonly streams: SeenAtom[][];
  readonly setAside: SetAside[];
  /** The atoms that each workflow released. */
  readonly released: ReadonlyMap<string, SeenAtom['events'][]>;
}

export function interpret(program: Program, world: World): Interpreted {
  const streams: Atom[][] = program.inputs.map((atoms) => [
    ...atoms.map((values): Atom => ({ events: values.map((value) => ({ key: value, value })), end: 'atom' })),
    { events: [], end: 'seal' },
  ]);
  const setAside: SetAside[] = [];
  const released = new Map<string, SeenAtom['events'][]>();
  program.stages.forEach((stage, s) => {
    const source = (number: number): Atom[] => streams[number % streams.length] ?? [];
    switch (stage.kind) {
      case 'workflow': {
        const workflow = new NaiveWorkflow(`w${s}`, stage, world, setAside);
        streams.push(workflow.run(source(stage.source)));
        released.set(`w${s}`, workflow.released);
        break;
      }
      case 'splitter':
        streams.push(...split(source(stage.source), stage.mods));
        break;
      case 'sequencer': {
        const [only, ...others] = new Set(stage.from.map(source));
        if (others.length > 0 || stage.back !== undefined)
          throw new Error('merging is beyond this interpreter');
        // No atom without events goes on, and no end of the stream.
        streams.push(
          (only ?? [])
            .filter(({ events }) => events.length > 0)
            .map(({ events }) => ({ events, end: 'atom' })),
        );
      }
    }
  });
  return {
    streams: streams.map((atoms) => atoms.map(({ events, end }) => ({ events: events.map(plain), end }))),
    setAside,
    released,
  };
}

function split(source: readonly Atom[], mods: readonly number[]): Atom[][] {
  const first = (event: Event): number =>
    mods.findIndex((mod) => 'value' in event && event.value % mod === 0);
  return mods.map((_, i) =>
    source
      .map(({ events, end }) => ({ events: events.filter((event) => first(event) === i), end }))
      .filter(({ events, end }) => events.length > 0 || end === 'seal'),
  );
}

/** The state of one task: values and entries by name. */
type State = Map<string, Map<string | number, unknown>>;

class NaiveWorkflow {
  readonly #name: string;
  readonly #workflow: Workflow;
  readonly #world: World;
  readonly #setAside: SetAside[];
  /** The state of each task, by its number. */
  #states: State[] = [];
  /** What the running atom releases, and what all atoms have. */
  #releasing: Event[] = [];
  readonly released: SeenAtom['events'][] = [];

  constructor(name: string, workflow: Workflow, world: World, setAside: SetAside[]) {
    this.#name = name;
    this.#workflow = workflow;
    this.#world = world;
    this.#setAside = setAside;
    this.#states = workflow.nodes.map(() => new Map());
  }

  run(source: readonly Atom[]): Atom[] {
    return source.flatMap((atom): Atom[] => {
      const before = structuredClone(this.#states);
      this.#releasing = [];
      const out = this.#atom(atom);
      const errors = out.flatMap((event) => ('error' in event ? [event.error] : []));
      if (errors.length === 0) {
        if (this.#releasing.length > 0) this.released.push(this.#releasing.map(plain));
        return [{ events: out, end: atom.end }];
      }
      this.#states = before;
      this.#setAside.push({ workflow: this.#name, events: atom.events.map(plain), errors });
      return atom.end === 'seal' ? [{ events: [], end: 'seal' }] : [];
    });
  }

  /** The output of an atom, with the errors of branches that lead nowhere. */
  #atom({ events, end }: Atom): Event[] {
    const { nodes, sinks } = this.#workflow;
    const outs: Event[][] = [];
    const read = new Set<number>();
    const all = (positions: readonly number[]): Event[] =>
      positions.flatMap((position) => {
        read.add(position);
        return position === -1 ? events : (outs[position] ?? []);
      });
    nodes.forEach((node, n) => {
      outs.push(this.#node(n, node, all(positionsOf(node.inputs, n)), end));
    });
    const out = all(positionsOf(sinks, nodes.length));
    const nowhere = outs.filter((_, n) => !read.has(n)).flat();
    return [...out, ...nowhere.filter((event) => 'error' in event)];
  }

  #node(n: number, { parts }: Node, events: readonly Event[], end: End): Event[] {
    return parts.reduce<readonly Event[]>(
      (events, steps, p) => this.#part(n, p, steps, events, end),
      events,
    ) as Event[];
  }

  #part(n: number, p: number, steps: readonly Step[], events: readonly Event[], end: End): Event[] {
    const site = `${this.#name}n${n}.${p}`;
    const out: Event[] = [];
    /** Which of the steps has its turn; the first is for one atom. */
    const current = (state: State): [string, Behavior] => {
      const plan = steps.flatMap(({ atoms }, s) => Array.from({ length: s === 0 ? 1 : atoms }, () => s));
      const s = plan[Number(hidden(state, p).get('step') ?? 0) % plan.length] ?? 0;
      return [`${site}.${s}`, (steps[s] as Step).behavior];
    };
    const turn = (key: Key | undefined, run: (turn: NaiveTurn) => void): void => {
      const turn = new NaiveTurn(this.#states[n] as State, key);
      try {
        run(turn);
        turn.keep();
      } catch (error) {
        if (isTooLarge(error)) throw error;
        turn.undo();
        turn.out.push({ key: key ?? 0, error });
      }
      out.push(...turn.out);
      this.#releasing.push(...turn.released);
    };
    for (const event of events) {
      turn(event.key, (turn) => {
        const [place, behavior] = current(turn.state);
        if ('value' in event) this.#next(turn, place, behavior, event.value);
        else if (behavior.onError === undefined) throw event.error;
        else this.#world.perform(turn, `${place}.error`, blame(event.error), behavior.onError);
      });
    }
    turn(undefined, (turn) => {
      const [place, { onAtomComplete, onComplete }] = current(turn.state);
      // The atom has passed, whatever becomes of the handler's own turn.
      const own = hidden(turn.state, p);
      if (end === 'atom') own.set('step', Number(own.get('step') ?? 0) + 1);
      turn.keep();
      if (end === 'atom' && onAtomComplete !== undefined)
        this.#world.perform(turn, `${place}.atom`, AT_END, onAtomComplete);
      if (end === 'seal' && onComplete !== undefined)
        this.#world.perform(turn, `${place}.complete`, AT_END, onComplete);
    });
    return out;
  }

  #next(turn: NaiveTurn, site: string, behavior: Behavior, value: number): void {
    const { wrapper } = behavior;
    if (wrapper === undefined) {
      this.#op(turn, site, behavior, value);
      return;
    }
    this.#world.perform(turn, `${site}.wrapper`, value, [{ do: 'add', scope: 'task', slot: 0, by: 1 }]);
    for (let i = 0; i < wrapper; i++) this.#op(turn, site, behavior, value);
  }

  #op(turn: NaiveTurn, site: string, { op }: Behavior, value: number): void {
    const perform = (actions: readonly Action[], what = '', of = value): void => {
      this.#world.perform(turn, site + what, of, actions);
    };
    const own = (): Map<string | number, unknown> => hidden(turn.state, site);
    const key = `${typeof turn.key} ${String(turn.key)}`;
    switch (op.kind) {
      case 'map':
        perform(op.actions);
        turn.emit(mix(value, op.add));
        return;
      case 'filter':
        perform(op.actions);
        if (value % op.mod === 0) turn.emit(value);
        return;
      case 'flatMap':
        perform(op.actions);
        for (let i = 0; i < op.times; i++) {
          turn.emit(mix(value, i));
          perform([], `.${i}`);
        }
        return;
      case 'key':
        perform(op.actions);
        turn.emitTo(keyOf(value, op.mod), value);
        return;
      case 'consume':
      case 'processor':
        perform(op.actions);
        return;
      case 'vsm': {
        const isEven = own().get(key) === true;
        perform(isEven ? op.others : op.actions);
        const odd = value % 2 === 1;
        if (isEven !== odd) own().set(key, odd);
        return;
      }
      case 'stash': {
        const held = (): number[] => (own().get(key) ?? []) as number[];
        if (value % 3 === 0) {
          own().set(key, [...held(), value]);
          perform([], '.stash');
          return;
        }
        const handle = (value: number): void => {
          perform(op.actions, '', value);
          turn.emit(mix(value, held().length));
        };
        handle(value);
        if (value % 3 !== 1) return;
        const again = held();
        own().delete(key);
        for (const each of again) handle(each);
        return;
      }
      case 'sample': {
        const seen = Number(own().get('seen') ?? 0);
        own().set('seen', seen + 1);
        if (seen % op.every === 0) turn.emit(value);
        return;
      }
      case 'identity':
      case 'logger':
        turn.emit(value);
        return;
      case 'empty':
        return;
    }
  }
}

const OWN = 'own ';

/** State of one scope, or that an operator keeps for itself. */
function hidden(state: State, whose: string | number): Map<string | number, unknown> {
  const name = `${OWN}${whose}`;
  const found = state.get(name) ?? new Map<string | number, unknown>();
  state.set(name, found);
  return found;
}

class NaiveTurn implements Turn {
  readonly state: State;
  readonly key: Key | undefined;
  readonly out: Event[] = [];
  readonly released: Event[] = [];
  #before: State;
  /** How much of what was emitted and released is kept. */
  #kept = [0, 0];

  constructor(state: State, key: Key | undefined) {
    this.state = state;
    this.key = key;
    this.#before = structuredClone(state);
  }

  emit(value: number): void {
    this.emitTo(this.key ?? value, value);
  }

  emitTo(key: Key, value: number): void {
    this.out.push({ key, value });
  }

  release(value: number): void {
    this.released.push({ key: this.key ?? value, value });
  }

  undo(): void {
    this.state.clear();
    for (const [name, values] of structuredClone(this.#before)) this.state.set(name, values);
    [this.out.length, this.released.length] = this.#kept as [number, number];
  }

  keep(): void {
    this.#before = structuredClone(this.state);
    this.#kept = [this.out.length, this.released.length];
  }

  forgetKey(): void {
    if (this.key === undefined) throw new NoKey();
    // Also what operators keep for themselves.
    const key = `${typeof this.key} ${String(this.key)}`;
    for (const [name, values] of this.state) {
      if (name.startsWith(`${OWN}${key} `)) values.clear();
      else values.delete(key);
    }
  }

  log(): void {
    // The interpreter has no log.
  }

  read(scope: 'key' | 'task', slot: number): number | undefined {
    return this.#of(scope, 'values').get(slot) as number | undefined;
  }

  write(scope: 'key' | 'task', slot: number, value: number | undefined): void {
    if (value === undefined) this.#of(scope, 'values').delete(slot);
    else this.#of(scope, 'values').set(slot, value);
  }

  entries(scope: 'key' | 'task'): [number, number][] {
    return [...this.#of(scope, 'entries')] as [number, number][];
  }

  put(scope: 'key' | 'task', entry: number, value: number | undefined): void {
    if (value === undefined) this.#of(scope, 'entries').delete(entry);
    else this.#of(scope, 'entries').set(entry, value);
  }

  clear(scope: 'key' | 'task'): void {
    this.#of(scope, 'entries').clear();
  }

  draw(): number {
    throw new Error('chance is beyond this interpreter');
  }

  after(): void {
    throw new Error('timers are beyond this interpreter');
  }

  cancel(): void {
    // There is no timer that could be taken back.
  }

  ask(): void {
    throw new Error('portals are beyond this interpreter');
  }

  reply(): void {
    throw new Error('portals are beyond this interpreter');
  }

  defer(): void {
    throw new Error('portals are beyond this interpreter');
  }

  settle(): void {
    throw new Error('portals are beyond this interpreter');
  }

  #of(scope: 'key' | 'task', what: string): Map<string | number, unknown> {
    if (scope === 'task') return hidden(this.state, `task ${what}`);
    if (this.key === undefined) throw new NoKey();
    return hidden(this.state, `${typeof this.key} ${String(this.key)} ${what}`);
  }
}

/** Told apart from other errors by the code that the engine's own error has. */
class NoKey extends Error {
  readonly code = 'state/no-key';
}

function plain(event: Event): readonly [Key, number] {
  if ('value' in event) return [event.key, event.value];
  throw new Error('an error was left over');
}
