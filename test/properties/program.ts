/**
 * Random programs as data, so that the same one can be built for the engine, run by the naive interpreter, and shrunk.
 *
 * Values are whole numbers: the last two digits are a payload, the digits before are a life, which loops and timers use
 * up, so that everything comes to rest.
 */
import fc from 'fast-check';

export type Scope = 'key' | 'task';

/** One effect of a turn. */
export type Action =
  | { readonly do: 'emit'; readonly add: number }
  | { readonly do: 'emitTo'; readonly key: number; readonly add: number }
  | { readonly do: 'release'; readonly add: number }
  | { readonly do: 'undo' }
  | { readonly do: 'draw' }
  | { readonly do: 'keep' }
  | { readonly do: 'forgetKey' }
  | { readonly do: 'show' }
  | { readonly do: 'log' }
  | { readonly do: 'add'; readonly scope: Scope; readonly slot: number; readonly by: number }
  | { readonly do: 'addMany'; readonly scope: Scope }
  | { readonly do: 'forget'; readonly scope: Scope; readonly slot: number }
  | { readonly do: 'put'; readonly scope: Scope; readonly entry: number }
  | { readonly do: 'drop'; readonly scope: Scope; readonly entry: number }
  | { readonly do: 'clear'; readonly scope: Scope }
  | { readonly do: 'after'; readonly ms: number }
  | { readonly do: 'cancel' }
  | { readonly do: 'reply'; readonly add: number }
  | { readonly do: 'defer' }
  | { readonly do: 'settle'; readonly how: 'reply' | 'refuse' }
  | {
      readonly do: 'ask';
      /** Several are awaited together, none as well. */
      readonly portals: readonly number[];
      readonly how: 'none' | 'closure' | 'named' | 'all';
      readonly ms: number | undefined;
      readonly onReply: readonly Action[];
      readonly onFailure: readonly Action[] | undefined;
    };

/** What a behavior does with each value. */
export type Op =
  | { readonly kind: 'map'; readonly add: number; readonly actions: readonly Action[] }
  | { readonly kind: 'filter'; readonly mod: number; readonly actions: readonly Action[] }
  | { readonly kind: 'flatMap'; readonly times: number; readonly actions: readonly Action[] }
  | { readonly kind: 'key'; readonly mod: number; readonly actions: readonly Action[] }
  | { readonly kind: 'consume'; readonly actions: readonly Action[] }
  | { readonly kind: 'processor'; readonly actions: readonly Action[] }
  | { readonly kind: 'vsm'; readonly actions: readonly Action[]; readonly others: readonly Action[] }
  | { readonly kind: 'stash'; readonly actions: readonly Action[] }
  | { readonly kind: 'sample'; readonly every: number }
  | { readonly kind: 'identity' | 'empty' | 'logger' };

export interface Behavior {
  readonly op: Op;
  /** Whether a factory makes it. */
  readonly init: boolean;
  /** Advice that calls the task so many times. */
  readonly wrapper: number | undefined;
  readonly onError: readonly Action[] | undefined;
  readonly onAtomComplete: readonly Action[] | undefined;
  readonly onComplete: readonly Action[] | undefined;
  readonly onTimer: readonly Action[] | undefined;
}

export interface Step {
  readonly behavior: Behavior;
  readonly atoms: number;
}

export interface Node {
  /** Counted back from the node: 0 is the one just before. Whatever lies before the first is the source. */
  readonly inputs: readonly number[];
  readonly parts: readonly (readonly Step[])[];
}

export interface Workflow {
  readonly kind: 'workflow';
  /** Which of the streams so far. */
  readonly source: number;
  readonly nodes: readonly Node[];
  /** Counted back from the end, as the inputs of a node are. */
  readonly sinks: readonly number[];
  readonly onFailure: 'stop' | 'deadLetter';
}

export interface Sequencer {
  readonly kind: 'sequencer';
  readonly from: readonly number[];
  readonly strategy: 'random' | 'roundRobin' | 'priority';
  /** The stream, of those that come later, that flows back into it. */
  readonly back: number | undefined;
}

