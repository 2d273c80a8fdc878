// Defines the rules for customer keys.
import { addResource } from './flaws.ts';
import { type Rule, at, isText, statements, texts, unless } from './rule.ts';

const KEY = 'aws:kms/key:Key';

/**
 * Grants outlive the permissions of their creator, so the key must refuse all grants except those
 * of AWS services.
 */
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
    requirement: 'a key is rotated',
    findViolations: unless(
      KEY,
      ({ enableKeyRotation, customerMasterKeySpec: spec }) =>
        enableKeyRotation === true || (isText(spec) && spec !== 'SYMMETRIC_DEFAULT'),
    ),
    flaws: { 'a key without rotation': addResource(KEY) },
  },
  {
    id: 'CT.KMS.PR.2',
    requirement: 'an RSA key for encryption is longer than 2048 bits',
    findViolations: unless(
      KEY,
      ({ customerMasterKeySpec: spec, keyUsage: usage }) =>
        spec !== 'RSA_2048' || (isText(usage) && usage !== 'ENCRYPT_DECRYPT'),
    ),
    flaws: { 'a key of 2048 bits': addResource(KEY, { customerMasterKeySpec: 'RSA_2048' }) },
  },
  {
    id: 'CT.KMS.PR.3',
    requirement: 'only AWS services may create grants for a key',
    findViolations: unless(KEY, ({ policy }) => policy !== undefined && refusesGrants(policy)),
    flaws: { 'the default policy of a new key': addResource(KEY, { enableKeyRotation: true }) },
  },
];
