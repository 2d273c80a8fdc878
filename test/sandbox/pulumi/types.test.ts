// Compares the sandbox's table of types with upstream: the properties that replace a resource, and for the types that
// nothing else creates, changes, reads and deletes, these calls against the emulator.
import {
  CloudTrailClient,
  GetEventSelectorsCommand,
  GetTrailCommand,
  GetTrailStatusCommand,
} from '@aws-sdk/client-cloudtrail';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { operations } from '../../../sandbox/pulumi/operations.ts';
import type { Register } from '../../../sandbox/pulumi/register.ts';
import type { ResourceType } from '../../../sandbox/pulumi/resources/type.ts';
import { type EmulatedAws, emulatedAws } from '../../support/emulated-aws.ts';

let aws: EmulatedAws;
let types: ReadonlyMap<string, ResourceType>;
let operationsOf: typeof operations;

beforeAll(async () => {
  aws = await emulatedAws();
  vi.stubEnv('AWS_ENDPOINT_URL', aws.options.endpoint);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
  types = (await import('../../../sandbox/pulumi/resources/table.ts')).RESOURCE_TYPES;
  operationsOf = (await import('../../../sandbox/pulumi/operations.ts')).operations;
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await aws.close();
});

function findType(type: string): ResourceType {
  const found = types.get(type);
  if (found === undefined) throw new Error(`the table has no ${type}`);
  return found;
}

const TABLE = { name: 'depth', databaseName: 'fyers_depth' };
const QUERY = { name: 'q', database: 'fyers_depth', query: 'SELECT 1', workgroup: 'fyers-depth' };
const results = {
  outputLocation: 's3://b/athena-results/',
  encryptionConfiguration: { encryptionOption: 'SSE_S3' },
};
const configuration = { resultConfiguration: results };

/**
 * Each row has a type, its file under internal/service of
 * github.com/hashicorp/terraform-provider-aws, the commit of that file, and the modelled properties
 * (by Pulumi's names) that are `ForceNew`, `RequiresReplace` or forced by `CustomizeDiff`. `-`
 * means that none of them is modelled.
 */
const UPSTREAM = `
aws:athena/namedQuery:NamedQuery athena/named_query.go 088e0878080a name description database query workgroup
aws:athena/workgroup:Workgroup athena/workgroup.go 0148137dc6fb name
aws:budgets/budget:Budget budgets/budget.go 01d5888a0707 name
aws:cloudtrail/trail:Trail cloudtrail/trail.go 0a9af16a9784 name
aws:cloudwatch/dashboard:Dashboard cloudwatch/dashboard.go 0620f2a6a126 dashboardName
aws:cloudwatch/eventRule:EventRule events/rule.go 0cdab4ae09a9 name
aws:cloudwatch/eventTarget:EventTarget events/target.go 0762c41e2027 rule targetId
aws:cloudwatch/logGroup:LogGroup logs/group.go 0073593e7d69 name
aws:cloudwatch/metricAlarm:MetricAlarm cloudwatch/metric_alarm.go 055611a65473 name
aws:ec2/instance:Instance ec2/ec2_instance.go 0015dfcd06d5 ami subnetId associatePublicIpAddress userData rootBlockDevice.encrypted
aws:ec2/internetGateway:InternetGateway ec2/vpc_internet_gateway.go 08923b68b5ad -
aws:ec2/routeTable:RouteTable ec2/vpc_route_table.go 022092419b7c vpcId
aws:ec2/routeTableAssociation:RouteTableAssociation ec2/vpc_route_table_association.go 0be71beb458a subnetId
aws:ec2/securityGroup:SecurityGroup ec2/vpc_security_group.go 01606926a0c0 name description vpcId
aws:ec2/subnet:Subnet ec2/vpc_subnet.go 00cda125a19d vpcId cidrBlock availabilityZone
aws:ec2/vpc:Vpc ec2/vpc_.go 00081ce41cc6 cidrBlock
aws:glue/catalogDatabase:CatalogDatabase glue/catalog_database.go 0075c7864e94 name
aws:glue/catalogTable:CatalogTable glue/catalog_table.go 004debd4b86b databaseName name
aws:iam/instanceProfile:InstanceProfile iam/instance_profile.go 013f1736b904 name path
aws:iam/role:Role iam/role.go 0040ea6911af name path
aws:iam/rolePolicy:RolePolicy iam/role_policy.go 02f97af85f89 name role
aws:iam/userPolicy:UserPolicy iam/user_policy.go 02f97af85f89 name user
aws:kms/alias:Alias kms/alias.go 01c08000ddb1 name
aws:kms/key:Key kms/key.go 00a35305dc1b -
aws:lambda/function:Function lambda/function.go 0156d84e6bb4 name
aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig lambda/function_event_invoke_config.go 01606926a0c0 functionName
aws:lambda/functionUrl:FunctionUrl lambda/function_url.go 05f1478d41d8 functionName
aws:lambda/invocation:Invocation lambda/invocation.go 0133e9ef3555 functionName triggers input
aws:lambda/permission:Permission lambda/permission.go 04592f03e5d8 statementId action function principal sourceArn
aws:s3/bucket:Bucket s3/bucket.go 0070bcd12c95 bucket
aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration s3/bucket_lifecycle_configuration.go 01606926a0c0 bucket
aws:s3/bucketObjectv2:BucketObjectv2 s3/object.go 033c721bf1ed bucket key
aws:s3/bucketOwnershipControls:BucketOwnershipControls s3/bucket_ownership_controls.go 01c08000ddb1 bucket
aws:s3/bucketPolicy:BucketPolicy s3/bucket_policy.go 0073593e7d69 bucket
aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock s3/bucket_public_access_block.go 01606926a0c0 bucket
aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration s3/bucket_server_side_encryption_configuration.go 01606926a0c0 bucket
aws:scheduler/schedule:Schedule scheduler/schedule.go 02f524b9e9cc groupName name
aws:secretsmanager/secret:Secret secretsmanager/secret.go 00c21cedec06 name
aws:secretsmanager/secretVersion:SecretVersion secretsmanager/secret_version.go 0042e8ea0de2 secretId secretString
aws:sns/topic:Topic sns/topic.go 00a35305dc1b name
aws:sns/topicPolicy:TopicPolicy sns/topic_policy.go 00a35305dc1b arn
aws:sns/topicSubscription:TopicSubscription sns/topic_subscription.go 04a2e6e5bc62 topic protocol endpoint
aws:sqs/queue:Queue sqs/queue.go 00a35305dc1b name
aws:ssm/parameter:Parameter ssm/parameter.go 0073593e7d69 name dataType
`;

