// Runs the Pulumi program: reads settings, creates one component for each concern, and returns the outputs.
import path from 'node:path';
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import { systemClock } from '../adapters/process/clock.ts';
import { numbered } from '../core/config/harvesters.ts';
import {
  PROJECT,
  REGION,
  namesFor,
  LOGIN_URL_KEYWORD,
  REFERENCE_REDIRECT_URI,
} from '../core/config/names.ts';
import type { Clock } from '../core/ports.ts';
import { REFRESH_SLOTS, SCHEDULE_TIME_ZONE, WATCH_SLOTS } from '../core/schedule.ts';
import type { Code } from './bundle.ts';
import { Athena } from './components/athena.ts';
import { Credentials, Readers } from './components/credentials.ts';
import { Dashboard } from './components/dashboard.ts';
import { reservedBy } from './components/function.ts';
import { Harvester } from './components/harvester.ts';
import { Keeper } from './components/keeper.ts';
import type { Recorder } from './components/machine.ts';
import { Messages } from './components/messages.ts';
import { OutsideReads } from './components/outside-reads.ts';
import { Watch } from './components/watch.ts';
import { type Environment, loadSettingsOrThrow, type Settings } from './config/load.ts';
import { fixedArns } from './iam/policies.ts';

/**
 * Registers everything and returns the stack's outputs.
 * @param making the bundled code; it may still be in progress while the rest of the program loads
 * @throws RunError with every problem of the settings or the code, before any resource is registered
 */
export async function program(
  making: Promise<Code>,
  environment: Environment = process.env,
  clock: Pick<Clock, 'now'> = systemClock,
) {
  const settings = loadSettingsOrThrow(environment, path.join(import.meta.dirname, '..'));
  for (const notice of settings.notices) await pulumi.log.info(notice);

  // Await before registering resources: if bundling fails, nothing is half created.
  const code = await making;
  const names = namesFor(settings.suffix);
  const provider = new aws.Provider('aws', {
    region: REGION,
    defaultTags: { tags: { project: PROJECT, stack: pulumi.getStack() } },
    ...(settings.allowedAccountIds === null
      ? {}
      : { allowedAccountIds: [...settings.allowedAccountIds] }),
  });
  const { accountId } = aws.getCallerIdentityOutput({}, { provider });
  const credentials = new Credentials('credentials', { ...settings, names }, { provider });
  const arns = fixedArns(accountId, names, { ...settings, keyArn: credentials.keyArn });
  const shared = { ...settings, names, accountId, arns, hasApp: settings.app !== null };
  const messages = new Messages('messages', shared, { provider });
  const reserved = await reservedBy(settings.reservedConcurrency, provider);
  const keeper = new Keeper(
    'keeper',
    { ...shared, credentials, messages, code, reserved },
    { provider },
  );
  const harvester = settings.harvester
    ? new Harvester(
        'harvester',
        {
          ...shared,
          clock,
          code: code.harvester,
        },
        { provider },
      )
    : null;
  const athena =
    settings.athena && harvester !== null
      ? new Athena('athena', { ...shared, bucketName: harvester.bucketName }, { provider })
      : null;
  if (settings.readers.length > 0) {
    new Readers('readers', shared, { provider });
  }
  const reads =
    settings.watchReads === null
      ? null
      : new OutsideReads(
          'reads',
          { ...shared, trail: settings.watchReads, credentials, keeper, harvester },
          { provider },
        );
  const watch = new Watch('watch', { ...shared, messages, keeper, harvester }, { provider });
  const dashboard = settings.dashboard
    ? new Dashboard('dashboard', { ...shared, keeper, harvester, watch }, { provider })
    : null;

  const made = { credentials, messages, keeper, harvester, athena, reads, watch, dashboard };
  return stackOutputs({ settings, ...made });
}

const FYERS = './fyers';
const NO_HARVESTER = 'none: harvester is false';

interface Made {
  readonly settings: Settings;
  readonly credentials: Credentials;
  readonly messages: Messages;
  readonly keeper: Keeper;
  /** Null if no harvester is configured. */
  readonly harvester: Harvester | null;
  readonly athena: Athena | null;
  readonly reads: OutsideReads | null;
  readonly watch: Watch;
  readonly dashboard: Dashboard | null;
}

