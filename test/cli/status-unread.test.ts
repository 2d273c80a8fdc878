// Tests that status prints a reason once, even if several parts could not be read because of it.
// Uses no AWS.
import { expect, test } from 'vitest';
import { type Finding, joinUnread, readable } from '../../cli/checks/check.ts';
import { type ErrorCode, FyersError } from '../../core/errors.ts';

const READ: Finding = {
  part: 'token',
  state: 'live',
  tone: 'good',
  detail: 'x',
  todo: [],
  facts: {},
};

async function createUnread(
  part: string,
  nextStep: string,
  code: ErrorCode = 'operator.credentials',
): Promise<Finding> {
  const [finding] = await readable(part, () =>
    Promise.reject(new FyersError(code, `Reading the ${part} failed.`, nextStep)),
  );
  if (finding === undefined) throw new Error('a finding');
  return finding;
}

test('joinUnread merges parts that failed for the same reason', async () => {
  const all = await Promise.all(
    ['function', 'token', 'alarms'].map((part) => createUnread(part, 'Run `aws configure`.')),
  );
  const joined = joinUnread(all);
  expect(joined).toHaveLength(1);
  expect(joined[0]).toMatchObject({ part: '3 parts', unread: 'aws', facts: all[0]?.facts });
});

test('joinUnread keeps parts with different reasons, and parts that were read', async () => {
  const [alarms, schedule, log] = [
    await createUnread('alarms', 'Run `aws configure`.'),
    await createUnread('schedule', 'Allow it.', 'platform.permission'),
    await createUnread('log', 'Run `aws configure`.'),
  ];
  const joined = joinUnread([READ, alarms, schedule, log]);
  expect(joined.map(({ part }) => part)).toEqual(['token', '2 parts', 'schedule']);
  expect(joined[1]?.detail).toMatch(/^alarms, log: /);
  expect(joinUnread([READ, READ, alarms])).toEqual([READ, READ, alarms]);
});
