// The rows of Glue, Athena and the dashboard against the emulator.
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

function row(type: string): ResourceType {
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
  test('a Glue table is made, changed in place, read back and removed with its database', async () => {
    const database = row('aws:glue/catalogDatabase:CatalogDatabase');
    const table = row('aws:glue/catalogTable:CatalogTable');
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

  test('a workgroup is changed in place, and a query that changes is another one', async () => {
    const workgroup = row('aws:athena/workgroup:Workgroup');
    const query = row('aws:athena/namedQuery:NamedQuery');
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

  test('a dashboard is changed in place, read back and removed', async () => {
    const dashboard = row('aws:cloudwatch/dashboard:Dashboard');
    const given = { dashboardName: 'Fyers', dashboardBody: '{"widgets":[]}' };
    const { id } = await dashboard.create(given);
    const changed = { ...given, dashboardBody: '{"widgets":[],"start":"-PT6H"}' };
    await dashboard.update(id, changed, new Set(['dashboardBody']));
    expect(await dashboard.read(id, given)).toEqual({ dashboardBody: changed.dashboardBody });
    for (let again = 0; again < 2; again += 1) await dashboard.delete(id, given);
    expect(await dashboard.read(id, given)).toBeNull();
  });

  test('a limit that AWS would refuse is refused', () => {
    const limited = { ...configuration, bytesScannedCutoffPerQuery: 1_000 };
    const workgroup = row('aws:athena/workgroup:Workgroup');
    expect(workgroup.problems({ name: 'w', configuration })).toEqual([]);
    expect(workgroup.problems({ name: 'w', configuration: limited })).toMatchObject([
      { property: 'configuration.bytesScannedCutoffPerQuery' },
    ]);
  });
});
