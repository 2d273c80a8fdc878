// Tokens as Fyers issues them: JWTs signed with HS256, here by a key made from the simulator's seed.
import { createHash, createHmac } from 'node:crypto';
import { DAY, SECOND, istMidnight, nextSixOclock } from './time.ts';

export interface SimulatedApp {
  /** With its suffix: `ABCD1234EF-100`. */
  readonly id: string;
  readonly secret: string;
  readonly pin: string;
  readonly fyId: string;
  readonly redirectUri: string;
  /** Without the profile permission its call answers -373; default true. */
  readonly mayReadProfile?: boolean;
  /** Likewise; Fyers files it under another permission than market data. */
  readonly mayReadMarketStatus?: boolean;
  /** Any account may log in; Fyers lets an individual's app serve its owner only. For tests of foreign tokens. */
  readonly isForEveryone?: boolean;
  /** A refresh token of somebody else's making that is taken for good: the one of the user's own folder. */
  readonly honoured?: string;
}

export type TokenKind = 'access_token' | 'refresh_token' | 'auth_code';

const AUDIENCE = ['x:0', 'x:1', 'x:2', 'd:1', 'd:2'];

/** What an operator's folder holds: yesterday's access token and a refresh token that is still good. */
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

/** The same arguments give the same token. `serial` tells two tokens of one second apart. */
export function mintToken(
  seed: string,
  app: SimulatedApp,
  kind: TokenKind,
  now: number,
  serial = 0,
): string {
  const issued = Math.floor(now / SECOND);
  const mark = createHash('sha256')
    .update(`${seed} ${app.id} ${String(serial)}`)
    .digest('hex');
  const [name = '', type = ''] = app.id.split('-');
  const common = {
    sub: kind,
    iat: issued,
    nbf: issued,
    exp: Math.floor(expiryOf(kind, now) / SECOND),
    display_name: app.fyId,
    oms: 'K1',
    hsm_key: mark.slice(0, 56),
    isDdpiEnabled: 'N',
    isMtfEnabled: 'N',
  };
  const claims =
    kind === 'auth_code'
      ? {
          ...common,
          iss: 'api.login.fyers.in',
          // A JSON text in place of an array, as in the real one.
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

/** Valid: signed for this app, of this kind, and inside its life. */
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

/** Of a token that was checked before. */
export function ownerOf(token: string): string {
  const claims = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
  return (JSON.parse(claims) as { readonly display_name: string }).display_name;
}

/** `sha256("<app id>:<secret>")`, what an app proves itself with when it asks for a token. */
export function appIdHash(app: Pick<SimulatedApp, 'id' | 'secret'>): string {
  return createHash('sha256').update(`${app.id}:${app.secret}`).digest('hex');
}

function expiryOf(kind: TokenKind, now: number): number {
  if (kind === 'auth_code') return now + 30_000 * SECOND;
  return kind === 'access_token' ? nextSixOclock(now) : nextSixOclock(istMidnight(now) + 15 * DAY);
}

/** The app is part of the key: a token proves its app, although no claim names it. */
function signature(seed: string, app: SimulatedApp, text: string): string {
  return createHmac('sha256', `${seed} ${app.id}`).update(text).digest('base64url');
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
