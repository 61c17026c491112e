import { randomBytes } from 'node:crypto';

import { CompactEncrypt, compactDecrypt } from 'jose';

import { Sealer } from '../../src/tokens/seal.ts';
import type { Comparison } from './compare.ts';

/** A sealed access token against a JWE of the same contents with a ready key. */
export function sealComparison(): Comparison {
  const contents = {
    upstream: randomBytes(600).toString('base64url'),
    client: 'acme-web',
    grant: randomBytes(16),
    scope: 'openid profile',
  };
  const now = new Date();
  const times = { now, expiresAt: new Date(now.getTime() + 3_600_000) };
  const sealer = new Sealer(randomBytes(32));
  const key = randomBytes(32);
  const plain = new TextEncoder().encode(
    JSON.stringify({ ...contents, grant: contents.grant.toString('base64url') }),
  );
  return {
    title: 'sealing and unsealing an access token, against a plain JWE of it',
    async bare() {
      const jwe = await new CompactEncrypt(plain)
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
        .encrypt(key);
      return compactDecrypt(jwe, key);
    },
    async ours() {
      const token = await sealer.seal('access_token', contents, times);
      const opened = await sealer.unseal('access_token', token, now);
      if (!opened.ok) throw new Error(opened.detail ?? opened.reason);
    },
  };
}
