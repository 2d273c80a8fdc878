// Alarms and logs.
import { type Graph, allOf } from '../support/graph.ts';
import { edited, withAnother } from './flaws.ts';
import { type Rule, address, isText, list, unless } from './rule.ts';

const ALARM = 'aws:cloudwatch/metricAlarm:MetricAlarm';
const LOG_GROUP = 'aws:cloudwatch/logGroup:LogGroup';

/** Three more than cost nothing (CloudWatch's price list, free tier): those of executions that Lambda refuses. */
const ALARMS_MAX = 13;
const OF_ANOTHER_HARVESTER = 6;
const YEAR_DAYS = 365;

const alarm = (inputs: Readonly<Record<string, unknown>>) =>
  edited(`${ALARM}::undelivered`, inputs);
const WITH_COMMAND = /`(?:\.\/fyers |[a-z])[^`]+`|https:\/\/\S+/;

function alarmsMax(graph: Graph): number {
  const others = Math.max(0, allOf(graph, 'aws:ec2/instance:Instance').length - 1);
  return ALARMS_MAX + others * OF_ANOTHER_HARVESTER;
}

export const CLOUDWATCH_RULES: readonly Rule[] = [
  {
    id: 'CT.CLOUDWATCH.PR.1',
    asks: 'an alarm has an action',
    breakers: unless(ALARM, (inputs) => list(inputs['alarmActions']).some(isText)),
    flaws: { 'a silent one': alarm({ alarmActions: [] }) },
  },
  {
    id: 'CT.CLOUDWATCH.PR.2',
    asks: 'a log is kept for a year at least',
    breakers: unless(LOG_GROUP, (inputs) => {
      const days = Number(inputs['retentionInDays'] ?? 0);
      return days === 0 || days >= YEAR_DAYS;
    }),
    flaws: { 'a quarter of one': edited(`${LOG_GROUP}::watch`, { retentionInDays: 90 }) },
  },
  {
    id: 'CT.CLOUDWATCH.PR.3',
    asks: 'a log is encrypted under a key of KMS',
    breakers: unless(LOG_GROUP, (inputs) => isText(inputs['kmsKeyId'])),
    flaws: { 'another log': withAnother(LOG_GROUP) },
  },
  {
    id: 'CT.CLOUDWATCH.PR.4',
    asks: 'an alarm’s actions are on',
    breakers: unless(ALARM, (inputs) => inputs['actionsEnabled'] !== false),
    flaws: { 'switched off': alarm({ actionsEnabled: false }) },
  },
  {
    id: 'FY.CLOUDWATCH.1',
    asks: 'an alarm says what to do: a command, or a page',
    breakers: unless(
      ALARM,
      ({ alarmDescription }) => isText(alarmDescription) && WITH_COMMAND.test(alarmDescription),
    ),
    flaws: {
      'no word': alarm({ alarmDescription: undefined }),
      'only what happened': alarm({ alarmDescription: 'The queue is not empty.' }),
    },
  },
  {
    id: 'FY.CLOUDWATCH.2',
    asks: 'an alarm says what silence means',
    breakers: unless(ALARM, (inputs) => isText(inputs['treatMissingData'])),
    flaws: { 'CloudWatch’s default': alarm({ treatMissingData: undefined }) },
  },
  {
    // The types leave all three open, because alarms on PromQL have none of them.
    id: 'FY.CLOUDWATCH.3',
    asks: 'an alarm is complete: what it compares, with what, over how long',
    breakers: unless(ALARM, (inputs) =>
      ['comparisonOperator', 'threshold', 'evaluationPeriods'].every(
        (key) => inputs[key] !== undefined,
      ),
    ),
    flaws: { 'without a threshold': alarm({ threshold: undefined }) },
  },
  {
    id: 'FY.CLOUDWATCH.4',
    asks: 'the alarms are the thirteen of a stack, and six for each harvester more than one',
    breakers: (graph) => allOf(graph, ALARM).slice(alarmsMax(graph)).map(address),
    flaws: {
      'one too many': (graph) => {
        const missing = alarmsMax(graph) + 1 - allOf(graph, ALARM).length;
        return Array.from({ length: missing }).reduce<typeof graph>(
          (more) => withAnother(ALARM)(more),
          graph,
        );
      },
    },
  },
  {
    id: 'FY.CLOUDWATCH.5',
    asks: 'a log is not kept for ever',
    breakers: unless(LOG_GROUP, (inputs) => Number(inputs['retentionInDays'] ?? 0) > 0),
    flaws: { 'the default': edited(`${LOG_GROUP}::login`, { retentionInDays: undefined }) },
  },
];
