// Issues access tokens in two ways: for an auth code, and for a refresh token with the PIN.
import { checkPin } from './accounts.ts';
import { refusal } from './refusals.ts';
import { success, type SimulatedResponse, type SimulatorState } from './state.ts';
import {
  ownerOf,
  appIdHash,
  checkToken,
  mintToken,
  type SimulatedApp,
  type TokenKind,
} from './tokens.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * `POST /api/v3/validate-authcode`: once, within the code's life of 30,000 s, and only by the app to which it was
 * issued.
 */
export function exchangeAuthCode(
  state: SimulatorState,
  fields: Fields,
  now: number,
): SimulatedResponse {
  const app = authenticateApp(state, fields, 'authorization_code');
  if ('status' in app) return app;
  const { code } = fields;
  if (typeof code !== 'string' || code === '') return refusal('noAuthCode');
  if (
    state.spentCodes.has(code) ||
    checkToken(state.seed, app, 'auth_code', code, now) !== 'valid'
  ) {
    return refusal('authCodeRefused');
  }
  state.spentCodes.add(code);
  const owner = { ...app, fyId: ownerOf(code) };
  return success({
    s: 'ok',
    code: 200,
    message: '',
    access_token: mint(state, owner, 'access_token', now),
    // Still issued with a life of fifteen days, although no endpoint accepts it any more.
    refresh_token: mint(state, owner, 'refresh_token', now),
  });
}

/** `POST /api/v3/validate-refresh-token`: switched off since 1 April 2026 for every request. */
export function refreshAccessToken(
  state: SimulatorState,
  fields: Fields,
  now: number,
): SimulatedResponse {
  if (state.refresh === 'refused') return refusal('refreshSwitchedOff');
  const app = authenticateApp(state, fields, 'refresh_token');
  if ('status' in app) return app;
  const token = fields['refresh_token'];
  if (typeof token !== 'string') return refusal('refreshTokenRefused');
  const isHonoured = token === app.honoured;
  if (!isHonoured && checkToken(state.seed, app, 'refresh_token', token, now) !== 'valid') {
    return refusal('refreshTokenRefused');
  }
  const owner = isHonoured ? app : { ...app, fyId: ownerOf(token) };
  const pin = checkPin(state, owner.fyId, fields['pin']);
  if (pin !== 'right') return refusal(pin === 'locked' ? 'accountLocked' : 'wrongPin');
  return success({
    s: 'ok',
    code: 200,
    message: '',
    access_token: mint(state, owner, 'access_token', now),
  });
}

export function mint(
  state: SimulatorState,
  app: SimulatedApp,
  kind: TokenKind,
  now: number,
): string {
  state.minted += 1;
  return mintToken(state.seed, app, kind, now, state.minted);
}

function authenticateApp(
  state: SimulatorState,
  fields: Fields,
  grantType: string,
): SimulatedApp | SimulatedResponse {
  if (fields['grant_type'] !== grantType) return refusal('wrongGrantType');
  const app = state.apps.find((candidate) => appIdHash(candidate) === fields['appIdHash']);
  return app ?? refusal('wrongAppHash');
}
