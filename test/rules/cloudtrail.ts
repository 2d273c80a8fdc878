// Defines the rules for the trail of read events and for EventBridge rules.
import { type Graph, type Registered, allOf } from '../support/graph.ts';
import { addResource } from './flaws.ts';
import { type Rule, address, at, isText, list, unless } from './rule.ts';

const TRAIL = 'aws:cloudtrail/trail:Trail';
const RULE = 'aws:cloudwatch/eventRule:EventRule';
const TARGET = 'aws:cloudwatch/eventTarget:EventTarget';
const FUNCTION = 'aws:lambda/function:Function';
const PERMISSION = 'aws:lambda/permission:Permission';

const anotherTrail = { 'another trail': addResource(TRAIL) };

export const CLOUDTRAIL_RULES: readonly Rule[] = [
  {
    id: 'CT.CLOUDTRAIL.PR.1',
    requirement: 'a trail is encrypted with a KMS key',
    findViolations: unless(TRAIL, ({ kmsKeyId }) => isText(kmsKeyId)),
    flaws: anotherTrail,
  },
  {
    id: 'CT.CLOUDTRAIL.PR.2',
    requirement: 'a trail validates its log files',
    findViolations: unless(
      TRAIL,
      ({ enableLogFileValidation }) => enableLogFileValidation === true,
    ),
    flaws: anotherTrail,
  },
  {
    id: 'CT.CLOUDTRAIL.PR.3',
    requirement: 'a trail writes to a log group',
    findViolations: unless(
      TRAIL,
      ({ cloudWatchLogsGroupArn, cloudWatchLogsRoleArn }) =>
        isText(cloudWatchLogsGroupArn) && isText(cloudWatchLogsRoleArn),
    ),
    flaws: anotherTrail,
  },
  {
    // Data events are always charged; the first copy of management events is free.
    id: 'FY.CLOUDTRAIL.1',
    requirement: 'a trail records no data events',
    findViolations: unless(TRAIL, ({ eventSelectors }) =>
      list(eventSelectors).every((selector) => list(at(selector, 'dataResources')).length === 0),
    ),
    flaws: {
      'data events of every object': addResource(TRAIL, {
        eventSelectors: [{ dataResources: [{ type: 'AWS::S3::Object', values: ['arn:aws:s3'] }] }],
      }),
    },
  },
  {
    id: 'FY.EVENTS.1',
    requirement: 'a rule has a target and may invoke it',
    findViolations: (graph) =>
      allOf(graph, RULE)
        .filter((rule) => !mayInvokeTargets(rule, graph))
        .map(address),
    flaws: {
      'no target': addResource(RULE, { name: 'another' }),
      'a target that it may not invoke': (graph) =>
        addResource(TARGET, { rule: 'another', arn: 'arn:aws:mock:::Function/watch' })(
          addResource(RULE, { name: 'another' })(graph),
        ),
    },
  },
];

function mayInvokeTargets({ name, inputs }: Registered, graph: Graph): boolean {
  const targets = allOf(graph, TARGET).filter((each) => each.inputs['rule'] === inputs['name']);
  const mayStart = allOf(graph, PERMISSION)
    .filter((each) => each.inputs['sourceArn'] === `arn:aws:mock:::EventRule/${name}`)
    .flatMap(({ inputs: may }) =>
      allOf(graph, FUNCTION).filter((each) => each.inputs['name'] === may['function']),
    )
    .map((each) => `arn:aws:mock:::Function/${each.name}`);
  return (
    targets.length > 0 && targets.every((each) => mayStart.includes(String(each.inputs['arn'])))
  );
}
