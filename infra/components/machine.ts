// Creates the harvesters' machines and their network. Each machine has a role limited to its own shard, and one
// instance at a time. The network has outgoing access only: one public subnet, no NAT, no ingress. A change that
// replaces or stops an instance is refused during a session: from before it records until the day is complete in the
// bucket. It fails the deploy before it reaches the instance.
import { createHash } from 'node:crypto';
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import { type HarvesterPlan, numbered } from '../../core/config/harvesters.ts';
import type { HarvesterValues } from '../../core/config/keys.ts';
import { ANY_DATE, OBJECTS } from '../../core/config/names.ts';
import type { Override } from '../../core/market/calendar-data.ts';
import { type CalendarOptions, dayOf } from '../../core/market/calendar.ts';
import type { Clock } from '../../core/ports.ts';
import { formatClock, type Instant, istDateAt, MINUTE, plus } from '../../core/time.ts';
import { type Arns, policyFor, trust } from '../iam/policies.ts';
import { userData } from '../instance/user-data.ts';

const IMAGE = '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64';
const ROOT_GIB = 8;

export interface MachineArgs extends HarvesterValues {
  readonly arns: Arns;
  readonly subnetId: string | null;
  readonly replaceInSession: boolean;
  readonly calendar: readonly Override[];
  readonly clock: Pick<Clock, 'now'>;
}

interface Place {
  readonly parent: pulumi.Resource;
  readonly bucket: aws.s3.Bucket;
  /** The artifact pointer, which the instance reads when it starts. */
  readonly current: pulumi.Resource;
  /** Null without an app: there is then nothing to record. */
  readonly network: Network | null;
}

/** One harvester and its instance. */
export interface Recorder {
  readonly plan: HarvesterPlan;
  readonly instanceId: pulumi.Output<string>;
}

interface Machines {
  readonly recorders: readonly Recorder[];
  /** One role per plan. */
  readonly roleArns: readonly pulumi.Output<string>[];
}

/** Creates a role for each plan, and an instance for each if there is a network. */
export function machines(
  args: MachineArgs,
  plans: readonly HarvesterPlan[],
  { network, ...place }: Place,
): Machines {
  const roles = plans.map((plan) => ({ plan, ...roleFor(args, plan, place) }));
  const roleArns = roles.map(({ role }) => role.arn);
  if (network === null) return { recorders: [], roleArns };
  const guarded = roles.map((each) => {
    const script = scriptOf(args, each.plan, place.bucket);
    return { ...each, script, guard: createGuard(args, each.plan, { ...place, script }) };
  });
  // Each instance waits for all guards: if one may not change, a symbol that moves from it to another is not recorded
  // twice.
  const guards = guarded.map(({ guard }) => guard);
  const recorders = guarded.map((each) => {
    const needs = [each.policy, place.current, ...network.route, ...guards];
    const made = createInstance(each.plan, { ...place, ...each, network, needs });
    return { plan: each.plan, instanceId: made.id };
  });
  return { recorders, roleArns };
}

function roleFor(
  { arns }: MachineArgs,
  { shard }: HarvesterPlan,
  { parent, bucket }: Omit<Place, 'network'>,
) {
  const name = numbered('fyers-harvester', shard);
  const description = shard === 0 ? 'The harvester' : `Harvester ${String(shard)}`;
  const role = new aws.iam.Role(name, { description, assumeRolePolicy: trust('ec2') }, { parent });
  const policy = new aws.iam.RolePolicy(
    name,
    {
      role: role.name,
      policy: policyFor('harvester', {
        ...arns,
        artifacts: pulumi.interpolate`arn:aws:s3:::${bucket.id}/${OBJECTS.artifactPrefix}*`,
        'folders of its shard': pulumi.interpolate`arn:aws:s3:::${bucket.id}/${OBJECTS.dayPrefix(ANY_DATE, String(shard))}*`,
        'recordings of its shard': OBJECTS.dayFilePatterns(String(shard)).map(
          (pattern) => pulumi.interpolate`arn:aws:s3:::${bucket.id}/${pattern}`,
        ),
      }),
    },
    { parent },
  );
  return { role, policy };
}

