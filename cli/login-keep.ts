// Keeps a token that was minted when what had to follow fails: the login behind it cannot be repeated without the person.
import { writeAccessToken, writeRefreshToken } from '../adapters/files/token-folder.ts';
import { FyersError, toError } from '../core/errors.ts';
import type { LoginContext } from './login-context.ts';
import type { Tokens } from './login-mint.ts';

/** A token of another account is not kept, nor one that Fyers does not take; a token that was proven here is good. */
export function isWorthKeeping(failure: unknown, isProven: boolean): boolean {
  if (!(failure instanceof FyersError)) return true;
  return failure.code !== 'operator.account' && (isProven || failure.code !== 'broker.bad-token');
}

/** Does what follows a login. If that fails, the tokens are in the folder of the operator, and the error is thrown as it is. */
export async function keepingTokens<T>(
  context: LoginContext,
  tokens: Tokens,
  { prove, put }: { readonly prove: () => Promise<void>; readonly put: () => Promise<T> },
): Promise<T> {
  let isProven = false;
  try {
    await prove();
    isProven = true;
    return await put();
  } catch (caught) {
    // The login function has published its own.
    const isOurs = context.way.kind !== 'cloud';
    if (isOurs && isWorthKeeping(caught, isProven)) await keepTokens(context, tokens);
    throw caught;
  }
}

interface Keeping extends Pick<LoginContext, 'session' | 'folder' | 'target'> {
  readonly options: Where;
}

/** Says where they are and what takes them from there; never throws. */
export async function keepTokens(
  { session, folder, target, options }: Keeping,
  { accessToken, refreshToken }: Tokens,
): Promise<void> {
  const { io } = session;
  try {
    const files = await writeAccessToken(folder, accessToken);
    if (refreshToken !== null) await writeRefreshToken(folder, refreshToken);
    io.err(`The new access token is kept in ${files.join(' and ')}, for you alone.`);
    io.err(target === 'aws' ? handOverStep(options) : proveStep(options));
  } catch (caught) {
    io.err(`The new access token could not be kept: ${toError(caught).message}`);
  }
}

type Where = Pick<LoginContext['options'], 'suffix' | 'dir'>;

function proveStep(where: Where): string {
  return `It may be good: \`npx --no-install fyers tokens${dirFlag(where)}\` proves it without another login.`;
}

function handOverStep(where: Where): string {
  const suffix = where.suffix === undefined ? '' : ` --suffix ${where.suffix}`;
  return `\`npx --no-install fyers login --aws${suffix}${dirFlag(where)}\` hands it over without another login.`;
}

function dirFlag({ dir }: Where): string {
  return dir === '.' ? '' : ` --dir ${dir}`;
}
