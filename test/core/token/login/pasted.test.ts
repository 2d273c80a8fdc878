import { describe, expect, test } from 'vitest';
import { pastedUrl } from '../../../../core/token/login/pasted.ts';

const LINK =
  'https://sns.ap-south-1.amazonaws.com/confirmation.html?TopicArn=arn:aws:sns:ap-south-1:111122223333:fyers&Token=2336412f37fb687f5d51e6e241d7700ae02f7124d8268910b858cb4db727ceeb2474bb937929d3bdd7ce5d0cce19325d036bc858d3c217426bcafa9c501a2cace93b83f1dd3797627467553dc438a8c974119496fc3eff026eaa5d14472ded6f9a5c43aec62d83ef5f49109da7176391&Endpoint=me@example.in';

const lines = (text: string, width: number, end: string): string =>
  (text.match(new RegExp(`.{1,${String(width)}}`, 'g')) ?? []).join(end);

describe('pastedUrl', () => {
  test.each([
    ['as it is', LINK],
    ['over several lines', lines(LINK, 76, '\n')],
    ['with &amp;', `<${LINK.replaceAll('&', '&amp;')}>`],
    ['in quoted-printable', lines(LINK.replaceAll('=', '=3D'), 75, '=\r\n')],
    [
      'in a link of Outlook',
      `https://eur01.safelinks.protection.outlook.com/?url=${encodeURIComponent(LINK)}&data=05%7C02&reserved=0`,
    ],
    ['in Markdown', `[Confirm subscription](${LINK})`],
    ['in HTML', `<p><a href="${LINK.replaceAll('&', '&amp;')}">Confirm subscription</a></p>`],
    ['in typographic quotes', `“${LINK}”`],
    ['after a word, before a full stop', `Confirm: ${LINK}.`],
    ['without its scheme', LINK.replace('https://', '')],
    ['with its host in capitals', LINK.replace('sns.ap', 'SNS.AP')],
    ['with a mark of no width', `\uFEFF${LINK}\u200B`],
  ])('reads a link %s', (_how, text) => {
    expect(pastedUrl(text)?.href).toBe(LINK);
  });

  test.each([
    ['a link with http', LINK.replace('https', 'http'), 'http:'],
    ['no address', 'hello', undefined],
    ['nothing', '', undefined],
    ['too much', 'https://a.in/'.repeat(9_000), undefined],
  ])('does not correct %s', (_what, text, protocol) => {
    expect(pastedUrl(text)?.protocol).toBe(protocol);
  });
});
