import { checkLocalSubject } from '../subjects/local-subject.ts';
import { RegistrationError } from '../vendors/problem.ts';

/** @throws RegistrationError for what no user can be called */
export function requireLocalSubject(localSubject: string): void {
  if (checkLocalSubject(localSubject).ok) return;
  throw new RegistrationError([
    {
      path: ['user'],
      wrong: 'it is no local subject',
      right: 'give the `sub` of the user at the provider, 1 to 255 bytes',
    },
  ]);
}
