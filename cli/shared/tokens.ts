// Reads tokens from the operator's folder or from the parameters in AWS, proves them, and judges them by the keeper's
// rules and the coming session.
import path from 'node:path';
import { readTokenFiles } from '../../adapters/operator/env-and-token-files.ts';
import { parseAccessToken, parseAppId, parseFyId } from '../../core/config/values.ts';
import { type CalendarOptions, nextSession } from '../../core/market/calendar.ts';
import type { SessionPlan } from '../../core/market/phases.ts';
import { ENVIRONMENT, REGION } from '../../core/config/names.ts';
import type { Proof } from '../../core/ports.ts';
import { firstLoginAt } from '../../core/schedule.ts';
import type { Instant } from '../../core/time.ts';
import {
  decodeToken,
  isForeign,
  classifyToken,
  type TokenClaims,
  tokenIn,
} from '../../core/token/jwt.ts';
import { parameterReader } from './aws.ts';
import type { Session } from './io.ts';
import {
  apiUrlOf,
  calendarOf,
  type ClockCheck,
  namesOf,
  parseOrThrow,
  parseSettingOrThrow,
  proofReads,
  type Settings,
  settingsOf,
} from './settings.ts';
import type { Tone } from './terminal.ts';

/**
 * `unproven`: not expired by its own claims, but the broker was not asked or did not answer. A refresh token is never
 * known to be `live`.
 */
export type TokenStatus =
  'missing' | 'malformed' | 'foreign' | 'expired' | 'refused' | 'unproven' | 'live';

export interface JudgedToken {
  readonly state: TokenStatus;
  readonly claims: TokenClaims | null;
  readonly proof: Proof | null;
}

export interface Verdict {
  readonly now: Instant;
  /** The coming session. */
  readonly session: SessionPlan;
  readonly access: JudgedToken;
  readonly refresh: JudgedToken;
  /** True if the access token lives until the session's end by its claims. */
  readonly lasts: boolean;
  readonly good: boolean;
}

export const TOKEN_TONES: Readonly<Record<TokenStatus, Tone>> = {
  missing: 'quiet',
  malformed: 'bad',
  foreign: 'bad',
  expired: 'bad',
  refused: 'bad',
  unproven: 'quiet',
  live: 'good',
};

/** Only a token that is not expired by its claims is worth a call to the broker. */
export function mayBeProven({ accessToken, account }: TokenSource, now: Instant): boolean {
  return classifyToken(accessToken, null, { account, now }).kind === 'plausible';
}

/** Proves the token with one live read. @throws FyersError `operator.config` without an app id */
export async function prove(
  session: Session,
  source: TokenSource,
  onServerTime: ClockCheck['onServerTime'] = () => undefined,
): Promise<Proof> {
  const appId = parseOrThrow(
    `FYERS_CLIENT_ID ${source.place}`,
    source.appId === null
      ? { ok: false, problem: 'is missing: without it a token can only be judged with --offline' }
      : parseAppId(source.appId),
  );
  const token = parseOrThrow('The access token', parseAccessToken(source.accessToken ?? ''));
  const { fyersBroker } = await import('../../adapters/fyers/auth.ts');
  const broker = fyersBroker({ apiUrl: source.apiUrl, onSecret: session.hide, onServerTime });
  return broker.prove(appId, token, new AbortController().signal, source.reads);
}

interface Circumstances {
  readonly now: Instant;
  /** Null if the broker was not asked. */
  readonly proof: Proof | null;
  /** True: the token's own claims are enough. */
  readonly offline: boolean;
}

/** Judges tokens for the coming session: for `tokens`, `status` and `doctor`. */
export function judge(source: TokenSource, { now, proof, offline }: Circumstances): Verdict {
  const session = nextSession(now, source.calendar);
  const claims = claimsOf(source.accessToken);
  const access = { state: accessState(source, proof, now), claims, proof };
  const lasts = claims !== null && claims.expiresAt >= session.closesAt;
  return {
    now,
    session,
    access,
    refresh: judgeRefresh(source, now),
    lasts,
    good:
      lasts &&
      depthRefusedIn(access) === null &&
      (access.state === 'live' || (offline && access.state === 'unproven')),
  };
}

/** Fyers' refusal of market depth; null if depth was not refused or not asked for. */
export function depthRefusedIn({ proof }: JudgedToken): string | null {
  return proof?.kind === 'live' ? (proof.depthRefused ?? null) : null;
}

/** Fyers' answer to a failed proof; null if there is nothing to report. */
export function answerIn({ proof }: JudgedToken): string | null {
  return proof !== null && 'detail' in proof ? (proof.detail ?? null) : null;
}