/** Names, and commands that show the live state. No secrets. */
function stackOutputs(made: Made) {
  const { settings, credentials, messages, keeper, harvester, watch } = made;
  const recorders = harvester?.recorders ?? [];
  return {
    loginUrl: keeper.loginUrl,
    functionName: keeper.functionNames.refresh,
    loginFunctionName: keeper.functionNames.login,
    watchFunctionName: keeper.functionNames.watch,
    schedule: scheduleText(settings),
    schedules: [...keeper.scheduleNames],
    undeliveredUrl: keeper.undelivered.url,
    parameters: credentials.parameterNames,
    key: credentials.keyArn ?? "none: the account's default keys",
    bucket: harvester?.bucketName ?? NO_HARVESTER,
    ...(harvester === null ? {} : bucketFacts(settings)),
    athena: made.athena?.workgroupName ?? 'none',
    artifact: harvester?.artifactKey ?? NO_HARVESTER,
    instance:
      recorders[0]?.instanceId ??
      (harvester === null ? NO_HARVESTER : 'none until there is an app'),
    ...(recorders.length > 1 ? { harvesters: recorders.map(harvesterFacts) } : {}),
    alarms: watch.alarmNames,
    dashboard: made.dashboard?.dashboardName ?? 'none',
    watchedReads: made.reads?.ruleName ?? 'none',
    budget: watch.budgetName ?? 'none',
    topic: messages.topicArn,
    commands: {
      status: `${FYERS} status`,
      login: `${FYERS} login`,
      tokens: `${FYERS} tokens`,
      logs: `${FYERS} logs refresh`,
      doctor: `${FYERS} doctor`,
      parameters: `${FYERS} ssm list`,
      refreshNow: pulumi.interpolate`aws lambda invoke --function-name ${keeper.functionNames.refresh} --region ${REGION} /dev/stdout`,
      ...Object.fromEntries(
        recorders.map(({ plan, instanceId }) => [
          numbered('shell', plan.shard),
          shellCommand(instanceId),
        ]),
      ),
    },
    nextStep: nextStep(settings, keeper.loginUrl),
  };
}

/** The first harvester's instance also has its own output, with or without further harvesters. */
function harvesterFacts({ plan: { shard, symbols, everySeconds }, instanceId }: Recorder) {
  return { shard, instance: instanceId, symbols: symbols.join(','), everySeconds };
}

function shellCommand(instanceId: pulumi.Output<string>): pulumi.Output<string> {
  return pulumi.interpolate`aws ssm start-session --target ${instanceId} --region ${REGION}`;
}

function bucketFacts({ dataBucket, deleteData }: Settings) {
  return {
    bucketOrigin: dataBucket === null ? 'made by this stack' : 'taken up again',
    bucketOnDestroy: deleteData && dataBucket === null ? 'deleted with all its data' : 'kept',
  };
}

function scheduleText({ app }: Settings): string {
  return app === null
    ? 'off until there is an app'
    : `refresh every day at ${REFRESH_SLOTS.join(', ')}, watch at ${WATCH_SLOTS.join(', ')} ${SCHEDULE_TIME_ZONE}`;
}

/** The operator's next step according to the configuration; it does not change without a deploy. */
function nextStep(settings: Settings, loginUrl: pulumi.Output<string>): pulumi.Input<string> {
  const { app, email, telegram, accessToken, refreshToken } = settings;
  if (app === null) return registerAppStep(settings, loginUrl);
  const url = redirectStep(settings, loginUrl);
  if (email === null && telegram === null) {
    return pulumi.interpolate`${url}No one would get the login link: run \`pulumi config set email ADDRESS\` or \`pulumi config set --secret telegram\`, then \`pulumi up\`.`;
  }
  const confirm =
    email === null
      ? ''
      : `Confirm the subscription that AWS sent to ${email}, if that is not done yet: \`${FYERS} confirm URL\` with the address in that mail. `;
  const known = accessToken !== null || refreshToken !== null;
  const then = known
    ? `For its state run \`${FYERS} status\`.`
    : `The first login link comes at the next slot of a trading day (${REFRESH_SLOTS.join(', ')} IST); for a token now run \`${FYERS} login --aws\`.`;
  return pulumi.interpolate`${confirm}${url}${then}`;
}

/** AWS assigns a new URL to a recreated function, and the stack does not remember the previous one. */
function redirectStep(
  { redirectUri }: Settings,
  loginUrl: pulumi.Output<string>,
): pulumi.Input<string> {
  return redirectUri === LOGIN_URL_KEYWORD
    ? pulumi.interpolate`The app must have exactly ${loginUrl} as its redirect URL at https://myapi.fyers.in/dashboard: after \`pulumi destroy\` and \`pulumi up\` that is another one than before. `
    : '';
}

/** With the login function's URL as redirect URL a login takes one tap; an operator's own URL is kept. */
function registerAppStep(
  { redirectUri }: Settings,
  loginUrl: pulumi.Output<string>,
): pulumi.Output<string> {
  const own = redirectUri !== LOGIN_URL_KEYWORD && redirectUri !== REFERENCE_REDIRECT_URI;
  const url = own ? redirectUri : loginUrl;
  const line = own ? redirectUri : LOGIN_URL_KEYWORD;
  return pulumi.interpolate`Register an app at https://myapi.fyers.in/dashboard with the redirect URL ${url} (permission: Market Data only), put its FYERS_CLIENT_ID and FYERS_SECRET_KEY and FYERS_REDIRECT_URI=${line} into .env, then run \`npm run configure\` and \`pulumi up\`.`;
}
