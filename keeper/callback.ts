// Finishes a login after Fyers redirects back: checks the state, exchanges the code, proves the token and publishes it.
import { type AuthCode, type LinkKey, parseAuthCode } from '../core/config/values.ts';
import type { App, MintAnswer, Proof } from '../core/ports.ts';
import { type Instant, SECOND, plus } from '../core/time.ts';
import { appFingerprint } from '../core/token/digest.ts';
import { checkMinted, decodeToken } from '../core/token/jwt.ts';
import { loginRefused, refreshTokenStored, runStarted } from '../core/token/log.ts';
import { isStateShaped, loginDay, readState } from '../core/token/login/link.ts';
import { isForeignCode } from '../core/token/login/redirect.ts';
import { type LoginState, isSpent, withSpent } from '../core/token/state.ts';
import { type Claim, takeClaim } from './claim.ts';
import type { ExchangeKey } from './login-memory.ts';
import {
  type LoginOutcome,
  type LoginPorts,
  type LoginProblem,
  type UnprovenReason,
  doneOutcome,
  liveStored,
} from './login.ts';
import type { KeeperSettings } from './ports.ts';
import { LOGIN_RETRY, publish, reportDepth, retrying, shownToken, bestEffort } from './publish.ts';
import { readApp, readLinkKey, readMemory, writeLoginState } from './read.ts';

/** The query parameters of the redirect (Fyers API v3, "generate-authcode"). */
export interface Callback {
  /** `ok`, or another value if the person cancelled or was refused. */
  readonly s: string;
  readonly authCode: string;
  readonly state: string;
  /**
   * Fyers' reason if `s` is not ok, safe for a log. Computed only for a state that this stack signed: anyone can send a long
   * text.
   */
  readonly words: () => string;
}

const CLAIM_POLL_INTERVAL_MS = 3 * SECOND;
const MAX_CLAIM_WAIT_MS = 20 * SECOND;

type Minted = Extract<MintAnswer, { kind: 'minted' }>;
type ValidState = Extract<ReturnType<typeof readState>, { kind: 'valid' }>;

interface Login {
  readonly ports: LoginPorts;
  readonly settings: KeeperSettings;
  readonly signal: AbortSignal;
  readonly startedAt: Instant;
  readonly app: App;
  readonly linkKey: LinkKey;
  readonly state: ValidState;
  readonly code: AuthCode;
}

/** Refuses a malformed, forged or late request before any call to the broker. */
export async function finishLogin(
  ports: LoginPorts,
  settings: KeeperSettings,
  { s, authCode, state: stateText, words }: Callback,
  signal: AbortSignal,
): Promise<LoginOutcome> {
  if (!isStateShaped(stateText)) return { kind: 'unknown' };
  const code = parseAuthCode(authCode);
  if (s === 'ok' && !code.ok) return { kind: 'unknown' };
  const [app, linkKey] = await Promise.all([
    readApp(ports, settings),
    readLinkKey(ports, settings),
  ]);
  const startedAt = ports.clock.now();
  const signer = { id: app.id, secret: linkKey };
  const state = readState(signer, stateText, startedAt, settings.calendar);
  if (state.kind === 'malformed') return { kind: 'unknown' };
  if (state.kind !== 'valid') return { kind: 'refused', why: state.kind };
  const day = loginDay(startedAt, settings.days, settings.calendar);
  if (day.kind !== 'open') return { kind: 'no-login', day };
  ports.events.log(runStarted('login'));
  if (!code.ok || s !== 'ok') return refuseLogin(ports, 'cancelled', words());
  const login = { ports, settings, signal, startedAt, app, linkKey, state, code: code.value };
  const stored = await readStoredToken(login);
  return (await findRefusal(login, stored)) ?? (await exchangeUnderClaim(login, stored));
}

function readStoredToken({ ports }: Login): Promise<string | null> {
  return ports.store.read('FYERS_ACCESS_TOKEN');
}

async function findRefusal(login: Login, stored: string | null): Promise<LoginOutcome | null> {
  const { ports, settings, app, state, signal } = login;
  if (isForeignCode(app, login.code)) return refuseLogin(ports, 'wrong-app');
  const memory = await readMemory(ports, settings);
  const live = await liveStored(ports, settings, { app, account: memory.account, stored, signal });
  if (live !== null) return { ...live, already: true };
  if (isSpent(memory.login, state.day, state.nonce)) return refuseLogin(ports, 'used');
  const obstacle = ports.memory.obstacle(keyOf(login), ports.clock.now());
  return obstacle === null ? null : { kind: 'refused', why: obstacle };
}

function keyOf({ state, code }: Login): ExchangeKey {
  return { nonce: state.nonce, code };
}

/**
 * Allows one mint at a time, including those of the refresh. If a browser sends the same request twice, the second finds the
 * first one's token.
 */
async function exchangeUnderClaim(login: Login, earlier: string | null): Promise<LoginOutcome> {
  const { ports, settings, signal, startedAt } = login;
  const { names } = settings;
  for (;;) {
    const { state } = await readMemory(ports, settings);
    const claim = await takeClaim(ports, names, state.claim);
    if (claim !== null) {
      try {
        // An unchanged stored token was not live a moment ago. Do not prove it again: the single-use code expires soon.
        const stored = await readStoredToken(login);
        const changed = stored !== earlier;
        return (changed ? await findRefusal(login, stored) : null) ?? (await exchange(login));
      } finally {
        await releaseClaim(login, claim);
      }
    }
    const now = ports.clock.now();
    if (now - startedAt >= MAX_CLAIM_WAIT_MS) return refuseLogin(ports, 'busy');
    await ports.clock.sleepUntil(plus(now, CLAIM_POLL_INTERVAL_MS), signal);
  }
}

