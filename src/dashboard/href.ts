/** Addresses below `ADMIN_URL`; whatever stands in front may have a path, and takes it away. */
export function hrefOf(adminUrl: string): (path: string) => string {
  const base = new URL(adminUrl).pathname.replace(/\/$/, '');
  return (path) => `${base}${path}`;
}
