import { randomBytes } from 'node:crypto';

import { SignJWT, createLocalJWKSet, exportJWK, generateKeyPair, jwtVerify } from 'jose';

import { orRefuse } from '../../src/errors.ts';
import { mintReleasedSubject } from '../../src/subjects/released.ts';
import { tokenHash } from '../../src/tokens/hashes.ts';
import { releaseIdTokenClaims } from '../../src/tokens/release.ts';
import { Sealer } from '../../src/tokens/seal.ts';
import { signIdToken } from '../../src/tokens/sign.ts';
import { generateSigningKey, importSigningKey } from '../../src/tokens/signing-keys.ts';
import { verifyIdToken } from '../../src/tokens/verify.ts';
import type { Comparison } from './compare.ts';

const UPSTREAM = 'https://login.example.com';
const ISSUER = 'https://id.example.com';

/** The tokens' part of a token response against verifying and signing an ID token with jose. */
export async function tokenResponseComparison(): Promise<Comparison> {
  const now = new Date();
  const seconds = Math.floor(now.getTime() / 1000);
  const accessToken = randomBytes(300).toString('base64url');
  const upstream = await generateKeyPair('RS256');
  const keys = [{ ...(await exportJWK(upstream.publicKey)), kid: 'up', alg: 'RS256', kty: 'RSA' }];
  const idToken = await new SignJWT({ name: 'Alicia Archer', nonce: 'n', email: 'alice@x.example' })
    .setProtectedHeader({ alg: 'RS256', kid: 'up' })
    .setIssuer(UPSTREAM)
    .setAudience('acme-web')
    .setSubject('alice')
    .setIssuedAt(seconds)
    .setExpirationTime(seconds + 300)
    .sign(upstream.privateKey);
  const key = orRefuse(await importSigningKey(await generateSigningKey('RS256', now)));
  const sealer = new Sealer(randomBytes(32));
  const claimsRoot = randomBytes(32);
  const userIndex = randomBytes(32);
  const subject = mintReleasedSubject('7pdsamn7v6svikfgmm4ug2bo7y3uoltzwcywcvuz3at54aqhpyta');
  const times = { now, expiresAt: new Date(now.getTime() + 300_000) };
  const jwks = createLocalJWKSet({ keys });

  return {
    title: 'verify, release, seal and sign, against verifying and signing with jose alone',
    async bare() {
      const { payload } = await jwtVerify(idToken, jwks, {
        ...{ issuer: UPSTREAM, audience: 'acme-web', algorithms: ['RS256'] },
      });
      return new SignJWT(payload)
        .setProtectedHeader({ alg: 'RS256', kid: key.kid })
        .sign(key.privateKey);
    },
    async ours() {
      const verified = orRefuse(
        await verifyIdToken(idToken, {
          ...{ keys, issuer: UPSTREAM, clientId: 'acme-web', nonce: 'n', accessToken: undefined },
          ...{ algorithms: ['RS256'], now },
        }),
      );
      const { claims } = releaseIdTokenClaims({
        upstreamClaims: verified.claims,
        mode: 'pairwise',
        client: {
          releaseClaims: ['name'],
          sector: 'acme.example',
          metadata: { require_auth_time: false },
        },
        localSubject: verified.subject,
        ...{ upstreamIssuer: UPSTREAM, claimsRoot, userIndex, requested: {} },
      });
      const sealed = await sealer.seal('access_token', { a: accessToken, s: subject }, times);
      return signIdToken(
        {
          ...claims,
          ...{ iss: ISSUER, sub: subject, aud: 'acme-web', nonce: 'v' },
          ...{ iat: seconds, exp: seconds + 300, at_hash: tokenHash(sealed, 'RS256') },
        },
        key,
      );
    },
  };
}
