// One write puts a proven token into use. Nothing after it may fail the run.
import type { AccessToken } from '../core/config.ts';
import { toError } from '../core/errors.ts';
import { displayFingerprint } from '../core/token/digest.ts';
import type { Proof } from '../core/ports.ts';
import { depthRefused, tokenPublished, upkeepFailed } from '../core/token/events.ts';
import { decodeToken } from '../core/token/jwt.ts';
import type { KeeperPorts } from './ports.ts';

type Publishing = Pick<KeeperPorts, 'store' | 'events'>;

/** The caller has proven it live and of the right account. */
export async function publish({ store, events }: Publishing, token: AccessToken): Promise<void> {
  await store.write('FYERS_ACCESS_TOKEN', token);
  events.emit(tokenPublished(shownToken(token)));
}

/** Warns if the token is live and the harvester cannot record with it. */
export function reportDepth({ events }: Pick<KeeperPorts, 'events'>, proof: Proof | null): void {
  if (proof?.kind === 'live' && proof.depthRefused !== undefined) {
    events.emit(depthRefused(proof.depthRefused));
  }
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
