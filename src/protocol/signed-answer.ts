import { signAuthorizationResponse } from '../tokens/jarm.ts';
import type { Client } from '../vendors/client.ts';
import type { SignAnswer } from './authorization-answer.ts';
import type { IssueParts } from './token-issue.ts';

/** JARM 2.1 recommends ten minutes at the most. */
const ANSWER_SECONDS = 600;

/** Signs authorization responses for a client (JARM 2.1), with the key that signs its ID tokens. */
export function answerSigner(
  parts: Pick<IssueParts, 'issuer' | 'signingKey' | 'clock'>,
): (client: Client) => SignAnswer {
  return (client) => async (members) => {
    const iat = Math.floor(parts.clock().getTime() / 1000);
    const { expires_in: expiresIn, ...texts } = members;
    return signAuthorizationResponse(
      {
        ...texts,
        ...(expiresIn === undefined ? {} : { expires_in: Number(expiresIn) }),
        ...{ iss: parts.issuer, aud: client.clientId, exp: iat + ANSWER_SECONDS },
      },
      parts.signingKey(client.metadata.authorization_signed_response_alg),
    );
  };
}
