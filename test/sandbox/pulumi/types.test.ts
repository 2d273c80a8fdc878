// Tests the types of Glue, Athena, the dashboard and the watched reads against the emulator.
import {
  CloudTrailClient,
  GetEventSelectorsCommand,
  GetTrailCommand,
  GetTrailStatusCommand,
} from '@aws-sdk/client-cloudtrail';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { ResourceType } from '../../../sandbox/pulumi/resources/type.ts';
import { type EmulatedAws, emulatedAws } from '../../support/emulated-aws.ts';

let aws: EmulatedAws;
let types: ReadonlyMap<string, ResourceType>;

beforeAll(async () => {
  aws = await emulatedAws();
  vi.stubEnv('AWS_ENDPOINT_URL', aws.options.endpoint);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
  types = (await import('../../../sandbox/pulumi/resources/table.ts')).RESOURCE_TYPES;
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
