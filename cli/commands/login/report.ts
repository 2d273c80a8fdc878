// Reports the result of a login or refresh. Shows fingerprints; the token itself only with `--reveal`.
import { type Instant, formatIso, formatIst } from '../../../core/time.ts';
import { displayFingerprint } from '../../../core/token/digest.ts';
import { decodeToken } from '../../../core/token/jwt.ts';
import { type Terminal, paint, table } from '../../shared/terminal.ts';

export interface Finished {
  /** True if a usable token was already there. */
  readonly already: boolean;
  /** True after a refresh that the broker accepted; absent after a login. */
  readonly refreshed?: true;
  /** "in /home/me/fyers". */
  readonly place: string;
  readonly accessToken: string;
  readonly refreshToken: string | null;
  /** One sentence per token about the result. */
  readonly notes: readonly string[];
}

interface Form {
  readonly json?: true;
  readonly reveal?: true;
}

const HEAD = ['Token', 'Fingerprint', 'Account', 'Issued', 'Valid until'];

const REFRESH_IS_OFF =
  'Fyers has switched refresh tokens off since 1 April 2026: log in once every trading day.';

/** With `reveal`, standard output holds only the access token, for `TOKEN="$(…)"`. */
export function report(terminal: Terminal, finished: Finished, { json, reveal }: Form): void {
  if (json === true) {
    terminal.out(jsonOf(finished, reveal === true));
    return;
  }
  const say = reveal === true ? terminal.err : terminal.out;
  for (const line of linesOf(terminal, finished)) say(line);
  if (reveal === true) terminal.out(finished.accessToken);
}

function linesOf(terminal: Terminal, finished: Finished): readonly string[] {
  const { already, refreshed, place, accessToken, refreshToken, notes } = finished;
  const until = expiry(accessToken);
  const valid = until === null ? '' : `until ${formatIst(until)}`;
  const done = refreshed === true ? 'Refreshed' : 'Logged in';
  const first = already ? `Already good ${valid}, ${place}.` : `${done}: good ${valid}.`;
  // After a successful refresh, claiming that refresh is switched off would be wrong.
  const isOff = refreshToken !== null && refreshed !== true;
  return [
    paint(terminal, 'good', first),
    '',
    ...table(terminal, HEAD, [
      row('access', accessToken),
      ...(refreshToken === null ? [] : [row('refresh', refreshToken)]),
    ]),
    '',
    ...notes,
    ...(isOff ? [paint(terminal, 'quiet', REFRESH_IS_OFF)] : []),
    ...(already ? ['To log in anyway, run `./fyers login --again`.'] : []),
  ];
}

function row(name: string, token: string) {
  const claims = decodeToken(token);
  return [
    name,
    displayFingerprint(token),
    claims?.fyId ?? '-',
    claims === null ? '-' : formatIst(claims.issuedAt),
    claims === null ? '-' : formatIst(claims.expiresAt),
  ].map((text) => ({ text }));
}

function jsonOf(finished: Finished, reveal: boolean): string {
  const { already, place, accessToken, refreshToken, notes } = finished;
  const access = { ...tokenFields(accessToken), ...(reveal ? { token: accessToken } : {}) };
  const refresh = refreshToken === null ? null : tokenFields(refreshToken);
  const shown = { already, place, accessToken: access, refreshToken: refresh, notes };
  return JSON.stringify(shown, null, 2);
}

function tokenFields(token: string) {
  const claims = decodeToken(token);
  return {
    fingerprint: displayFingerprint(token),
    account: claims?.fyId ?? null,
    issuedAt: claims === null ? null : formatIso(claims.issuedAt),
    expiresAt: claims === null ? null : formatIso(claims.expiresAt),
  };
}

function expiry(token: string): Instant | null {
  return decodeToken(token)?.expiresAt ?? null;
}
