// Tests how the operator's own days reach the functions and the harvesters.
import { describe, expect, test } from 'vitest';
import { allOf, graphOf, one, problemsOf } from '../support/graph.ts';
import { WHOLE } from '../support/stack-configs.ts';

const DAYS = [{ date: '2027-01-26', closed: true, why: 'Republic Day' }];
const TEXT = JSON.stringify(DAYS);
const OBJECT = 'aws:s3/bucketObjectv2:BucketObjectv2';

const environments = (graph: Awaited<ReturnType<typeof graphOf>>) =>
  allOf(graph, 'aws:lambda/function:Function').map(
    ({ inputs }) =>
      (inputs['environment'] as { variables: Record<string, string> }).variables['FYERS_CALENDAR'],
  );

describe('The operator’s own days', () => {
  test.each([
    ['in the configuration', { config: { ...WHOLE.config, calendar: TEXT } }],
    [
      'in calendar.json',
      { files: { ...WHOLE.files, 'calendar.json': JSON.stringify(DAYS, null, 2) } },
    ],
  ])(
    '%s reach every function and the bucket, without a change of the instance',
    async (_place, over) => {
      const graph = await graphOf({ ...WHOLE, ...over });
      expect(environments(graph)).toEqual([TEXT, TEXT, TEXT]);
      expect(one(graph, OBJECT, 'calendar').inputs).toMatchObject({
        key: 'artifact/calendar.json',
        content: TEXT,
      });
      const before = await graphOf(WHOLE);
      const script = (from: typeof graph) =>
        one(from, 'aws:ec2/instance:Instance').inputs['userData'];
      expect(script(graph)).toEqual(script(before));
    },
  );

  test('are not deployed if there are none', async () => {
    const graph = await graphOf(WHOLE);
    expect(environments(graph)).toEqual([undefined, undefined, undefined]);
    expect(allOf(graph, OBJECT).map(({ name }) => name)).not.toContain('calendar');
  });

  test.each([
    ['not a list', { config: { ...WHOLE.config, calendar: '{}' } }, 'must be a list of days'],
    [
      'too long for the environment of a function',
      {
        config: {
          ...WHOLE.config,
          calendar: JSON.stringify(
            Array.from({ length: 60 }, (_, n) => ({ ...DAYS[0], why: `day ${String(n)}` })),
          ),
        },
      },
      'must have at most 2000 bytes',
    ],
    ['a malformed file', { files: { ...WHOLE.files, 'calendar.json': '[' } }, 'must be JSON'],
  ])('are refused before anything is registered: %s', async (_what, over, problem) => {
    const { message, registered } = await problemsOf({ ...WHOLE, ...over });
    expect(message).toContain(problem);
    expect(registered).toBe(0);
  });
});
