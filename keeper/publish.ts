// One write puts a proven token into use. Nothing after it may fail the run.
import type { AccessToken } from '../core/config.ts';
import { toError } from '../core/errors.ts';
import { displayFingerprint } from '../core/token/digest.ts';
import { tokenPublished, upkeepFailed } from '../core/token/events.ts';
import { decodeToken } from '../core/token/jwt.ts';
import type { KeeperPorts } from './ports.ts';

type Publishing = Pick<KeeperPorts, 'store' | 'events'>;

/** The caller has proven it live and of the right account. */
export async function publish({ store, events }: Publishing, token: AccessToken): Promise<void> {
  await store.write('FYERS_ACCESS_TOKEN', token);
  events.emit(tokenPublished(shownToken(token)));
}

/** For what comes after a publish: a failure becomes an event. */
export async function upkeep(
  { events }: Pick<KeeperPorts, 'events'>,
  what: string,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (caught) {
    events.emit(upkeepFailed(what, toError(caught).message));
  }
}

export function shownToken(token: string) {
  return {
    fingerprint: displayFingerprint(token),
    validUntil: decodeToken(token)?.expiresAt ?? null,
  };
}
