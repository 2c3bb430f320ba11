import { describe, expect, it } from 'vitest';
import {
  answer,
  application,
  manualClock,
  PorticoError,
  perTaskState,
  steppingSystem,
  type RequestId,
} from 'portico/dataflow';

type Decision = 'ok' | 'no' | 'boom' | 'both';

/** A desk that leaves each question open until an event for it comes: `ok`, `no`, `boom`, which throws after replying, or `both`. */
function desk() {
  const clock = manualClock();
  const system = steppingSystem({ clock, log: () => undefined });
  const got: unknown[] = [];
  const open = perTaskState<RequestId<string> | undefined>('open', undefined);
  const app = application('desk', (app) => {
    const decisions = app.ingress<Decision>('decisions');
    const desk = app.portal<string, string>('desk');
    app
      .workflow('desk', { onFailure: 'deadLetter' })
      .source(decisions.stream)
      .replier([answer(desk, (_, ctx) => open.set(ctx, ctx.defer()))], (decision, ctx) => {
        const request = open.get(ctx);
        if (request === undefined) return;
        if (decision === 'no' || decision === 'both') ctx.refuse(request, new Error('no'));
        if (decision === 'no') return;
        ctx.replyTo(request, decision);
        if (decision === 'boom') throw new Error('boom');
      })
      .sink();
    return { decisions, desk };
  });
  const { desk, decisions } = app.handles;
  const asks = application('asks', (app) => {
    const questions = app.ingress<string>('questions');
    app
      .workflow('asks')
      .source(questions.stream)
      .asker([desk], (question, ctx) => {
        ctx.await(
          ctx.ask(desk, question, { timeoutMs: 100 }),
          (reply) => got.push(reply),
          (error) => got.push(error instanceof PorticoError ? error.code : error),
        );
      })
      .sink();
    return { questions };
  });
  system.launch(app);
  system.launch(asks);
  const send = (what: 'ask' | Decision): void => {
    if (what === 'ask') system.send(asks.handles.questions, 'may I?');
    else system.send(decisions, what);
    system.stepUntilComplete();
  };
  const openRequests = (): number => {
    const found = system.partition.entity(desk.path);
    return found?.kind === 'portal' ? found.runtime.open.size : -1;
  };
  return { clock, system, got, send, openRequests };
}

describe('a request that is left open', () => {
  it('is answered in a later turn of the task', () => {
    const { got, send } = desk();
    send('ask');
    expect(got).toEqual([]);
    send('ok');
    expect(got).toEqual(['ok']);
  });

  it('can be refused', () => {
    const { got, send } = desk();
    send('ask');
    send('no');
    expect(got).toEqual(['portal/replier-failed']);
  });

  it('is closed when the time of its asker is over, and what comes then changes nothing', () => {
    const { clock, system, got, send } = desk();
    send('ask');
    clock.advance(100);
    system.stepUntilComplete();
    send('ok');
    expect(got).toEqual(['portal/timeout']);
  });

  it('stays open when the turn that answered it is undone', () => {
    const { got, send } = desk();
    send('ask');
    send('boom');
    expect(got).toEqual([]);
    send('ok');
    expect(got).toEqual(['ok']);
  });

  it('is answered once', () => {
    const { got, send } = desk();
    send('ask');
    send('ok');
    send('ok');
    expect(got).toEqual(['ok']);
  });

  it('cannot be answered and refused, in one turn or in two', () => {
    const { got, send } = desk();
    send('ask');
    send('both');
    // That turn failed, so the request is open still.
    expect(got).toEqual([]);
    send('no');
    expect(got).toEqual(['portal/replier-failed']);
  });

  it('is forgotten when the application of its asker is stopped', () => {
    const { system, got, send, openRequests } = desk();
    send('ask');
    expect(openRequests()).toBe(1);
    system.stop('asks');
    expect(openRequests()).toBe(0);
    send('ok');
    expect(got).toEqual([]);
  });
});
