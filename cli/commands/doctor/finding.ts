// What one check found, and the world that checks look at. What several of them need is fetched once.
import type { Identity } from '../../../adapters/aws/identity.ts';
import type { DeployedFunction } from '../../../adapters/aws/deployed-function.ts';
import type { CalendarOptions } from '../../../core/market/calendar.ts';
import type { FunctionActor, Names } from '../../../core/config/names.ts';
import type { Session } from '../../shared/io.ts';
import type { Settings } from '../../shared/settings.ts';
import type { Clocks } from './clock.ts';

export type Finding =
  | { readonly state: 'ok'; readonly detail: string }
  /** Could not be looked at, or needs no look; the detail says why. */
  | { readonly state: 'skipped'; readonly detail: string }
  /** The fix is a full sentence. */
  | { readonly state: 'problem'; readonly detail: string; readonly fix: string };

export interface Check {
  readonly name: string;
  readonly look: (patient: CheckContext) => Finding | Promise<Finding>;
}

export interface CheckContext {
  readonly session: Session;
  /** The folder of `.env` and of the token files. */
  readonly dir: string;
  readonly suffix: string | undefined;
  readonly live: boolean;
  readonly settings: Settings;
  /** The days that the operator knows better. Errors: `operator.config`. */
  readonly calendar: () => CalendarOptions;
  /** Errors: `operator.config` for a suffix that no stack can have. */
  readonly names: () => Names;
  /** What the other checks learn of the time. */
  readonly clock: Clocks;
  /** Errors: `operator.credentials`, `platform.store`. */
  readonly identity: () => Promise<Identity>;
  /** Whether AWS can be asked at all; why not is the finding of one check. */
  readonly hasAws: () => Promise<boolean>;
  /** Null where it is not deployed. Errors of AWS. */
  readonly deployed: (actor: FunctionActor) => Promise<DeployedFunction | null>;
}

export function ok(detail: string): Finding {
  return { state: 'ok', detail };
}

export function skipped(detail: string): Finding {
  return { state: 'skipped', detail };
}

export function problem(detail: string, fix: string): Finding {
  return { state: 'problem', detail, fix };
}

/** For what only AWS knows. */
export const WITHOUT_AWS = skipped('AWS cannot be asked, see "AWS identity"');
