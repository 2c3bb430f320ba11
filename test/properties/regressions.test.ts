// What random programs, or the search for them, once found wrong: each as the smallest program that shows it.
import {
  answer,
  application,
  manualClock,
  perKeyState,
  perTaskMap,
  perTaskState,
  PorticoError,
  same,
  steppingSystem,
  tasks,
  type ApplicationBuilder,
  type MachineState,
  type MapContext,
  type TimerId,
} from 'portico/dataflow';
import { describe, expect, it } from 'vitest';

/** A system that runs what was written, and what its loggers said. */
function running(write: (app: ApplicationBuilder) => void) {
  const clock = manualClock();
  const lines: unknown[] = [];
  const system = steppingSystem({
    clock,
    log: ({ level, value }) => void (level === 'info' && lines.push(value)),
  });
  system.launch(application('test', write));
  const rest = (): unknown[] => {
    system.stepUntilComplete();
    return lines.splice(0);
  };
  return { system, clock, rest };
}

const codeOf = (error: unknown): unknown => (error instanceof PorticoError ? error.code : error);

describe('a turn that throws', () => {
  it('is undone where it writes for its key and for the task, though an earlier atom did so in a turn of that number', () => {
    const own = perKeyState('own', 0);
    const all = perTaskState('all', 0);
    const { rest } = running((app) => {
      const words = app.generators.fromArrays([
        ['task', 'both'],
        ['task', 'both, and throw', 'show'],
      ]);
      app
        .workflow()
        .source(words)
        .processor<string>((word, ctx) => {
          if (word === 'task') all.set(ctx, all.get(ctx) + 1);
          if (word.startsWith('both')) {
            own.set(ctx, 1);
            all.set(ctx, all.get(ctx) + 10);
          }
          if (word.endsWith('throw')) throw new Error(word);
          ctx.emit(`${word} ${all.get(ctx)}`);
        })
        .identity()
        .withOnError(() => undefined)
        .logger()
        .sink();
    });
    expect(rest()).toEqual(['task 1', 'both 11', 'task 12', 'show 12']);
  });

  it('changes no later draw', () => {
    const draws = (throws: boolean): unknown[] => {
      const { rest } = running((app) => {
        app
          .workflow()
          .source(app.generators.fromArray(['draw', 'fail', 'draw', 'draw']))
          .processor<number>((what, ctx) => {
            if (what === 'draw') ctx.emit(ctx.random(1_000_000));
            else {
              if (throws) ctx.random(10);
              throw new Error(what);
            }
          })
          .identity()
          .withOnError(() => undefined)
          .logger()
          .sink();
      });
      return rest();
    };
    expect(draws(true)).toHaveLength(3);
    expect(draws(true)).toEqual(draws(false));
  });
});

describe('a turn that undoes itself', () => {
  it('can reply once more', () => {
    const { rest } = running((app) => {
      const portal = app.portal<number, string>('portal');
      const one = app.generators.signal(1);
      app
        .workflow()
        .source(one)
        .asker<string>([portal], (x, ctx) => ctx.await(ctx.ask(portal, x), (r, c) => c.emit(r)))
        .logger()
        .sink();
      const answering = answer(portal, (_: number, ctx) => {
        ctx.reply('first');
        ctx.undo();
        ctx.reply('second');
      });
      app.workflow().source(app.generators.empty<never>()).replier([answering]).sink();
    });
    expect(rest()).toEqual(['second']);
  });

  it('does not let the continuation of several asks run again', () => {
    const { rest } = running((app) => {
      const portal = app.portal<number, number>('portal');
      const asker = app
        .workflow()
        .source(app.generators.signal(1))
        .asker<string>([portal], (_, ctx) => {
          ctx.awaitAll(
            [ctx.ask(portal, 1), ctx.ask(portal, 2), ctx.ask(portal, 3)],
            () => undefined,
            (_error, c) => {
              c.undo();
              c.emit('failed');
            },
          );
        });
      asker.logger().sink();
      const answering = answer(portal, (request: number) => {
        throw new Error(`${request}`);
      });
      app.workflow().source(app.generators.empty<never>()).replier([answering]).sink();
    });
    expect(rest()).toEqual(['failed']);
  });
});

