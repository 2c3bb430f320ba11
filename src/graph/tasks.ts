/** Prebuilt tasks: what the operators of a flow are made of, for use with `flow.task`, `withStep` and the like. */
import { PorticoError, printed } from '../errors.ts';
import {
  functionMistakes,
  inWords,
  notAHandle,
  optionalFunctionMistakes,
  pathOf,
  settled,
  type Mistake,
} from './arguments.ts';
import type { AskerContext, Continuation, MapContext, ProcessorContext } from './context.ts';
import type { Key } from './keys.ts';
import type { Answer } from './portals.ts';
import { ownMap, ownState } from './state.ts';
import {
  erased,
  factorySpec,
  handlersOf,
  handlerSpec,
  identitySpec,
  leanSpec,
  noting,
  specOf,
  type InitContext,
  type Task,
  type TaskSpec,
} from './task.ts';

/** Transforms each value. */
export function map<I, O>(f: (value: I, ctx: MapContext) => O): Task<I, O> {
  return { spec: leanSpec('map', erased(f)) };
}

/** Keeps the values that pass. */
export function filter<I>(keep: (value: I, ctx: MapContext) => boolean): Task<I, I> {
  return { spec: leanSpec('filter', erased(keep)) };
}

/** Makes any number of values of each. */
export function flatMap<I, O>(f: (value: I, ctx: MapContext) => Iterable<O>): Task<I, O> {
  return { spec: leanSpec('flatMap', erased(f)) };
}

/** Gives each event a key: what runs after it runs where the key lives. */
export function key<I>(f: (value: I, ctx: MapContext) => Key): Task<I, I> {
  return { spec: leanSpec('key', erased(f)) };
}

/** Passes everything on. */
export function identity<I>(): Task<I, I> {
  return { spec: identitySpec() };
}

/** Logs each value at level info and passes it on. */
export function logger<I>(prefix = ''): Task<I, I> {
  const log = (value: unknown, ctx: MapContext): unknown => {
    ctx.log.info(`${prefix}${printed(value)}`);
    return value;
  };
  return { spec: leanSpec('map', log, 'logger') };
}

/** Handles each value with all that a context offers. */
export function processor<I, O = never>(onNext: (value: I, ctx: ProcessorContext<O>) => void): Task<I, O> {
  return { spec: handlerSpec('processor', { onNext: erased(onNext) }) };
}

/** Uses each value up; nothing goes on. */
export function consume<I>(use: (value: I, ctx: MapContext) => void): Task<I, never> {
  return { spec: handlerSpec('consume', { onNext: erased(use) }) };
}

/** Drops all events. Ends of atoms still go on. */
export function empty<I>(): Task<I, never> {
  return { spec: handlerSpec('empty', { onNext: () => undefined }) };
}

/** Keeps the first of every `n` events of the task. */
export function sample<I>(n: number): Task<I, I> {
  const seen = ownState('task', 'seen', 0);
  const keep = (_: unknown, ctx: MapContext): boolean => {
    const before = seen.get(ctx);
    seen.set(ctx, (before + 1) % n);
    return before === 0;
  };
  const spec = { ...leanSpec('filter', keep, 'sample'), owns: [seen] };
  if (Number.isInteger(n) && n >= 1) return { spec };
  const what = `sample(${inWords(n)}) keeps no whole share`;
  return {
    spec: noting(spec, [{ code: 'graph/bad-argument', what, cure: 'Give it a whole number from 1 up' }]),
  };
}

/** Makes the task when its workflow starts: once, with fresh captured values. */
export function init<I, O>(factory: (ctx: InitContext) => Task<I, O>): Task<I, O> {
  const make = (ctx: InitContext): TaskSpec => {
    const made = specOf(factory(ctx), 'init');
    const [mistake] = made.mistakes;
    if (mistake !== undefined) throw new PorticoError({ ...mistake, where: ctx.path });
    return made;
  };
  return { spec: noting(factorySpec(make), functionMistakes('init', factory)) };
}

/** Says that a machine stays as it is. */
export const same: unique symbol = Symbol('portico.same');

/** A state of a machine: handles a value and returns the next state, or `same`. */
export interface MachineState<in I, out O> {
  (value: I, ctx: ProcessorContext<O>): MachineState<I, O> | typeof same;
}

/** A state machine per key: each state handles a value and returns the next one. */
export function vsm<I, O>(initial: MachineState<I, O>): Task<I, O> {
  const state = ownState<MachineState<I, O>>('key', 'machine', initial);
  const onNext = (value: I, ctx: ProcessorContext<O>): void => {
    const next = settled(state.get(ctx)(value, ctx), ctx.path);
    if (next === same) return;
    if (typeof next !== 'function') {
      const what = `a state of its machine returned ${inWords(next)}`;
      throw new PorticoError({
        code: 'task/bad-result',
        where: ctx.path,
        what,
        cure: 'Return the next state, or `same`',
      });
    }
    // States are functions, so only a machine that stays in its first one can be kept.
    ctx.states.mustStore?.(next);
    state.set(ctx, next);
  };
  const spec = handlerSpec('vsm', { onNext: erased(onNext) }, { owns: [state] });
  return { spec: noting(spec, functionMistakes('vsm', initial)) };
}

/** Values set aside, per key, until they can be handled. */
export interface Stash<in I> {
  /** Sets a value aside. */
  stash(ctx: ProcessorContext<never>, value: I): void;
  /** Gives all that was set aside to the task again, oldest first, in this turn. */
  unstashAll(ctx: ProcessorContext<never>): void;
  size(ctx: ProcessorContext<never>): number;
}

