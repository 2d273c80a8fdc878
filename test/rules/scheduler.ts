// What starts by the clock.
import { allOf, asRecord } from '../support/graph.ts';
import { edited, withAnother } from './flaws.ts';
import { type Rule, address, at, isText, unless } from './rule.ts';

const SCHEDULE = 'aws:scheduler/schedule:Schedule';

/** Scheduler would otherwise try for a day, 185 times: a token at night is no token for the session. */
const MAXIMUM_AGE_SECONDS = 3_600;

const first = (inputs: Readonly<Record<string, unknown>>) =>
  edited(`${SCHEDULE}::refresh-0700`, inputs);
const target = (change: Readonly<Record<string, unknown>>) =>
  edited(`${SCHEDULE}::refresh-0700`, (inputs) => ({
    ...inputs,
    target: { ...asRecord(inputs['target']), ...change },
  }));

export const SCHEDULER_RULES: readonly Rule[] = [
  {
    id: 'FY.SCHEDULER.1',
    asks: 'a schedule goes by the Indian clock',
    breakers: unless(SCHEDULE, (inputs) => inputs['scheduleExpressionTimezone'] === 'Asia/Kolkata'),
    flaws: { 'the default, UTC': first({ scheduleExpressionTimezone: undefined }) },
  },
  {
    id: 'FY.SCHEDULER.2',
    asks: 'an event that cannot be delivered goes to a dead-letter queue',
    breakers: unless(SCHEDULE, (inputs) => isText(at(inputs, 'target.deadLetterConfig.arn'))),
    flaws: { 'to nobody': target({ deadLetterConfig: undefined }) },
  },
  {
    id: 'FY.SCHEDULER.3',
    asks: 'delivery is tried again, but not past its use',
    breakers: unless(SCHEDULE, (inputs) => {
      const retries = Number(at(inputs, 'target.retryPolicy.maximumRetryAttempts'));
      const age = Number(at(inputs, 'target.retryPolicy.maximumEventAgeInSeconds'));
      return retries >= 1 && retries <= 10 && age <= MAXIMUM_AGE_SECONDS;
    }),
    flaws: {
      'the default, 185 times a day': target({ retryPolicy: undefined }),
      'not once': target({
        retryPolicy: { maximumRetryAttempts: 0, maximumEventAgeInSeconds: 60 },
      }),
    },
  },
  {
    id: 'FY.SCHEDULER.4',
    asks: 'a schedule starts at its minute',
    breakers: unless(SCHEDULE, (inputs) => at(inputs, 'flexibleTimeWindow.mode') === 'OFF'),
    flaws: {
      'within an hour': first({
        flexibleTimeWindow: { mode: 'FLEXIBLE', maximumWindowInMinutes: 60 },
      }),
    },
  },
  {
    id: 'FY.SCHEDULER.5',
    asks: 'no rule of EventBridge goes by the clock, because it knows no zone',
    breakers: (graph) =>
      allOf(graph, 'aws:cloudwatch/eventRule:EventRule')
        .filter(({ inputs }) => inputs['scheduleExpression'] !== undefined)
        .map(address),
    flaws: {
      'a rule by the clock': withAnother('aws:cloudwatch/eventRule:EventRule', {
        scheduleExpression: 'cron(30 1 * * ? *)',
      }),
    },
  },
];
