/**
 * The login of this page. In go the server's answers, out come who is logged in and whether the page
 * must ask for a login; everything that loads waits until it may.
 */
import { computed, shallowRef, watch } from 'vue'
import { api, onLoggedOut } from '../api'
import { allows, loggedOut, mustLogIn, type LoginAnswer, type Permission, type Session } from '../session'
import { steadyNow } from './clock'
import { recall, remember } from './memory'

const RETRY_MS = 2_000
const ASK_AGAIN_MS = 2_000

export const session = shallowRef<Session | null>(null)
/** A login is asked for. */
export const askLogin = computed(() => mustLogIn(session.value))
/** It was somebody's, and ended: what the page shows is from before. */
export const sessionEnded = shallowRef(false)
export const may = (permission: Permission) => allows(session.value, permission)

let askedAt = 0

function take(next: Session): void {
  if (next.name !== null) sessionEnded.value = false
  else if (next.accounts && session.value?.name != null) sessionEnded.value = true
  session.value = next
}

/** Ask who is logged in; a server that does not answer changes nothing. */
export async function refreshSession(): Promise<void> {
  askedAt = steadyNow()
  const asked = await api.session().catch(() => null)
  if (asked !== null) take(asked)
}

/** A stream that broke off may have ended with its session, and cannot say so. */
export function suspectSession(): void {
  if (steadyNow() - askedAt >= ASK_AGAIN_MS) void refreshSession()
}

/** Resolves once requests may be sent. */
export async function untilMayAsk(): Promise<void> {
  if (session.value !== null && !askLogin.value) return
  await new Promise<void>((resolve) => {
    const stop = watch(session, (now) => {
      if (now === null || mustLogIn(now)) return
      stop()
      resolve()
    })
  })
}

export function rememberedLogin(): string {
  return recall('login') ?? ''
}

export async function logIn(name: string, password: string): Promise<LoginAnswer> {
  const answer = await api.logIn(name, password)
  if (answer.kind === 'in') {
    remember('login', answer.session.name ?? name)
    take(answer.session)
  }
  return answer
}

/** The page begins anew, so that nothing of what this person saw stays on the screen. */
export async function logOut(): Promise<void> {
  if (await api.logOut()) window.location.reload()
}

export async function startSession(): Promise<void> {
  onLoggedOut(() => take(loggedOut(session.value)))
  await refreshSession()
  while (session.value === null) {
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
    await refreshSession()
  }
}
