/** A user of the legacy provider. The username is also the `sub` that every vendor sees. */
export interface LegacyUser {
  readonly username: string;
  readonly password: string;
  readonly givenName: string;
  readonly familyName: string;
}

export const ALICE: LegacyUser = {
  username: 'alice',
  password: 'alice-password',
  givenName: 'Alicia',
  familyName: 'Archer',
};

export const BOB: LegacyUser = {
  username: 'bob',
  password: 'bob-password',
  givenName: 'Robert',
  familyName: 'Baker',
};

/** The claims by scope, in the ID token and at userinfo alike, as legacy providers like to do. */
export const CLAIMS_BY_SCOPE = {
  openid: ['sub', 'sid', 'auth_time', 'acr', 'amr', 'oid', 'updated_at'],
  profile: ['name', 'given_name', 'family_name', 'preferred_username', 'locale', 'picture'],
  email: ['email', 'email_verified'],
  address: ['address'],
  phone: ['phone_number', 'phone_number_verified'],
};

/** The user's e-mail address, which contains the username. */
export function emailOf(user: LegacyUser): string {
  return user.username.includes('@') ? user.username : `${user.username}@legacy.example`;
}

/** An object id as directories give them: the same at every vendor, and no secret. */
export function objectIdOf(user: LegacyUser): string {
  return `7d0c5c1e-${Buffer.from(user.username.padEnd(4, '0').slice(0, 4)).toString('hex')}-legacy`;
}

/** Everything the legacy provider says of a user. */
export function claimsOf(user: LegacyUser): Record<string, unknown> {
  return {
    sub: user.username,
    oid: objectIdOf(user),
    updated_at: 1_577_836_800,
    name: `${user.givenName} ${user.familyName}`,
    given_name: user.givenName,
    family_name: user.familyName,
    preferred_username: user.username,
    locale: 'de-CH',
    picture: `https://pictures.legacy.example/users/${user.username}.jpg`,
    email: emailOf(user),
    email_verified: true,
    address: { street_address: `${user.familyName} Lane 17`, locality: 'Old Town', country: 'CH' },
    phone_number: `+41 44 555 ${user.username.length.toString().padStart(2, '0')} 17`,
    phone_number_verified: true,
  };
}
