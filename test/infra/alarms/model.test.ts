import { describe, expect, test } from 'vitest';
import { type Alarm, type Missing, type State, judge, transitionsOf } from './model.ts';
import { metricsOf } from './series.ts';

const TREATMENTS: readonly Missing[] = ['missing', 'ignore', 'breaching', 'notBreaching'];
const BEFORE: State = 'INSUFFICIENT_DATA';

/** Parses the notation of the guide: 0 does not breach, X breaches, - is missing. */
function parseRange(signs: string): readonly (boolean | null)[] {
  return signs.split(' ').map((sign) => (sign === '-' ? null : sign === 'X'));
}

function judgeAll(signs: string, datapointsToAlarm: number): readonly string[] {
  return TREATMENTS.map((treatMissingData) =>
    judge(parseRange(signs), { evaluationPeriods: 3, datapointsToAlarm, treatMissingData }, BEFORE),
  );
}

describe('The model of CloudWatch', () => {
  test.each([
    ['0 - X - X', ['OK', 'OK', 'OK', 'OK']],
    ['0 - - - -', ['OK', 'OK', 'OK', 'OK']],
    ['- - - - -', ['INSUFFICIENT_DATA', BEFORE, 'ALARM', 'OK']],
    ['0 X X - X', ['ALARM', 'ALARM', 'ALARM', 'ALARM']],
    ['- - X - -', ['ALARM', BEFORE, 'ALARM', 'OK']],
  ])('matches the guide’s table for 3 of 3 datapoints: %s', (signs, expected) => {
    expect(judgeAll(signs, 3)).toEqual(expected);
  });

  test.each([
    ['0 - X - X', ['ALARM', 'ALARM', 'ALARM', 'ALARM']],
    ['0 0 X 0 X', ['ALARM', 'ALARM', 'ALARM', 'ALARM']],
    ['0 - X - -', ['OK', 'OK', 'ALARM', 'OK']],
    ['- - - - 0', ['OK', 'OK', 'ALARM', 'OK']],
    ['- - - X -', ['ALARM', BEFORE, 'ALARM', 'OK']],
  ])('matches the guide’s table for 2 of 3 datapoints: %s', (signs, expected) => {
    expect(judgeAll(signs, 2)).toEqual(expected);
  });

  test.each(['- - - - X', '- - - X -'])(
    'does not ring too early on intermittent data: %s',
    (signs) => {
      expect(judgeAll(signs, 3)[0]).not.toBe('ALARM');
    },
  );

  const ALARM: Alarm = {
    name: 'a',
    alarmDescription: '',
    alarmActions: [],
    namespace: 'n',
    metricName: 'm',
    dimensions: {},
    statistic: 'Sum',
    period: 300,
    evaluationPeriods: 1,
    threshold: 10,
    comparisonOperator: 'GreaterThanOrEqualToThreshold',
    treatMissingData: 'notBreaching',
  };
  const EXACT = { extra: 0, delay: 0 };

  test('moves a window of five minutes by one minute', () => {
    const series = metricsOf(20).of(ALARM);
    for (let minute = 0; minute < 20; minute += 1) series.put(minute, minute === 7 ? 10 : 0);
    expect(transitionsOf(ALARM, series, EXACT)).toEqual([
      { minute: 1, to: 'OK' },
      { minute: 8, to: 'ALARM' },
      { minute: 13, to: 'OK' },
    ]);
  });

  test('delays a dead-man’s alarm of one period if an evaluation looks further back', () => {
    const dead: Alarm = {
      ...ALARM,
      statistic: 'SampleCount',
      comparisonOperator: 'LessThanThreshold',
      threshold: 1,
      treatMissingData: 'breaching',
    };
    const series = metricsOf(40).of(dead);
    series.put(4, 1);
    const rings = (extra: number) =>
      transitionsOf(dead, series, { extra, delay: 0 }).find(
        ({ minute, to }) => minute > 5 && to === 'ALARM',
      )?.minute;
    expect([rings(0), rings(2)]).toEqual([10, 20]);
  });

  test('keeps a new alarm quiet until its warm-up ends or it has data', () => {
    const young: Alarm = {
      ...ALARM,
      period: 60,
      treatMissingData: 'breaching',
      warmUpConfiguration: { warmUpPeriodDurationInMinutes: 15 },
    };
    const silent = metricsOf(20).of(young);
    expect(transitionsOf(young, silent, EXACT)).toEqual([{ minute: 15, to: 'ALARM' }]);
    const loud = metricsOf(20).of(young);
    loud.put(3, 0);
    expect(transitionsOf(young, loud, EXACT)[0]).toEqual({ minute: 4, to: 'OK' });
  });

  test('uses a datapoint only after its delay', () => {
    const late: Alarm = { ...ALARM, period: 60 };
    const series = metricsOf(20).of(late);
    series.put(5, 10);
    expect(transitionsOf(late, series, { extra: 2, delay: 2 })[1]).toEqual({
      minute: 8,
      to: 'ALARM',
    });
  });
});