export interface Splitter {
  readonly kind: 'splitter';
  readonly source: number;
  readonly mods: readonly number[];
}

export type Stage = Workflow | Sequencer | Splitter;

export interface Answering {
  readonly keyed: boolean;
  readonly actions: readonly Action[];
}

export interface Program {
  /** The atoms of each generator. */
  readonly inputs: readonly (readonly (readonly number[])[])[];
  readonly stages: readonly Stage[];
  /** How each portal is answered, all in one task of a workflow of their own. A handler asks only portals after its own. */
  readonly portals: readonly Answering[];
  /** What that task does with the events of the first stream. */
  readonly besidePortals: readonly Action[];
  /** What runs downstream of the task that answers. */
  readonly behindPortals: readonly Node[];
}

/** What of a workflow a position, counted back from `end`, means: a node, or -1 for the source. */
export function positionsOf(back: readonly number[], end: number): number[] {
  return back.map((distance) => Math.max(-1, end - 1 - distance));
}

export const lifeOf = (value: number): number => Math.floor(value / 100);

/** Another payload, the same life. */
export function mix(value: number, add: number): number {
  return lifeOf(value) * 100 + (((value % 100) * 7 + add) % 100);
}

/** A number below 2^32 that depends on all of a text. */
export function hash(text: string): number {
  let sum = 0x811c_9dc5;
  for (let i = 0; i < text.length; i++) sum = Math.imul(sum ^ text.charCodeAt(i), 0x0100_0193);
  return (sum ^ (sum >>> 15)) >>> 0;
}

/** What random programs may hold. */
export interface Reach {
  readonly portals: boolean;
  readonly timers: boolean;
  /** Whether turns end before their handlers do, so that what throws leaves something. */
  readonly keeps: boolean;
  /** Whether turns draw numbers. */
  readonly chance: boolean;
  /** Single: only such as have one input. */
  readonly sequencers: 'single' | 'any';
  readonly onFailure: 'stop' | 'deadLetter';
}

export function programs(reach: Reach): fc.Arbitrary<Program> {
  const stage = fc.oneof(
    { weight: 5, arbitrary: workflows(reach) },
    { weight: 2, arbitrary: sequencer(reach) },
    { weight: 1, arbitrary: splitter },
  );
  const some = reach.portals ? 3 : 0;
  return fc.record({
    inputs: fc.array(atoms, { minLength: 1, maxLength: 3 }),
    stages: fc.array(stage, { minLength: 1, maxLength: 4 }),
    portals: fc.array(fc.record({ keyed: fc.boolean(), actions: answering(reach) }), {
      minLength: Math.min(1, some),
      maxLength: some,
    }),
    besidePortals: reach.portals
      ? emitting({ ...reach, portals: false }, 'key').chain((actions) =>
          settle.map((one) => [...actions, one]),
        )
      : fc.constant([]),
    behindPortals: fc.array(node(reach), { maxLength: 2 }),
  });
}

export function workflows(reach: Reach): fc.Arbitrary<Workflow> {
  return fc.record({
    kind: fc.constant('workflow' as const),
    source: fc.nat(7),
    nodes: fc.array(node(reach), { minLength: 1, maxLength: 5 }),
    sinks: fc.uniqueArray(fc.nat(3), { minLength: 1, maxLength: 3 }),
    onFailure: fc.constant(reach.onFailure),
  });
}

export const atoms: fc.Arbitrary<number[][]> = fc.array(
  fc.array(
    fc.tuple(fc.nat(2), fc.nat(20)).map(([life, payload]) => life * 100 + payload),
    { maxLength: 5 },
  ),
  { minLength: 1, maxLength: 5 },
);

function sequencer({ sequencers }: Reach): fc.Arbitrary<Sequencer> {
  return fc.record({
    kind: fc.constant('sequencer' as const),
    from: fc.array(fc.nat(7), { minLength: 1, maxLength: sequencers === 'any' ? 3 : 1 }),
    strategy: fc.constantFrom('random', 'roundRobin', 'priority'),
    back: sequencers === 'any' ? fc.option(fc.nat(7), { nil: undefined }) : fc.constant(undefined),
  });
}

