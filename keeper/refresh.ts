// Makes the access token good for the day: reads, lets the core decide, does what it says, and asks it again.
import { type AccessToken, parseAccessToken } from '../core/config/values.ts';
import { FyersError } from '../core/errors.ts';
import { dayOf } from '../core/market/calendar.ts';
import {
  closedDayMessage,
  DAY_OVER_MESSAGE,
  keeperFailure,
  linkSentMessage,
  noLinkMessage,
  probeRefusedMessage,
  reasonText,
  REFRESH_WORKS_AGAIN,
} from '../core/token/messages.ts';
import { REFRESH_SLOTS } from '../core/schedule.ts';
import { brokerDay, type Instant, istDateAt, MINUTE, plus, SECOND } from '../core/time.ts';
import { type AskReason, decide, type Trigger } from '../core/token/decide.ts';
import {
  dayRested,
  loginNeeded,
  mintBusy,
  refreshRefused,
  refreshTokenStored,
  refreshUnanswered,
  refreshWorksAgain,
  runStarted,
  storedTokenDead,
  tokenAlreadyGood,
} from '../core/token/log.ts';
import {
  factsOf,
  inputsOf,
  type KeyedPin,
  type RunFacts,
  liveRefreshToken,
  renewedInputsOf,
} from '../core/token/facts.ts';
import { decodeToken, tokenIn } from '../core/token/jwt.ts';
import { loginDay } from '../core/token/login/link.ts';
import { withRenewedApp } from '../core/token/login/state.ts';
import {
  type TokenState,
  withAccount,
  withCall,
  withLatch,
  withoutCall,
  withRefreshed,
  withRefusal,
  withRenewedInputs,
} from '../core/token/state.ts';
import { askForLogin } from './ask.ts';
import { type Claim, removeOldClaims, takeClaim } from './claim.ts';
import type { KeeperPorts, KeeperSettings } from './ports.ts';
import { publish, reportDepth, retrying, shownToken, bestEffort } from './publish.ts';
import { readApp, readLinkKey, readMemory, readPinKey, writeState } from './read.ts';

export type Outcome =
  /** The stored access token is proven live for the rest of the broker day. */
  | { readonly kind: 'live'; readonly published: boolean }
  | { readonly kind: 'rested'; readonly message: string }
  /** Only the operator can go on from here; not a failure. */
  | { readonly kind: 'login-needed'; readonly why: AskReason; readonly message: string };

/** Far more than any run takes, a minute of waiting for another run's claim included: a mistake of ours must not send a PIN for ever. */
const MAX_STEPS = 30;

/** @throws FyersError for everything that is neither a live token nor a matter of waiting for the operator. */
export async function refresh(
  ports: KeeperPorts,
  settings: KeeperSettings,
  trigger: Trigger,
  signal: AbortSignal,
): Promise<Outcome> {
  ports.events.log(runStarted(trigger.kind));
  const run: Run = {
    ports,
    settings,
    trigger,
    signal,
    startedAt: ports.clock.now(),
    onSaved: (saved) => {
      latest = saved;
    },
  };
  let latest = await look(run, null);
  if (trigger.kind === 'slot' && trigger.slot === REFRESH_SLOTS[0]) {
    const { state } = latest.known;
    await removeOldClaims(ports, settings.names, state.claim, brokerDay(run.startedAt));
  }
  try {
    for (let steps = 0; steps < MAX_STEPS; steps += 1) {
      const step = await next(run, latest);
      if ('kind' in step) return step;
      latest = step;
    }
    throw invariantError('The way to an end');
  } catch (caught) {
    await bestEffort(ports, 'Noting the state', async () => {
      await save(run, latest, withClaimDone(latest));
    });
    throw caught;
  }
}

