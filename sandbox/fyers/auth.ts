// Emulates Fyers' login in two steps: user ID and one-time password, then the PIN; then the redirect to the app.
import { checkPin, closeSession, isLocked, openSession, sessionOf } from './accounts.ts';
import { mint } from './mint.ts';
import { formPage, messagePage } from './page.ts';
import { refusal, refusalFields } from './refusals.ts';
import type { SimulatedRequest, SimulatedResponse, SimulatorState } from './state.ts';
import type { SimulatedApp } from './tokens.ts';

/** Replaces Fyers' second factor: the simulator's page accepts only this. */
export const ONE_TIME_PASSWORD = '000000';

const CARRIED_FIELDS = ['client_id', 'redirect_uri', 'response_type', 'state'];
const LOCKED_TEXT = 'Your account is locked.';

/** `GET /api/v3/generate-authcode`: returns the first step, or redirects to the app if the browser has a live session. */
export function loginPage(
  state: SimulatorState,
  { query, cookie = '' }: SimulatedRequest,
  now: number,
): SimulatedResponse {
  const app = registeredApp(state, query);
  if ('status' in app) return app;
  const fyId = sessionOf(state, cookie, now);
  return fyId === null
    ? userPage(200, app, query, '')
    : redirectWithCode(state, app, fyId, query, now);
}

/**
 * Handles a step of the form: `fy_id` (default: the app's own account), `otp`, `pin`. A client without a browser
 * sends all fields at once. Answers with the next step, the same step with a problem, or a redirect to the app's
 * registered URL.
 */
export function authCodeForm(
  state: SimulatorState,
  request: SimulatedRequest,
  now: number,
): SimulatedResponse {
  const form = new URLSearchParams(request.body);
  const app = registeredApp(state, form);
  if ('status' in app) return app;
  if (form.get('action') === 'cancel')
    return redirectToApp(app, form, refusalFields('loginCancelled'));
  const fyId = form.get('fy_id') ?? app.fyId;
  if (form.get('otp') !== ONE_TIME_PASSWORD || !state.pins.has(fyId)) {
    return userPage(401, app, form, 'The client ID or the one-time password is wrong.');
  }
  if (isLocked(state, fyId)) return messagePage(403, LOCKED_TEXT);
  if (!form.has('pin')) return pinPage(200, fyId, form, '');
  if (checkPin(state, fyId, form.get('pin')) !== 'right') {
    return isLocked(state, fyId)
      ? messagePage(403, LOCKED_TEXT)
      : pinPage(401, fyId, form, 'The PIN is wrong.');
  }
  const back = redirectWithCode(state, app, fyId, form, now);
  if (!state.hasWebSessions) return back;
  return { ...back, headers: { ...back.headers, 'set-cookie': openSession(state, fyId, now) } };
}

/** `GET /logout`, replaces Fyers' own logout: the browser may then log in to another account. */
export function webLogout(
  state: SimulatorState,
  { cookie = '' }: SimulatedRequest,
): SimulatedResponse {
  return messagePage(200, 'You are logged out.', { 'set-cookie': closeSession(state, cookie) });
}

function redirectWithCode(
  state: SimulatorState,
  app: SimulatedApp,
  fyId: string,
  query: URLSearchParams,
  now: number,
): SimulatedResponse {
  if (fyId !== app.fyId && app.isForEveryone !== true) {
    return redirectToApp(app, query, refusalFields('notTheAppsAccount'));
  }
  const code = mint(state, { ...app, fyId }, 'auth_code', now);
  return redirectToApp(app, query, { s: 'ok', code: '200', message: '', auth_code: code });
}

function redirectToApp(
  app: SimulatedApp,
  query: URLSearchParams,
  fields: Readonly<Record<string, string>>,
): SimulatedResponse {
  const to = new URL(query.get('redirect_uri') ?? app.redirectUri);
  for (const [name, value] of Object.entries(fields)) to.searchParams.set(name, value);
  to.searchParams.set('state', query.get('state') ?? '');
  return { status: 302, headers: { location: to.href, 'cache-control': 'no-store' }, body: '' };
}

/** A login works only with a registered redirect URL. */
function registeredApp(
  state: SimulatorState,
  query: URLSearchParams,
): SimulatedApp | SimulatedResponse {
  const app = state.apps.find(({ id }) => id === query.get('client_id'));
  if (app === undefined) return refusal('unknownApp');
  const registered = [app.redirectUri, app.loopbackUri ?? app.redirectUri];
  const fits =
    registered.includes(query.get('redirect_uri') ?? '') && query.get('response_type') === 'code';
  return fits ? app : refusal('invalidInput');
}

function userPage(
  status: number,
  app: SimulatedApp,
  query: URLSearchParams,
  problem: string,
): SimulatedResponse {
  const otp = `One-time password (${ONE_TIME_PASSWORD})`;
  return formPage({
    status,
    problem,
    hidden: carryFields(query, CARRIED_FIELDS),
    fields: [
      { name: 'fy_id', label: 'Client ID', value: query.get('fy_id') ?? app.fyId },
      { name: 'otp', label: otp, isNumeric: true },
    ],
    button: 'Continue',
  });
}

function pinPage(
  status: number,
  fyId: string,
  form: URLSearchParams,
  problem: string,
): SimulatedResponse {
  return formPage({
    status,
    problem,
    hidden: { ...carryFields(form, [...CARRIED_FIELDS, 'otp']), fy_id: fyId },
    fields: [{ name: 'pin', label: 'PIN', isSecret: true, isNumeric: true }],
    button: 'Log in',
  });
}

function carryFields(
  query: URLSearchParams,
  names: readonly string[],
): Readonly<Record<string, string>> {
  return Object.fromEntries(names.map((name) => [name, query.get(name) ?? '']));
}
