// Defines the rules for alarms and logs.
import { type Graph, allOf } from '../support/graph.ts';
import { editInputs, addResource } from './flaws.ts';
import { type Rule, address, isText, list, unless } from './rule.ts';

const ALARM = 'aws:cloudwatch/metricAlarm:MetricAlarm';
const LOG_GROUP = 'aws:cloudwatch/logGroup:LogGroup';

/** Three more than the free tier of CloudWatch: the alarms for throttled functions. */
const ALARMS_MAX = 13;
const ALARMS_PER_FURTHER_HARVESTER = 6;
const YEAR_DAYS = 365;

const alarm = (inputs: Readonly<Record<string, unknown>>) =>
  editInputs(`${ALARM}::undelivered`, inputs);
const WITH_COMMAND = /`(?:\.\/fyers |[a-z])[^`]+`|https:\/\/\S+/;

function alarmsMax(graph: Graph): number {
  const others = Math.max(0, allOf(graph, 'aws:ec2/instance:Instance').length - 1);
  return ALARMS_MAX + others * ALARMS_PER_FURTHER_HARVESTER;
}

export const CLOUDWATCH_RULES: readonly Rule[] = [
  {
    id: 'CT.CLOUDWATCH.PR.1',
    requirement: 'an alarm has an action',
    findViolations: unless(ALARM, (inputs) => list(inputs['alarmActions']).some(isText)),
    flaws: { 'no action': alarm({ alarmActions: [] }) },
  },
  {
    id: 'CT.CLOUDWATCH.PR.2',
    requirement: 'a log is kept for at least a year',
    findViolations: unless(LOG_GROUP, (inputs) => {
      const days = Number(inputs['retentionInDays'] ?? 0);
      return days === 0 || days >= YEAR_DAYS;
    }),
    flaws: { '90 days': editInputs(`${LOG_GROUP}::watch`, { retentionInDays: 90 }) },
  },
  {
    id: 'CT.CLOUDWATCH.PR.3',
    requirement: 'a log is encrypted with a KMS key',
    findViolations: unless(LOG_GROUP, (inputs) => isText(inputs['kmsKeyId'])),
    flaws: { 'another log': addResource(LOG_GROUP) },
  },
  {
    id: 'CT.CLOUDWATCH.PR.4',
    requirement: 'the actions of an alarm are enabled',
    findViolations: unless(ALARM, (inputs) => inputs['actionsEnabled'] !== false),
    flaws: { 'disabled actions': alarm({ actionsEnabled: false }) },
  },
  {
    id: 'FY.CLOUDWATCH.1',
    requirement: 'the description of an alarm contains a command or a page',
    findViolations: unless(
      ALARM,
      ({ alarmDescription }) => isText(alarmDescription) && WITH_COMMAND.test(alarmDescription),
    ),
    flaws: {
      'no description': alarm({ alarmDescription: undefined }),
      'a description without a next step': alarm({
        alarmDescription: 'The queue is not empty.',
      }),
    },
  },
  {
    id: 'FY.CLOUDWATCH.2',
    requirement: 'an alarm defines how it treats missing data',
    findViolations: unless(ALARM, (inputs) => isText(inputs['treatMissingData'])),
    flaws: { 'CloudWatch’s default': alarm({ treatMissingData: undefined }) },
  },
  {
    // All three are optional in the types, because alarms on PromQL do not have them.
    id: 'FY.CLOUDWATCH.3',
    requirement: 'an alarm has an operator, a threshold and evaluation periods',
    findViolations: unless(ALARM, (inputs) =>
      ['comparisonOperator', 'threshold', 'evaluationPeriods'].every(
        (key) => inputs[key] !== undefined,
      ),
    ),
    flaws: { 'no threshold': alarm({ threshold: undefined }) },
  },
  {
    id: 'FY.CLOUDWATCH.4',
    requirement: 'a stack has at most thirteen alarms, and six more for each further harvester',
    findViolations: (graph) => allOf(graph, ALARM).slice(alarmsMax(graph)).map(address),
    flaws: {
      'one too many': (graph) => {
        const missing = alarmsMax(graph) + 1 - allOf(graph, ALARM).length;
        return Array.from({ length: missing }).reduce<typeof graph>(
          (more) => addResource(ALARM)(more),
          graph,
        );
      },
    },
  },
  {
    id: 'a log expires',
    requirement: 'a log is not kept for ever',
    findViolations: unless(LOG_GROUP, (inputs) => Number(inputs['retentionInDays'] ?? 0) > 0),
    flaws: { 'no retention': editInputs(`${LOG_GROUP}::login`, { retentionInDays: undefined }) },
  },
];