const ROWS = UPSTREAM.trim()
  .split('\n')
  .map((line) => {
    const [type = '', file = '', commit = '', ...names] = line.split(' ');
    return { type, file, commit, replaces: names.filter((name) => name !== '-').sort() };
  });

const noop = () => undefined;
/** Keeps no state. */
const register: Register = { made: noop, gone: noop, failed: noop, save: noop };

/** Returns the paths that cause a replacement if only the value at `path` changes. */
function findReplacements(type: string, path: string): readonly string[] {
  const [property = '', inner] = path.split('.');
  const given = (value: string) => ({
    [property]: inner === undefined ? value : { kept: 'same', [inner]: value },
  });
  const urn = `urn:pulumi:dev::project::fyers:index:C$${type}::it`;
  const { changes, replaces } = operationsOf(register).diff(urn, given('old'), given('new'));
  expect(changes, path).toBe(true);
  return replaces;
}

describe('The replacement rules', () => {
  test('exist for every type of the sandbox, and for no other', () => {
    const rows = new Set(ROWS.map(({ type }) => type));
    const missing = [...types.keys()].filter((type) => !rows.has(type));
    const left = [...rows].filter((type) => !types.has(type));
    expect({ missing, left }, 'add the ForceNew properties of a new type to UPSTREAM').toEqual({
      ...{ missing: [], left: [] },
    });
  });

  test('name the upstream file and commit', () => {
    for (const { type, file, commit } of ROWS) {
      expect(file, type).toMatch(/^[a-z0-9]+\/[a-z0-9_]+\.go$/);
      expect(commit, type).toMatch(/^[0-9a-f]{12}$/);
    }
  });

  test.each(ROWS)('of $type match $file at $commit: $replaces', ({ type, replaces }) => {
    const properties = types.get(type)?.properties ?? [];
    const tried = [...new Set([...properties, ...replaces])].sort();
    const replacing = tried.filter((path) => findReplacements(type, path).length > 0);
    expect(replacing).toEqual(replaces);
    for (const path of replaces) expect(findReplacements(type, path)).toEqual([path]);
  });

  test('include only the encryption of a root volume; size, type and deletion change in place', () => {
    for (const inner of ['volumeSize', 'volumeType', 'deleteOnTermination']) {
      expect(findReplacements('aws:ec2/instance:Instance', `rootBlockDevice.${inner}`)).toEqual([]);
    }
  });
});

