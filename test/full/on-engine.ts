// Prepares the real Pulumi engine for the tests that share it.
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { DescribeInstancesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { describe } from 'vitest';
import { istDate, istInstant } from '../../core/time.ts';
import { writeShiftedDate } from '../../sandbox/aws/shifted-date.ts';
import type { Outcome } from '../../sandbox/pulumi/engine-events.ts';
import { hasPulumi } from '../../sandbox/pulumi/with-cli.ts';
import type { StandIns } from '../../sandbox/stand-ins.ts';
import { clientOptions } from '../../sandbox/steps/token.ts';

/** A Wednesday that trades. */
export const DATE = istDate('2026-11-25');

const available = await hasPulumi();

/** If no `pulumi` is on the PATH, the tests are skipped and the title has the reason. In CI they run, and fail. */
export function onEngine(what: string, tests: () => void): void {
  const where = available ? 'On the real engine' : 'On the real engine, which is not on the PATH';
  describe.skipIf(!available && process.env['CI'] !== 'true')(`${where}, ${what}`, tests);
}

/** Sets the clock of the program's next runs to a time of {@link DATE}. @returns NODE_OPTIONS, which stay the same */
export async function setProgramClock(folder: string, time: string): Promise<string> {
  await rm(path.join(folder, 'shifted-date.offset'), { force: true });
  return await writeShiftedDate(folder, istInstant(DATE, time));
}

/** The ids of the instances that were not ended. */
export async function machinesIn({
  emulator,
}: Pick<StandIns, 'emulator'>): Promise<readonly (string | undefined)[]> {
  const ec2 = new EC2Client(clientOptions(emulator));
  const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({}));
  return Reservations.flatMap(({ Instances = [] }) => Instances)
    .filter(({ State }) => State?.Name !== 'terminated')
    .map(({ InstanceId }) => InstanceId);
}

/** What an update or a preview changed, as `<operation> <name>`. */
export function changesOf({ steps }: Outcome): readonly string[] {
  return steps.map(({ op, name }) => `${op} ${name}`).sort();
}
