import path from 'node:path';
import { readEnvFile } from '../../adapters/files/operator-files.ts';
import type { FunctionActor } from '../../core/names.ts';
import { asOperator } from '../aws.ts';
import type { Session } from '../io.ts';
import { calendarOf, namesOf, settingsIn } from '../settings.ts';
import { clocksOf } from './clock.ts';
import type { Patient } from './finding.ts';

interface Where {
  readonly dir: string;
  readonly suffix?: string;
  readonly live?: true;
}

/** Nothing is asked before a check needs it, and nothing twice. An unreadable `.env` is for a check to report. */
export function patientOf(session: Session, { dir, suffix, live }: Where): Patient {
  const { io } = session;
  const folder = path.resolve(io.cwd, dir);
  const settings = settingsIn(readEnvFile(folder), io.env);
  const names = () => namesOf(settings, suffix);
  const clock = clocksOf(io.clock);
  const identity = once(async () => {
    const { STSClient } = await import('@aws-sdk/client-sts');
    const { callerIdentity } = await import('../../adapters/aws/identity.ts');
    return asOperator(callerIdentity(new STSClient(io.aws), clock.onAwsTime));
  });
  const look = (actor: FunctionActor) => async () => {
    const { LambdaClient } = await import('@aws-sdk/client-lambda');
    const { deployedFunction } = await import('../../adapters/aws/deployed-function.ts');
    return asOperator(deployedFunction(new LambdaClient(io.aws), names().function(actor)));
  };
  const deployed = {
    refresh: once(look('refresh')),
    login: once(look('login')),
    watch: once(look('watch')),
  };
  return {
    session,
    dir,
    suffix,
    live: live === true,
    settings,
    calendar: () => calendarOf(folder, settings),
    names,
    clock,
    identity,
    hasAws: () =>
      identity().then(
        () => true,
        () => false,
      ),
    deployed: (actor) => deployed[actor](),
  };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => (made ??= make());
}
