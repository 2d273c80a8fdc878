// Defines the stack outputs: names, and commands that show the live state. No secrets.
import * as pulumi from '@pulumi/pulumi';
import { LOGIN_URL_KEYWORD, REFERENCE_REDIRECT_URI, REGION } from '../core/config/names.ts';
import { REFRESH_SLOTS, SCHEDULE_TIME_ZONE, WATCH_SLOTS } from '../core/schedule.ts';
import type { Athena } from './components/athena.ts';
import type { Credentials } from './components/credentials.ts';
import type { Dashboard } from './components/dashboard.ts';
import type { Harvester } from './components/harvester.ts';
import type { Keeper } from './components/keeper.ts';
import type { Recorder } from './components/machine.ts';
import type { Messages } from './components/messages.ts';
import type { OutsideReads } from './components/outside-reads.ts';
import type { Watch } from './components/watch.ts';
import type { Settings } from './config/load.ts';
import { numbered } from './config/harvesters.ts';

const FYERS = './fyers';
const NO_HARVESTER = 'none: harvester is false';

export interface Made {
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

export function stackOutputs(made: Made) {
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