async function next(run: Run, progress: RunState): Promise<RunState | Outcome> {
  const decision = decide(factsOf(progress.known));
  switch (decision.do) {
    case 'prove':
      return decision.what === 'stored' ? proveStored(run, progress) : proveMinted(run, progress);
    case 'refresh':
      return progress.claim === null ? claimMint(run, progress) : mint(run, progress);
    case 'publish':
      return publishMinted(run, progress);
    case 'rest':
      return decision.why === 'already-good'
        ? keepStored(run, progress)
        : rest(run, progress, decision.why);
    case 'ask':
    case 'wait':
      return awaitLogin(run, progress, decision);
    case 'fail':
      throw keeperFailure(decision.code, answeredIn(progress));
  }
}

async function proveStored(run: Run, progress: RunState): Promise<RunState> {
  const token = parseAccessToken(tokenIn(progress.known.storedToken) ?? '');
  if (!token.ok) throw invariantError('The stored token');
  const storedProof = await prove(run, progress, token.value);
  if (storedProof.kind === 'dead') {
    run.ports.events.log(storedTokenDead(shownToken(token.value).fingerprint));
  }
  return withKnown(progress, { storedProof });
}

async function proveMinted(run: Run, progress: RunState): Promise<RunState> {
  return withKnown(progress, { mintedProof: await prove(run, progress, mintedToken(progress)) });
}

function prove(
  { ports, settings, signal, startedAt }: Run,
  { known }: RunState,
  token: AccessToken,
) {
  return retrying(ports, startedAt, signal, () =>
    ports.broker.prove(known.app.id, token, signal, settings.proof),
  );
}

async function publishMinted(run: Run, progress: RunState): Promise<Outcome> {
  const { ports } = run;
  const token = mintedToken(progress);
  await publish(ports, token);
  const { answer, mintedProof } = progress.known;
  reportDepth(ports, mintedProof);
  const fyId = accountOf(token, mintedProof?.kind === 'live' ? mintedProof.fyId : null);
  const wasOff = progress.known.state.policyOff;
  await bestEffort(ports, 'Noting the state', async () => {
    await save(run, progress, withAccount(withRefreshed(withClaimDone(progress)), fyId));
  });
  const refreshToken = answer?.kind === 'minted' ? answer.refreshToken : undefined;
  if (refreshToken !== undefined) {
    await bestEffort(ports, 'Storing the refresh token', async () => {
      await ports.store.write('FYERS_REFRESH_TOKEN', refreshToken);
      ports.events.log(refreshTokenStored(shownToken(refreshToken)));
    });
  }
  if (wasOff) await reportItWorks(run);
  return { kind: 'live', published: true };
}

/** No login is needed from here on. An operator who has probed reads it in the answer. */
async function reportItWorks({ ports, trigger }: Run): Promise<void> {
  ports.events.log(refreshWorksAgain());
  if (trigger.kind === 'operator') return;
  await bestEffort(ports, 'Sending the message', () => ports.notifier.send(REFRESH_WORKS_AGAIN));
}

async function keepStored(run: Run, progress: RunState): Promise<Outcome> {
  const { storedProof, storedToken, answer } = progress.known;
  const token = tokenIn(storedToken) ?? '';
  const fyId = accountOf(token, storedProof?.kind === 'live' ? storedProof.fyId : null);
  run.ports.events.log(tokenAlreadyGood(shownToken(token)));
  reportDepth(run.ports, storedProof);
  await bestEffort(run.ports, 'Noting the state', async () => {
    await save(run, progress, noted(progress, withAccount(withClaimDone(progress), fyId)));
  });
  return answer?.kind === 'refused'
    ? { kind: 'rested', message: probeRefusedMessage(answer.by) }
    : { kind: 'live', published: false };
}

async function rest(
  run: Run,
  progress: RunState,
  why: 'closed-day' | 'day-over',
): Promise<Outcome> {
  const { today } = progress.known;
  const closed = today !== 'always' && today.kind === 'closed' ? today.why : '';
  const message = why === 'closed-day' ? closedDayMessage(closed) : DAY_OVER_MESSAGE;
  run.ports.events.log(dayRested(message));
  await save(run, progress, withClaimDone(progress));
  return { kind: 'rested', message };
}

