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

/** A desk that leaves each question open until an event for it comes: `ok`, `no`, or `boom`, which throws after replying. */
function desk() {
  const clock = manualClock();
  const system = steppingSystem({ clock, log: () => undefined });
  const got: unknown[] = [];
  const open = perTaskState<RequestId<string> | undefined>('open', undefined);
  const app = application('desk', (app) => {
    const questions = app.ingress<string>('questions');
    const decisions = app.ingress<'ok' | 'no' | 'boom'>('decisions');
    const desk = app.portal<string, string>('desk');
    app
      .workflow('desk', { onFailure: 'deadLetter' })
      .source(decisions.stream)
      .replier([answer(desk, (_, ctx) => open.set(ctx, ctx.defer()))], (decision, ctx) => {
        const request = open.get(ctx);
        if (request === undefined) return;
        if (decision === 'no') ctx.refuse(request, new Error('no'));
        else ctx.replyTo(request, decision);
        if (decision === 'boom') throw new Error('boom');
      })
      .sink();
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
    return { questions, decisions };
  });
  system.launch(app);
  const send = (what: 'ask' | 'ok' | 'no' | 'boom'): void => {
    if (what === 'ask') system.send(app.handles.questions, 'may I?');
    else system.send(app.handles.decisions, what);
    system.stepUntilComplete();
  };
  return { clock, system, got, send };
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
});
