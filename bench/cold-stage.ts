// Provides AWS and Fyers for functions that start again and again: each start finds the same
// morning.
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { DeleteParametersCommand, DescribeParametersCommand, SSMClient } from '@aws-sdk/client-ssm';
import { parameterStore } from '../adapters/aws/parameters.ts';
import { ENVIRONMENT, namesFor } from '../core/config/names.ts';
import type { TokenStore } from '../core/ports.ts';
import { istDate, istInstant } from '../core/time.ts';
import { startEmulator } from '../sandbox/aws/emulator.ts';
import { writeShiftedDate } from '../sandbox/aws/shifted-date.ts';
import { type FyersSimulator, startFyers } from '../sandbox/fyers/server.ts';
import { mintTokens } from '../sandbox/fyers/tokens.ts';

/** A trading Monday, at the hour of the first refresh. */
const SEVEN = istInstant(istDate('2026-01-05'), '07:00');
const SEED = 'bench';
const APP = {
  id: 'BENCHMARK1-100',
  secret: 'BENCH12345',
  pin: '1234',
  linkKey: '1f'.repeat(32),
  pinKey: '2e'.repeat(32),
  fyId: 'XB00001',
  redirectUri: 'https://127.0.0.1/',
};

export interface ColdStage extends AsyncDisposable {
  readonly fyers: FyersSimulator;
  readonly store: TokenStore;
  /** Yesterday's token, which {@link ColdStage.morning} restores. */
  readonly yesterdays: string;
  /**
   * Environment of the functions: Lambda's, with our settings and the addresses of the simulators.
   */
  readonly environment: Readonly<Record<string, string>>;
  /** Removes everything that earlier runs left. */
  readonly morning: () => Promise<void>;
  /** Time of the first request to AWS since {@link ColdStage.morning}; NaN before it. */
  readonly reachedAwsAt: () => number;
}

/** @param dir private, outside the repository, not shared */
export async function coldStage(
  dir: string,
  refresh: 'accepted' | 'refused' = 'accepted',
): Promise<ColdStage> {
  await using started = new AsyncDisposableStack();
  const nodeModules = path.join(import.meta.dirname, '..', 'node_modules');
  // Always a new emulator: its parameters are deleted for each run.
  const emulator = await startEmulator({ dir, nodeModules });
  started.defer(() => emulator.close());
  const gate = started.use(await gateTo(emulator.endpoint));
  const { accessKeyId, secretAccessKey } = emulator.rootCredentials;
  const { region, endpoint } = emulator;
  const client = { region, endpoint, credentials: emulator.rootCredentials };
  const ssm = new SSMClient(client);
  const names = namesFor('');
  await new SecretsManagerClient(client).send(
    new CreateSecretCommand({ Name: names.pinSecret, SecretString: APP.pin }),
  );
  const fyers = await startFyers({ seed: SEED, apps: [APP], refresh, startsAt: SEVEN });
  started.defer(() => fyers.close());
  const store = parameterStore({ client: ssm, names, onSecret: () => undefined });
  const { accessToken, refreshToken } = mintTokens(SEED, APP, SEVEN);
  const environment = {
    PATH: process.env['PATH'] ?? '',
    HOME: dir,
    LANG: 'C.UTF-8',
    NODE_OPTIONS: await writeShiftedDate(dir, SEVEN),
    AWS_ENDPOINT_URL: gate.url,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    [ENVIRONMENT.apiUrl]: fyers.url,
    [ENVIRONMENT.pinSecret]: names.pinSecret,
    [ENVIRONMENT.topicArn]: `arn:aws:sns:${region}:000000000000:FyersAlerts`,
  };
  const kept = started.move();
  return {
    fyers,
    store,
    yesterdays: accessToken,
    environment,
    morning: async () => {
      const { Parameters = [] } = await ssm.send(new DescribeParametersCommand());
      const Names = Parameters.map(({ Name = '' }) => Name);
      if (Names.length > 0) await ssm.send(new DeleteParametersCommand({ Names }));
      await store.write('FYERS_CLIENT_ID', APP.id);
      await store.write('FYERS_SECRET_KEY', APP.secret);
      await store.write('FYERS_LINK_KEY', APP.linkKey);
      await store.write('FYERS_PIN_KEY', APP.pinKey);
      await store.write('FYERS_ACCESS_TOKEN', accessToken);
      await store.write('FYERS_REFRESH_TOKEN', refreshToken);
      gate.close();
    },
    reachedAwsAt: gate.passedAt,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

interface Gate extends AsyncDisposable {
  readonly url: string;
  /** Time of the first request since the gate was closed; NaN before it. */
  readonly passedAt: () => number;
  /** Resets the gate, so that the next request counts as the first. */
  readonly close: () => void;
}

/**
 * Forwards every request on a new connection, and each answer in one piece and without its date.
 * The emulator sends an answer in two pieces, and on a kept connection the second waits 40 ms for
 * the first to be acknowledged. Its date is not that of the function, whose clock is shifted, so
 * the SDK would take its own clock for wrong and repeat each call that AWS refuses.
 */
async function gateTo(endpoint: string): Promise<Gate> {
  let passedAt = NaN;
  const server = createServer((near, answer) => {
    if (Number.isNaN(passedAt)) passedAt = performance.now();
    const { method = '', url = '', headers } = near;
    const far = request(new URL(url, endpoint), { method, headers, agent: false }, (answered) => {
      buffer(answered).then(
        (body) => {
          const { date: _, ...others } = answered.headers;
          answer.sendDate = false;
          answer.writeHead(answered.statusCode ?? 502, others).end(body);
        },
        () => answer.destroy(),
      );
    });
    far.on('error', () => answer.destroy());
    near.pipe(far);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}`,
    passedAt: () => passedAt,
    close: () => {
      passedAt = NaN;
    },
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