describe('a request that was left open in a turn that is undone', () => {
  it('leaves its number to the next one', () => {
    const { rest } = running((app) => {
      const portal = app.portal<string, number>('portal');
      const asks = app.workflow().source(app.generators.fromArray(['fails', 'goes well']));
      asks.asker([portal], (x, ctx) => void ctx.ask(portal, x)).sink();
      const answering = answer(portal, (request: string, ctx) => {
        const { request: number } = ctx.defer();
        if (request === 'fails') throw new Error(request);
        ctx.log.info(number);
      });
      app.workflow().source(app.generators.empty<never>()).replier([answering]).sink();
    });
    expect(rest()).toEqual([1]);
  });
});

describe('the order of a map', () => {
  const map = perTaskMap<string, number>('map');
  const act = (what: string, ctx: MapContext): string => {
    if (what.startsWith('-')) map.delete(ctx, what.slice(1));
    if (what.startsWith('+')) map.set(ctx, what.slice(1), 0);
    return map
      .entries(ctx)
      .map(([key]) => key)
      .join(' ');
  };
  const orders = (atoms: readonly (readonly string[])[]): unknown => {
    const { rest } = running((app) => {
      app.workflow().source(app.generators.fromArrays(atoms)).map(act).logger().sink();
    });
    return rest().at(-1);
  };

  it('does not depend on where atoms end', () => {
    expect(orders([['+a', '+b', '-a', '+a']])).toBe('b a');
    expect(
      orders([
        ['+a', '+b'],
        ['-a', '+a'],
      ]),
    ).toBe('b a');
    expect(orders([['+a', '+b'], ['-a'], ['+a']])).toBe('b a');
  });

  it('comes back with an atom that is undone, and so does its size', () => {
    const { rest } = running((app) => {
      app
        .workflow('w', { onFailure: 'deadLetter' })
        .source(app.generators.fromArrays([['+a', '+b', '+c'], ['-a', '+a', '-b', '+d', '-d', '!'], ['?']]))
        .map((what, ctx) => {
          if (what === '!') throw new Error(what);
          return `${act(what, ctx)}: ${map.size(ctx)}`;
        })
        .logger()
        .sink();
    });
    expect(rest().at(-1)).toBe('a b c: 3');
  });
});

describe('an error that nothing handles', () => {
  it('fails the pass also at the end of a branch that leads nowhere', () => {
    const { clock, system, rest } = running((app) => {
      const source = app.workflow().source(app.generators.signal(1));
      source
        .processor<number>((_, ctx) => void ctx.after(5))
        .withOnTimer(() => {
          throw new Error('late');
        });
      source.sink();
    });
    rest();
    clock.advance(5);
    expect(() => system.stepUntilComplete()).toThrow('late');
  });

  it('keeps the name of the task that threw, through a task that is a sequence', () => {
    const { system } = running((app) => {
      const source = app.workflow().source(app.generators.signal(1));
      const thrown = source.map((): number => {
        throw new Error('no');
      });
      thrown
        .withName('thrower')
        .identity()
        .withStep(tasks.identity())
        .withOnError(() => undefined)
        .sink();
    });
    expect(() => system.stepUntilComplete()).toThrow('/thrower');
  });

  it('tells who asked a task that was waiting for a reply itself', () => {
    const { rest } = running((app) => {
      const outer = app.portal<number, number>('outer');
      const inner = app.portal<number, number>('inner');
      const nothing = app.generators.empty<never>();
      app
        .workflow('asks')
        .source(app.generators.signal(1))
        .asker<unknown>([outer], (x, ctx) => {
          ctx.await(
            ctx.ask(outer, x),
            (r, c) => c.emit(r),
            (error, c) => c.emit(codeOf(error)),
          );
        })
        .logger()
        .sink();
      const through = answer(outer, (x: number, ctx) => {
        ctx.await(ctx.ask(inner, x), () => {
          throw new Error('no');
        });
      });
      app
        .workflow('between', { onFailure: 'deadLetter' })
        .source(nothing)
        .askerreplier([inner], [through])
        .sink();
      app
        .workflow('answers')
        .source(nothing)
        .replier([answer(inner, (x: number, ctx) => ctx.reply(x))])
        .sink();
    });
    expect(rest()).toEqual(['portal/replier-failed']);
  });
});

