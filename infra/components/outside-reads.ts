// Tells who else reads the parameters and the PIN: CloudTrail sees the read, EventBridge picks it out, and the watch
// function sends the message.
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import type { Names } from '../../core/names.ts';
import type { Reader, WatchedReads } from '../parsers.ts';
import { readPattern } from '../read-pattern.ts';
import type { Credentials } from './credentials.ts';
import type { Harvester } from './harvester.ts';
import type { Keeper } from './keeper.ts';
import { readTrail } from './read-trail.ts';

export interface OutsideReadsArgs {
  readonly names: Names;
  readonly accountId: pulumi.Output<string>;
  /** Another trail of the account would make ours a second copy of the same events, which AWS charges for. */
  readonly trail: WatchedReads;
  readonly credentials: Pick<Credentials, 'pinArn'>;
  readonly keeper: Pick<Keeper, 'functionNames' | 'roleArns' | 'watchArn'>;
  readonly harvester: Pick<Harvester, 'roleArns'> | null;
  readonly readers: readonly Reader[];
}

export class OutsideReads extends pulumi.ComponentResource {
  readonly ruleName: pulumi.Output<string>;

  constructor(name: string, args: OutsideReadsArgs, opts: pulumi.ComponentResourceOptions) {
    super('fyers:index:OutsideReads', name, {}, opts);
    const { names, accountId, keeper } = args;
    if (args.trail === 'ownTrail') readTrail(this, { names, accountId });
    const rule = new aws.cloudwatch.EventRule(
      'reads',
      {
        name: names.reads,
        description: 'Reads of the Fyers parameters and PIN by none of our roles',
        // What only reads is left out of a rule that is merely ENABLED.
        state: 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS',
        eventPattern: pattern(args),
      },
      { parent: this },
    );
    const permission = new aws.lambda.Permission(
      'reads',
      {
        statementId: names.reads,
        action: 'lambda:InvokeFunction',
        function: keeper.functionNames.watch,
        principal: 'events.amazonaws.com',
        sourceArn: rule.arn,
      },
      { parent: this },
    );
    // Not the topic itself: EventBridge supports no conditions in a topic's policy, so it would be open to rules of
    // any account, and the login links come from there.
    new aws.cloudwatch.EventTarget(
      'reads',
      { rule: rule.name, targetId: 'watch', arn: keeper.watchArn },
      { parent: this, dependsOn: [permission] },
    );
    this.ruleName = rule.name;
    this.registerOutputs({ ruleName: this.ruleName });
  }
}

function pattern(args: OutsideReadsArgs): pulumi.Output<string> {
  const { names, readers, harvester, keeper } = args;
  const arnsOf = (kind: Reader['kind']) =>
    readers.filter((reader) => reader.kind === kind).map(({ arn }) => arn);
  return pulumi
    .all([
      args.accountId,
      pulumi.output(args.credentials.pinArn),
      pulumi.all([...keeper.roleArns, ...(harvester === null ? [] : harvester.roleArns)]),
    ])
    .apply(([accountId, pinArn, own]) =>
      readPattern({
        names,
        accountId,
        pinArn,
        roleArns: [...own, ...arnsOf('role')],
        userArns: arnsOf('user'),
      }),
    );
}
