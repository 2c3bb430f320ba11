/**
 * A task as data: what its handlers are, which portals it asks and answers. Modifiers make a new task out of a task;
 * its role and its other handlers stay. Types are erased here; the builders around this file keep them.
 */
import {
  functionMistakes,
  inWords,
  manyOf,
  optionalFunctionMistakes,
  settled,
  type Mistake,
} from './arguments.ts';
import type { AnyContext, Continuation, StateHandle } from './context.ts';
import type { carries } from './handles.ts';
import type { Key } from './keys.ts';
import type { Answer } from './portals.ts';
import { ownState } from './state.ts';

/** A prebuilt task, from `I` to `O`. Immutable: the same task can be used in many places, each with its own state. */
export interface Task<in I, out O> {
  /** @internal */
  readonly spec: TaskSpec;
  readonly [carries]?: ((value: I) => O) | undefined;
}

/** What a task is for, as `explain` shows it. Modifiers do not change it. */
export type TaskRole =
  | 'map'
  | 'filter'
  | 'flatMap'
  | 'key'
  | 'identity'
  | 'logger'
  | 'processor'
  | 'consume'
  | 'empty'
  | 'sample'
  | 'vsm'
  | 'stash'
  | 'init'
  | 'union'
  | 'asker'
  | 'replier'
  | 'askerreplier';

/** The single function of a task that answers with a value, run without the machinery of handlers. */
export type LeanKind = 'map' | 'filter' | 'flatMap' | 'key' | 'identity';

export type LeanFunction = (value: unknown, ctx: AnyContext) => unknown;

export interface Handlers {
  readonly onNext?: (value: unknown, ctx: AnyContext) => void;
  readonly onError?: (error: unknown, ctx: AnyContext) => void;
  readonly onComplete?: (ctx: AnyContext) => void;
  readonly onAtomComplete?: (ctx: AnyContext) => void;
  readonly onTimer?: (payload: unknown, ctx: AnyContext) => void;
}

export interface TaskSpec {
  readonly role: TaskRole;
  readonly lean?: { readonly kind: LeanKind; readonly f: LeanFunction };
  readonly handlers?: Handlers;
  /** Makes the task when its workflow starts. */
  readonly factory?: (ctx: InitContext) => TaskSpec;
  readonly asks: readonly { readonly path: string }[];
  readonly answers: readonly Answer<unknown>[];
  readonly continuations: readonly Continuation<never, never, unknown, unknown>[];
  /** The state of Portico's own that it uses, in an order that does not depend on what happens. */
  readonly owns: readonly StateHandle[];
  /** What is wrong with what it was made of. */
  readonly mistakes: readonly Mistake[];
  /** How it is looked after when processes have ended in what it handles. */
  readonly care?: CareOf;
  /** The behaviors that this is a sequence of, if it is one. The handlers run them; `explain` shows them. */
  readonly steps?: readonly Step[];
}

/** What a task says of the events in which a process may end. */
export interface CareOf {
  /** What of an event is the same when it is sent again. The event itself if not given. */
  readonly same?: (value: unknown) => unknown;
  /**
   * Handles an event that brings several calls of users' code, and says before each that it comes; that throws if it is to be
   * refused. If not given, the whole event is one call.
   */
  readonly calls?: <T>(handle: () => T, call: () => void) => T;
}

/** What the factory of a task is told. There is no event yet, and so no key, no state and nothing to emit to. */
export interface InitContext {
  readonly name: string;
  readonly path: string;
}

/** A wrapper around `onNext`: it decides whether and with what the inner handler is called. */
export type Wrapper = (value: unknown, ctx: AnyContext, inner: (value: unknown) => void) => void;

/** One behavior of a sequence, and for how many atoms it is used. */
export interface Step {
  readonly spec: TaskSpec;
  readonly atoms: number;
}

const nothing = { asks: [], answers: [], continuations: [], owns: [], mistakes: [] };

/** Forgets the types of a function. The one cast between the typed builders and the engine. */
export function erased<F>(f: (...args: never[]) => unknown): F {
  return f as unknown as F;
}

export function leanSpec(kind: LeanKind, f: LeanFunction, role: TaskRole = kind): TaskSpec {
  return {
    ...nothing,
    role,
    lean: { kind, f },
    mistakes: functionMistakes(role, f, { generators: kind === 'flatMap' }),
  };
}

export function handlerSpec(role: TaskRole, handlers: Handlers, portals: Partial<TaskSpec> = {}): TaskSpec {
  const { mistakes = [] } = portals;
  return {
    ...nothing,
    ...portals,
    role,
    handlers,
    mistakes: [...mistakes, ...optionalFunctionMistakes(role, handlers.onNext)],
  };
}

export function factorySpec(factory: (ctx: InitContext) => TaskSpec): TaskSpec {
  return { ...nothing, role: 'init', factory };
}

export function identitySpec(role: TaskRole = 'identity'): TaskSpec {
  return leanSpec('identity', (value) => value, role);
}

/** The task that was given; if it is none, one that passes everything on and says so. */
export function specOf(task: unknown, to: string): TaskSpec {
  const spec =
    typeof task === 'object' && task !== null && 'spec' in task ? (task.spec as TaskSpec) : undefined;
  const lists = [spec?.asks, spec?.answers, spec?.continuations, spec?.owns, spec?.mistakes];
  if (spec !== undefined && lists.every((list) => Array.isArray(list))) return spec;
  const what = `${to} was given ${inWords(task)}, and a task is needed`;
  const cure = 'Give it one of tasks, such as tasks.map(f)';
  return { ...identitySpec(), mistakes: [{ code: 'graph/bad-argument', what, cure }] };
}