const splitter: fc.Arbitrary<Splitter> = fc.record({
  kind: fc.constant('splitter' as const),
  source: fc.nat(7),
  mods: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }),
});

function node(reach: Reach): fc.Arbitrary<Node> {
  const step = fc.record({ behavior: behavior(reach), atoms: fc.integer({ min: 1, max: 2 }) });
  const few = (most: number): fc.SizeForArbitrary => (most > 1 ? 'small' : 'xsmall');
  return fc.record({
    // Mostly a chain; forks, joins and branches that lead nowhere come from the rest.
    inputs: fc.oneof(
      { weight: 3, arbitrary: fc.constant([0]) },
      { weight: 2, arbitrary: fc.array(fc.nat(3), { minLength: 1, maxLength: 3 }) },
    ),
    parts: fc.oneof(
      { weight: 6, arbitrary: step.map((one) => [[one]]) },
      {
        weight: 1,
        arbitrary: fc.array(fc.array(step, { minLength: 1, maxLength: 3, size: few(3) }), {
          minLength: 1,
          maxLength: 2,
        }),
      },
    ),
  });
}

function behavior(reach: Reach): fc.Arbitrary<Behavior> {
  const rarely = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
    fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: of });
  const made = (op: fc.Arbitrary<Op>, within: Reach): fc.Arbitrary<Behavior> =>
    fc.record({
      op,
      // What a factory makes cannot have portals.
      init: reach.portals ? fc.constant(false) : fc.integer({ min: 0, max: 5 }).map((drawn) => drawn === 5),
      wrapper: rarely(rarely(fc.nat(2))),
      onError: rarely(emitting(within, 'key')),
      onAtomComplete: rarely(emitting(within, 'task')),
      onComplete: rarely(emitting(within, 'task')),
      onTimer: within.timers ? emitting(within, 'key') : fc.constant(undefined),
    });
  const processor: fc.Arbitrary<Op> = fc.record({
    kind: fc.constant('processor'),
    actions: emitting(reach, 'key'),
  });
  return fc.oneof(
    { weight: 1, arbitrary: made(processor, reach) },
    { weight: 2, arbitrary: made(op(reach), { ...reach, portals: false }) },
  );
}

/** All but processors, which alone can ask. */
function op(all: Reach): fc.Arbitrary<Op> {
  const reach = { ...all, portals: false };
  const lean = fc.array(stateAction('key'), { maxLength: 3 });
  const full = emitting(reach, 'key');
  const small = fc.integer({ min: 1, max: 3 });
  return fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('map' as const), add: fc.nat(9), actions: lean }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('filter' as const), mod: small, actions: lean }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('flatMap' as const), times: fc.nat(2), actions: lean }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('key' as const), mod: small, actions: lean }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('consume' as const), actions: lean }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('vsm' as const), actions: full, others: full }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('stash' as const), actions: full }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('sample' as const), every: small }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constantFrom('identity' as const, 'identity' as const, 'logger' as const, 'empty' as const),
      }),
    },
  );
}

function stateAction(scope: Scope): fc.Arbitrary<Action> {
  const scopes =
    scope === 'key'
      ? fc.constantFrom<Scope>('key', 'task')
      : fc.integer({ min: 0, max: 15 }).map((drawn): Scope => (drawn === 15 ? 'key' : 'task'));
  const slot = fc.nat(1);
  const entry = fc.nat(2);
  const of = <const T extends Action['do']>(what: T): fc.Arbitrary<T> => fc.constant(what);
  return fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ do: of('add'), scope: scopes, slot, by: fc.integer({ min: 1, max: 5 }) }),
    },
    { weight: 1, arbitrary: fc.record({ do: of('addMany'), scope: scopes }) },
    { weight: 2, arbitrary: fc.record({ do: of('forget'), scope: scopes, slot }) },
    { weight: 3, arbitrary: fc.record({ do: of('put'), scope: scopes, entry }) },
    { weight: 3, arbitrary: fc.record({ do: of('drop'), scope: scopes, entry }) },
    { weight: 1, arbitrary: fc.record({ do: of('clear'), scope: scopes }) },
    { weight: 1, arbitrary: fc.record({ do: of('log') }) },
  );
}

