// Defines the rules for the schedules.
import { allOf, asRecord } from '../support/graph.ts';
import { editInputs, addResource } from './flaws.ts';
import { type Rule, address, at, isText, unless } from './rule.ts';

const SCHEDULE = 'aws:scheduler/schedule:Schedule';

/**
 * By default the Scheduler retries 185 times in a day, but a token at night is useless for the
 * session.
 */
const MAXIMUM_AGE_SECONDS = 3_600;

const first = (inputs: Readonly<Record<string, unknown>>) =>
  editInputs(`${SCHEDULE}::refresh-0700`, inputs);
const target = (change: Readonly<Record<string, unknown>>) =>
  editInputs(`${SCHEDULE}::refresh-0700`, (inputs) => ({
    ...inputs,
    target: { ...asRecord(inputs['target']), ...change },
  }));

export const SCHEDULER_RULES: readonly Rule[] = [
  {
    id: 'FY.SCHEDULER.1',
    requirement: 'a schedule uses Indian time',
    findViolations: unless(
      SCHEDULE,
      (inputs) => inputs['scheduleExpressionTimezone'] === 'Asia/Kolkata',
    ),
    flaws: { 'the default, UTC': first({ scheduleExpressionTimezone: undefined }) },
  },
  {
    id: 'FY.SCHEDULER.2',
    requirement: 'an undeliverable event goes to a dead-letter queue',
    findViolations: unless(SCHEDULE, (inputs) => isText(at(inputs, 'target.deadLetterConfig.arn'))),
    flaws: { 'no dead-letter queue': target({ deadLetterConfig: undefined }) },
  },
  {
    id: 'FY.SCHEDULER.3',
    requirement: 'delivery is retried, but only while it is useful',
    findViolations: unless(SCHEDULE, (inputs) => {
      const retries = Number(at(inputs, 'target.retryPolicy.maximumRetryAttempts'));
      const age = Number(at(inputs, 'target.retryPolicy.maximumEventAgeInSeconds'));
      return retries >= 1 && retries <= 10 && age <= MAXIMUM_AGE_SECONDS;
    }),
    flaws: {
      'the default, 185 times a day': target({ retryPolicy: undefined }),
      'no retry': target({
        retryPolicy: { maximumRetryAttempts: 0, maximumEventAgeInSeconds: 60 },
      }),
    },
  },
  {
    id: 'FY.SCHEDULER.4',
    requirement: 'a schedule starts at its exact minute',
    findViolations: unless(SCHEDULE, (inputs) => at(inputs, 'flexibleTimeWindow.mode') === 'OFF'),
    flaws: {
      'a window of an hour': first({
        flexibleTimeWindow: { mode: 'FLEXIBLE', maximumWindowInMinutes: 60 },
      }),
    },
  },
  {
    id: 'FY.SCHEDULER.5',
    requirement: 'no EventBridge rule has a schedule, because it has no time zone',
    findViolations: (graph) =>
      allOf(graph, 'aws:cloudwatch/eventRule:EventRule')
        .filter(({ inputs }) => inputs['scheduleExpression'] !== undefined)
        .map(address),
    flaws: {
      'a rule with a schedule': addResource('aws:cloudwatch/eventRule:EventRule', {
        scheduleExpression: 'cron(30 1 * * ? *)',
      }),
    },
  },
];
