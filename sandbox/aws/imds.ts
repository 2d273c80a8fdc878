// Emulates an instance's metadata service (IMDSv2), from which the SDK's default chain reads a role's credentials.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { FyersError, toError } from '../../core/errors.ts';
import type { Emulator } from './emulator.ts';

export interface Imds {
  /** For `AWS_EC2_METADATA_SERVICE_ENDPOINT`. */
  readonly endpoint: string;
  readonly close: () => Promise<void>;
}

const CREDENTIALS = '/latest/meta-data/iam/security-credentials/';

/** Answers for an instance with the role `roleArn`. */
export async function startImds(
  emulator: Pick<Emulator, 'endpoint' | 'region' | 'rootCredentials'>,
  roleArn: string,
): Promise<Imds> {
  const role = roleArn.slice(roleArn.lastIndexOf('/') + 1);
  const token = randomUUID();
  const sts = new STSClient({
    endpoint: emulator.endpoint,
    region: emulator.region,
    credentials: emulator.rootCredentials,
  });
  const answer = async (request: IncomingMessage): Promise<readonly [number, string]> => {
    if (request.method === 'PUT' && request.url === '/latest/api/token') return [200, token];
    if (request.headers['x-aws-ec2-metadata-token'] !== token) return [401, ''];
    if (request.url === CREDENTIALS) return [200, role];
    if (request.url === CREDENTIALS + role) return [200, await credentialsOf(sts, roleArn)];
    return [404, ''];
  };
  const server = createServer((request, response) => {
    answer(request)
      .catch((caught: unknown) => [500, toError(caught).message] as const)
      .then(([status, body]) => {
        send(response, status, body);
      })
      .catch(() => response.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return {
    endpoint: `http://127.0.0.1:${String(address.port)}`,
    close: async () => {
      server.close();
      server.closeAllConnections();
      sts.destroy();
      await once(server, 'close');
    },
  };
}

function send(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'x-aws-ec2-metadata-token-ttl-seconds': '21600' }).end(body);
}

async function credentialsOf(sts: STSClient, roleArn: string): Promise<string> {
  const { Credentials: given } = await sts.send(
    new AssumeRoleCommand({ RoleArn: roleArn, RoleSessionName: 'instance' }),
  );
  if (given?.Expiration === undefined) {
    throw new FyersError(
      'platform.permission',
      `No credentials came for ${roleArn}.`,
      'Check the trust policy of the role.',
    );
  }
  return JSON.stringify({
    Code: 'Success',
    Type: 'AWS-HMAC',
    LastUpdated: new Date().toISOString(),
    AccessKeyId: given.AccessKeyId,
    SecretAccessKey: given.SecretAccessKey,
    Token: given.SessionToken,
    Expiration: given.Expiration.toISOString(),
  });
}