function scriptOf(args: MachineArgs, plan: HarvesterPlan, bucket: aws.s3.Bucket) {
  return bucket.id.apply((name) => userData({ ...args, ...plan, bucket: name }));
}

function createGuard(
  args: MachineArgs,
  { shard, instanceType }: HarvesterPlan,
  { parent, script }: { readonly parent: pulumi.Resource; readonly script: pulumi.Output<string> },
): pulumi.Resource {
  // Compare the configured subnet (null for our own network): our own subnet changes only with this setting.
  const plan = { script, instanceType, subnetId: args.subnetId };
  return instanceGuard(parent, { ...args, shard, plan });
}

interface InstancePlace {
  readonly parent: pulumi.Resource;
  readonly role: aws.iam.Role;
  readonly script: pulumi.Output<string>;
  readonly network: Network;
  readonly needs: readonly pulumi.Resource[];
}

function createInstance(
  { shard, instanceType }: HarvesterPlan,
  { parent, role, script, network, needs }: InstancePlace,
): aws.ec2.Instance {
  const name = numbered('fyers-harvester', shard);
  const profile = new aws.iam.InstanceProfile(name, { role: role.name }, { parent });
  return new aws.ec2.Instance(
    numbered('harvester', shard),
    {
      ami: aws.ssm.getParameterOutput({ name: IMAGE }, { parent }).value,
      instanceType,
      iamInstanceProfile: profile.name,
      subnetId: network.subnetId,
      vpcSecurityGroupIds: [network.securityGroupId],
      ...(network.publicAddress === undefined
        ? {}
        : { associatePublicIpAddress: network.publicAddress }),
      userData: script,
      // cloud-init runs the script only once, so a changed script needs another instance. The new instance fetches
      // the shipped part of the day, but there is no recording in between: docs/deploy.md explains when to change its
      // inputs.
      userDataReplaceOnChange: true,
      metadataOptions: {
        httpEndpoint: 'enabled',
        httpTokens: 'required',
        httpPutResponseHopLimit: 1,
        instanceMetadataTags: 'disabled',
      },
      rootBlockDevice: {
        volumeType: 'gp3',
        volumeSize: ROOT_GIB,
        encrypted: true,
        deleteOnTermination: true,
      },
      // Without this, burstable types can cost more than their price.
      ...(instanceType.startsWith('t') ? { creditSpecification: { cpuCredits: 'standard' } } : {}),
      tags: { Name: name },
    },
    {
      parent,
      // A newer image does not replace the instance; security updates are installed weekly.
      ignoreChanges: ['ami'],
      // The provider waits until the old instance is gone before it creates the new one: two would share one
      // account's limits, and write one shard's day twice. The old service has been stopped and has finished its work
      // by then.
      deleteBeforeReplace: true,
      dependsOn: [...needs],
    },
  );
}

interface Network {
  readonly subnetId: pulumi.Output<string>;
  readonly securityGroupId: pulumi.Output<string>;
  /** True in our own network; undefined uses the setting of the operator's subnet. */
  readonly publicAddress: boolean | undefined;
  /** Resources that must exist before a machine can reach the internet. */
  readonly route: readonly pulumi.Resource[];
}

const TAGS = { Name: 'fyers' };

/** @param subnetId the operator's own subnet, or null to create one */
export function network(parent: pulumi.ComponentResource, subnetId: string | null): Network {
  if (subnetId === null) return ownNetwork(parent);
  const { vpcId } = aws.ec2.getSubnetOutput({ id: subnetId }, { parent });
  return {
    subnetId: pulumi.output(subnetId),
    securityGroupId: securityGroup(parent, vpcId).id,
    publicAddress: undefined,
    route: [],
  };
}

