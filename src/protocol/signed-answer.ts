import { orRefuse } from '../errors.ts';
import { encryptJwt } from '../tokens/encrypt.ts';
import { signAuthorizationResponse } from '../tokens/jarm.ts';
import type { Client } from '../vendors/client.ts';
import type { SignAnswer } from './authorization-answer.ts';
import { encryptionTarget } from './encrypted-answer.ts';
import type { IssueParts } from './token-issue.ts';

/** JARM 2.1 recommends ten minutes at the most. */
const ANSWER_SECONDS = 600;

/**
 * Signs authorization responses for a client (JARM 2.1), with the key that signs its ID tokens,
 * and encrypts them where it registered that (JARM 2.2).
 */
export function answerSigner(
  parts: Pick<IssueParts, 'issuer' | 'signingKey' | 'clientKeys' | 'clock'>,
): (client: Client) => SignAnswer {
  return (client) => async (members) => {
    const { metadata } = client;
    const wish = {
      alg: metadata.authorization_encrypted_response_alg,
      enc: metadata.authorization_encrypted_response_enc,
    };
    const target = await encryptionTarget(client, wish, parts.clientKeys);
    const iat = Math.floor(parts.clock().getTime() / 1000);
    const { expires_in: expiresIn, ...texts } = members;
    const signed = await signAuthorizationResponse(
      {
        ...texts,
        ...(expiresIn === undefined ? {} : { expires_in: Number(expiresIn) }),
        ...{ iss: parts.issuer, aud: client.clientId, exp: iat + ANSWER_SECONDS },
      },
      parts.signingKey(metadata.authorization_signed_response_alg),
    );
    return target === undefined ? signed : orRefuse(await encryptJwt(signed, target));
  };
}
