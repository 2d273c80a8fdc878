// Defines the result of a check and the context that checks share. The context fetches shared data once.
import type { Identity } from '../../adapters/aws/identity.ts';
import type { DeployedFunction } from '../../adapters/aws/deployed-function.ts';
import type { CalendarOptions } from '../../core/market/calendar.ts';
import type { FunctionActor, Names } from '../../core/config/names.ts';
import type { Session } from '../shared/io.ts';
import type { Settings } from '../shared/settings.ts';
import type { Clocks } from './machine.ts';

export type Finding =
  | { readonly state: 'ok'; readonly detail: string }
  /** The check could not or need not run; the detail gives the reason. */
  | { readonly state: 'skipped'; readonly detail: string }
  /** The fix is a full sentence. */
  | { readonly state: 'problem'; readonly detail: string; readonly fix: string };

export interface Check {
  readonly name: string;
  /** True: not a problem of a laptop without a stack. */
  readonly isForAws?: true;
  readonly look: (patient: CheckContext) => Finding | Promise<Finding>;
}

export interface CheckContext {
  readonly session: Session;
  /** Folder with `.env` and the token files. */
  readonly dir: string;
  readonly suffix: string | undefined;
  readonly live: boolean;
  readonly settings: Settings;
  /** The operator's calendar overrides. Errors: `operator.config`. */
  readonly calendar: () => CalendarOptions;
  /** Errors: `operator.config` for an invalid suffix. */
  readonly names: () => Names;
  /** Collects server times from the other checks. */
  readonly clock: Clocks;
  /** Errors: `operator.credentials`, `platform.store`. */
  readonly identity: () => Promise<Identity>;
  /** False on a laptop without a stack: no selected stack, and no AWS credentials. */
  readonly usesAws: () => Promise<boolean>;
  /** False if AWS cannot be reached; one check reports the reason. */
  readonly hasAws: () => Promise<boolean>;
  /** Null if the function is not deployed. Errors of AWS. */
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

/** Result of checks that need AWS if it cannot be reached. */
export const WITHOUT_AWS = skipped('AWS cannot be asked, see "AWS identity"');

/** Result of the checks of a stack on a machine without one. */
export const WITHOUT_STACK = skipped('only for a stack on AWS');