/** Asks the operator, unless this slot has done so; the message is sent before that is noted, so that a lost one is repeated. */
async function awaitLogin(
  run: Run,
  progress: RunState,
  { do: what, why }: { readonly do: 'ask' | 'wait'; readonly why: AskReason },
): Promise<Outcome> {
  const { ports, settings, trigger } = run;
  const { known } = progress;
  const day = brokerDay(known.now);
  // An operator may ask on any day and at any hour; a link of no use is not sent.
  const useful = loginDay(known.now, settings.days, settings.calendar).kind === 'open';
  const message = useful ? linkSentMessage(why) : noLinkMessage(why);
  ports.events.log(loginNeeded(why, message));
  if (what === 'ask' && useful) {
    const urgency = known.state.asked?.day === day ? 'again' : 'first';
    await askForLogin(ports, settings, known.app, { reason: reasonText(why), urgency });
  }
  const done = withClaimDone(progress);
  const latched = why === 'silent' ? withLatch(done, why, inputsOf(known)) : done;
  const slot = trigger.kind === 'slot' ? trigger.slot : 'operator';
  const asked = useful ? { day, slot } : latched.asked;
  await save(run, progress, noted(progress, { ...latched, asked }));
  return { kind: 'login-needed', why, message };
}

/** The saved state where nothing changed, so that nothing is written. */
function noted({ saved }: RunState, state: TokenState): TokenState {
  return JSON.stringify(saved) === JSON.stringify(state) ? saved : state;
}

/** The broker's last words in this run; empty if there are none. */
function answeredIn({ known }: RunState): string {
  const answers = [known.mintedProof, known.answer, known.storedProof];
  return (
    answers.map((each) => (each !== null && 'detail' in each ? each.detail : '')).find(Boolean) ??
    ''
  );
}

function mintedToken({ known }: RunState): AccessToken {
  if (known.answer?.kind === 'minted') return known.answer.accessToken;
  throw invariantError('The minted token');
}

function accountOf(token: string, proven: string | null): string | null {
  return proven ?? decodeToken(token)?.fyId ?? null;
}

function invariantError(what: string): FyersError {
  return new FyersError(
    'bug.unexpected',
    `${what} was lost.`,
    'Please report what `npx --no-install fyers logs refresh --debug` shows.',
  );
}

// One run's progress: what it was given, what it knows, and what of that the store has been told.

interface Run {
  readonly ports: KeeperPorts;
  readonly settings: KeeperSettings;
  readonly trigger: Trigger;
  readonly signal: AbortSignal;
  readonly startedAt: Instant;
  /** A run that fails later must not write over what it has saved. */
  readonly onSaved: (progress: RunState) => void;
}

interface RunState {
  readonly known: RunFacts;
  /** The state as it stands in the store. */
  readonly saved: TokenState;
  readonly claim: Claim | null;
}

/** Reads everything; what this run has proven of the same stored token stays proven. */
async function look(run: Run, before: RunState | null): Promise<RunState> {
  const { ports, settings, trigger } = run;
  const now = ports.clock.now();
  const [app, linkKey, memory, storedToken, refreshToken] = await Promise.all([
    readApp(ports, settings),
    readLinkKey(ports, settings),
    readMemory(ports, settings),
    ports.store.read('FYERS_ACCESS_TOKEN'),
    ports.store.read('FYERS_REFRESH_TOKEN'),
  ]);
  // Without a token to use it with, the PIN stays where it is.
  const pin =
    liveRefreshToken(refreshToken, now).kind === 'live' ? await readPin(ports, settings) : null;
  const renewed = renewedInputsOf({ app, linkKey, refreshToken, pin, now });
  const same = before?.known.storedToken === storedToken;
  const known: RunFacts = {
    now,
    trigger,
    probeRefresh: settings.probeRefresh,
    today: settings.days === 'all' ? 'always' : dayOf(istDateAt(now), settings.calendar),
    app,
    account: memory.account,
    storedToken,
    refreshToken,
    linkKey,
    pin,
    state: withRenewedInputs(memory.state, renewed),
    login: withRenewedApp(memory.login, renewed),
    storedProof: same ? before.known.storedProof : null,
    answer: null,
    mintedProof: null,
  };
  return { known, saved: memory.state, claim: before?.claim ?? null };
}

