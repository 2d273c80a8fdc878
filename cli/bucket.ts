// The bucket of the harvester that is meant.
import { FyersError } from '../core/errors.ts';
import { ENVIRONMENT } from '../core/names.ts';
import type { Session } from './io.ts';
import { pulumiIn } from './pulumi.ts';
import { settingsOf } from './settings.ts';

/**
 * FYERS_BUCKET, else the stack's output.
 *
 * @throws FyersError `operator.config` where the stack has no harvester; as `pulumiIn` does
 */
export async function bucketOf({ io }: Session): Promise<string> {
  const named = settingsOf(io.cwd, io.env)(ENVIRONMENT.bucket);
  if (named !== null) return named;
  const pulumi = pulumiIn({ folder: io.cwd, env: io.env });
  const bucket = (await pulumi(['stack', 'output', 'bucket'], '')).trim();
  if (!bucket.startsWith('none')) return bucket;
  throw new FyersError(
    'operator.config',
    'This stack has no harvester.',
    'Name the bucket of another with --bucket, or run `pulumi config set harvester true` and `pulumi up`.',
  );
}
