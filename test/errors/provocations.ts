// Every code of the closed union and what brings it about, over real sockets and files.
import { DeleteParameterCommand } from '@aws-sdk/client-ssm';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { vi } from 'vitest';
import type { AwsOptions } from '../../cli/shared/io.ts';
import type { ErrorCode, FyersError } from '../../core/errors.ts';
import { formatUtc, instant } from '../../core/time.ts';
import { type Effect, type Fault, startFaults } from '../../sandbox/faults.ts';
import { mintToken } from '../../sandbox/fyers/tokens.ts';
import { SECRET_APP, folderFor, human, simulatedFyers } from '../cli/login-stage.ts';
import { type Stage, type StageOptions, stage } from '../cli/cli-harness.ts';
import { APP, NOON, SEED, SEVEN as ISSUED } from '../sandbox/fyers/simulator.ts';
import { powerless } from '../support/restricted-role.ts';
import { pulumiStub } from '../support/pulumi-stub.ts';
import { installFunction } from '../support/reference-account.ts';
import type { KeeperScene } from './keeper-fixture.ts';
import { saidOf } from './outcomes.ts';

type Provocations = Readonly<Record<ErrorCode, () => Promise<FyersError>>>;

const answerOf = (status: number, body: object, headers = {}): Effect => ({
  kind: 'answer',
  status,
  body: JSON.stringify(body),
  headers: { 'content-type': 'application/json', ...headers },
});
const DEAD: Fault = {
  match: { path: /profile|depth/ },
  effect: answerOf(401, { s: 'error', code: -15, message: 'Please provide valid token' }),
};
const NOT_WHITELISTED: Fault = {
  match: { path: /profile|depth/ },
  effect: answerOf(403, { s: 'error', code: -1, message: 'IP address is not whitelisted' }),
};
const LIMITED: Fault = {
  match: { path: /profile|depth/ },
  effect: answerOf(429, { s: 'error', code: 429, message: 'request limit reached' }),
};
const FIREWALL: Fault = {
  match: { path: /profile|depth/ },
  effect: { kind: 'answer', status: 403, body: 'error code: 1010' },
};
const UNKNOWN: Fault = {
  match: { path: /validate-authcode/ },
  effect: answerOf(400, { s: 'error', code: -999, message: 'Come back in another form' }),
};
const ENDED = answerOf(
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

/** @param dir a folder of its own for what a command finds on the PATH */
export function provocations(scene: KeeperScene, dir: string): Provocations {
  const aws = scene.aws.options;
  return {
    'operator.config': () => command({}, 'ssm', 'list', '--suffix', 'Not one'),
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
    'operator.takeover': () => takeover(aws, dir),
    'operator.login': () => scene.watch('08:45', () => undefined),
    'operator.channel': () =>
      scene.watch('07:20', ({ muteTopic }) => vi.stubEnv('FYERS_TOPIC_ARN', muteTopic)),
    'operator.prerequisite': () => command({ aws }, 'test-alert'),
    'broker.unreachable': () =>
      scene.refresh(
        ({ toFyers }) => toFyers.add({ match: {}, effect: { kind: 'half-open' } }),
        {},
        6_000,
      ),
    'broker.unrecognised': loginRefusedOddly,
    'broker.bad-token': () => scene.refresh(({ toFyers }) => toFyers.add(DEAD)),
    'broker.refused': () => scene.refresh(({ toFyers }) => toFyers.add(NOT_WHITELISTED)),
    'broker.rate-limit': () => scene.refresh(({ toFyers }) => toFyers.add(LIMITED)),
    'broker.foreign-answer': () => scene.refresh(({ toFyers }) => toFyers.add(FIREWALL)),
    'platform.store': () =>
      scene.refresh(({ toAws }) =>
        toAws.add({ match: { target: /GetParameter$/ }, effect: answerOf(500, {}) }),
      ),
    'platform.permission': async () => command({ aws: await powerless(aws) }, 'ssm', 'list'),
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
    'bug.unexpected': () => functionEnded(aws),
  };
}

async function command(options: StageOptions, ...argv: readonly string[]): Promise<FyersError> {
  await using at = await stage(options);
  return saidOf(await at.run(...argv));
}

/** `fyers refresh --local` with a refresh token that would be taken. */
async function refreshLocally(arrange: (at: Stage) => void): Promise<FyersError> {
  await using fyers = await simulatedFyers({}, 'accepted');
  await using at = await folderFor(fyers, {}, `FYERS_PIN=${SECRET_APP.pin}\n`);
  at.write('refresh_token.txt', mintToken(SEED, APP, 'refresh_token', ISSUED));
  arrange(at);
  return saidOf(await at.run('refresh', '--local'));
}

/** In an account of its own: to the emulator a key of twelve digits is the root of that account. */
async function takeover(aws: AwsOptions, dir: string): Promise<FyersError> {
  const credentials = { accessKeyId: '100000000001', secretAccessKey: 'test' };
  await installFunction(
    { ...aws, credentials },
    { runtime: 'python3.10', handler: 'mine.handler' },
  );
  const { env } = pulumiStub(path.join(dir, 'pulumi'));
  return command({ aws: { ...aws, credentials }, env }, 'takeover', '--yes');
}

async function loginRefusedOddly(): Promise<FyersError> {
  await using fyers = await simulatedFyers();
  const faults = await startFaults(fyers.url, [UNKNOWN]);
  try {
    await using at = await folderFor({ ...fyers, url: faults.url }, human());
    return saidOf(await at.run('login'));
  } finally {
    await faults.close();
  }
}

/** Lambda ends a function that outgrows its memory; nothing of ours has a word in that. */
async function functionEnded(aws: AwsOptions & { readonly endpoint: string }): Promise<FyersError> {
  const faults = await startFaults(aws.endpoint, [
    { match: { path: /invocations$/ }, effect: ENDED },
  ]);
  try {
    return await command({ aws: { ...aws, endpoint: faults.url } }, 'refresh', '--aws');
  } finally {
    await faults.close();
  }
}
