// Defines the one error class and its closed list of codes. Retry, alarm and exit decisions use the code, never the text.

/**
 * operator: the operator must act · broker: Fyers refused or is unavailable · platform: AWS or this machine · bug: a fault of
 * this program.
 */
export type ErrorCode =
  | 'operator.config'
  | 'operator.usage'
  | 'operator.credentials'
  | 'operator.app-secret'
  | 'operator.account'
  | 'operator.token-file'
  | 'operator.takeover'
  | 'operator.login'
  | 'operator.channel'
  | 'operator.prerequisite'
  | 'broker.unreachable'
  | 'broker.unrecognised'
  | 'broker.bad-token'
  /** Fyers refuses the app or this machine, with any token. */
  | 'broker.refused'
  | 'broker.rate-limit'
  /** A gateway, a firewall or a proxy answered instead of Fyers. */
  | 'broker.foreign-answer'
  | 'platform.store'
  | 'platform.permission'
  | 'platform.busy'
  | 'platform.message'
  | 'platform.disk'
  | 'platform.integrity'
  | 'bug.unexpected';

export type ErrorFamily = 'operator' | 'broker' | 'platform' | 'bug';

const EXIT_CODES: Readonly<Record<ErrorFamily, number>> = {
  operator: 2,
  broker: 3,
  platform: 4,
  bug: 70,
};

export class FyersError extends Error {
  override readonly name = 'FyersError';
  readonly code: ErrorCode;
  /** One or more full sentences; the message is these and the next step. */
  readonly problem: string;
  /** A full sentence. */
  readonly nextStep: string;
  /** True if the next step fits every error of the code. A caller that knows more may then replace it. */
  readonly isGeneral: boolean;

  constructor(
    code: ErrorCode,
    problem: string,
    nextStep: string,
    options: ErrorOptions & { readonly isGeneral?: boolean } = {},
  ) {
    const { isGeneral = false, ...rest } = options;
    const sentences = removeSecondStop(problem);
    super(`${sentences} ${nextStep}`, rest);
    this.code = code;
    this.problem = sentences;
    this.nextStep = nextStep;
    this.isGeneral = isGeneral;
  }

  get family(): ErrorFamily {
    return this.code.slice(0, this.code.indexOf('.')) as ErrorFamily;
  }
}

/** Removes a second full stop, because a problem often ends with a quotation that has its own. */
function removeSecondStop(problem: string): string {
  return problem.endsWith('..') && !problem.endsWith('...') ? problem.slice(0, -1) : problem;
}

/** The exit code of `./fyers` and `npm start`: 2 operator, 3 broker, 4 platform, 70 bug. */
export function exitCodeOf(error: unknown): number {
  return EXIT_CODES[error instanceof FyersError ? error.family : 'bug'];
}

/** Returns null if the content is damaged. Rethrows every other error, such as a disk error. */
export async function nullIfDamaged<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch (caught) {
    if (caught instanceof FyersError && caught.code === 'platform.integrity') return null;
    throw caught;
  }
}

/** The code of an error of Node, such as `ENOENT`; empty if it has none. */
export function errnoOf(caught: unknown): string {
  const error = toError(caught);
  return 'code' in error ? String(error.code) : '';
}

export function toError(caught: unknown): Error {
  return caught instanceof Error ? caught : new Error(String(caught));
}
