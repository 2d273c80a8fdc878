// Walks a world through its days: the schedules as they are, and between them whatever the plan has drawn.
import { REFRESH_SLOTS, WATCH_SLOTS, isLastSlot } from '../../core/schedule.ts';
import { DAY, type Instant, type IstDate, addDays, istInstant, plus } from '../../core/time.ts';
import { register } from '../../sandbox/fyers/accounts.ts';
import type { Fault } from '../../sandbox/faults.ts';
import { hoursOn } from '../support/exchange-days.ts';
import type { Evidence, JudgedDay } from './invariants.ts';
import { type Login, type Luck, type Plan, draw } from './random-faults.ts';
import { linkIn, logIn } from './login-person.ts';
import { type Witness, newWitness } from './recorder.ts';
import { type Failed, OTHER_ACCOUNT, type World, drawer } from './deployment.ts';

interface Step {
  readonly at: string;
  readonly happens: () => Promise<void>;
}

interface Walk {
  readonly world: World;
  readonly witness: Witness;
  readonly random: () => number;
}

interface Today {
  readonly luck: Luck;
  readonly accepts: boolean;
  /** Refresh tokens are taken again since today, so the operator asks for a probe. */
  readonly probes: boolean;
}

const THROTTLED_SHARE = 0.07;

export async function walk(
  world: World,
  { seed, from, days }: { readonly seed: number; readonly from: IstDate; readonly days: number },
): Promise<Evidence> {
  const plan = draw(seed, days);
  const walking = { world, witness: newWitness(world), random: drawer(seed) };
  const judged: JudgedDay[] = [];
  for (const [index, luck] of plan.days.entries()) {
    const date = addDays(from, index);
    const today = { luck, accepts: acceptsOn(plan, index), probes: probesOn(plan, index) };
    const cut = await walkDay(walking, date, today);
    judged.push({
      date,
      trades: hoursOn(date) !== null,
      storeFailed: luck.store === 'throttled',
      cut,
    });
  }
  return walking.witness.evidence(judged);
}

const acceptsOn = ({ accepts }: Plan, index: number) => accepts[index] === true;
const probesOn = (plan: Plan, index: number) =>
  acceptsOn(plan, index) && index > 0 && !acceptsOn(plan, index - 1);

/** How many answers to refreshes were cut. */
async function walkDay(walking: Walk, date: IstDate, today: Today): Promise<number> {
  const { world, witness } = walking;
  world.fyers.state.refresh = today.accepts ? 'accepted' : 'refused';
  const cut = world.way.add(cutAnswers(today.luck));
  const steps = [
    ...weather(walking, today.luck),
    ...operator(walking, date, today),
    ...schedules(walking, today.luck),
    ...today.luck.logins.map((login) => person(walking, login)),
    { at: '09:00', happens: () => Promise.resolve() },
  ];
  // Of one time in the order above: the weather before what happens in it.
  for (const { at, happens } of steps.sort((one, other) =>
    one.at < other.at ? -1 : one.at > other.at ? 1 : 0,
  )) {
    world.clock.advanceTo(istInstant(date, at));
    await happens();
    await witness.look();
  }
  world.way.clear();
  world.cloud.faults.clear();
  return cut();
}

function weather({ world, random }: Walk, { broker, store }: Luck): readonly Step[] {
  const { fyers, way, cloud } = world;
  const step = (at: string, change: () => void): Step => ({
    at,
    happens: () => {
      change();
      return Promise.resolve();
    },
  });
  return [
    step('06:10', () => {
      if (store === 'throttled') cloud.faults.add(throttling(random));
      if (store === 'mute') cloud.faults.add(MUTE);
    }),
    step('06:50', () => {
      fyers.state.isDown = broker === 'down';
      world.isCutOff = broker === 'refusing';
      if (broker === 'garbage') way.add({ match: {}, effect: { kind: 'garbage' } });
      if (broker === 'mixed up') for (const fault of mixedUp(world)) way.add(fault);
    }),
    step('08:00', () => {
      fyers.state.isDown = false;
      world.isCutOff = false;
      if (broker === 'garbage') way.clear();
    }),
    step('08:48', () => {
      if (broker === 'mixed up') way.clear();
    }),
    step('08:50', () => {
      if (store === 'mute') cloud.faults.clear();
    }),
  ];
}

const MUTE: Fault = {
  match: { body: /(?:^|&)Action=Publish(?:&|$)/ },
  effect: { kind: 'answer', status: 503, body: '' },
};

