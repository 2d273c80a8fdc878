// Provokes every code of the closed union, with real sockets and files.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { DeleteParameterCommand } from '@aws-sdk/client-ssm';
import { vi } from 'vitest';
import type { AwsOptions } from '../../cli/shared/io.ts';
import type { ErrorCode, FyersError } from '../../core/errors.ts';
import { formatUtc, instant } from '../../core/time.ts';
import { type Effect, type Fault, startFaults } from '../../sandbox/faults.ts';
import { mintToken } from '../../sandbox/fyers/tokens.ts';
import { type Stage, type StageOptions, stage } from '../cli/cli-harness.ts';
import { SECRET_APP, createFolder, createPerson, startSimulatedFyers } from '../cli/login-stage.ts';
import { APP, NOON, SEED, SEVEN as ISSUED } from '../sandbox/fyers/simulator.ts';
import { pulumiStub } from '../support/pulumi-stub.ts';
import { installFunction } from '../support/reference-account.ts';
import { powerless } from '../support/restricted-role.ts';
import type { KeeperScene } from './keeper-fixture.ts';
import { parseError } from './outcomes.ts';

type Provocations = Readonly<Record<ErrorCode, () => Promise<FyersError>>>;

const createAnswer = (status: number, body: object, headers = {}): Effect => ({
  kind: 'answer',
  status,
  body: JSON.stringify(body),
  headers: { 'content-type': 'application/json', ...headers },
});
const DEAD: Fault = {
  match: { path: /profile|depth/ },
  effect: createAnswer(401, { s: 'error', code: -15, message: 'Please provide valid token' }),
};
const NOT_WHITELISTED: Fault = {
  match: { path: /profile|depth/ },
  effect: createAnswer(403, { s: 'error', code: -1, message: 'IP address is not whitelisted' }),
};
const LIMITED: Fault = {
  match: { path: /profile|depth/ },
  effect: createAnswer(429, { s: 'error', code: 429, message: 'request limit reached' }),
};
const FIREWALL: Fault = {
  match: { path: /profile|depth/ },
  effect: { kind: 'answer', status: 403, body: 'error code: 1010' },
};
const UNKNOWN: Fault = {
  match: { path: /validate-authcode/ },
  effect: createAnswer(400, { s: 'error', code: -999, message: 'Come back in another form' }),
};
const ENDED = createAnswer(
  200,
  { errorType: 'Runtime.ExitError', errorMessage: 'RequestId: 1 Error: Runtime exited' },
  { 'x-amz-function-error': 'Unhandled' },
);
const REFUSED_MESSAGE: Effect = {
  kind: 'answer',
  status: 400,
  body: '<ErrorResponse><Error><Type>Sender</Type><Code>InvalidParameter</Code><Message>no</Message></Error></ErrorResponse>',
  headers: { 'content-type': 'text/xml' },
};

