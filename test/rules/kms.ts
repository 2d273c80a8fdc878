// Keys of the operator's own.
import { withAnother } from './flaws.ts';
import { type Rule, at, isText, statements, texts, unless } from './rule.ts';

const KEY = 'aws:kms/key:Key';

/** Grants outlive the rights of who gave them, so the key itself refuses all but those of AWS' services. */
function refusesGrants(policy: unknown): boolean {
  return statements(policy).some(
    ({ effect, actions, resources, condition, whole }) =>
      effect === 'Deny' &&
      actions.join() === 'kms:CreateGrant' &&
      resources.includes('*') &&
      [whole['Principal'], at(whole, 'Principal.AWS')].includes('*') &&
      ['kms:GrantIsForAWSResource', 'aws:PrincipalIsAWSService'].every((key) =>
        texts(at(condition, `BoolIfExists.${key}`)).includes('false'),
      ),
  );
}

export const KMS_RULES: readonly Rule[] = [
  {
    id: 'CT.KMS.PR.1',
    asks: 'a key is rotated',
    breakers: unless(
      KEY,
      ({ enableKeyRotation, customerMasterKeySpec: spec }) =>
        enableKeyRotation === true || (isText(spec) && spec !== 'SYMMETRIC_DEFAULT'),
    ),
    flaws: { 'one that is not': withAnother(KEY) },
  },
  {
    id: 'CT.KMS.PR.2',
    asks: 'an RSA key that encrypts is longer than 2048 bits',
    breakers: unless(
      KEY,
      ({ customerMasterKeySpec: spec, keyUsage: usage }) =>
        spec !== 'RSA_2048' || (isText(usage) && usage !== 'ENCRYPT_DECRYPT'),
    ),
    flaws: { 'a short one': withAnother(KEY, { customerMasterKeySpec: 'RSA_2048' }) },
  },
  {
    id: 'CT.KMS.PR.3',
    asks: 'a key lets only AWS’ services make grants',
    breakers: unless(KEY, ({ policy }) => policy !== undefined && refusesGrants(policy)),
    flaws: { 'AWS’ own policy for a new key': withAnother(KEY, { enableKeyRotation: true }) },
  },
];