/** A refresh is answered with another account's token, a login with one that the broker takes from nobody. */
function mixedUp(world: World): readonly Fault[] {
  const now = world.clock.now();
  const foreign = world.token('access_token', now, OTHER_ACCOUNT);
  const unsigned = `${world.token('access_token', now).split('.').slice(0, 2).join('.')}.c2lnbmF0dXJl`;
  const answering = (path: RegExp, token: string): Fault => ({
    match: { path },
    effect: {
      kind: 'answer',
      status: 200,
      body: JSON.stringify({ s: 'ok', code: 200, message: '', access_token: token }),
    },
  });
  return [answering(/validate-refresh-token$/, foreign), answering(/validate-authcode$/, unsigned)];
}

function cutAnswers({ broker }: Luck): Fault {
  const nth = { 'silent once': [1], silent: [1, 2, 3, 4] }[broker as string] ?? [];
  return {
    match: { path: /validate-refresh-token$/ },
    nth,
    effect: { kind: 'reset', worked: true },
  };
}

/** A share of the calls to Parameter Store and Secrets Manager. */
function throttling(random: () => number): Fault {
  const nth = Array.from({ length: 1_000 }, (_, index) => index + 1);
  return {
    match: { target: /./ },
    nth: nth.filter(() => random() < THROTTLED_SHARE),
    effect: { kind: 'throttle' },
  };
}

function schedules({ world, witness }: Walk, { starts }: Luck): readonly Step[] {
  const started = async (run: () => Promise<{ readonly kind: string } | Failed>) => {
    const once = async (): Promise<void> => {
      const outcome = await run();
      if ('failure' in outcome) witness.failed(outcome.failure);
    };
    if (starts === 'together') await Promise.all([once(), once(), once()]);
    else await once();
    if (starts === 'twice') await once();
  };
  return [
    ...REFRESH_SLOTS.map((slot) => ({
      at: slot,
      happens: () => started(() => world.refresh({ kind: 'slot', slot, last: isLastSlot(slot) })),
    })),
    ...WATCH_SLOTS.map((slot) => ({ at: slot, happens: () => started(() => world.watch(slot)) })),
  ];
}

function operator(walking: Walk, date: IstDate, { luck, probes }: Today): readonly Step[] {
  const { world, witness } = walking;
  const { change, corrected, killed, adopts } = luck;
  const steps: Step[] = [];
  if (change === 'new app secret') {
    const secret = `SECRET${date.replaceAll('-', '')}`;
    steps.push(
      {
        at: '06:30',
        happens: () =>
          Promise.resolve(void register(world.fyers.state, world.app().id, { secret })),
      },
      {
        at: corrected,
        async happens() {
          await world.cloud.setParameter('FYERS_SECRET_KEY', secret);
          witness.acted('app-secret');
        },
      },
    );
  } else if (change !== 'nothing') {
    // Another wrong one each time: the same again would be an input that was refused before.
    const wrong = `9${String(Number(date.slice(5, 7)) % 10)}${date.slice(8)}`;
    steps.push({ at: '06:30', happens: () => world.cloud.setPin(wrong) });
  }
  if (change !== 'wrong PIN') {
    const at = change === 'wrong PIN at first' ? corrected : '06:20';
    steps.push({ at, happens: () => world.cloud.setPin(world.app().pin) });
  }
  if (killed !== 'never') steps.push({ at: killed, happens: () => kill(world) });
  if (adopts !== 'nothing') steps.push({ at: '08:10', happens: () => offer(walking, adopts) });
  if (probes) {
    const happens = async (): Promise<void> => {
      witness.acted('probe');
      await world.refresh({ kind: 'operator', probe: true });
    };
    steps.push({ at: '06:40', happens });
  }
  return steps;
}

async function kill({ cloud, fyers }: World): Promise<void> {
  const stored = await cloud.parameter('FYERS_ACCESS_TOKEN');
  if (stored !== null) fyers.state.revoked.add(stored.value);
}

async function offer({ world, witness }: Walk, adopts: Luck['adopts']): Promise<void> {
  const now = world.clock.now();
  const issued: Instant = adopts === 'expired' ? plus(now, -DAY) : now;
  const owner = adopts === 'foreign' ? OTHER_ACCOUNT : world.app().fyId;
  const accessToken = adopts === 'junk' ? 'a.b.c' : world.token('access_token', issued, owner);
  const outcome = await world.adopt({ accessToken, refreshToken: null });
  if ('failure' in outcome) witness.failed(outcome.failure);
}

/** With no mail yet, the person asks for one on the page in the bookmarks. */
function person({ world, witness }: Walk, { at, who }: Login): Step {
  return {
    at,
    async happens() {
      if (linkIn(witness.mail()) === null) {
        await world.visit('/');
        await world.visit('/ask', 'POST');
        await witness.look();
      }
      await logIn(world, witness.mail(), who);
    },
  };
}
