/** How many distinct users, and so tokens, a load goes through. */
export const USERS = 10_000;

/** The local subject of a user, such as legacy providers have them. */
function localSubject(user: number): string {
  return `user-${String(user).padStart(6, '0')}@legacy.example`;
}

export const LOCAL_SUBJECTS: readonly string[] = Array.from({ length: USERS }, (_each, user) =>
  localSubject(user),
);

/** What everybody asks for; a refresh yields all three tokens. */
export const SCOPE = 'openid profile email offline_access';
