// Faults at the ports: there is one for every operation that a contract has, and each fails as it says.
import { memoryStore } from 'portico/dataflow';
import { Faults, operations, waysToFail, type Answer, type Fault, type When } from 'portico/testing';
import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

/** Where each contract is written. */
const contracts: Record<keyof typeof operations, string> = {
  Journal: 'journal/journal.ts',
  State: 'state/state.ts',
  Disk: 'host.ts',
  DiskFile: 'host.ts',
  Host: 'host.ts',
  Store: 'system/store.ts',
  LastWords: 'engine/care.ts',
};

/** The operations of an interface as its source has them, those that it inherits included, and how they answer. */
function operationsOf(contract: string, path: string): Record<string, Answer> {
  const text = readFileSync(new URL(`../../src/${path}`, import.meta.url), 'utf8');
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const found: Record<string, Answer> = {};
  const collect = (name: string): void => {
    for (const statement of file.statements) {
      if (!ts.isInterfaceDeclaration(statement) || statement.name.text !== name) continue;
      for (const { types } of statement.heritageClauses ?? [])
        for (const { expression } of types) collect(expression.getText());
      for (const member of statement.members) {
        if (ts.isMethodSignature(member)) found[member.name.getText()] = answerOf(member.type);
        else if (ts.isPropertySignature(member) && member.type?.kind === ts.SyntaxKind.FunctionType)
          found[member.name.getText()] = answerOf((member.type as ts.FunctionTypeNode).type);
      }
    }
  };
  collect(contract);
  return found;
}

function answerOf(type: ts.TypeNode | undefined): Answer {
  const name = type !== undefined && ts.isTypeReferenceNode(type) ? type.typeName.getText() : '';
  if (name === 'Promise') return 'promise';
  return /^Async(Iterable|Generator)/.test(name) ? 'iterable' : 'value';
}

const all = Object.entries(operations).flatMap(([contract, answers]) =>
  Object.entries(answers as Record<string, Answer>).flatMap(([name, answer]) =>
    waysToFail[answer].map((when) => [`${contract}.${name}`, when, answer] as const),
  ),
);

describe('the operations that can fail', () => {
  it.each(Object.entries(contracts))(
    'are those of the contract %s, no more and no less',
    (contract, path) => {
      const written = operationsOf(contract, path);
      expect(Object.keys(written).length).toBeGreaterThan(0);
      expect(operations[contract as keyof typeof operations]).toEqual(written);
    },
  );
});

const error = new Error('planted');

/** Anything of any contract: it answers as its operations do, and remembers that it was asked. */
function anything(contract: string, asked: string[]): Record<string, (...given: unknown[]) => unknown> {
  const answers = operations[contract as keyof typeof operations] as Record<string, Answer>;
  return Object.fromEntries(
    Object.entries(answers).map(([name, answer]) => [
      name,
      () => {
        if (answer !== 'iterable') asked.push(name);
        return answer === 'value' ? 1 : answer === 'promise' ? Promise.resolve(1) : values(asked, name);
      },
    ]),
  );
}

async function* values(asked: string[], name: string): AsyncGenerator<number> {
  asked.push(name);
  yield 1;
  yield 2;
}

/** What is heard of a call: each value, then how it ended. */
async function heard(call: () => unknown): Promise<unknown[]> {
  const all: unknown[] = [];
  let given: unknown;
  try {
    given = call();
  } catch (thrown) {
    return [thrown === error ? 'threw' : thrown];
  }
  const hearing = async (): Promise<void> => {
    if (typeof given === 'object' && given !== null && Symbol.asyncIterator in given)
      for await (const each of given as AsyncIterable<unknown>) all.push(each);
    else all.push(await given);
  };
  const ended = hearing().then(
    () => 'done',
    (thrown: unknown) => (thrown === error ? 'rejected' : thrown),
  );
  const soon = new Promise((resolve) => {
    setImmediate(() => {
      resolve('waits');
    });
  });
  all.push(await Promise.race([ended, soon]));
  return all;
}

function wrapped(faults: Faults, contract: string, asked: string[]): Record<string, () => unknown> {
  const wraps: Record<string, (real: never) => unknown> = {
    Journal: (real) => faults.journal(real),
    State: (real) => faults.state(real),
    Disk: (real) => faults.disk(real),
    DiskFile: (real) => faults.file(real),
    Host: (real) => faults.host(real),
    Store: (real) => faults.store(real),
    LastWords: (real) => faults.lastWords(real),
  };
  return wraps[contract]?.(anything(contract, asked) as never) as Record<string, () => unknown>;
}

describe('a call that fails', () => {
  it.each(all)('%s fails %s, once', async (operation, when, answer) => {
    const [contract = '', name = ''] = operation.split('.');
    const asked: string[] = [];
    const fault: Fault = { operation, call: 2, when, error };
    const faults = new Faults([fault]);
    const real = wrapped(faults, contract, asked);
    const call = (): unknown => real[name]?.();
    // A store gives parts and a disk files, which are wrapped again.
    const isWhole = !['Store.parts', 'Disk.open'].includes(operation);
    const whole = answer === 'iterable' ? [1, 2, 'done'] : [1, 'done'];
    const goesWell = async (): Promise<void> => {
      const given = await heard(call);
      expect(isWhole ? given : whole).toEqual(whole);
    };
    await goesWell();
    asked.length = 0;
    const expected: Record<When, unknown[]> = {
      // What opens a file or a store does so in a promise of its own.
      'at once': isWhole ? ['threw'] : ['rejected'],
      before: ['rejected'],
      after: answer === 'iterable' ? [1, 'rejected'] : answer === 'value' ? ['threw'] : ['rejected'],
      never: ['waits'],
    };
    expect(await heard(call)).toEqual(expected[when]);
    expect(asked).toEqual(when === 'after' ? [name] : []);
    await goesWell();
    expect(faults.met).toEqual([fault]);
    expect(faults.calls.get(operation)).toBe(3);
  });
});

describe('a fault', () => {
  it('may last: all later calls fail as well', async () => {
    const last: Fault = { operation: 'Journal.check', call: 2, when: 'before', error, lasting: true };
    const { journal } = await new Faults([last]).store(memoryStore()).parts();
    await journal.open('me');
    expect(await heard(() => journal.check())).toEqual([undefined, 'done']);
    for (let call = 2; call < 5; call++) expect(await heard(() => journal.check())).toEqual(['rejected']);
  });

  it('may be followed by another one, whose calls are counted from then on', async () => {
    const next: Fault = { operation: 'Journal.check', call: 2, when: 'before', error };
    const faults = new Faults([{ operation: 'Journal.append', call: 1, when: 'before', error, next }]);
    const { journal } = await faults.store(memoryStore()).parts();
    await journal.open('me');
    for (let call = 1; call < 4; call++)
      expect(await heard(() => journal.check())).toEqual([undefined, 'done']);
    expect(await heard(() => journal.append(new Uint8Array(1)))).toEqual(['rejected']);
    expect(await heard(() => journal.check())).toEqual([undefined, 'done']);
    expect(await heard(() => journal.check())).toEqual(['rejected']);
    expect(faults.met).toHaveLength(2);
  });
});
