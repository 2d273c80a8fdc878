// Creates the bucket, uploads the harvesters' code, and creates a machine for each harvester.
import { createHash } from 'node:crypto';
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import { indexListsText } from '../../adapters/operator/index-lists.ts';
import type { IndexLists } from '../../core/config/groups.ts';
import { OBJECTS } from '../../core/config/names.ts';
import type { HarvesterPlan } from '../../core/config/harvesters.ts';
import { dataBucket } from './bucket.ts';
import { type MachineArgs, type Recorder, machines, network } from './machine.ts';

export interface HarvesterArgs extends MachineArgs {
  /** The bundled harvester, one file. */
  readonly code: string;
  readonly harvesters: readonly HarvesterPlan[];
  /** Members of the indices that the plans name. */
  readonly indexLists: IndexLists;
  readonly dataBucket: string | null;
  readonly deleteData: boolean;
  /** False without an app: there is then nothing to record, and no machine. */
  readonly hasApp: boolean;
}

export class Harvester extends pulumi.ComponentResource {
  readonly bucketName: pulumi.Output<string>;
  readonly artifactKey: pulumi.Output<string>;
  /** By shard; empty without an app. */
  readonly recorders: readonly Recorder[];
  /** One role per plan; they exist without an app too. */
  readonly roleArns: readonly pulumi.Output<string>[];

  constructor(name: string, args: HarvesterArgs, opts: pulumi.ComponentResourceOptions) {
    super('fyers:index:Harvester', name, {}, opts);
    const bucket = dataBucket(this, args);
    const { artifact, current } = this.#code(bucket, args.code);
    const place = {
      parent: this,
      bucket,
      current,
      network: args.hasApp ? network(this, args.subnetId) : null,
    };
    if (args.calendar.length > 0) {
      this.#operatorFile(bucket, 'calendar', OBJECTS.calendar, JSON.stringify(args.calendar));
    }
    if (args.indexLists.size > 0) {
      const content = indexListsText(args.indexLists);
      this.#operatorFile(bucket, 'index-lists', OBJECTS.indexLists, content);
    }
    this.bucketName = bucket.id;
    this.artifactKey = artifact.key;
    const made = machines(args, args.harvesters, place);
    this.recorders = made.recorders;
    this.roleArns = made.roleArns;
    this.registerOutputs({ bucketName: this.bucketName, artifactKey: this.artifactKey });
  }

  /** Every harvester reads it before each open, so a change does not affect the machines. */
  #operatorFile(bucket: aws.s3.Bucket, name: string, key: string, content: string): void {
    new aws.s3.BucketObjectv2(
      name,
      { bucket: bucket.id, key, content, contentType: 'application/json' },
      { parent: this },
    );
  }

  /** Uploads the code under its content hash, so that the running version is known; writes the pointer last. */
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
}
