// Lists every parser of a text from outside, with the place of a stranger's text in it.
import { crc32 } from 'node:zlib';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { createLog } from '../../adapters/process/log.ts';
import { lineParser } from '../../adapters/recordings/day-archive.ts';
import { parseHarvesterKeys, parseKeys } from '../../core/config/keys.ts';
import * as program from '../../core/config/program-values.ts';
import * as config from '../../core/config/values.ts';
import { COLUMNS, parseCell, parseCells, parseCsvLine } from '../../core/recording/columns.ts';
import { referenceCsvDate, readReferenceCsvCells } from '../../core/recording/csv-files.ts';
import { parseEventLine } from '../../core/recording/day-events.ts';
import { readDepthAnswer } from '../../adapters/fyers/depth-answer.ts';
import { parseManifest, parseUploadState } from '../../core/recording/manifest.ts';
import { parseAlias, masterRowOf } from '../../core/market/symbol-master.ts';
import { parseOverridesText } from '../../core/market/calendar-data.ts';
import { indicesIn } from '../../core/config/groups.ts';
import { parseIndexList } from '../../adapters/operator/index-lists.ts';
import { parseFeed } from '../../core/config/stream-limits.ts';
import { parseFieldMap, decodeHsmLogin } from '../../core/stream/hsm-fields.ts';
import { decodeHsmAnswer, decodeHsmData } from '../../core/stream/hsm-frame.ts';
import { frameLogHeader, parseMark, readFrameLog } from '../../core/stream/frame-log.ts';
import { decodeTbtFrame } from '../../core/stream/tbt-frame.ts';
import { csvCells, hideTokens, parseJson } from '../../core/text.ts';
import { istDate, parseHttpDate, parseInstant, parseIstDate, timeOfDay } from '../../core/time.ts';
import { chooseAccessToken, chooseRefreshToken } from '../../core/token/adopt.ts';
import { decodeToken, tokenIn } from '../../core/token/jwt.ts';
import {
  claimedDay,
  dayOfLink,
  isLinkShaped,
  isStateShaped,
  readState,
  recogniseLink,
} from '../../core/token/login/link.ts';
import { parseLoginState, parseTokenState } from '../../core/token/state.ts';
import { parseProbeRefresh } from '../../core/token/decide.ts';
import { outsideReadIn } from '../../core/token/outside-read.ts';
import { parseRedirect, wordsOf } from '../../core/token/login/redirect.ts';
import { loginRequest } from '../../functions/login/router.ts';
import { parseEvent } from '../../functions/refresh/handler.ts';
import { parseLevels } from '../../cli/commands/inspect.ts';
import { eventIn } from '../../cli/commands/logs.ts';
import { parseSettings } from '../../harvester/settings.ts';
import { APP, SEVEN, SIGNER } from './keeper-fixture.ts';
import { requestOf, stateAt } from './logins.ts';

const SBIN = 'NSE:SBIN-EQ';
const MOMENT = { receivedAt: SEVEN, session: null };

/** Named like a parser, and given no text of any length. */
export const PARSES_NO_TEXT: Readonly<Record<string, string>> = {
  parseOrThrow: 'a value and its parser',
  parseSettingOrThrow: 'a setting and its parser',
  parseOverrides: 'a value that parseOverridesText has read',
};

const view = { account: null, now: SEVEN };
const log = createLog({ clock: { now: () => SEVEN }, write: () => undefined });
log.hide('CANARYSECRETVALUE');
const parseLine = lineParser();
const STAMP = '2026-11-25T09:00:00.000+05:30';

/** Frames have at most 64 KiB, as their length has two bytes. */
function hsmFrame(type: number, text: string): Uint8Array {
  const body = Buffer.from(text).subarray(0, 0xffff - 1);
  const frame = Buffer.concat([Buffer.from([0, 0, type]), body]);
  frame.writeUInt16BE(frame.length - 2);
  return frame;
}