function ownNetwork(parent: pulumi.ComponentResource): Network {
  const vpc = new aws.ec2.Vpc(
    'fyers',
    {
      cidrBlock: '10.71.0.0/24',
      enableDnsSupport: true,
      enableDnsHostnames: true,
      tags: TAGS,
    },
    { parent },
  );
  const gateway = new aws.ec2.InternetGateway('fyers', { vpcId: vpc.id, tags: TAGS }, { parent });
  const subnet = new aws.ec2.Subnet(
    'fyers',
    { vpcId: vpc.id, cidrBlock: '10.71.0.0/28', mapPublicIpOnLaunch: false, tags: TAGS },
    { parent },
  );
  const routes = new aws.ec2.RouteTable(
    'fyers',
    { vpcId: vpc.id, routes: [{ cidrBlock: '0.0.0.0/0', gatewayId: gateway.id }], tags: TAGS },
    { parent },
  );
  const association = new aws.ec2.RouteTableAssociation(
    'fyers',
    { subnetId: subnet.id, routeTableId: routes.id },
    { parent },
  );
  return {
    subnetId: subnet.id,
    securityGroupId: securityGroup(parent, vpc.id).id,
    publicAddress: true,
    route: [association],
  };
}

/** Rules are inline in the group, so that a rule added by hand is detected and removed. */
function securityGroup(
  parent: pulumi.ComponentResource,
  vpcId: pulumi.Output<string>,
): aws.ec2.SecurityGroup {
  return new aws.ec2.SecurityGroup(
    'fyers-harvester',
    {
      vpcId,
      description: 'The harvester: nothing comes in, only HTTPS goes out',
      ingress: [],
      egress: [
        {
          description: 'Fyers, AWS and package repositories',
          protocol: 'tcp',
          fromPort: 443,
          toPort: 443,
          cidrBlocks: ['0.0.0.0/0'],
        },
      ],
      tags: TAGS,
    },
    { parent },
  );
}

/** A new instance needs some minutes until it records. */
const BEFORE_OPEN_MS = 15 * MINUTE;
/** The day is compacted and shipped after the close. */
const AFTER_CLOSE_MS = 30 * MINUTE;

/** Returns why the instance cannot be replaced or stopped now, and what to do; null if it can. */
export function sessionProblem(now: Instant, calendar: CalendarOptions = {}): string | null {
  const day = dayOf(istDateAt(now), calendar);
  if (day.kind === 'closed') return null;
  const from = plus(day.plan.opensAt, -BEFORE_OPEN_MS);
  const until = plus(day.plan.closesAt, AFTER_CLOSE_MS);
  if (now < from || until <= now) return null;
  return `This change replaces or stops the instance, and there is no recording until the new one is ready, some minutes later: from ${timeOf(from)} to ${timeOf(until)} IST that is refused. Run \`pulumi up\` after that, or \`pulumi config set replaceInSession true\` first.`;
}

function timeOf(at: Instant): string {
  return formatClock(at).slice(0, 'HH:MM'.length);
}

interface InstanceGuardArgs {
  readonly shard: number;
  /** Properties that cannot change without replacing or stopping the instance. */
  readonly plan: Readonly<Record<string, pulumi.Input<string | boolean | null>>>;
  readonly replaceInSession: boolean;
  readonly calendar: readonly Override[];
  readonly clock: Pick<Clock, 'now'>;
}

/**
 * A value that exists only in the state, with a hook before each change of it; the instance depends on it. A hook
 * before the instance's deletion would be the natural place, but then the engine refuses every `pulumi destroy`
 * without `--run-program` (docs/decisions/0006).
 */
function instanceGuard(parent: pulumi.Resource, args: InstanceGuardArgs): pulumi.Stash {
  const fingerprint = pulumi
    .all(args.plan)
    .apply((plan) => createHash('sha256').update(JSON.stringify(plan)).digest('hex'));
  const hook = new pulumi.ResourceHook(
    numbered('instance-in-session', args.shard),
    async () => {
      const problem = args.replaceInSession
        ? null
        : sessionProblem(args.clock.now(), { overrides: args.calendar });
      if (problem === null) return;
      // A preview only shows the plan, so it must not fail.
      if (!pulumi.runtime.isDryRun()) throw new Error(problem);
      await pulumi.log.warn(problem);
    },
    { onDryRun: true },
  );
  return new pulumi.Stash(
    numbered('instance-plan', args.shard),
    { input: fingerprint },
    { parent, hooks: { beforeUpdate: [hook] } },
  );
}
