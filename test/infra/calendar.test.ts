// Days of the operator's own on their way to the functions and to the harvesters.
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
  ])('%s reach every function, and the bucket, and no machine', async (_place, over) => {
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
  });

  test('are nowhere when there are none', async () => {
    const graph = await graphOf(WHOLE);
    expect(environments(graph)).toEqual([undefined, undefined, undefined]);
    expect(allOf(graph, OBJECT).map(({ name }) => name)).not.toContain('calendar');
  });

  test.each([
    ['no list', { config: { ...WHOLE.config, calendar: '{}' } }, 'must be a list of days'],
    [
      'more than a function can be told',
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
    [
      'a file that is malformed',
      { files: { ...WHOLE.files, 'calendar.json': '[' } },
      'must be JSON',
    ],
  ])('stop everything when they are %s', async (_what, over, problem) => {
    const { message, registered } = await problemsOf({ ...WHOLE, ...over });
    expect(message).toContain(problem);
    expect(registered).toBe(0);
  });
});