/** One batch with a correct checksum, whose records are the text. */
function frameLogOf(text: string): Uint8Array {
  const payload = Buffer.from(text);
  const head = Buffer.alloc(12);
  head.writeUInt32LE(payload.length);
  head.writeUInt32LE(1, 4);
  head.writeUInt32LE(crc32(payload, crc32(head.subarray(0, 8))), 8);
  return Buffer.concat([frameLogHeader(), head, payload]);
}

function parseBytes(text: string): unknown {
  return parseLine(Buffer.from(text), 0, Buffer.byteLength(text));
}

function readByCloudTrail(event: object, text: string): unknown {
  return outsideReadIn({
    'detail-type': 'AWS API Call via CloudTrail',
    detail: { ...event, userIdentity: { arn: text }, userAgent: text },
  });
}

function request(path: string, query: string): unknown {
  const event: APIGatewayProxyEventV2 = requestOf('GET', '/');
  return loginRequest({ ...event, rawPath: path, rawQueryString: query });
}

type Parse = (text: string) => unknown;
/** Puts a stranger's text at its place. */
type Frame = (filling: string) => string;

const { parseSampling, wholeName, CALLS_PER_MINUTE_CAP: _cap, ...ofConfig } = config;
const { checkCalendarSize: _checked, ...ofProgram } = program;

