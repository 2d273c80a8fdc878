import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Graph, IMAGE_ID, asRecord, graphOf, one } from '../support/graph.ts';
import { APP_ONLY, WHOLE } from '../support/stack-configs.ts';

let whole: Graph;
beforeAll(async () => {
  whole = await graphOf({
    ...WHOLE,
    config: { ...WHOLE.config, fyId: 'XA00001', email: 'a@example.com' },
  });
});

describe('The bucket', () => {
  const SETTINGS = /s3\/bucket(?!Object)/;

  test('is kept with its settings when the stack is destroyed, unless deleteData is set', async () => {
    const kept = whole.resources.filter(({ type }) => SETTINGS.test(type));
    expect(kept).toHaveLength(6);
    expect(kept.every(({ retainOnDelete, protect }) => retainOnDelete && !protect)).toBe(true);
    expect(one(whole, 'aws:s3/bucket:Bucket').inputs['forceDestroy']).toBe(false);

    const graph = await graphOf({ config: { deleteData: 'true' } });
    const deleted = graph.resources.filter(({ type }) => SETTINGS.test(type));
    expect(deleted.some(({ retainOnDelete }) => retainOnDelete)).toBe(false);
    expect(one(graph, 'aws:s3/bucket:Bucket').inputs['forceDestroy']).toBe(true);
    expect(graph.outputs['bucketOnDestroy']).toBe('deleted with all its data');
  });

  test('of an earlier stack is adopted by its name and never deleted', async () => {
    const graph = await graphOf({ config: { dataBucket: 'an-old-bucket', deleteData: 'true' } });
    expect(graph.reads).toEqual([
      { resource: 'aws:s3/bucket:Bucket::fyers-depth-kept', id: 'an-old-bucket' },
    ]);
    expect(graph.resources.some(({ type }) => type === 'aws:s3/bucket:Bucket')).toBe(false);
    const settings = graph.resources.filter(({ type }) => SETTINGS.test(type));
    expect(settings).toHaveLength(5);
    expect(
      settings.every((each) => each.retainOnDelete && each.inputs['bucket'] === 'an-old-bucket'),
    ).toBe(true);
    expect(graph.outputs).toMatchObject({
      bucket: 'an-old-bucket',
      bucketOrigin: 'taken up again',
      bucketOnDestroy: 'kept',
    });
  });

  test('is private and encrypted, and denies unencrypted connections', () => {
    expect(
      one(whole, 'aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock').inputs,
    ).toMatchObject({
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    });
    expect(
      JSON.stringify(
        one(
          whole,
          'aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration',
        ).inputs,
      ),
    ).toContain('AES256');
    expect(
      asRecord(one(whole, 'aws:s3/bucketPolicy:BucketPolicy').inputs['policy'])['Statement'],
    ).toContainEqual({
      Sid: 'EncryptedTransportOnly',
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:*',
      Resource: ['arn:aws:s3:::fyers-depth-1234567', 'arn:aws:s3:::fyers-depth-1234567/*'],
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    });
  });

  test('contains the harvester under its content hash before current.json points to it', () => {
    const artifact = one(whole, 'aws:s3/bucketObjectv2:BucketObjectv2', 'artifact');
    const current = one(whole, 'aws:s3/bucketObjectv2:BucketObjectv2', 'current-artifact');
    const code = String(asRecord(artifact.inputs['source'])['text']);
    const sha256 = createHash('sha256').update(code).digest('hex');
    expect(artifact.inputs['key']).toBe(`artifact/${sha256}.mjs`);
    expect(current.inputs['key']).toBe('artifact/current.json');
    expect(JSON.parse(String(current.inputs['content']))).toEqual({
      key: `artifact/${sha256}.mjs`,
      sha256,
    });
    expect(current.dependsOn).toContain('aws:s3/bucketObjectv2:BucketObjectv2::artifact');
  });
});

describe('The instance', () => {
  test('is small and encrypted, has no SSH key, and restricts its metadata to one hop with a session token', () => {
    const { inputs } = one(whole, 'aws:ec2/instance:Instance');
    expect(inputs).toMatchObject({
      instanceType: 't4g.micro',
      userDataReplaceOnChange: true,
      metadataOptions: {
        httpEndpoint: 'enabled',
        httpTokens: 'required',
        httpPutResponseHopLimit: 1,
      },
      rootBlockDevice: { volumeType: 'gp3', volumeSize: 8, encrypted: true },
      creditSpecification: { cpuCredits: 'standard' },
    });
    expect(inputs).not.toHaveProperty('keyName');
  });

  test('is deleted before its replacement starts, and waits for its code and permissions', () => {
    const { deleteBeforeReplace, dependsOn } = one(whole, 'aws:ec2/instance:Instance');
    expect(deleteBeforeReplace).toBe(true);
    expect(dependsOn).toEqual(
      expect.arrayContaining([
        'aws:iam/rolePolicy:RolePolicy::fyers-harvester',
        'aws:s3/bucketObjectv2:BucketObjectv2::current-artifact',
        'aws:ec2/routeTableAssociation:RouteTableAssociation::fyers',
      ]),
    );
  });

  test('allows no inbound traffic and only outbound HTTPS', () => {
    const { inputs } = one(whole, 'aws:ec2/securityGroup:SecurityGroup');
    expect(inputs['ingress']).toEqual([]);
    expect(inputs['egress']).toEqual([
      expect.objectContaining({
        protocol: 'tcp',
        fromPort: 443,
        toPort: 443,
        cidrBlocks: ['0.0.0.0/0'],
      }),
    ]);
  });

  test('uses the current image when it is created, and a newer image does not replace it', () => {
    const { inputs, ignoreChanges } = one(whole, 'aws:ec2/instance:Instance');
    expect(inputs['ami']).toBe(IMAGE_ID);
    expect(ignoreChanges).toEqual(['ami']);
  });

  test('is placed into the operator’s subnet if subnetId is set', async () => {
    const graph = await graphOf({ ...APP_ONLY, config: { subnetId: 'subnet-01234567' } });
    expect(graph.resources.filter(({ type }) => /:Vpc$|:Subnet$|:RouteTable/.test(type))).toEqual(
      [],
    );
    const { inputs } = one(graph, 'aws:ec2/instance:Instance');
    expect(inputs['subnetId']).toBe('subnet-01234567');
    expect(inputs).not.toHaveProperty('associatePublicIpAddress');
    expect(one(graph, 'aws:ec2/securityGroup:SecurityGroup').inputs['vpcId']).toBe(
      'vpc-0123456789abcdef0',
    );
  });

  test('has no credit specification if its type does not burst', async () => {
    const graph = await graphOf({ ...APP_ONLY, config: { instanceType: 'c7g.medium' } });
    expect(one(graph, 'aws:ec2/instance:Instance').inputs).not.toHaveProperty(
      'creditSpecification',
    );
  });
});
