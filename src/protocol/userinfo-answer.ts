import { orRefuse } from '../errors.ts';
import type { ReleasedSubject } from '../subjects/released.ts';
import { encryptClaims, encryptJwt } from '../tokens/encrypt.ts';
import { signUserinfo } from '../tokens/signed-userinfo.ts';
import type { Client } from '../vendors/client.ts';
import type { EncryptionWish } from './encrypted-answer.ts';
import { encryptionTarget } from './encrypted-answer.ts';
import type { ProtocolResponse } from './message.ts';
import { NO_STORE, privateJson } from './message.ts';
import type { IssueParts } from './token-issue.ts';

/** What writing a userinfo answer works with. */
export type UserinfoAnswerParts = Pick<IssueParts, 'issuer' | 'signingKey' | 'clientKeys'>;

/**
 * A userinfo answer as the client registered it: JSON, or a JWT that is signed,
 * encrypted, or both (OpenID Connect Core 5.3.2).
 *
 * @throws Refusal `client_key_missing`, `key_unavailable`
 */
export async function userinfoAnswer(
  parts: UserinfoAnswerParts,
  client: Client,
  claims: Readonly<Record<string, unknown>> & { readonly sub: ReleasedSubject },
): Promise<ProtocolResponse> {
  const { userinfo_signed_response_alg: alg } = client.metadata;
  const target = await encryptionTarget(client, encryptionOf(client), parts.clientKeys);
  if (alg === undefined) {
    if (target === undefined) return privateJson(claims);
    return jwtAnswer(orRefuse(await encryptClaims(claims, target)));
  }
  const signed = await signUserinfo(
    { ...claims, iss: parts.issuer, aud: client.clientId },
    parts.signingKey(alg),
  );
  return jwtAnswer(target === undefined ? signed : orRefuse(await encryptJwt(signed, target)));
}

function encryptionOf({ metadata }: Client): EncryptionWish {
  return {
    alg: metadata.userinfo_encrypted_response_alg,
    enc: metadata.userinfo_encrypted_response_enc,
  };
}

function jwtAnswer(jwt: string): ProtocolResponse {
  return { kind: 'jwt', mediaType: 'application/jwt', jwt, headers: NO_STORE };
}
