// Fyers has sent the human back: check the state, swap the code, prove the token, publish it.
import { type AuthCode, type LinkKey, parseAuthCode } from '../core/config/values.ts';
import { LOGIN_RETRY } from '../core/retry.ts';
import type { App, MintAnswer, Proof } from '../core/ports.ts';
import { type Instant, SECOND, plus } from '../core/time.ts';
import { checkMinted, decodeToken } from '../core/token/jwt.ts';
import { loginRefused, refreshTokenStored, runStarted } from '../core/token/log.ts';
import { appFingerprint } from '../core/token/digest.ts';
import { isForeignCode } from '../core/token/login/redirect.ts';
import { isStateShaped, loginDay, readState } from '../core/token/login/link.ts';
import { type LoginState, isSpent, withSpent } from '../core/token/login/state.ts';
import { type Claim, takeClaim } from './claim.ts';
import type { ExchangeKey } from './login-memory.ts';
import {
  type LoginOutcome,
  type LoginPorts,
  type LoginProblem,
  type UnprovenReason,
  doneBy,
  liveStored,
} from './login.ts';
import type { KeeperSettings } from './ports.ts';
import { publish, reportDepth, retrying, shownToken, bestEffort } from './publish.ts';
import { readApp, readLinkKey, readMemory, writeLoginState } from './read.ts';

/** What Fyers put into the query (Fyers API v3, "generate-authcode"). */
export interface Callback {
  /** `ok`, or something else where the human gave up or was refused. */
  readonly s: string;
  readonly authCode: string;
  readonly state: string;
  /** Fyers' reason if `s` is not ok, fit for a log. Computed only for a state of ours: anybody can send a long text. */
  readonly words: () => string;
}

const LOOK_AGAIN_EVERY = 3 * SECOND;
const WAIT_AT_MOST = 20 * SECOND;

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

/** Whatever is malformed, forged or late is refused before the broker hears of it. */
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
  if (!code.ok || s !== 'ok') return refused(ports, 'cancelled', words());
  const login = { ports, settings, signal, startedAt, app, linkKey, state, code: code.value };
  const stored = await storedToken(login);
  return (await refusedBefore(login, stored)) ?? (await underClaim(login, stored));
}

function storedToken({ ports }: Login): Promise<string | null> {
  return ports.store.read('FYERS_ACCESS_TOKEN');
}

async function refusedBefore(login: Login, stored: string | null): Promise<LoginOutcome | null> {
  const { ports, settings, app, state, signal } = login;
  if (isForeignCode(app, login.code)) return refused(ports, 'wrong-app');
  const memory = await readMemory(ports, settings);
  const live = await liveStored(ports, settings, { app, account: memory.account, stored, signal });
  if (live !== null) return { ...live, already: true };
  if (isSpent(memory.login, state.day, state.nonce)) return refused(ports, 'used');
  const now = ports.clock.now();
  if (ports.memory.mintedFor(keyOf(login), now) !== null) return null;
  const obstacle = ports.memory.obstacle(keyOf(login), now);
  return obstacle === null ? null : { kind: 'refused', why: obstacle };
}

function keyOf({ state, code }: Login): ExchangeKey {
  return { nonce: state.nonce, code };
}

/** One mint at a time, beside the refresh too; a browser that sends the same address twice finds the first one's token. */
async function underClaim(login: Login, looked: string | null): Promise<LoginOutcome> {
  const { ports, settings, signal, startedAt } = login;
  const { names } = settings;
  for (;;) {
    const { state } = await readMemory(ports, settings);
    const claim = await takeClaim(ports, names, state.claim);
    if (claim !== null) {
      try {
        // What was not live a moment ago is not proven again, while a code waits that is good for one exchange.
        const stored = await storedToken(login);
        const changed = stored !== looked;
        return (changed ? await refusedBefore(login, stored) : null) ?? (await exchange(login));
      } finally {
        await release(login, claim);
      }
    }
    const now = ports.clock.now();
    if (now - startedAt >= WAIT_AT_MOST) return refused(ports, 'busy');
    await ports.clock.sleepUntil(plus(now, LOOK_AGAIN_EVERY), signal);
  }
}

async function release({ ports, settings }: Login, { day, n }: Claim): Promise<void> {
  await bestEffort(ports, 'Removing the claim', () =>
    ports.claims.remove(settings.names.claim(day, n)),
  );
}

async function exchange(login: Login): Promise<LoginOutcome> {
  const { ports, app, code, signal } = login;
  const key = keyOf(login);
  const kept = ports.memory.mintedFor(key, ports.clock.now());
  if (kept !== null) return provenAndPublished(login, kept);
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
      return provenAndPublished(login, answer);
    case 'refused':
      ports.memory.keepRefusal(key, PROBLEM_OF[answer.by]);
      if (answer.by === 'app-secret') await noteRefusedApp(login);
      return refused(ports, PROBLEM_OF[answer.by], answer.detail);
    case 'silent':
      return refused(ports, 'silent', answer.detail);
    case 'unreachable':
      return refused(ports, 'unreachable', answer.detail);
    case 'rate-limited':
    case 'not-fyers':
      return refused(ports, answer.kind, answer.detail);
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

async function provenAndPublished(login: Login, minted: Minted): Promise<LoginOutcome> {
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
  if (check === 'wrong-account') return refused(ports, 'wrong-account');
  if (check === 'wrong-expiry' || claims === null) return refused(ports, 'bad-token');
  if (proof.kind === 'dead') return refused(ports, 'bad-token', proof.detail);
  if (proof.kind !== 'live') {
    ports.memory.keepMinted(keyOf(login), view.now, minted);
    return unproven(ports, proof);
  }
  await publish(ports, accessToken);
  reportDepth(ports, proof);
  await remember(login, minted, proof.fyId ?? claims.fyId);
  return { ...doneBy(proof, claims.expiresAt), already: false };
}

/** After the publish: nothing here may fail the login. */
async function remember(
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

/** So that nobody is asked for a login that would be refused the same. */
function noteRefusedApp(login: Login): Promise<void> {
  const refusedApp = appFingerprint(login.linkKey, login.app);
  return noteLogin(login, (memory) => ({ ...memory, refusedApp }));
}

/** Read again for it: a link may have been asked for meanwhile. */
function noteLogin(
  { ports, settings }: Login,
  change: (memory: LoginState) => LoginState,
): Promise<void> {
  return bestEffort(ports, 'Noting the login', async () => {
    const { login } = await readMemory(ports, settings);
    await writeLoginState(ports, change(login));
  });
}

function unproven(
  ports: LoginPorts,
  { kind, detail }: Extract<Proof, { kind: UnprovenReason }>,
): LoginOutcome {
  ports.events.log(loginRefused(kind, detail ?? ''));
  return { kind: 'unproven', why: kind, ...(detail === undefined ? {} : { detail }) };
}

function refused(ports: LoginPorts, why: LoginProblem, detail = ''): LoginOutcome {
  ports.events.log(loginRefused(why, detail));
  return { kind: 'refused', why, ...(detail === '' ? {} : { detail }) };
}
