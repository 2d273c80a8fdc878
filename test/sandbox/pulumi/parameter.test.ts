// Tests upstream's update rule of a parameter against a fake SSM on loopback.
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ResourceType } from '../../../sandbox/pulumi/resources/type.ts';
import { listenOnLoopback } from '../../support/loopback.ts';

interface RecordedCall {
  readonly action: string;
  readonly body: Readonly<Record<string, unknown>>;
}

const STATE = {
  name: 'FYERS_ACCESS_TOKEN',
  type: 'SecureString',
  tier: 'Standard',
  value: 'the value of the state',
};

let server: Awaited<ReturnType<typeof listenOnLoopback>>;
let parameter: ResourceType;
let sent: RecordedCall[] = [];

beforeAll(async () => {
  const ssm = createServer((request, response) => {
    void text(request).then((body) => {
      const action = String(request.headers['x-amz-target']).split('.')[1] ?? '';
      sent.push({ action, body: JSON.parse(body) as RecordedCall['body'] });
      response.setHeader('content-type', 'application/x-amz-json-1.1');
      response.end(JSON.stringify({ Version: 7, Parameter: { ARN: 'arn', Value: 'live' } }));
    });
  });
  server = await listenOnLoopback(ssm);
  vi.stubEnv('AWS_ENDPOINT_URL', server.url);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
  const { RESOURCE_TYPES } = await import('../../../sandbox/pulumi/resources/table.ts');
  const found = RESOURCE_TYPES.get('aws:ssm/parameter:Parameter');
  if (found === undefined) throw new Error('the table has no parameter');
  parameter = found;
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await server[Symbol.asyncDispose]();
});

beforeEach(() => {
  sent = [];
});

describe('A parameter', () => {
  test('is created without overwriting an existing one', async () => {
    await parameter.create(STATE);
    expect(sent[0]).toMatchObject({ action: 'PutParameter', body: { Overwrite: false } });
  });

  test('is written with the value of the state if its description changes, as upstream does', async () => {
    const edited = { ...STATE, description: 'edited' };
    const outputs = await parameter.update(STATE.name, edited, new Set(['description']));
    expect(sent).toEqual([
      {
        action: 'PutParameter',
        body: {
          Name: STATE.name,
          Type: 'SecureString',
          Tier: 'Standard',
          Value: STATE.value,
          Overwrite: true,
          Description: 'edited',
        },
      },
    ]);
    expect(outputs).toEqual({ version: 7 });
  });

  test.each(['tier', 'keyId', 'type', 'allowedPattern'])(
    'is written with the value of the state if its %s changes',
    async (property) => {
      await parameter.update(STATE.name, STATE, new Set([property]));
      expect(sent.map(({ body }) => body['Value'])).toEqual([STATE.value]);
    },
  );

  test('is not written if only tags or overwrite change', async () => {
    await parameter.update(STATE.name, STATE, new Set(['tags', 'overwrite']));
    expect(sent).toEqual([]);
  });

  test('is read with its live value', async () => {
    expect(await parameter.read(STATE.name, STATE)).toMatchObject({ value: 'live' });
    expect(sent[0]).toMatchObject({ action: 'GetParameter', body: { WithDecryption: true } });
  });
});