async function readPin(ports: KeeperPorts, settings: KeeperSettings): Promise<KeyedPin | null> {
  const pin = await ports.secrets.pin();
  return pin === null ? null : { pin, key: await readPinKey(ports, settings) };
}

function withKnown(progress: RunState, found: Partial<RunFacts>): RunState {
  return { ...progress, known: { ...progress.known, ...found } };
}

/** Tells the store what it does not know yet. @throws what the store throws */
async function save(run: Run, progress: RunState, state: TokenState): Promise<RunState> {
  if (state !== progress.saved) await writeState(run.ports, state);
  const saved = { ...withKnown(progress, { state }), saved: state };
  run.onSaved(saved);
  return saved;
}

/** A finished claim need not be waited for by the next run. */
function withClaimDone(progress: RunState): TokenState {
  const { claim, known } = progress;
  return claim === null ? known.state : { ...known.state, claim: { ...claim, done: true } };
}

// The one call that costs: made under a claim, counted before it is sent, and never repeated after a refusal.

const LOOK_AGAIN_EVERY = 5 * SECOND;
const WAIT_AT_MOST = MINUTE;

/** Takes the claim and looks again: whoever held it before may have published. Without it, waits a little and looks again. */
async function claimMint(run: Run, progress: RunState): Promise<RunState> {
  const { ports, settings, signal, startedAt } = run;
  const { names } = settings;
  const last = progress.known.state.claim;
  const claim = await takeClaim(ports, names, last);
  if (claim !== null) {
    return look(run, { ...progress, claim });
  }
  const now = ports.clock.now();
  if (now - startedAt >= WAIT_AT_MOST) {
    throw new FyersError(
      'platform.busy',
      'Another run has been minting a token for a minute and has published none.',
      'See what it did with `npx --no-install fyers status`, and in two minutes run `npx --no-install fyers refresh --aws`.',
      { isGeneral: true },
    );
  }
  ports.events.log(mintBusy());
  await ports.clock.sleepUntil(plus(now, LOOK_AGAIN_EVERY), signal);
  return look(run, progress);
}

/** Sends the refresh token and the PIN once; again only while the broker is not reached. */
async function mint(run: Run, progress: RunState): Promise<RunState> {
  const { ports, signal, startedAt } = run;
  const { app, pin, refreshToken, now, state } = progress.known;
  const live = liveRefreshToken(refreshToken, now);
  const inputs = inputsOf(progress.known);
  if (live.kind !== 'live' || pin === null || inputs.refresh === null || progress.claim === null) {
    throw new FyersError(
      'bug.unexpected',
      'A refresh was decided without what it is made with.',
      'Please report what `npx --no-install fyers logs refresh --debug` shows.',
    );
  }
  const counted = await save(run, progress, {
    ...withCall(state, inputs.refresh, brokerDay(now)),
    claim: { ...progress.claim, done: false },
  });
  const answer = await retrying(ports, startedAt, signal, () =>
    ports.broker.refresh(app, live.token, pin.pin, signal),
  );
  const answered = withKnown(counted, { answer });
  switch (answer.kind) {
    case 'minted':
      return answered;
    case 'refused':
      ports.events.log(refreshRefused(answer.by, answer.detail));
      return save(
        run,
        answered,
        withRefusal(answered.known.state, answer.by, inputs, brokerDay(now)),
      );
    case 'silent':
      ports.events.log(
        refreshUnanswered(answered.known.state.calls?.count ?? 1, answer.detail ?? ''),
      );
      return answered;
    case 'unreachable':
    case 'rate-limited':
    case 'not-fyers':
      return withKnown(answered, { state: withoutCall(answered.known.state, state) });
  }
}
