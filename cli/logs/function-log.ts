// The log group of a function, as the operator's own identity sees it.
import { FyersError } from '../../core/errors.ts';
import { type FunctionActor, type Names, REGION } from '../../core/names.ts';
import { type Instant, instant } from '../../core/time.ts';
import { ifThere } from '../aws.ts';
import type { Session } from '../io.ts';
import type { Entry } from './entry.ts';

/** Every line since an instant, oldest first; null where there is no such log group. */
export type ReadLog = (logGroup: string, since: Instant) => Promise<readonly Entry[] | null>;

/** Errors: `operator.credentials`, `platform.permission`, `platform.store`. */
export async function logReader({ io }: Session): Promise<ReadLog> {
  const { CloudWatchLogsClient, paginateFilterLogEvents } =
    await import('@aws-sdk/client-cloudwatch-logs');
  const client = new CloudWatchLogsClient(io.aws);
  return (logGroupName, since) =>
    ifThere(`Reading the log group ${logGroupName}`, async () => {
      const entries: Entry[] = [];
      const pages = paginateFilterLogEvents({ client }, { logGroupName, startTime: since });
      for await (const { events = [] } of pages) {
        for (const { eventId, logStreamName = '', timestamp = 0, message = '' } of events) {
          const id = eventId ?? `${logStreamName} ${String(timestamp)} ${message}`;
          entries.push({ id, at: instant(timestamp), text: message });
        }
      }
      return entries.sort((a, b) => a.at - b.at);
    });
}

export function noLogGroup(names: Names, actor: FunctionActor): FyersError {
  return new FyersError(
    'operator.prerequisite',
    `There is no log group ${names.logGroup(actor)} in ${REGION}: ${names.function(actor)} is not deployed in this account.`,
    'Run `pulumi up`, or name another stack with --suffix.',
  );
}