/** The same task with some handlers replaced. */
export function withHandlers(spec: TaskSpec, replaced: Handlers): TaskSpec {
  const mistakes = Object.entries(replaced).flatMap(([name, f]) =>
    functionMistakes(`with${name.charAt(0).toUpperCase()}${name.slice(1)}`, f),
  );
  return changed(noting(spec, mistakes), (made) => ({ ...handlersOf(made), ...replaced }));
}

/** The same task with advice around its `onNext`. */
export function withWrapper(spec: TaskSpec, wrapper: Wrapper): TaskSpec {
  return changed(noting(spec, functionMistakes('withWrapper', wrapper)), (made) => {
    const handlers = handlersOf(made);
    const inner = handlers.onNext;
    const around = (value: unknown, ctx: AnyContext): void =>
      wrapper(value, ctx, (passed) => settled(inner?.(passed, ctx), ctx.path));
    return { ...handlers, onNext: around };
  });
}

/** A task that is one behavior after the other, each for some atoms, and then from the first again. */
export function sequenceOf(steps: readonly Step[]): TaskSpec {
  const first = steps[0]?.spec ?? identitySpec();
  const mistakes = steps.flatMap(({ spec }) => spec.mistakes);
  const portals = {
    asks: steps.flatMap(({ spec }) => spec.asks),
    answers: steps.flatMap(({ spec }) => spec.answers),
    continuations: steps.flatMap(({ spec }) => spec.continuations),
    owns: steps.flatMap(({ spec }) => spec.owns),
  };
  if (steps.some(({ spec }) => spec.factory !== undefined)) {
    const factory = (ctx: InitContext): TaskSpec =>
      sequenceOf(steps.map(({ spec, atoms }) => ({ spec: madeOf(spec, ctx), atoms })));
    return { ...factorySpec(factory), ...portals, role: first.role, steps, mistakes };
  }
  // The atoms that have passed since the first behavior began: state like any other, so it is undone and kept with it.
  const passed = ownState('task', 'steps', 0);
  const made = steps.map(({ spec, atoms }) => ({ handlers: handlersOf(spec), atoms }));
  const total = made.reduce((sum, { atoms }) => sum + atoms, 0);
  const current = (ctx: AnyContext): Handlers => {
    let left = passed.get(ctx);
    return made.find(({ atoms }) => (left -= atoms) < 0)?.handlers ?? {};
  };
  const combined: Handlers = {
    onNext: (value, ctx) => current(ctx).onNext?.(value, ctx),
    onComplete: (ctx) => current(ctx).onComplete?.(ctx),
    onAtomComplete: (ctx) => {
      const { onAtomComplete } = current(ctx);
      // The atom has passed, whatever becomes of the handler's own turn.
      passed.set(ctx, (passed.get(ctx) + 1) % total);
      ctx.keep();
      settled(onAtomComplete?.(ctx), ctx.path);
    },
    ...(made.some(({ handlers }) => handlers.onTimer !== undefined) && {
      onTimer: (payload: unknown, ctx: AnyContext) => current(ctx).onTimer?.(payload, ctx),
    }),
    ...(made.some(({ handlers }) => handlers.onError !== undefined) && {
      onError: (error: unknown, ctx: AnyContext) => {
        const { onError } = current(ctx);
        if (onError === undefined) throw error;
        return onError(error, ctx);
      },
    }),
  };
  return handlerSpec(first.role, combined, { ...portals, owns: [passed, ...portals.owns], mistakes, steps });
}

function madeOf(spec: TaskSpec, ctx: InitContext): TaskSpec {
  return spec.factory === undefined ? spec : madeOf(spec.factory(ctx), ctx);
}

/** A task's handlers, also of one that is a single function. */
export function handlersOf(spec: TaskSpec): Handlers {
  if (spec.handlers !== undefined || spec.lean === undefined) return spec.handlers ?? {};
  const { kind, f } = spec.lean;
  switch (kind) {
    case 'map':
    case 'identity':
      return { onNext: (value, ctx) => ctx.emit(settled(f(value, ctx), ctx.path)) };
    case 'filter':
      return { onNext: (value, ctx) => void (Boolean(settled(f(value, ctx), ctx.path)) && ctx.emit(value)) };
    case 'flatMap':
      return {
        onNext: (value, ctx) => {
          for (const each of manyOf(f(value, ctx), ctx.path)) ctx.emit(each);
        },
      };
    case 'key':
      return { onNext: (value, ctx) => ctx.emitTo(f(value, ctx) as Key, value) };
  }
}

/** The same task with more to say against it. */
export function noting(spec: TaskSpec, mistakes: readonly Mistake[]): TaskSpec {
  return { ...spec, mistakes: [...spec.mistakes, ...mistakes] };
}

/** Changes the handlers of a task, or of the task that its factory will make. */
function changed(spec: TaskSpec, change: (spec: TaskSpec) => Handlers): TaskSpec {
  const { factory, lean: _lean, ...rest } = spec;
  if (factory === undefined) return { ...rest, handlers: change(spec) };
  return { ...spec, factory: (ctx) => changed(factory(ctx), change) };
}