describe('a pass that was set aside', () => {
  it('leaves its timer where it was, so that it can still be taken back', () => {
    const timer = perTaskState<TimerId | undefined>('timer', undefined);
    let broken = true;
    const { clock, system, rest } = running((app) => {
      app
        .workflow('w', { onFailure: 'deadLetter' })
        .source(app.generators.fromArrays([['set'], ['cancel']], { throttle: { events: 1, perMs: 10 } }))
        .processor<string>((what, ctx) => {
          const set = timer.get(ctx);
          if (what === 'set') timer.set(ctx, ctx.after(1));
          else if (set !== undefined) ctx.cancel(set);
        })
        .withOnTimer((_, ctx) => {
          if (broken) throw new Error('broken');
          ctx.emit('fired');
        })
        .logger()
        .sink();
    });
    rest();
    clock.advance(1);
    rest();
    const [letter] = system.deadLetters.list();
    expect(letter?.kind).toBe('timers');
    clock.advance(9);
    rest();
    broken = false;
    system.deadLetters.resend(letter?.id ?? 0);
    expect(rest()).toEqual([]);
  });

  it('runs the continuation of several asks when it is sent again', () => {
    let broken = true;
    const { system, rest } = running((app) => {
      const portal = app.portal<number, number>('portal');
      app
        .workflow('w', { onFailure: 'deadLetter' })
        .source(app.generators.signal(1))
        .asker<string>([portal], (_, ctx) => {
          ctx.awaitAll([ctx.ask(portal, 1), ctx.ask(portal, 2)], (replies, c) => {
            if (broken) throw new Error('broken');
            c.emit(replies.join());
          });
        })
        .logger()
        .sink();
      const answering = answer(portal, (x: number, ctx) => ctx.reply(x));
      app.workflow().source(app.generators.empty<never>()).replier([answering]).sink();
    });
    expect(rest()).toEqual([]);
    broken = false;
    const [letter] = system.deadLetters.list();
    system.deadLetters.resend(letter?.id ?? 0);
    expect(rest()).toEqual(['1,2']);
  });

  it('completes a stream when it is sent again, if it was the end of it', () => {
    let broken = true;
    const { system, rest } = running((app) => {
      app
        .workflow('w', { onFailure: 'deadLetter' })
        .source(app.generators.signal(1))
        .processor<string>(() => undefined)
        .withOnComplete((ctx) => {
          if (broken) throw new Error('broken');
          ctx.emit('complete');
        })
        .logger()
        .sink();
    });
    expect(rest()).toEqual([]);
    broken = false;
    const [letter] = system.deadLetters.list();
    system.deadLetters.resend(letter?.id ?? 0);
    expect(rest()).toEqual(['complete']);
  });
});

describe('the parts of a task', () => {
  const numbers = (app: ApplicationBuilder) => app.generators.fromArrays([[1], [2], [3], [4]]);

  it('each have a sequence of their own', () => {
    const { rest } = running((app) => {
      app
        .workflow()
        .source(numbers(app))
        .map((x) => `a${x}`)
        .withStep(tasks.map((x: number) => `b${x}`))
        .withAndThen(tasks.map((x: string) => `${x}c`))
        .withStep(tasks.map((x: string) => `${x}d`))
        .logger()
        .sink();
    });
    expect(rest()).toEqual(['a1c', 'b2d', 'a3c', 'b4d']);
  });

  it('each have a machine, a stash and a sample of their own', () => {
    const one: MachineState<number, number> = (x, ctx) => (ctx.emit(x * 10 + 1), two);
    const two: MachineState<number, number> = (x, ctx) => (ctx.emit(x * 10 + 2), one);
    const stay: MachineState<number, number> = (x, ctx) => (ctx.emit(x), same);
    const hold = tasks.stash<number, number>((stash) =>
      tasks.processor((x, ctx) => {
        ctx.emit(x * 10 + stash.size(ctx));
        stash.stash(ctx, x);
      }),
    );
    const { rest } = running((app) => {
      const flow = app
        .workflow()
        .source(numbers(app))
        .key(() => 0);
      const out = flow.vsm(one).withAndThen(tasks.vsm(stay)).logger('vsm ').sink();
      flow.task(hold).withAndThen(hold).logger('stash ').sink(out);
      flow.sample(2).withAndThen(tasks.sample(2)).logger('sample ').sink(out);
    });
    const lines = rest();
    const of = (what: string): unknown[] => lines.filter((line) => String(line).startsWith(what));
    expect(of('vsm')).toEqual(['vsm 11', 'vsm 22', 'vsm 31', 'vsm 42']);
    expect(of('stash')).toEqual(['stash 100', 'stash 211', 'stash 322', 'stash 433']);
    expect(of('sample')).toEqual(['sample 1']);
  });

  it('run one after the other, a key part too, because they share state', () => {
    const seen = perTaskState('seen', 0);
    const { rest } = running((app) => {
      app
        .workflow()
        .source(app.generators.fromArray([1, 2]))
        .key((x, ctx) => {
          ctx.log.info(`${x} sees ${seen.get(ctx)}`);
          return x;
        })
        .withAndThen(tasks.processor<number, number>((x, ctx) => seen.set(ctx, x)))
        .sink();
    });
    expect(rest()).toEqual(['1 sees 0', '2 sees 0']);
  });
});

