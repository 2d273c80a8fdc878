// Issues tokens like Fyers: JWTs signed with HS256, here with a key derived from the simulator's seed.
import { createHash, createHmac } from 'node:crypto';
import { DAY, SECOND, istMidnight, nextSixOclock } from './time.ts';

export interface SimulatedApp {
  /** With its suffix: `ABCD1234EF-100`. */
  readonly id: string;
  readonly secret: string;
  readonly pin: string;
  readonly fyId: string;
  readonly redirectUri: string;
  /** A second redirect URL, so that `./fyers login` can be tried while the login page is registered. Fyers allows one. */
  readonly loopbackUri?: string;
  /** False: the profile call answers -373; default true. */
  readonly mayReadProfile?: boolean;
  /** The same for the market status, which has another permission than market data at Fyers. */
  readonly mayReadMarketStatus?: boolean;
  /** True: any account may log in, for tests of foreign tokens. Fyers limits an individual's app to its owner. */
  readonly isForEveryone?: boolean;
  /** A refresh token that the simulator did not issue but accepts: the one of the user's own folder. */
  readonly honoured?: string;
}

export type TokenKind = 'access_token' | 'refresh_token' | 'auth_code';

const AUDIENCE = ['x:0', 'x:1', 'x:2', 'd:1', 'd:2'];

/** Mints an operator folder's tokens: yesterday's access token and a valid refresh token. */
export function mintTokens(
  seed: string,
  app: SimulatedApp,
  now: number,
): { readonly accessToken: string; readonly refreshToken: string } {
  return {
    accessToken: mintToken(seed, app, 'access_token', now - DAY),
    refreshToken: mintToken(seed, app, 'refresh_token', now - DAY),
  };
}

/** The same arguments give the same token. `serial` distinguishes two tokens of one second. */
export function mintToken(
  seed: string,
  app: SimulatedApp,
  kind: TokenKind,
  now: number,
  serial = 0,
): string {
  const issued = Math.floor(now / SECOND);
  const mark = markOf(seed, app, serial);
  const [name = '', type = ''] = app.id.split('-');
  const common = {
    sub: kind,
    iat: issued,
    nbf: issued,
    exp: Math.floor(expiryOf(kind, now) / SECOND),
    display_name: app.fyId,
    oms: 'K1',
    hsm_key: hsmKey(seed, app, serial),
    isDdpiEnabled: 'N',
    isMtfEnabled: 'N',
  };
  const claims =
    kind === 'auth_code'
      ? {
          ...common,
          iss: 'api.login.fyers.in',
          // A JSON text instead of an array, as in Fyers' tokens.
          aud: JSON.stringify(AUDIENCE),
          app_id: name,
          uuid: mark.slice(0, 32),
          ipAddr: '',
          nonce: '',
          scope: '',
        }
      : {
          ...common,
          iss: 'api.fyers.in',
          aud: AUDIENCE,
          fy_id: app.fyId,
          appType: Number(type),
          at_hash: `gAAAAAB${mark}`,
          ...(kind === 'access_token' ? { poa_flag: 'N' } : {}),
        };
  const text = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${text}.${signature(seed, app, text)}`;
}

/** The claim with which a client logs in to the HSM stream. */
export function hsmKey(seed: string, app: SimulatedApp, serial: number): string {
  return markOf(seed, app, serial).slice(0, 56);
}

function markOf(seed: string, app: SimulatedApp, serial: number): string {
  return createHash('sha256')
    .update(`${seed} ${app.id} ${String(serial)}`)
    .digest('hex');
}

/** Valid means signed for this app, of this kind, and not expired. */
export function checkToken(
  seed: string,
  app: SimulatedApp,
  kind: TokenKind,
  token: string,
  now: number,
): 'valid' | 'expired' | 'invalid' {
  const [header = '', claims = '', signed] = token.split('.');
  if (signed !== signature(seed, app, `${header}.${claims}`)) return 'invalid';
  const fields: unknown = JSON.parse(Buffer.from(claims, 'base64url').toString());
  const { sub, exp, nbf } = fields as { sub: string; exp: number; nbf: number };
  if (sub !== kind || now < nbf * SECOND) return 'invalid';
  return now < exp * SECOND ? 'valid' : 'expired';
}

/** Takes a token that has already been checked. */
export function ownerOf(token: string): string {
  const claims = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
  return (JSON.parse(claims) as { readonly display_name: string }).display_name;
}

/** `sha256("<app id>:<secret>")`, an app's proof when it requests a token. */
export function appIdHash(app: Pick<SimulatedApp, 'id' | 'secret'>): string {
  return createHash('sha256').update(`${app.id}:${app.secret}`).digest('hex');
}

function expiryOf(kind: TokenKind, now: number): number {
  if (kind === 'auth_code') return now + 30_000 * SECOND;
  return kind === 'access_token' ? nextSixOclock(now) : nextSixOclock(istMidnight(now) + 15 * DAY);
}

/** The key includes the app: the signature binds a token to its app, although no claim names it. */
function signature(seed: string, app: SimulatedApp, text: string): string {
  return createHmac('sha256', `${seed} ${app.id}`).update(text).digest('base64url');
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