/** The actions of a handler that may emit. */
function emitting(
  reach: Reach,
  scope: Scope,
  depth: number = 0,
  answers: boolean = false,
): fc.Arbitrary<Action[]> {
  const of = <const T extends Action['do']>(what: T): fc.Arbitrary<T> => fc.constant(what);
  const timers = reach.timers ? 1 : 0;
  const action: fc.Arbitrary<Action> = fc.oneof(
    { weight: 6, arbitrary: stateAction(scope) },
    { weight: 5, arbitrary: fc.record({ do: of('emit'), add: fc.nat(9) }) },
    { weight: 2, arbitrary: fc.record({ do: of('show') }) },
    { weight: 1, arbitrary: fc.record({ do: of('emitTo'), key: fc.nat(2), add: fc.nat(9) }) },
    { weight: 1, arbitrary: fc.record({ do: of('release'), add: fc.nat(9) }) },
    { weight: 1, arbitrary: fc.record({ do: of('undo') }) },
    { weight: reach.chance ? 1 : 0, arbitrary: fc.record({ do: of('draw') }) },
    { weight: reach.keeps ? 1 : 0, arbitrary: fc.record({ do: of('keep') }) },
    { weight: scope === 'key' ? 1 : 0, arbitrary: fc.record({ do: of('forgetKey') }) },
    { weight: 3 * timers, arbitrary: fc.record({ do: of('after'), ms: fc.nat(3) }) },
    { weight: timers, arbitrary: fc.record({ do: of('cancel') }) },
    {
      weight: reach.portals && depth < 2 ? 6 : 0,
      arbitrary: depth < 2 ? ask(reach, depth, answers) : fc.constant<Action>({ do: 'cancel' }),
    },
  );
  return fc.array(action, { maxLength: depth === 0 ? 4 : 3 });
}

function ask(reach: Reach, depth: number, answers: boolean): fc.Arbitrary<Action> {
  const continuation = answers ? answering(reach, depth + 1) : emitting(reach, 'key', depth + 1);
  return fc.record({
    do: fc.constant('ask' as const),
    portals: fc.oneof(
      { weight: 4, arbitrary: fc.tuple(fc.nat(5)) },
      { weight: 2, arbitrary: fc.tuple(fc.nat(5), fc.nat(5)) },
      { weight: 1, arbitrary: fc.constant([]) },
    ),
    how: fc.constantFrom('none', 'closure', 'closure', 'named', 'all'),
    ms: fc.option(fc.nat(5), { nil: undefined }),
    onReply: continuation,
    onFailure: fc.option(continuation, { nil: undefined, freq: 2 }),
  });
}

/** The actions of a handler that may reply as well, or leave its request open and answer one that was left open before. */
function answering(reach: Reach, depth: number = 0): fc.Arbitrary<Action[]> {
  const reply: fc.Arbitrary<Action> = fc.record({ do: fc.constant('reply'), add: fc.nat(9) });
  const closing = fc.oneof(
    { weight: 4, arbitrary: reply.map((one) => [one]) },
    { weight: 2, arbitrary: fc.tuple(settle, fc.constant<Action>({ do: 'defer' })) },
    { weight: 1, arbitrary: fc.tuple(settle) },
    { weight: 2, arbitrary: fc.constant<Action[]>([]) },
  );
  return fc
    .tuple(emitting(reach, 'key', depth, true), closing, fc.boolean())
    .map(([actions, closing, first]) => (first ? [...closing, ...actions] : [...actions, ...closing]));
}

/** Answers the request that was left open last. */
const settle: fc.Arbitrary<Action> = fc.record({
  do: fc.constant('settle'),
  how: fc.constantFrom('reply', 'refuse'),
});