/** Time from which a new login is useful, or null if a login now already covers the coming session. */
export function loginHelpsFrom({ now, session }: Pick<Verdict, 'now' | 'session'>): Instant | null {
  const from = firstLoginAt(session.date);
  return now < from ? from : null;
}

function accessState(
  { accessToken, account }: TokenSource,
  proof: Proof | null,
  now: Instant,
): TokenStatus {
  const standing = classifyToken(accessToken, proof, { account, now });
  if (standing.kind === 'none') return 'missing';
  if (standing.kind !== 'plausible') return standing.kind;
  if (standing.proof === 'live') return 'live';
  return standing.proof === 'dead' ? 'refused' : 'unproven';
}

function judgeRefresh({ refreshToken: token, account }: TokenSource, now: Instant): JudgedToken {
  const claims = claimsOf(token);
  const state = (): TokenStatus => {
    if (token === null) return 'missing';
    if (claims === null || (claims.kind ?? 'refresh_token') !== 'refresh_token') return 'malformed';
    if (isForeign(claims.fyId, account)) return 'foreign';
    return claims.expiresAt <= now ? 'expired' : 'unproven';
  };
  return { state: state(), claims, proof: null };
}

function claimsOf(token: string | null): TokenClaims | null {
  return token === null ? null : decodeToken(token);
}

export interface TokenSource {
  /** Text for people: "in /home/me/fyers" or "in Parameter Store (ap-south-1)". */
  readonly place: string;
  readonly appId: string | null;
  /** Only tokens of this Fyers client ID count; null if none is configured. */
  readonly account: string | null;
  readonly accessToken: string | null;
  readonly refreshToken: string | null;
  /** Without a trailing slash. */
  readonly apiUrl: string;
  /** The endpoint that proves the access token. */
  readonly reads: 'profile' | 'depth';
  /** The operator's calendar overrides. */
  readonly calendar: CalendarOptions;
  readonly notices: readonly string[];
  readonly problems: readonly string[];
  /** How to get a new token to this place. */
  readonly nextStep: string;
}

interface Where {
  readonly dir: string;
  readonly suffix?: string | undefined;
  /** For a caller that reports problems of `.env` itself; by default any problem is an error. */
  readonly settings?: Settings;
}

/** Errors: `operator.config`. An unreadable token file becomes one of the problems. */
export function fromFiles(session: Session, { dir, settings: given }: Where): TokenSource {
  const { io } = session;
  const folder = path.resolve(io.cwd, dir);
  const settings = given ?? settingsOf(folder, io.env);
  const appId = settings('FYERS_CLIENT_ID');
  const { accessToken, refreshToken, notices, problems } = readTokenFiles(folder, appId);
  for (const token of [accessToken, refreshToken]) if (token !== null) session.hide(token);
  return {
    place: `in ${folder}`,
    appId,
    ...shared(folder, settings),
    accessToken,
    refreshToken,
    notices,
    problems,
    nextStep: `Run \`./fyers login${dir === '.' ? '' : ` --dir ${dir}`}\`, which writes ${path.join(folder, 'access_token.txt')}.`,
  };
}

/** Errors: `operator.config`, `operator.credentials`, `platform.permission`, `platform.store`. */
export async function fromParameters(
  session: Session,
  { dir, suffix, settings: given }: Where,
): Promise<TokenSource> {
  const { io } = session;
  const folder = path.resolve(io.cwd, dir);
  const settings = given ?? settingsOf(folder, io.env);
  const read = await parameterReader(session, namesOf(settings, suffix));
  const appId = await read('FYERS_CLIENT_ID');
  const accessToken = tokenIn(await read('FYERS_ACCESS_TOKEN'));
  const refreshToken = tokenIn(await read('FYERS_REFRESH_TOKEN'));
  return {
    place: `in Parameter Store (${REGION})`,
    appId,
    ...shared(folder, settings),
    accessToken,
    refreshToken,
    notices: [],
    problems: [],
    nextStep: `Run \`./fyers login --aws${suffix === undefined ? '' : ` --suffix ${suffix}`}\`.`,
  };
}

function shared(
  folder: string,
  settings: Settings,
): Pick<TokenSource, 'account' | 'apiUrl' | 'reads' | 'calendar'> {
  return {
    account: parseSettingOrThrow(settings, ENVIRONMENT.fyId, parseFyId),
    apiUrl: apiUrlOf(settings),
    reads: proofReads(settings),
    calendar: calendarOf(folder, settings),
  };
}
