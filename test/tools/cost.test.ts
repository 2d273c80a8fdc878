import { describe, expect, test } from 'vitest';
import { costLines, costTable } from '../../tools/cost.ts';
import prices from '../../tools/prices.json' with { type: 'json' };

const alarm = { type: 'aws:cloudwatch/metricAlarm:MetricAlarm', inputs: {} };
const instance = (inputs: Readonly<Record<string, unknown>>) => ({
  type: 'aws:ec2/instance:Instance',
  inputs: {
    instanceType: 't4g.micro',
    associatePublicIpAddress: true,
    rootBlockDevice: { volumeType: 'gp3', volumeSize: 8 },
    ...inputs,
  },
});
const usd = (...resources: Parameters<typeof costLines>[0]) =>
  costLines(resources).map((line) => Number(line.usd.toFixed(2)));

describe('The cost of a month', () => {
  test('of an instance consists of hours, address and disk', () => {
    expect(usd(instance({}))).toEqual([4.09, 3.65, 0.73]);
    expect(usd(instance({ associatePublicIpAddress: undefined }))).toEqual([4.09, 0, 0.73]);
  });

  test('of two harvesters includes both machines and the uploads of the second one', () => {
    expect(usd(instance({}), instance({ instanceType: 't4g.nano' }))).toEqual([
      ...[4.09, 3.65, 0.73],
      ...[2.04, 3.65, 0.73],
      0.02,
    ]);
  });

  test('counts the alarms after the tenth', () => {
    expect(usd(...Array<typeof alarm>(10).fill(alarm))).toEqual([0]);
    expect(usd(...Array<typeof alarm>(12).fill(alarm))).toEqual([0.2]);
  });

  test('charges functions only beyond the free tier', () => {
    const fn = { type: 'aws:lambda/function:Function', inputs: { memorySize: 256 } };
    const schedule = { type: 'aws:scheduler/schedule:Schedule', inputs: {} };
    expect(usd(fn, ...Array<typeof schedule>(7).fill(schedule))).toEqual([0]);
    expect(usd(fn, ...Array<typeof schedule>(5_000).fill(schedule))[0]).toBeGreaterThan(1);
  });

  test('names the prices that are from another region', () => {
    expect(costTable({})).toContain('Not confirmed for this region: `scannedTb`.');
  });

  test.each([
    ['another type', { type: 'aws:rds/instance:Instance', inputs: {} }, /aws:rds/],
    ['another size', instance({ instanceType: 'c7g.metal' }), /c7g\.metal/],
    ['another disk type', instance({ rootBlockDevice: { volumeType: 'io2' } }), /io2/],
    [
      'another tier',
      { type: 'aws:ssm/parameter:Parameter', inputs: { tier: 'Advanced' } },
      /standard tier/,
    ],
  ])('is not computed for %s', (_, resource, problem) => {
    expect(() => costLines([resource])).toThrow(problem);
  });

  test('is one table, with an empty cell if a profile has no such resource', () => {
    expect(
      costTable({ bare: [], full: [alarm] })
        .split('\n')
        .slice(0, 5),
    ).toEqual([
      '| USD a month | bare | full |',
      '| --- | ---: | ---: |',
      '| Alarms; 10 are free |  | 0.00 |',
      '| **Together** | **0.00** | **0.00** |',
      '| **Together, in rupees** | ₹0 | ₹0 |',
    ]);
  });

  test('includes the sum in rupees and the date of the rate', () => {
    const table = costTable({ one: [instance({})] });
    const { perDollar, readOn } = prices.rupees;
    expect(table).toContain(`₹${String(Math.round((4.088 + 3.65 + 0.7296) * perDollar))}`);
    expect(table).toContain(`the rate of ${readOn}`);
  });
});
