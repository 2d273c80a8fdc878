// What `pulumi stack output` shows: names, and the commands for what is live. Nothing secret.
import * as pulumi from '@pulumi/pulumi';
import { REGION } from '../core/names.ts';
import { REFRESH_SLOTS, SCHEDULE_TIME_ZONE } from '../core/schedule.ts';
import type { Credentials } from './components/credentials.ts';
import type { Harvester } from './components/harvester.ts';
import type { Keeper } from './components/keeper.ts';
import type { Watch } from './components/watch.ts';
import type { Settings } from './config.ts';

export interface Made {
  readonly settings: Settings;
  readonly credentials: Credentials;
  readonly keeper: Keeper;
  readonly harvester: Harvester;
  readonly watch: Watch;
}

export function stackOutputs({ settings, credentials, keeper, harvester, watch }: Made) {
  const { instanceId } = harvester;
  return {
    functionName: keeper.functionName,
    schedule: pulumi.interpolate`${keeper.scheduleName}: ${settings.app === null ? 'off until there is an app' : `every day at ${REFRESH_SLOTS.join(', ')} ${SCHEDULE_TIME_ZONE}`}`,
    undeliveredUrl: keeper.undeliveredUrl,
    parameters: credentials.parameterNames,
    bucket: harvester.bucketName,
    bucketOrigin: settings.dataBucket === null ? 'made by this stack' : 'taken up again',
    bucketOnDestroy:
      settings.deleteData && settings.dataBucket === null ? 'deleted with all its data' : 'kept',
    artifact: harvester.artifactKey,
    instance: instanceId ?? 'none until there is an app',
    alarms: watch.alarmNames,
    topic: watch.topicArn,
    commands: {
      refreshNow: pulumi.interpolate`aws lambda invoke --function-name ${keeper.functionName} --region ${REGION} /dev/stdout`,
      refreshLogs: pulumi.interpolate`aws logs tail ${keeper.logGroupName} --since 1d --region ${REGION}`,
      ...(instanceId === null
        ? {}
        : {
            shell: pulumi.interpolate`aws ssm start-session --target ${instanceId} --region ${REGION}`,
          }),
      tokens: 'npx --no-install fyers tokens',
      parameters: 'npx --no-install fyers ssm list',
    },
    nextStep: nextStep(settings),
  };
}

/** What the operator does now, from what is configured; it does not change without a deploy. */
function nextStep(settings: Settings): string {
  if (settings.app === null) {
    return `Register an app at https://myapi.fyers.in/dashboard with the redirect URL ${settings.redirectUri}, put its FYERS_CLIENT_ID and FYERS_SECRET_KEY into .env, and run \`pulumi up\`.`;
  }
  if (settings.accessToken === null && settings.refreshToken === null) {
    return 'Put access_token.txt or refresh_token.txt beside .env and run `pulumi up`.';
  }
  return settings.email === null
    ? 'Set an address for alarms with `pulumi config set email ADDRESS` and run `pulumi up`.'
    : `Confirm the subscription that AWS sent to ${settings.email}, if that is not done yet.`;
}