/** By the name of the function, then where the text stands. */
const BY_NAME: Readonly<Record<string, Parse | readonly [Parse, Frame]>> = {
  // Values of the configuration.
  ...ofConfig,
  ...{ wholeName, parseLevels, parseIndexList, indicesIn, csvCells, parseAlias, parseProbeRefresh },
  parseSampling: (text) => parseSampling(text, '5'),
  'parseSampling seconds': (text) => parseSampling('SBIN', text),
  'parseSymbol ticker': [config.parseSymbol, (text) => `NSE:${text}`],
  'parseSymbolAlias name': [config.parseSymbolAlias, (text) => `ATM:${text}`],
  'parseSymbolAlias list': [config.parseSymbolAlias, (text) => `INDEX:${text}`],
  'csvCells quoted': [csvCells, (text) => `"${text}",b`],
  'parseIndexList rows': [parseIndexList, (text) => `Symbol\n${text}`],
  'parseAuthCode part': [config.parseAuthCode, (text) => `a.${text}`],
  'parseRedirectUri path': [config.parseRedirectUri, (text) => `https://${text}`],
  'parseTelegram chat': [config.parseTelegram, (text) => `12345:${text}`],
  ...ofProgram,
  parseKeys: (text) =>
    parseKeys(
      () => text,
      (secret) => secret,
    ),
  parseHarvesterKeys: (text) => parseHarvesterKeys(() => text),
  parseSettings: [
    (text) =>
      parseSettings([], { FYERS_SYMBOLS: text, FYERS_EVERY_SECONDS: '5', FYERS_SHARD: text }),
    // Each of its parsers has its own row.
    (text) => text.slice(0, text.length / 4),
  ],
  'parseEndpoint path': [config.parseEndpoint, (text) => `https://${text}`],
  'parseEmail domain': [program.parseEmail, (text) => `a@${text}`],
  'parseReaders path': [program.parseReaders, (text) => `arn:aws:iam::123456789012:role/${text}`],

  // Requests to the login page.
  'loginRequest path': (text) => request(`/${text}`, ''),
  'loginRequest link': (text) => request(`/go/${text}`, ''),
  'loginRequest query': (text) => request('/', text),
  'loginRequest message': (text) => request('/', `s=x&state=x&message=${text}`),
  'loginRequest code': (text) => request('/', `s=x&state=x&auth_code=${text}`),
  // Longer paths are refused for their length alone.
  recogniseLink: [recogniseLink, (text) => text.slice(0, text.length / 16)],
  'recogniseLink signature': [
    recogniseLink,
    (text) => `go/2026-11-25/${text.slice(0, text.length / 20)}`,
  ],
  ...{ isLinkShaped, isStateShaped, claimedDay },
  dayOfLink: (text) => dayOfLink(SIGNER, text),
  readState: (text) => readState(SIGNER, text, SEVEN, {}),
  parseRedirect: (text) => parseRedirect(APP, text, SEVEN, {}),
  'parseRedirect message': [
    (text) => parseRedirect(APP, text, SEVEN, {}),
    (text) => `?s=error&state=${stateAt()}&message=${text.slice(0, text.length / 4 - 200)}`,
  ],
  wordsOf: (text) => wordsOf(new URLSearchParams({ message: text, code: text })),

  // Tokens, states and answers.
  ...{ hideTokens, decodeToken, tokenIn, parseTokenState, parseLoginState },
  'decodeToken payload': [decodeToken, (text) => `a.${text}.b`],
  considerAccessToken: (text) => chooseAccessToken(text, text, view),
  considerRefreshToken: (text) => chooseRefreshToken(text, text, view),
  log: (text) => log.scrub(text),
  parseEvent: (text) => parseEvent({ trigger: 'slot', slot: text }, text),
  outsideReadIn: (text) => readByCloudTrail({ eventName: text, eventTime: text }, text),
  'outsideReadIn agent': (text) =>
    readByCloudTrail({ eventName: 'GetParameter', eventTime: '2026-11-25T04:45:00Z' }, text),
  readDepthAnswer: (text) => readDepthAnswer(SBIN, { s: 'ok', d: { [text]: text } }, MOMENT),
  'readDepthAnswer sides': (text) => {
    const entry = { bids: [{ price: text }], ask: text, ltp: text };
    return readDepthAnswer(SBIN, { s: 'ok', d: { [SBIN]: entry } }, MOMENT);
  },

  // Frames of the streams.
  ...{ parseFieldMap, parseFeed },
  decodeTbtFrame: (text) => decodeTbtFrame(Buffer.from(text)),
  'decodeTbtFrame feeds': [
    (text) => decodeTbtFrame(Buffer.from(text)),
    (text) => '\u0012\u0002\n\u0000'.repeat(text.length / 4),
  ],
  decodeHsmLogin: (text) => decodeHsmLogin(hsmFrame(1, text)),
  decodeHsmAnswer: (text) => decodeHsmAnswer(hsmFrame(4, text)),
  decodeHsmData: [
    (text) => decodeHsmData(hsmFrame(6, text), { isNumbered: false, liteCountOf: () => 1 }),
    (text) => `\u007f\u007f${'L\u0000\u00001234'.repeat(text.length / 7)}`,
  ],
  readFrameLog: (text) => readFrameLog(Buffer.from(text), crc32),
  'readFrameLog batches': (text) => readFrameLog(frameLogOf(text), crc32),
  parseMark: (text) => parseMark(Buffer.from(text)),
  'parseMark name': [
    (text) => parseMark(Buffer.from(text)),
    (text) => `{"mark":"opened","name":"${text}"}`,
  ],

  // Dates and times.
  ...{ parseInstant, parseIstDate, parseHttpDate, referenceCsvDate },
  'parseInstant fraction': [parseInstant, (text) => `${text}+05:30`],
  timeOfDay: (text) => timeOfDay(istDate('2026-11-25'), text),

  // Files and logs.
  ...{
    parseCsvLine,
    parseEventLine,
    parseManifest,
    parseUploadState,
    parseOverridesText,
    parseJson,
  },
  parseCells: (text) => parseCells(COLUMNS, text.split(',')),
  readReferenceCsvCells: (text) => readReferenceCsvCells(text.split(',')),
  eventIn: (text) => eventIn({ id: '1', at: SEVEN, text }),
  masterRowOf: (text) => masterRowOf('NSE_FO', text),
  'masterRowOf quoted': [(text) => masterRowOf('NSE_CM', text), (text) => `1,"${text}`],
  'parseOverridesText list': [parseOverridesText, (text) => `[${text}]`],
  'parseEventLine json': [parseEventLine, (text) => `{"event":"${text}"}`],
  parseCell: (text) => COLUMNS.map((column) => parseCell(column, text)),
  lineParser: parseBytes,
  'lineParser symbol': [parseBytes, (text) => `${STAMP},${text}`],
};

export const PARSERS = Object.entries(BY_NAME).map(([name, parser]) => {
  const [parse, frame] = typeof parser === 'function' ? [parser] : parser;
  return { name, parse, frame };
});
