// What is said of an event in which processes have ended.
import { describe, expect, it } from 'vitest';
import { application, platformHost, startSystem, type PorticoError } from 'portico/dataflow';
import { mortalStore } from '../durable/mortal.ts';
import { causeOf, expectSaid } from './said.ts';

describe('an event in which a process has ended', () => {
  it('is refused where it would be handled', async () => {
    const store = mortalStore();
    const begin = async () => {
      const app = application('app', (app) => {
        const numbers = app.ingress<number>('numbers');
        app
          .workflow('w', { onFailure: 'deadLetter' })
          .source(numbers.stream)
          .map(() => {
            store.die();
            throw new Error('the process is dead');
          })
          .withName('deadly')
          .sink();
        return numbers;
      });
      const host = platformHost({ log: () => undefined });
      const system = await startSystem({ applications: [app], store, host, maxAttempts: 1 });
      return { system, numbers: app.handles };
    };
    for (let life = 1; life <= 3; life++) {
      const { death } = store;
      const { system, numbers } = await begin();
      system.send(numbers, 13).catch(() => undefined);
      await death;
    }
    const { system, numbers } = await begin();
    await system.send(numbers, 13);
    await system.idle();
    const [letter] = system.deadLetters.list();
    expect(letter?.events).toMatchObject([{ value: 13 }]);
    expectSaid(causeOf(letter?.error as PorticoError), {
      code: 'task/deadly',
      where: '/app/workflows/w/deadly under the key 13',
      what: 'a process has ended once while this was handled, and so it is refused',
      cure: 'Mend what handles it',
    });
    await system.shutdown();
  });
});
