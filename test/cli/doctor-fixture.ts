// Starts a complete stack in the emulator and the Fyers simulator, and creates operators' folders
// for them.
import {
  CreateTopicCommand,
  ListSubscriptionsByTopicCommand,
  SNSClient,
  SubscribeCommand,
  UnsubscribeCommand,
} from '@aws-sdk/client-sns';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import type { AwsOptions } from '../../cli/shared/io.ts';
import { type FyersSimulator, startFyers } from '../../sandbox/fyers/server.ts';
import { mintToken } from '../../sandbox/fyers/tokens.ts';
import { APP, NOON, SEED, SEVEN } from '../sandbox/fyers/simulator.ts';
import { deployer } from '../support/deployed.ts';
import { type EmulatedAws, emulatedAws } from '../support/emulated-aws.ts';
import { type StageOptions, type PulumiStage, stageWithPulumi } from './cli-harness.ts';

export const GOOD = mintToken(SEED, APP, 'access_token', SEVEN);
export const LOGIN_URL = 'https://abcdefghij.lambda-url.ap-south-1.on.aws/';

type Variables = Readonly<Record<string, string>>;

export interface DoctorWorld {
  readonly aws: EmulatedAws['options'];
  readonly fyers: FyersSimulator;
  put(name: string, value: string): Promise<void>;
  /** Deploys all functions; the arguments override their settings. */
  deploy(refresh?: Variables, login?: Variables): Promise<void>;
  unsubscribeAll(): Promise<void>;
  /** Restores a stack without problems. */
  repair(): Promise<void>;
  /** @param env the content of `.env`; an empty string writes a valid one */
  openFolder(env?: string, options?: StageOptions, pulumi?: string): Promise<PulumiStage>;
  close(): Promise<void>;
}

export async function startDoctorWorld(): Promise<DoctorWorld> {
  const aws = await emulatedAws();
  const sns = new SNSClient(aws.options);
  const ssm = new SSMClient(aws.options);
  const functions = await deployer(aws);
  const fyers = await startFyers({ seed: SEED, apps: [APP], refresh: 'refused', startsAt: NOON });
  fyers.setClock(NOON);
  const { TopicArn = '' } = await sns.send(new CreateTopicCommand({ Name: 'fyers-alarms' }));
  const healthy = `FYERS_CLIENT_ID=${APP.id}\nFYERS_SECRET_KEY=${APP.secret}\nFYERS_PIN=${APP.pin}\nFYERS_API_URL=${fyers.url}\n`;
  const world: DoctorWorld = {
    aws: aws.options,
    fyers,
    async put(Name, Value) {
      const input = { Name, Value, Type: 'SecureString', Overwrite: true } as const;
      await ssm.send(new PutParameterCommand(input));
    },
    async deploy(refresh = {}, login = {}) {
      await functions.deploy('FyersTokenRefresh', { FYERS_LOGIN_URL: LOGIN_URL, ...refresh });
      await functions.deploy('FyersLogin', { FYERS_TOPIC_ARN: TopicArn, ...login });
      await functions.deploy('FyersWatch', { FYERS_LOGIN_URL: LOGIN_URL });
    },
    async unsubscribeAll() {
      const listed = await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }));
      for (const { SubscriptionArn } of listed.Subscriptions ?? []) {
        await sns.send(new UnsubscribeCommand({ SubscriptionArn }));
      }
    },
    async repair() {
      await world.deploy();
      await world.put('FYERS_CLIENT_ID', APP.id);
      await world.put('FYERS_SECRET_KEY', APP.secret);
      await world.put('FYERS_ACCESS_TOKEN', GOOD);
      const Endpoint = 'me@example.in';
      await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'email', Endpoint }));
    },
    async openFolder(env = '', options = {}, pulumi = '') {
      const made = await stageWithPulumi(pulumi, true, { aws: aws.options, ...options });
      made.write('.env', env === '' ? healthy : env);
      return made;
    },
    async close() {
      sns.destroy();
      ssm.destroy();
      functions.close();
      await fyers.close();
      await aws.close();
    },
  };
  return world;
}

/** The SDK's error if no provider has credentials. */
export const NO_CREDENTIALS = 'Could not load credentials from any providers';

/** Neither answers nor has credentials. @param problem null if it has credentials */
export function unreachableAws(problem: string | null = NO_CREDENTIALS): AwsOptions {
  const credentials = { accessKeyId: 'AKIATEST', secretAccessKey: 'test' };
  const refusal = Object.assign(new Error(problem ?? ''), { name: 'CredentialsProviderError' });
  return {
    ...{ region: 'ap-south-1', endpoint: 'http://127.0.0.1:9', maxAttempts: 1 },
    credentials: () => (problem === null ? Promise.resolve(credentials) : Promise.reject(refusal)),
  };
}

interface Finding {
  readonly name: string;
  readonly state: string;
  readonly detail: string;
  readonly fix: string | null;
}

export async function runDoctor(at: PulumiStage, ...flags: readonly string[]) {
  const { code, out, err } = await at.run('doctor', '--json', ...flags);
  const { checks } = JSON.parse(out) as { readonly checks: readonly Finding[] };
  const found: Readonly<Record<string, Finding>> = Object.fromEntries(
    checks.map((check) => [check.name, check]),
  );
  return { code, all: `${out}${err}`, found };
}
