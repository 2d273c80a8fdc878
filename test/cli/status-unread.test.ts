// Tests that status prints a reason once, even if several parts could not be read because of it.
// Uses no AWS.
import { expect, test } from 'vitest';
import type { NamedFinding } from '../../cli/checks/check.ts';
import { joinUnread, unreadFinding } from '../../cli/commands/status.ts';
import { type ErrorCode, FyersError } from '../../core/errors.ts';

const READ: NamedFinding = {
  name: 'token',
  state: 'live',
  tone: 'good',
  detail: 'x',
  todo: [],
  facts: {},
};

function createUnread(
  name: string,
  nextStep: string,
  code: ErrorCode = 'operator.credentials',
): NamedFinding {
  const error = new FyersError(code, `Reading the ${name} failed.`, nextStep);
  return { name, ...unreadFinding(error) };
}

test('joinUnread merges parts that failed for the same reason', () => {
  const all = ['function', 'token', 'alarms'].map((name) =>
    createUnread(name, 'Run `aws configure`.'),
  );
  const joined = joinUnread(all);
  expect(joined).toHaveLength(1);
  expect(joined[0]).toMatchObject({ name: '3 parts', unread: 'aws', facts: all[0]?.facts });
});

test('joinUnread keeps parts with different reasons, and parts that were read', () => {
  const [alarms, schedule, log] = [
    createUnread('alarms', 'Run `aws configure`.'),
    createUnread('schedule', 'Allow it.', 'platform.permission'),
    createUnread('log', 'Run `aws configure`.'),
  ];
  const joined = joinUnread([READ, alarms, schedule, log]);
  expect(joined.map(({ name }) => name)).toEqual(['token', '2 parts', 'schedule']);
  expect(joined[1]?.detail).toMatch(/^alarms, log: /);
  expect(joinUnread([READ, READ, alarms])).toEqual([READ, READ, alarms]);
});