describe('a sequence of behaviors', () => {
  it('may hold a task that asks beside one that a factory makes', () => {
    const { rest } = running((app) => {
      const portal = app.portal<number, number>('portal');
      app
        .workflow()
        .source(app.generators.fromArrays([[1], [2], [3]]))
        .asker<number>([portal], (x, ctx) => ctx.await(ctx.ask(portal, x), (r, c) => c.emit(r)))
        .withStep(tasks.init(() => tasks.map((x: number) => x)))
        .logger()
        .sink();
      const answering = answer(portal, (x: number, ctx) => ctx.reply(x * 10));
      app.workflow().source(app.generators.empty<never>()).replier([answering]).sink();
    });
    expect(rest()).toEqual(['10', '2', '30']);
  });

  it('refuses a timer if no behavior handles one', () => {
    const { system } = running((app) => {
      const source = app.workflow().source(app.generators.signal(1));
      source
        .processor<number>((_, ctx) => void ctx.after(1))
        .withStep(tasks.identity<number>())
        .sink();
    });
    expect(() => system.stepUntilComplete()).toThrow('context/not-offered');
  });
});

describe('a filter', () => {
  it('keeps what is truthy, with a modifier and without', () => {
    const odd = ((x: number) => x % 2) as unknown as (x: number) => boolean;
    const { rest } = running((app) => {
      const source = app.workflow().source(app.generators.fromArray([1, 2, 3]));
      const out = source.filter(odd).logger('plain ').sink();
      source
        .filter(odd)
        .withOnAtomComplete(() => undefined)
        .logger('modified ')
        .sink(out);
    });
    expect(rest()).toEqual(['plain 1', 'plain 3', 'modified 1', 'modified 3']);
  });
});

describe('a context', () => {
  it('gives no state of a key once the turn is over', () => {
    const state = perKeyState('state', 0);
    let kept: MapContext | undefined;
    const { rest } = running((app) => {
      const keep = (x: number, ctx: MapContext): number => {
        kept = ctx;
        return state.update(ctx, (n) => n + x);
      };
      app
        .workflow()
        .source(app.generators.fromArrays([[1], [1]], { key: () => 'key' }))
        .map(keep)
        .logger()
        .sink();
    });
    expect(rest()).toEqual(['1', '2']);
    expect(() => kept && state.get(kept)).toThrow('state/outside-turn');
    expect(() => kept && state.set(kept, 7)).toThrow('state/outside-turn');
  });

  it.each([NaN, -1])('refuses to wait %d ms for a reply, and the timers of others go on', (timeoutMs) => {
    const { clock, rest } = running((app) => {
      const portal = app.portal<number, number>('portal');
      const asking = app
        .workflow()
        .source(app.generators.fromArray([timeoutMs, 5]))
        .asker<unknown>([portal], (timeoutMs, ctx) => {
          ctx.await(
            ctx.ask(portal, 1, { timeoutMs }),
            () => undefined,
            (error, c) => c.emit(codeOf(error)),
          );
        });
      asking
        .identity()
        .withOnError((error, ctx) => ctx.emit(codeOf(error)))
        .logger()
        .sink();
      const silent = answer(portal, () => undefined);
      app.workflow().source(app.generators.empty<never>()).replier([silent]).sink();
    });
    expect(rest()).toEqual(['context/bad-argument']);
    clock.advance(5);
    expect(rest()).toEqual(['portal/timeout']);
  });
});