async function releaseClaim({ ports, settings }: Login, { day, n }: Claim): Promise<void> {
  await bestEffort(ports, 'Removing the claim', () =>
    ports.claims.remove(settings.names.claim(day, n)),
  );
}

async function exchange(login: Login): Promise<LoginOutcome> {
  const { ports, app, code, signal } = login;
  const key = keyOf(login);
  const kept = ports.memory.mintedFor(key, ports.clock.now());
  if (kept !== null) return proveAndPublish(login, kept);
  const obstacle = ports.memory.obstacle(key, ports.clock.now());
  if (obstacle !== null) return { kind: 'refused', why: obstacle };
  ports.memory.countExchange(key, ports.clock.now());
  const answer = await retrying(
    ports,
    ports.clock.now(),
    signal,
    () => ports.broker.exchange(app, code, signal),
    LOGIN_RETRY,
  );
  switch (answer.kind) {
    case 'minted':
      return proveAndPublish(login, answer);
    case 'refused':
      ports.memory.keepRefusal(key, PROBLEM_OF[answer.by]);
      if (answer.by === 'app-secret') await noteRefusedApp(login);
      return refuseLogin(ports, PROBLEM_OF[answer.by], answer.detail);
    case 'silent':
      return refuseLogin(ports, 'silent', answer.detail);
    case 'unreachable':
      return refuseLogin(ports, 'unreachable', answer.detail);
    case 'rate-limited':
    case 'not-fyers':
      return refuseLogin(ports, answer.kind, answer.detail);
  }
}

const PROBLEM_OF: Readonly<Record<Extract<MintAnswer, { kind: 'refused' }>['by'], LoginProblem>> = {
  'app-secret': 'app-secret',
  'auth-code': 'code',
  policy: 'unrecognised',
  pin: 'unrecognised',
  'refresh-token': 'unrecognised',
  unrecognised: 'unrecognised',
};

async function proveAndPublish(login: Login, minted: Minted): Promise<LoginOutcome> {
  const { ports, settings, app, signal } = login;
  const { accessToken } = minted;
  const memory = await readMemory(ports, settings);
  const provingAt = ports.clock.now();
  const proof = await ports.memory.proofOf({ app: app.id, token: accessToken }, provingAt, () =>
    retrying(
      ports,
      provingAt,
      signal,
      () => ports.broker.prove(app.id, accessToken, signal, settings.proof),
      LOGIN_RETRY,
    ),
  );
  const view = { account: memory.account, now: ports.clock.now() };
  const check = checkMinted(accessToken, proof, view);
  const claims = decodeToken(accessToken);
  if (check === 'wrong-account') return refuseLogin(ports, 'wrong-account');
  if (check === 'wrong-expiry' || claims === null) return refuseLogin(ports, 'bad-token');
  if (proof.kind === 'dead') return refuseLogin(ports, 'bad-token', proof.detail);
  if (proof.kind !== 'live') {
    ports.memory.keepMinted(keyOf(login), minted);
    return reportUnproven(ports, proof);
  }
  await publish(ports, accessToken);
  reportDepth(ports, proof);
  await recordLogin(login, minted, proof.fyId ?? claims.fyId);
  return { ...doneOutcome(proof, claims.expiresAt), already: false };
}

/** Runs after the publish, so nothing here may fail the login. */
async function recordLogin(
  login: Login,
  { refreshToken }: Minted,
  fyId: string | null,
): Promise<void> {
  const { ports, state } = login;
  await noteLogin(login, (memory) => withSpent(memory, state, fyId));
  if (refreshToken === undefined) return;
  await bestEffort(ports, 'Storing the refresh token', async () => {
    await ports.store.write('FYERS_REFRESH_TOKEN', refreshToken);
    ports.events.log(refreshTokenStored(shownToken(refreshToken)));
  });
}

/** Saves the refused app, so that no further login is requested for it. */
function noteRefusedApp(login: Login): Promise<void> {
  const refusedApp = appFingerprint(login.linkKey, login.app);
  return noteLogin(login, (memory) => ({ ...memory, refusedApp }));
}

/** Reads the state again first: a link may have been requested in the meantime. */
function noteLogin(
  { ports, settings }: Login,
  change: (memory: LoginState) => LoginState,
): Promise<void> {
  return bestEffort(ports, 'Saving the login', async () => {
    const { login } = await readMemory(ports, settings);
    await writeLoginState(ports, change(login));
  });
}

function reportUnproven(
  ports: LoginPorts,
  { kind, detail }: Extract<Proof, { kind: UnprovenReason }>,
): LoginOutcome {
  ports.events.log(loginRefused(kind, detail ?? ''));
  return { kind: 'unproven', why: kind, ...(detail === undefined ? {} : { detail }) };
}

function refuseLogin(ports: LoginPorts, why: LoginProblem, detail = ''): LoginOutcome {
  ports.events.log(loginRefused(why, detail));
  return { kind: 'refused', why, ...(detail === '' ? {} : { detail }) };
}
