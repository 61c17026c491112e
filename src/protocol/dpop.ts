import { Refusal } from '../errors.ts';
import type { Reason } from '../errors.ts';
import type { OneTimeUses } from '../grants/one-time.ts';
import { DPOP_ALGORITHMS, checkDpopProof } from '../tokens/dpop.ts';
import { dpopNonceEnd, dpopNonceFor } from '../tokens/dpop-nonce.ts';
import type { Client } from '../vendors/client.ts';
import type { ProtocolRequest } from './message.ts';
import type { PresentedAccessToken } from './access-token-header.ts';

/** What checking DPoP proofs works with. */
export interface DpopParts {
  readonly issuer: string;
  readonly claimsRoot: Uint8Array;
  readonly oneTime: Pick<OneTimeUses, 'useOnce'>;
  readonly clock: () => Date;
}

/** Where a proof is presented: an endpoint of ours, and what its refusals are called. */
export interface DpopPlace {
  /** Under `ISSUER`. */
  readonly path: string;
  /** The access token that comes with the proof. */
  readonly accessToken: string | undefined;
  readonly reasons: Readonly<Record<DpopReason, Reason>>;
}

type DpopReason =
  'dpop_proof_missing' | 'dpop_proof_invalid' | 'dpop_proof_replayed' | 'dpop_nonce_required';

/** At the endpoints that a client itself asks for tokens (RFC 9449 5). */
export const AT_CLIENT_ENDPOINT: DpopPlace['reasons'] = {
  dpop_proof_missing: 'dpop_proof_missing',
  dpop_proof_invalid: 'dpop_proof_invalid',
  dpop_proof_replayed: 'dpop_proof_replayed',
  dpop_nonce_required: 'dpop_nonce_required',
};

/** Where an access token is presented (RFC 9449 7). */
const AT_RESOURCE: DpopPlace['reasons'] = {
  dpop_proof_missing: 'token_dpop_proof',
  dpop_proof_invalid: 'token_dpop_proof',
  dpop_proof_replayed: 'token_dpop_proof',
  dpop_nonce_required: 'token_dpop_nonce',
};

/** The challenge that says that we take DPoP, and with which algorithms (RFC 9449 7.1). */
export const DPOP_CHALLENGE = `DPoP algs="${DPOP_ALGORITHMS.join(' ')}"`;

/**
 * The thumbprint of the key that a request proves to hold; undefined where it
 * has no proof. Uses the proof up, and offers the client its next nonce.
 *
 * @throws Refusal by the place's reasons; `database_unavailable`
 */
export async function provenKey(
  parts: DpopParts,
  request: ProtocolRequest,
  client: Client,
  place: DpopPlace,
): Promise<string | undefined> {
  const proof = request.headers['dpop'];
  if (proof === undefined) return undefined;
  const now = parts.clock();
  const { claimsRoot } = parts;
  const { clientId } = client;
  request.answerHeader('dpop-nonce', dpopNonceFor(claimsRoot, clientId, now));
  // Two headers arrive as one, joined by a comma, which no proof holds.
  const checked = await checkDpopProof(proof, {
    method: request.method,
    address: `${parts.issuer}${place.path}`,
    accessToken: place.accessToken,
    now,
    nonceEnd: (nonce) => dpopNonceEnd(claimsRoot, clientId, nonce, now),
    nonce: client.metadata.require_dpop_nonce === true ? 'required' : 'optional',
  });
  if (!checked.ok) {
    const { reason, detail } = checked;
    throw new Refusal(
      place.reasons[reason === 'dpop_nonce_required' ? reason : 'dpop_proof_invalid'],
      detail,
    );
  }
  const { jkt, jti, expiresAt } = checked.value;
  const value = Buffer.from(`${jkt}.${jti}`);
  const replayed = place.reasons.dpop_proof_replayed;
  await parts.oneTime.useOnce({ purpose: 'dpop_proof', value, replayed }, expiresAt);
  return jkt;
}

/**
 * Holds an access token to its key: a bound one is good only with a proof of
 * that key under the scheme DPoP, an unbound one only as a Bearer (RFC 9449 7.1, 7.2).
 */
export async function requireBinding(
  parts: DpopParts,
  request: ProtocolRequest,
  {
    presented,
    jkt,
    client,
    path,
  }: {
    readonly presented: PresentedAccessToken;
    /** The key that the token is bound to. */
    readonly jkt: string | undefined;
    readonly client: Client;
    readonly path: string;
  },
): Promise<void> {
  if (presented.scheme === 'Bearer') {
    if (jkt !== undefined) throw new Refusal('token_dpop_binding', 'a bound token as a Bearer');
    return;
  }
  if (jkt === undefined) throw new Refusal('token_dpop_binding', 'an unbound token under DPoP');
  const proven = await provenKey(parts, request, client, {
    ...{ path, accessToken: presented.token, reasons: AT_RESOURCE },
  });
  if (proven === undefined) throw new Refusal('token_dpop_proof', 'no proof');
  if (proven !== jkt) throw new Refusal('token_dpop_binding', 'bound to another key');
}
