/**
 * Decides whether this screen still shows the park. In go the last status event and the time, out
 * comes connected, reconnecting or blind, with its cause and since when. Pure: time is an argument.
 */
import type { Status } from './model'

export const BLIND_AFTER_MS = 5_000
/** A connection that says nothing for this long is taken for dead and opened again. */
export const REOPEN_AFTER_MS = 6_000

export type Link = 'connecting' | 'open' | 'lost'
export type Sight = 'connecting' | 'connected' | 'reconnecting' | 'blind'
export type BlindCause = 'logged_out' | 'silent' | 'behind' | 'never_folded' | 'never_connected'

/** All that the judgement needs; times named `At` are on the page's own steady clock. */
export interface Watch {
  link: Link
  startedAt: number
  statusAt: number | null
  serverTimeMs: number | null
  foldedToMs: number | null
}

export interface Verdict {
  sight: Sight
  cause: BlindCause | null
  /** Server time up to which the picture can be trusted; null when there never was one. */
  sinceMs: number | null
  /** How old the picture is: the server's time now, as far as known, less folded_to. */
  ageMs: number | null
}

export function startWatch(now: number): Watch {
  return { link: 'connecting', startedAt: now, statusAt: null, serverTimeMs: null, foldedToMs: null }
}

/** A status whose server time has not moved is an echo, and proves nothing. */
export function takeStatus(watch: Watch, status: Status, now: number): Watch {
  const serverTimeMs = Date.parse(status.server_time)
  if (Number.isNaN(serverTimeMs) || serverTimeMs === watch.serverTimeMs) return watch
  const foldedToMs = status.folded_to === null ? null : Date.parse(status.folded_to)
  return { ...watch, link: 'open', statusAt: now, serverTimeMs, foldedToMs }
}

export function serverNow(watch: Watch, now: number): number | null {
  if (watch.serverTimeMs === null || watch.statusAt === null) return null
  return watch.serverTimeMs + (now - watch.statusAt)
}

/** Once nobody is logged in, nothing more comes: the picture is at once what was last known. */
export function whenLoggedOut(watch: Watch, now: number): Verdict {
  const serverNowMs = serverNow(watch, now)
  const known = watch.foldedToMs !== null && serverNowMs !== null
  const ageMs = known ? serverNowMs - (watch.foldedToMs ?? serverNowMs) : null
  return { sight: 'blind', cause: 'logged_out', sinceMs: known ? watch.foldedToMs : null, ageMs }
}

export function judge(watch: Watch, now: number): Verdict {
  const serverNowMs = serverNow(watch, now)
  if (serverNowMs === null || watch.statusAt === null) {
    const waited = now - watch.startedAt
    if (waited <= BLIND_AFTER_MS) return { sight: 'connecting', cause: null, sinceMs: null, ageMs: null }
    return { sight: 'blind', cause: 'never_connected', sinceMs: null, ageMs: null }
  }
  const silentMs = now - watch.statusAt
  if (watch.foldedToMs === null || Number.isNaN(watch.foldedToMs)) {
    return { sight: 'blind', cause: 'never_folded', sinceMs: null, ageMs: null }
  }
  const ageMs = serverNowMs - watch.foldedToMs
  if (silentMs > BLIND_AFTER_MS) return { sight: 'blind', cause: 'silent', sinceMs: watch.foldedToMs, ageMs }
  if (ageMs > BLIND_AFTER_MS) {
    // Half the age being silence means the line failed; otherwise the engine did.
    const cause = silentMs > BLIND_AFTER_MS / 2 ? 'silent' : 'behind'
    return { sight: 'blind', cause, sinceMs: watch.foldedToMs, ageMs }
  }
  const sight = watch.link === 'open' ? 'connected' : 'reconnecting'
  return { sight, cause: null, sinceMs: null, ageMs }
}
