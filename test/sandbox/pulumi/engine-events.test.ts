import { describe, expect, test } from 'vitest';
import { FyersError } from '../../../core/errors.ts';
import { outcomeOf } from '../../../sandbox/pulumi/engine-events.ts';

const urn = (type: string, name: string) => `urn:pulumi:dev::project::${type}::${name}`;
const step = (op: string, type: string, name: string) => ({
  resourcePreEvent: { metadata: { op, urn: urn(type, name), type } },
});
const error = (message: string, at: string) => ({
  diagnosticEvent: { urn: at, message, severity: 'error' },
});
const createCliResult = (code: number, ...events: readonly unknown[]) => ({
  code,
  stdout: ['not an event', ...events.map((one) => JSON.stringify(one))].join('\n'),
  stderr: 'the output of the CLI',
});
const STACK = urn('pulumi:pulumi:Stack', 'project-dev');

function catchFailure(...events: readonly unknown[]): FyersError {
  try {
    outcomeOf('up', createCliResult(255, ...events));
  } catch (caught) {
    if (caught instanceof FyersError) return caught;
  }
  throw new Error('outcomeOf did not throw');
}

describe('outcomeOf', () => {
  test('returns the steps that changed a resource, and the sums of the CLI', () => {
    const events = [
      step('same', 'aws:iam/role:Role', 'a'),
      step('refresh', 'aws:iam/role:Role', 'a'),
      step('update', 'aws:iam/role:Role', 'b'),
      { diagnosticEvent: { message: 'a notice\n', severity: 'info' } },
      { diagnosticEvent: { message: 'what it did', severity: 'debug' } },
      { summaryEvent: { resourceChanges: { same: 1, update: 1 } } },
    ];
    expect(outcomeOf('up', createCliResult(0, ...events))).toEqual({
      steps: [{ op: 'update', type: 'aws:iam/role:Role', name: 'b' }],
      changes: { same: 1, update: 1 },
      notes: ['a notice'],
    });
  });

  test('throws the catchFailure of a resource before the failures that follow from it', () => {
    const at = urn('aws:iam/role:Role', 'b');
    const all = [error('update failed', STACK), error('AccessDenied: may not', at)];
    const { code, message } = catchFailure(...all);
    expect(code).toBe('platform.permission');
    expect(message).toContain('aws:iam/role:Role b: AccessDenied: may not');
    expect(catchFailure(error('no such bucket', at)).code).toBe('platform.store');
  });

  test('throws the message of the program if the program stopped', () => {
    const { code, message } = catchFailure(error('2 problems in the configuration', STACK));
    expect(code).toBe('operator.config');
    expect(message).toContain('2 problems in the configuration');
  });

  test('throws the output of the CLI if the engine reported no error', () => {
    expect(catchFailure().message).toContain('the output of the CLI');
  });
});
