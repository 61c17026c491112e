/** A grant ends a year after its login, however often it is refreshed. */
export const GRANT_SECONDS = 365 * 24 * 3600;
