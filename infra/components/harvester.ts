// The bucket, the harvester's code in it, and the machine that runs it.
import { createHash } from 'node:crypto';
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import { OBJECTS } from '../../core/names.ts';
import type { Clock } from '../../core/ports.ts';
import { type Arns, policyFor, trust } from '../policies.ts';
import { type HarvesterEnvironment, userData } from '../user-data.ts';
import { dataBucket } from './bucket.ts';
import { instanceGuard } from './instance-guard.ts';
import { network } from './network.ts';

const IMAGE = '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64';

/** What the instance may read and write beside its code. */
const DEPTH_PREFIX = 'depth/';
const ROOT_GIB = 8;

export interface HarvesterArgs {
  readonly arns: Arns;
  /** The harvester, as one file. */
  readonly code: string;
  readonly environment: Omit<HarvesterEnvironment, 'bucket'>;
  readonly instanceType: string;
  readonly subnetId: string | null;
  readonly dataBucket: string | null;
  readonly deleteData: boolean;
  /** False without an app: there is then nothing that a machine could record. */
  readonly hasApp: boolean;
  readonly replaceInSession: boolean;
  readonly clock: Pick<Clock, 'now'>;
}

export class Harvester extends pulumi.ComponentResource {
  readonly bucketName: pulumi.Output<string>;
  readonly artifactKey: pulumi.Output<string>;
  /** Null without an app. */
  readonly instanceId: pulumi.Output<string> | null;
  readonly roleArn: pulumi.Output<string>;

  constructor(name: string, args: HarvesterArgs, opts: pulumi.ComponentResourceOptions) {
    super('fyers:index:Harvester', name, {}, opts);
    const bucket = dataBucket(this, args);
    const { artifact, current } = this.#code(bucket, args.code);
    const role = new aws.iam.Role(
      'fyers-harvester',
      { description: 'The harvester', assumeRolePolicy: trust('ec2') },
      { parent: this },
    );
    const policy = new aws.iam.RolePolicy(
      'fyers-harvester',
      {
        role: role.name,
        policy: policyFor('harvester', {
          ...args.arns,
          artifacts: pulumi.interpolate`arn:aws:s3:::${bucket.id}/${OBJECTS.artifactPrefix}*`,
          depth: pulumi.interpolate`arn:aws:s3:::${bucket.id}/${DEPTH_PREFIX}*`,
        }),
      },
      { parent: this },
    );
    const instance = args.hasApp
      ? this.#instance(args, { bucket, role, needs: [policy, current] })
      : null;

    this.bucketName = bucket.id;
    this.roleArn = role.arn;
    this.artifactKey = artifact.key;
    this.instanceId = instance?.id ?? null;
    this.registerOutputs({ bucketName: this.bucketName, artifactKey: this.artifactKey });
  }

  /** Under its content hash, so that what runs is known; the pointer is written last. */
  #code(bucket: aws.s3.Bucket, code: string) {
    const sha256 = createHash('sha256').update(code).digest('hex');
    const key = OBJECTS.artifact(sha256);
    const artifact = new aws.s3.BucketObjectv2(
      'artifact',
      {
        bucket: bucket.id,
        key,
        source: new pulumi.asset.StringAsset(code),
        contentType: 'text/javascript',
      },
      { parent: this },
    );
    const current = new aws.s3.BucketObjectv2(
      'current-artifact',
      {
        bucket: bucket.id,
        key: OBJECTS.currentArtifact,
        content: JSON.stringify({ key, sha256 }),
        contentType: 'application/json',
      },
      { parent: this, dependsOn: [artifact] },
    );
    return { artifact, current };
  }

  #instance(
    args: HarvesterArgs,
    made: { bucket: aws.s3.Bucket; role: aws.iam.Role; needs: readonly pulumi.Resource[] },
  ): aws.ec2.Instance {
    const { subnetId, securityGroupId, publicAddress, route } = network(this, args.subnetId);
    const profile = new aws.iam.InstanceProfile(
      'fyers-harvester',
      { role: made.role.name },
      { parent: this },
    );
    const script = made.bucket.id.apply((bucket) => userData({ ...args.environment, bucket }));
    const guard = instanceGuard(this, {
      ...args,
      // A subnet of our own changes with ours against the operator's, which is the difference here.
      plan: { script, instanceType: args.instanceType, subnetId: args.subnetId },
    });
    return new aws.ec2.Instance(
      'harvester',
      {
        ami: aws.ssm.getParameterOutput({ name: IMAGE }, { parent: this }).value,
        instanceType: args.instanceType,
        iamInstanceProfile: profile.name,
        subnetId,
        vpcSecurityGroupIds: [securityGroupId],
        ...(publicAddress === undefined ? {} : { associatePublicIpAddress: publicAddress }),
        userData: script,
        // cloud-init runs it once only, so another script needs another instance. The new one fetches what the old one
        // has shipped of the day, but nobody records in between: README.md says when to change what is in it.
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
        // Burstable types could otherwise cost more than their price.
        ...(args.instanceType.startsWith('t')
          ? { creditSpecification: { cpuCredits: 'standard' } }
          : {}),
        tags: { Name: 'fyers-harvester' },
      },
      {
        parent: this,
        // A newer image replaces nothing; security updates are installed weekly.
        ignoreChanges: ['ami'],
        // Two harvesters would share one account's limits.
        deleteBeforeReplace: true,
        dependsOn: [...made.needs, ...route, guard],
      },
    );
  }
}
