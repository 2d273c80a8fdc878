// Runs the Pulumi program: reads settings, creates one component for each concern, and returns the outputs.
import path from 'node:path';
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import { systemClock } from '../adapters/process/clock.ts';
import { PROJECT, REGION, namesFor } from '../core/config/names.ts';
import type { Clock } from '../core/ports.ts';
import { fixedArns } from './iam/policies.ts';
import type { Code } from './bundle.ts';
import { reservedBy } from './components/function.ts';
import { Athena } from './components/athena.ts';
import { Credentials, Readers } from './components/credentials.ts';
import { Dashboard } from './components/dashboard.ts';
import { Harvester } from './components/harvester.ts';
import { Keeper } from './components/keeper.ts';
import { Messages } from './components/messages.ts';
import { OutsideReads } from './components/outside-reads.ts';
import { Watch } from './components/watch.ts';
import { stackOutputs } from './outputs.ts';
import { type Environment, loadSettingsOrThrow } from './config/load.ts';

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
