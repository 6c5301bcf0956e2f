/**
 * The life of one acknowledgement as a pure machine. In go answers, ledger words and the time, out
 * comes the next state and what to ask next; it says "stands" only on the ledger's word.
 */
import type { AcknowledgeAnswer, ActionStatus } from './api'
import type { Alert } from './model'

export interface Acknowledgement {
  alertId: string
  revision: number
  /** When somebody had acknowledged before; that old word must not be taken for this action's. */
  acknowledgedBefore: string | null
  name: string
  actionId: string
  phase: 'sending' | 'recorded' | 'unknown' | 'stands' | 'refused' | 'rejected'
  /** How often the server was asked to record it, always under the same action id. */
  posts: number
  /** When to ask next, on the page's steady clock. */
  askAt: number
  reason: string | null
}

export type Move = 'post' | 'poll' | 'none'

const POLL_EVERY_MS = 700
const FIRST_RETRY_MS = 1_000
const LONGEST_RETRY_MS = 8_000

export function begin(alert: Alert, name: string, actionId: string, now: number): Acknowledgement {
  return {
    alertId: alert.id,
    revision: alert.revision,
    acknowledgedBefore: alert.acknowledged_at,
    name,
    actionId,
    phase: 'sending',
    posts: 0,
    askAt: now,
    reason: null,
  }
}

export function isSettled(state: Acknowledgement): boolean {
  return state.phase === 'stands' || state.phase === 'refused' || state.phase === 'rejected'
}

/** What to ask the server now: to record it (again), what the ledger says, or nothing yet. */
export function nextMove(state: Acknowledgement, now: number): Move {
  if (isSettled(state) || now < state.askAt) return 'none'
  return state.phase === 'recorded' ? 'poll' : 'post'
}

export function onPosted(state: Acknowledgement, answer: AcknowledgeAnswer, now: number): Acknowledgement {
  if (isSettled(state)) return state
  const posts = state.posts + 1
  if (answer.kind === 'recorded') return { ...state, posts, phase: 'recorded', askAt: now, reason: null }
  if (answer.kind === 'rejected') return { ...state, posts, phase: 'rejected', reason: answer.message }
  // Recorded once stays recorded, whatever a later answer fails to say.
  if (state.phase === 'recorded') return { ...state, posts, askAt: now + POLL_EVERY_MS }
  const wait = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(posts - 1, 10))
  return { ...state, posts, phase: 'unknown', askAt: now + wait, reason: answer.message }
}

/** `null` is a question that was not answered: nothing is learned from it. */
export function onPolled(state: Acknowledgement, answer: ActionStatus | null, now: number): Acknowledgement {
  if (isSettled(state)) return state
  if (answer === null || answer.status === 'pending') return { ...state, askAt: now + POLL_EVERY_MS }
  return { ...state, phase: answer.status, reason: answer.reason }
}

/** The ledger's own word on the stream; another person's name proves nothing about this action. */
export function onAlertSeen(state: Acknowledgement, alert: Alert, now: number): Acknowledgement {
  if (isSettled(state) || alert.id !== state.alertId || alert.revision <= state.revision) return state
  const acknowledgedAnew = alert.acknowledged_at !== null && alert.acknowledged_at !== state.acknowledgedBefore
  const mine = acknowledgedAnew && alert.acknowledged_by === state.name
  if (mine) return { ...state, phase: 'stands', reason: null }
  return state.phase === 'recorded' ? { ...state, askAt: now } : state
}

interface RandomSource {
  randomUUID?: () => string
  getRandomValues<T extends ArrayBufferView>(array: T): T
}

/** A UUID also where the page is not in a secure context, which has no `randomUUID`. */
export function newActionId(source: RandomSource = crypto as unknown as RandomSource): string {
  if (typeof source.randomUUID === 'function') return source.randomUUID()
  const bytes = source.getRandomValues(new Uint8Array(16))
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