describe('On the emulator', () => {
  test('a Glue table is created, updated in place, read and deleted with its database', async () => {
    const database = findType('aws:glue/catalogDatabase:CatalogDatabase');
    const table = findType('aws:glue/catalogTable:CatalogTable');
    const { id } = await database.create({ name: 'fyers_depth' });
    expect(id).toBe('000000000000:fyers_depth');
    const made = await table.create({ ...TABLE, parameters: { a: '1' } });
    expect(made.id).toBe('000000000000:fyers_depth:depth');
    await table.update(made.id, { ...TABLE, parameters: { a: '2' } }, new Set(['parameters']));
    expect(await table.read(made.id, TABLE)).toMatchObject({ parameters: { a: '2' } });
    for (let again = 0; again < 2; again += 1) await table.delete(made.id, TABLE);
    expect(await table.read(made.id, TABLE)).toBeNull();
    await database.delete(id, { name: 'fyers_depth' });
    expect(await database.read(id, { name: 'fyers_depth' })).toBeNull();
  });

  test('a workgroup is updated in place, and a changed query is replaced', async () => {
    const workgroup = findType('aws:athena/workgroup:Workgroup');
    const query = findType('aws:athena/namedQuery:NamedQuery');
    const given = { name: 'fyers-depth', forceDestroy: true, configuration };
    const { id } = await workgroup.create(given);
    await workgroup.update(id, { ...given, description: 'new' }, new Set(['description']));
    expect(await workgroup.read(id, given)).toEqual({ description: 'new' });
    const made = await query.create(QUERY);
    expect(await query.read(made.id, QUERY)).toEqual({});
    expect(query.replaceOn.has('query')).toBe(true);
    await query.delete(made.id, QUERY);
    expect(await query.read(made.id, QUERY)).toBeNull();
    await workgroup.delete(id, given);
    expect(await workgroup.read(id, given)).toBeNull();
  });

  test('a dashboard is updated in place, read and deleted', async () => {
    const dashboard = findType('aws:cloudwatch/dashboard:Dashboard');
    const given = { dashboardName: 'Fyers', dashboardBody: '{"widgets":[]}' };
    const { id } = await dashboard.create(given);
    const changed = { ...given, dashboardBody: '{"widgets":[],"start":"-PT6H"}' };
    await dashboard.update(id, changed, new Set(['dashboardBody']));
    expect(await dashboard.read(id, given)).toEqual({ dashboardBody: changed.dashboardBody });
    for (let again = 0; again < 2; again += 1) await dashboard.delete(id, given);
    expect(await dashboard.read(id, given)).toBeNull();
  });

  test('a rule and its target are updated in place, read and deleted', async () => {
    const rule = findType('aws:cloudwatch/eventRule:EventRule');
    const target = findType('aws:cloudwatch/eventTarget:EventTarget');
    const given = { name: 'reads', eventPattern: '{"source":["aws.ssm"]}' };
    const { id } = await rule.create(given);
    const state = 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS';
    await rule.update(id, { ...given, state }, new Set(['state']));
    expect(await rule.read(id, given)).toMatchObject({ state });
    const arn = (name: string) => `arn:aws:lambda:ap-south-1:000000000000:function:${name}`;
    const aimed = { rule: id, targetId: 'watch', arn: arn('a') };
    const made = await target.create(aimed);
    expect(made.id).toBe('reads-watch');
    await target.update(made.id, { ...aimed, arn: arn('b') }, new Set(['arn']));
    expect(await target.read(made.id, aimed)).toEqual({ arn: arn('b') });
    for (let again = 0; again < 2; again += 1) await target.delete(made.id, aimed);
    expect(await target.read(made.id, aimed)).toBeNull();
    for (let again = 0; again < 2; again += 1) await rule.delete(id, given);
    expect(await rule.read(id, given)).toBeNull();
  });

  test('a trail records from its creation, and is updated in place, read and deleted', async () => {
    const trail = findType('aws:cloudtrail/trail:Trail');
    const client = new CloudTrailClient(aws.options);
    const eventSelectors = [{ readWriteType: 'ReadOnly' }];
    const given = { name: 'reads', s3BucketName: 'a', eventSelectors };
    const { id } = await trail.create(given);
    expect(id).toBe('arn:aws:cloudtrail:ap-south-1:000000000000:trail/reads');
    expect(await client.send(new GetTrailStatusCommand({ Name: id }))).toMatchObject({
      IsLogging: true,
    });
    const selected = () => client.send(new GetEventSelectorsCommand({ TrailName: id }));
    expect((await selected()).EventSelectors).toMatchObject([{ ReadWriteType: 'ReadOnly' }]);
    const other = { name: 'reads', s3BucketName: 'b', enableLogFileValidation: true };
    await trail.update(
      id,
      other,
      new Set(['s3BucketName', 'enableLogFileValidation', 'eventSelectors']),
    );
    const { Trail } = await client.send(new GetTrailCommand({ Name: id }));
    expect(Trail).toMatchObject({ S3BucketName: 'b', LogFileValidationEnabled: true });
    expect((await selected()).EventSelectors).toMatchObject([{ ReadWriteType: 'All' }]);
    for (let again = 0; again < 2; again += 1) await trail.delete(id, given);
    expect(await trail.read(id, given)).toBeNull();
  });

  test('a limit that AWS would refuse is rejected', () => {
    const limited = { ...configuration, bytesScannedCutoffPerQuery: 1_000 };
    const workgroup = findType('aws:athena/workgroup:Workgroup');
    expect(workgroup.problems({ name: 'w', configuration })).toEqual([]);
    expect(workgroup.problems({ name: 'w', configuration: limited })).toMatchObject([
      { property: 'configuration.bytesScannedCutoffPerQuery' },
    ]);
  });
});