/** @param dir a separate folder for the commands on the PATH */
export function provocations(scene: KeeperScene, dir: string): Provocations {
  const aws = scene.aws.options;
  return {
    'operator.config': () => runCommand({}, 'ssm', 'list', '--suffix', 'Not one'),
    'operator.usage': () => scene.refresh(() => undefined, { adopt: {} }),
    'operator.credentials': () =>
      scene.refresh(({ ssm }) => ssm.send(new DeleteParameterCommand({ Name: 'FYERS_CLIENT_ID' }))),
    'operator.app-secret': () =>
      scene.refresh(({ store }) => store.write('FYERS_SECRET_KEY', 'OTHERSECRET99')),
    'operator.account': () => scene.refresh(() => vi.stubEnv('FYERS_FY_ID', 'XB00002')),
    'operator.token-file': () =>
      refreshLocally((at) => {
        at.write('refresh_token.txt', 'rubbish');
      }),
    'operator.takeover': () => provokeTakeover(aws, dir),
    'operator.login': () => scene.watch('08:45', () => undefined),
    'operator.channel': () =>
      scene.watch('07:20', ({ muteTopic }) => vi.stubEnv('FYERS_TOPIC_ARN', muteTopic)),
    'operator.prerequisite': () => runCommand({ aws }, 'test-alert'),
    'broker.unreachable': () =>
      scene.refresh(
        ({ toFyers }) => toFyers.add({ match: {}, effect: { kind: 'half-open' } }),
        {},
        6_000,
      ),
    'broker.unrecognised': provokeUnknownAnswer,
    'broker.bad-token': () => scene.refresh(({ toFyers }) => toFyers.add(DEAD)),
    'broker.refused': () => scene.refresh(({ toFyers }) => toFyers.add(NOT_WHITELISTED)),
    'broker.rate-limit': () => scene.refresh(({ toFyers }) => toFyers.add(LIMITED)),
    'broker.foreign-answer': () => scene.refresh(({ toFyers }) => toFyers.add(FIREWALL)),
    'platform.store': () =>
      scene.refresh(({ toAws }) =>
        toAws.add({ match: { target: /GetParameter$/ }, effect: createAnswer(500, {}) }),
      ),
    'platform.permission': async () => runCommand({ aws: await powerless(aws) }, 'ssm', 'list'),
    'platform.busy': () =>
      refreshLocally((at) => {
        at.write('.fyers-token-claim-2026-11-25-1', formatUtc(instant(NOON)));
      }),
    'platform.message': () =>
      scene.refresh(({ toAws }) => {
        vi.stubEnv('FYERS_PIN_SECRET', undefined);
        toAws.add({ match: { body: /Action=Publish/ }, effect: REFUSED_MESSAGE });
      }),
    'platform.disk': () =>
      refreshLocally((at) => {
        mkdirSync(path.join(at.folder, 'access_token.txt'));
      }),
    'platform.integrity': () =>
      scene.refresh(({ store }) => store.write('FYERS_TOKEN_STATE', 'rubbish')),
    'bug.unexpected': () => provokeRuntimeExit(aws),
  };
}

async function runCommand(options: StageOptions, ...argv: readonly string[]): Promise<FyersError> {
  await using at = await stage(options);
  return parseError(await at.run(...argv));
}

/** Runs `fyers refresh --local` with a valid refresh token. */
async function refreshLocally(arrange: (at: Stage) => void): Promise<FyersError> {
  await using fyers = await startSimulatedFyers({}, 'accepted');
  await using at = await createFolder(fyers, {}, `FYERS_PIN=${SECRET_APP.pin}\n`);
  at.write('refresh_token.txt', mintToken(SEED, APP, 'refresh_token', ISSUED));
  arrange(at);
  return parseError(await at.run('refresh', '--local'));
}

/**
 * Uses a separate account: for the emulator, an access key of twelve digits is the root of that
 * account.
 */
async function provokeTakeover(aws: AwsOptions, dir: string): Promise<FyersError> {
  const credentials = { accessKeyId: '100000000001', secretAccessKey: 'test' };
  await installFunction(
    { ...aws, credentials },
    { runtime: 'python3.10', handler: 'mine.handler' },
  );
  const { env } = pulumiStub(path.join(dir, 'pulumi'));
  return runCommand({ aws: { ...aws, credentials }, env }, 'takeover', '--yes');
}

async function provokeUnknownAnswer(): Promise<FyersError> {
  await using fyers = await startSimulatedFyers();
  const faults = await startFaults(fyers.url, [UNKNOWN]);
  try {
    await using at = await createFolder({ ...fyers, url: faults.url }, createPerson());
    return parseError(await at.run('login'));
  } finally {
    await faults.close();
  }
}

/** Lambda ends a function that exceeds its memory, before our code can report an error. */
async function provokeRuntimeExit(
  aws: AwsOptions & { readonly endpoint: string },
): Promise<FyersError> {
  const faults = await startFaults(aws.endpoint, [
    { match: { path: /invocations$/ }, effect: ENDED },
  ]);
  try {
    return await runCommand({ aws: { ...aws, endpoint: faults.url } }, 'refresh', '--aws');
  } finally {
    await faults.close();
  }
}