/** A task with a stash. */
export function stash<I, O>(define: (stash: Stash<I>) => Task<I, O>): Task<I, O> {
  const mistakes = functionMistakes('stash', define);
  if (mistakes.length > 0) return { spec: noting(identitySpec('stash'), mistakes) };
  // Entries leave all at once, so their number is also the next free place.
  const held = ownMap<number, I>('key', 'stash');
  const made = define({
    stash: (ctx, value) => held.set(ctx, held.size(ctx), value),
    size: (ctx) => held.size(ctx),
    unstashAll: (ctx) => {
      const entries = held.entries(ctx);
      held.clear(ctx);
      for (const [, value] of entries) {
        settled(
          handlers.onNext?.(value, ctx as Parameters<NonNullable<typeof handlers.onNext>>[1]),
          ctx.path,
        );
      }
    },
  });
  const spec = specOf(made, 'stash');
  const handlers = handlersOf(spec);
  return { spec: { ...spec, role: 'stash', owns: [held, ...spec.owns] } };
}

/** The portals that a task asks, and the named continuations that it awaits with. */
export interface Asks<out O> {
  readonly asks: readonly { readonly path: string }[];
  readonly continuations?: readonly Continuation<never, never, O, unknown>[];
}

/** A task that asks portals. */
export function asker<I, O>(
  asks: Asks<O> | readonly { readonly path: string }[],
  onNext: (value: I, ctx: AskerContext<O>) => void,
): Task<I, O> {
  return { spec: handlerSpec('asker', { onNext: erased(onNext) }, asking('asker', asks)) };
}

/** A task that answers portals, and handles events beside. */
export function replier<I, O>(
  answers: readonly Answer<O>[],
  onNext?: (value: I, ctx: ProcessorContext<O>) => void,
): Task<I, O> {
  return { spec: handlerSpec('replier', nextOf(onNext), answering('replier', answers)) };
}

/** A task that asks some portals and answers others, in a request handler too. */
export function askerreplier<I, O>(
  asks: Asks<O> | readonly { readonly path: string }[],
  answers: readonly Answer<O>[],
  onNext?: (value: I, ctx: AskerContext<O>) => void,
): Task<I, O> {
  const asked = asking('askerreplier', asks);
  const answered = answering('askerreplier', answers);
  const mistakes = [...asked.mistakes, ...answered.mistakes];
  return { spec: handlerSpec('askerreplier', nextOf(onNext), { ...asked, ...answered, mistakes }) };
}

function nextOf(onNext: ((...args: never[]) => void) | undefined): { onNext?: (value: unknown) => void } {
  return onNext === undefined ? {} : { onNext: erased(onNext) };
}

/** What a task asks and awaits with. What is no portal or continuation is noted and left out. */
function asking(to: string, given: unknown): Pick<TaskSpec, 'asks' | 'continuations' | 'mistakes'> {
  const declared = Array.isArray(given) ? { asks: given as unknown } : given;
  const { asks, continuations = [] } = isRecord(declared) ? declared : {};
  if (!Array.isArray(asks) || !Array.isArray(continuations)) {
    const what = `${to} was given ${inWords(given)}, and a list of portals is needed`;
    const cure = `Write ${to}([portal], …) or ${to}({ asks: [portal], continuations: […] }, …)`;
    return { asks: [], continuations: [], mistakes: [{ code: 'graph/bad-argument', what, cure }] };
  }
  return {
    asks: asks.filter((portal) => pathOf(portal) !== undefined) as { path: string }[],
    continuations: continuations.filter(isRecord) as unknown as Continuation<
      never,
      never,
      unknown,
      unknown
    >[],
    mistakes: [
      ...asks
        .filter((portal) => pathOf(portal) === undefined)
        .map((portal) => notAHandle(to, portal, 'a portal')),
      ...continuations.flatMap((each) => continuationMistakes(to, each)),
      ...sameNames(to, continuations),
    ],
  };
}

function continuationMistakes(to: string, given: unknown): Mistake[] {
  const { name, run, otherwise } = isRecord(given) ? given : {};
  if (typeof name !== 'string' || name === '') {
    const what = `${to} was given ${inWords(given)} among its continuations, and one with a name is needed`;
    return [{ code: 'graph/bad-argument', what, cure: 'Make it with continuation(name, run)' }];
  }
  return [
    ...functionMistakes(`the continuation ${name}`, run),
    ...optionalFunctionMistakes(`the continuation ${name}`, otherwise),
  ];
}

function sameNames(to: string, continuations: readonly unknown[]): Mistake[] {
  const names = continuations.map((each) => (isRecord(each) ? each['name'] : undefined));
  const twice = new Set(names.filter((name, i) => typeof name === 'string' && names.indexOf(name) !== i));
  return [...twice].map((name) => ({
    code: 'continuation/same-name',
    what: `${to} was given two continuations called ${String(name)}`,
    cure: 'Give each its own name, so that it can be found by it',
  }));
}

/** How a task answers. What is no answer is noted and left out. */
function answering(to: string, given: unknown): Pick<TaskSpec, 'answers' | 'mistakes'> {
  if (!Array.isArray(given)) {
    const what = `${to} was given ${inWords(given)}, and a list of answers is needed`;
    const cure = `Write ${to}([answer(portal, handle)])`;
    return { answers: [], mistakes: [{ code: 'graph/bad-argument', what, cure }] };
  }
  const mistakesOf = (each: unknown): Mistake[] => {
    const { portal, handle } = isRecord(each) ? each : {};
    const path = pathOf(portal);
    if (path === undefined) return [notAHandle(to, isRecord(each) ? portal : each, 'the answer to a portal')];
    return functionMistakes(`the answer to ${path}`, handle);
  };
  return {
    answers: given.filter((each) => mistakesOf(each).length === 0) as Answer<unknown>[],
    mistakes: given.flatMap(mistakesOf),
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
