// The trail of what is read, and the rule that picks out what is told.
import { type Graph, type Registered, allOf } from '../support/graph.ts';
import { withAnother } from './flaws.ts';
import { type Rule, address, at, isText, list, unless } from './rule.ts';

const TRAIL = 'aws:cloudtrail/trail:Trail';
const RULE = 'aws:cloudwatch/eventRule:EventRule';
const TARGET = 'aws:cloudwatch/eventTarget:EventTarget';
const FUNCTION = 'aws:lambda/function:Function';
const PERMISSION = 'aws:lambda/permission:Permission';

const anotherTrail = { 'another trail': withAnother(TRAIL) };

export const CLOUDTRAIL_RULES: readonly Rule[] = [
  {
    id: 'CT.CLOUDTRAIL.PR.1',
    asks: 'a trail is encrypted under a key of KMS',
    breakers: unless(TRAIL, ({ kmsKeyId }) => isText(kmsKeyId)),
    flaws: anotherTrail,
  },
  {
    id: 'CT.CLOUDTRAIL.PR.2',
    asks: 'a trail’s files are signed',
    breakers: unless(TRAIL, ({ enableLogFileValidation }) => enableLogFileValidation === true),
    flaws: anotherTrail,
  },
  {
    id: 'CT.CLOUDTRAIL.PR.3',
    asks: 'a trail writes into a log group',
    breakers: unless(
      TRAIL,
      ({ cloudWatchLogsGroupArn, cloudWatchLogsRoleArn }) =>
        isText(cloudWatchLogsGroupArn) && isText(cloudWatchLogsRoleArn),
    ),
    flaws: anotherTrail,
  },
  {
    // Data events are charged from the first on; the first copy of management events is free.
    id: 'FY.CLOUDTRAIL.1',
    asks: 'a trail records no data events',
    breakers: unless(TRAIL, ({ eventSelectors }) =>
      list(eventSelectors).every((selector) => list(at(selector, 'dataResources')).length === 0),
    ),
    flaws: {
      'every object': withAnother(TRAIL, {
        eventSelectors: [{ dataResources: [{ type: 'AWS::S3::Object', values: ['arn:aws:s3'] }] }],
      }),
    },
  },
  {
    id: 'FY.EVENTS.1',
    asks: 'a rule has a target, which it may start',
    breakers: (graph) =>
      allOf(graph, RULE)
        .filter((rule) => !startsWhatItMay(rule, graph))
        .map(address),
    flaws: {
      'without a target': withAnother(RULE, { name: 'another' }),
      'with one that it may not start': (graph) =>
        withAnother(TARGET, { rule: 'another', arn: 'arn:aws:mock:::Function/watch' })(
          withAnother(RULE, { name: 'another' })(graph),
        ),
    },
  },
];

function startsWhatItMay({ name, inputs }: Registered, graph: Graph): boolean {
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
