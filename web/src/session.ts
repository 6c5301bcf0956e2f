/**
 * Who sits at this page and what they may do. In go the server's words, out come the rules that the
 * page follows: what to offer, and whether a login has to be asked for.
 */
export type Role = 'viewer' | 'monitor' | 'engineer' | 'lead'
export type Permission = 'see' | 'acknowledge' | 'redrive' | 'manage'

/** `GET /api/session`. */
export interface Session {
  /** False: nobody logs in here, and each act asks for a name. */
  accounts: boolean
  name: string | null
  display_name: string | null
  role: Role | null
  may: Permission[]
  ends_at: string | null
}

/** Not known yet is no login: the page asks the server first, and is blind until it has answered. */
export function mustLogIn(session: Session | null): boolean {
  return session !== null && session.accounts && session.name === null
}

/** What is not known to be allowed is not offered. */
export function allows(session: Session | null, permission: Permission): boolean {
  return session !== null && session.may.includes(permission)
}

/** The same session without its person: what a refused request says of it. */
export function loggedOut(session: Session | null): Session {
  return { accounts: true, name: null, display_name: null, role: null, may: [], ends_at: session?.ends_at ?? null }
}

/** Whether this person may carry on what was begun under a name; where nobody logs in, everybody may. */
export function carriesOn(session: Session | null, name: string): boolean {
  if (session === null) return false
  return !session.accounts || session.name === name
}

export type LoginAnswer =
  | { kind: 'in'; session: Session }
  | { kind: 'wrong' }
  | { kind: 'wait'; seconds: number }
  | { kind: 'failed'; message: string }
